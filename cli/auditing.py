"""`gridroute audit` and `gridroute replay`: whether the log is as it was written, and a decision made again from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.model_tables import say
from cli.stores import opened_store
from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from domain.decisions import Decision
    from router.event_ports import ChainHead

SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(no_args_is_help=True, help="Check the log of events.")
    group.command("verify")(verify)
    app.add_typer(group, name="audit")
    app.command()(replay)


def verify(
    expect: Annotated[
        str | None,
        typer.Option("--expect", help="A head noted earlier, as NUMBER:HASH; the log must have it."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Find every event that was edited, deleted or moved, and records that are not what it says. Exit code 1 if so."""
    from router.audit import verify as walk

    with opened_store(home) as store, store.read() as session:
        found = walk(session, _head(expect) if expect else None)
    for finding in found.findings[:SHOWN]:
        say(finding.told, style="red")
    if found.findings:
        say(f"{len(found.findings):,} things are not as they were written, in {found.events:,} events.")
        raise typer.Exit(1)
    say(f"{found.events:,} events, all as they were written.", style="green")
    say(f"Note this elsewhere, for --expect: {found.head.sequence}:{found.head.hash}")


def _head(expect: str) -> ChainHead:
    from domain.errors import InvalidInput
    from router.event_ports import ChainHead

    number, _, chained = expect.partition(":")
    if not number.isdecimal() or len(chained) != len(ChainHead().hash):
        raise InvalidInput(
            field="--expect", problem="is no head", mend="Give NUMBER:HASH as an earlier verify said it"
        )
    return ChainHead(sequence=int(number), hash=chained)


def replay(
    ticket: Annotated[str, typer.Argument(help="The ticket whose decision is made again.")],
    decision: Annotated[
        int | None,
        typer.Option("--decision", help="Which of the ticket's decisions, from 1; default: the latest."),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a stored decision again from the log and the bundle it was made by. Exit code 1 where a bit differs."""
    from domain.decisions import Policy
    from models.bundle import load_bundle
    from router.replay import replay as work
    from store.codec import encode

    derived = Workspace.of(home).derived()
    with opened_store(home) as store, store.read() as session:
        found = work(ticket, session, load_bundle, Policy(), derived, decision)
    stored, again = encode(found.stored), encode(found.again)
    by = f"bundle {found.stored.bundle_digest[:12]}" if found.stored.bundle_digest else "no model"
    which = f"Decision {found.number} of {found.of}, made" if found.of > 1 else "Decided"
    say(
        f"{which} {found.decided_at:%Y-%m-%d %H:%M:%S} by {by}, after {found.stored.history_sequence:,} dispatches."
    )
    if stored == again:
        say(f"The same again, all {len(stored.encode()):,} bytes of it: {_told(found.again)}", style="green")
        return
    say(f"It is another one: {', '.join(found.differences) or 'signs of zeros'}.", style="red")
    say(f"then  {_told(found.stored)}")
    say(f"now   {_told(found.again)}")
    for what in found.changed:
        say(f"Changed since: {what}", style="yellow")
    raise typer.Exit(1)


def _told(decision: Decision) -> str:
    reasons = ", ".join(decision.reasons)
    return f"{decision.verdict} {decision.unit_id or '(no unit)'} ({reasons}), digest {_digest(decision)}"


def _digest(decision: Decision) -> str:
    from router.chain import digest
    from store.codec import encode

    return digest(encode(decision))[:16]
