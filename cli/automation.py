"""`gridroute automation`: what is dispatched automatically, what is suspended and why; stop it and let it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.certificates import certificate_lines
from cli.model_tables import say
from cli.stores import opened_store
from cli.workspace import DEFAULT_HOME, HomeOption

if TYPE_CHECKING:
    from domain.automation import Scope, Suspension
    from router.automation import LiveError

ByOption = Annotated[str, typer.Option("--by", help="Who decides this.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", help="Why; it stands beside every ticket that it concerns.")
]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(no_args_is_help=True, help="See, stop and resume automatic dispatch.")
    for command in (show, suspend, resume):
        group.command(command.__name__)(command)
    app.add_typer(group, name="automation")


def show(home: HomeOption = DEFAULT_HOME) -> None:
    """Show the certificates that serve, what blind reviews found, and what is suspended, with the reasons."""
    from models.bundle import load_bundle
    from router.automation import audits_of, live_error_of
    from router.live import find_champion
    from router.suspensions import Suspensions

    with opened_store(home) as store, store.read() as session:
        champion, active = find_champion(session, load_bundle), session.suspensions()
        bundle = champion.bundle if champion else None
        audits = audits_of(bundle, session)
    if bundle is None:
        told = champion.problem if champion else "no model is promoted"
        say(f"Nothing is dispatched under a certificate: {told}.", style="yellow")
    else:
        for name, line in certificate_lines(bundle.guarantee):
            say(f"{name}: {line}")
        for group in audits if len(audits) > 1 else ():
            say(_audited(group.group, live_error_of([group])))
        say(_audited("all", live_error_of(audits)))
    holding = Suspensions.under(bundle, active).active
    for one in holding:
        say(_line(one), style="yellow")
    if not holding:
        say("Nothing is suspended.", style="green")


def suspend(
    by: ByOption,
    reason: ReasonOption,
    unit: Annotated[str | None, typer.Option("--unit", help="Stop dispatches to this unit.")] = None,
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="Stop this kind of trouble: a category, or a danger as gas_leak."),
    ] = None,
    new: Annotated[bool, typer.Option("--new", help="Stop the kind though no ticket was of it yet.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Stop all automatic dispatch.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Stop automatic dispatch of a unit, a kind or everything, by rules too. Running services follow in a second."""
    from domain.automation import Scope
    from domain.errors import InvalidInput
    from router.automation import suspend as work
    from store.clock import utc_now

    wanted: list[tuple[Scope, str]] = [(Scope.UNIT, unit)] if unit is not None else []
    wanted += [(Scope.KIND, kind)] if kind is not None else []
    wanted += [(Scope.ALL, "")] if everything else []
    if len(wanted) != 1:
        raise InvalidInput(
            field="--unit, --kind, --all", problem=f"{len(wanted)} of them are given", mend="Give one of them"
        )
    (scope, key) = wanted[0]
    with opened_store(home) as store:
        say(_line(work(store, scope, key, by=by, reason=reason, at=utc_now(), new=new)))


def resume(
    suspension: Annotated[int, typer.Argument(help="Its number in `gridroute automation show`.", min=1)],
    by: ByOption,
    reason: ReasonOption,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Lift a suspension. What led to it is forgotten, and the monitor begins anew there."""
    from router.automation import resume as work
    from store.clock import utc_now

    with opened_store(home) as store:
        lifted = work(store, suspension, by=by, reason=reason, at=utc_now())
    say(f"Lifted: {_line(lifted)}")


def _audited(group: str, found: LiveError) -> str:
    seen = f"{found.errors} wrong of {found.rows:,} reviewed blind, {found.waiting:,} wait"
    return f"live error ({group}): {seen}; with 95% confidence between {found.low:.2%} and {found.high:.2%}"


def _line(one: Suspension) -> str:
    what = "everything" if not one.key else f"{one.scope} {one.key}"
    return f"{one.suspension_id}: {what} suspended {one.at:%Y-%m-%d %H:%M} by {one.by}: {one.told}"
