"""`gridroute doctor`: looks an installation over and says what to mend."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from cli.model_tables import say
from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from datetime import datetime

    from models.bundle import Bundle
    from router.checkup import Check
    from router.ports import ReadSession, Store

LAG = "gridroute_history_lag"
PATIENCE = 5.0  # seconds, for the service's answer
COLOURS = {"good": "green", "warning": "yellow", "bad": "red"}


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(doctor)


def doctor(
    home: HomeOption = DEFAULT_HOME,
    url: Annotated[
        str, typer.Option("--url", help="Where the service runs, to ask how far it lags behind.")
    ] = "http://127.0.0.1:8321",
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
) -> None:
    """Check an installation and say what to mend; changes nothing. Exit code 1 where something has to be mended."""
    checks = list(examine(Workspace.of(home), url))
    if as_json:
        typer.echo(json.dumps([_plain(one) for one in checks], ensure_ascii=False, indent=1))
    else:
        _print(checks)
    if any(one.grade == "bad" for one in checks):
        raise typer.Exit(1)


def examine(workspace: Workspace, url: str) -> Iterator[Check]:
    """Every check; those of the store only where it can be opened as it is."""
    from domain.errors import StoreUnavailable
    from router import checkup
    from store.clock import utc_now
    from store.inspection import inspect_store
    from store.sql import open_store

    yield checkup.check_wait_policy(os.environ.get("OMP_WAIT_POLICY"))
    place = workspace.home if workspace.home.is_dir() else workspace.home.resolve().parent
    yield checkup.check_room(shutil.disk_usage(place).free, str(place))
    if not workspace.has_store:
        yield checkup.bad("store", f"there is none at {workspace.store_name}", "gridroute import units FILE")
        return
    try:
        found = inspect_store(workspace.store_url)
        yield checkup.good("store", f"answers: {workspace.store_name}")
        yield checkup.check_form(found.revision, found.head, known=found.known, foreign=found.foreign)
        if found.revision != found.head:
            return
        store = open_store(workspace.store_url)
    except StoreUnavailable as error:
        yield checkup.bad("store", error.problem, error.mend)
        return
    try:
        yield from _of_store(store, workspace, found.clock, utc_now())
    finally:
        store.close()
    yield checkup.check_lag(_lag(url), url)


def _of_store(store: Store, workspace: Workspace, server: datetime | None, now: datetime) -> Iterator[Check]:
    from models.bundle import load_bundle
    from models.signing import is_signing
    from router import checkup
    from router.live import find_champion
    from store import promoting

    with store.read() as session:
        head = session.chain_head().sequence
        latest = [("event", one.at) for one in session.event_log(max(head - 1, 0), 1)]
        yield from checkup.check_clock(now, [*([("server", server)] if server else []), *latest])
        pointers, records = session.pointers(), {one.version: one for one in session.bundles()}
        named = [
            ("champion", pointers.champion),
            ("challenger", pointers.challenger),
            ("previous", pointers.previous),
        ]
        theirs = [(role, records[number]) for role, number in named if number in records]
        judged = [(role, one, promoting.fault(one)) for role, one in theirs]
        yield from checkup.check_bundles(judged, signing=is_signing())
        champion = find_champion(session, load_bundle)
        if champion is not None and champion.bundle is not None:
            yield from _certificate(champion.bundle, session, now)
        yield from checkup.check_outbox(session, now)
        yield from checkup.check_keys(session.keys(), now)
        yield from checkup.check_world(session)
    yield from _gazetteers(workspace)
    yield from _key_file()


def _certificate(bundle: Bundle, session: ReadSession, now: datetime) -> Iterator[Check]:
    from router import checkup

    whole = bundle.certificate
    certified = whole.threshold is not None
    yield checkup.check_certificate(whole.expires_at if certified else None, now)
    newest = checkup.newest_outcome(session, bundle.history_sequence) if certified else None
    if (age := checkup.check_age(newest, whole.issued_at)) is not None:
        yield age


def _gazetteers(workspace: Workspace) -> Iterator[Check]:
    from domain.errors import GazetteerDamaged
    from features.gazetteer import Gazetteer
    from router import checkup

    whole = 0
    for path in sorted((workspace.home / "derived").glob("*.places")):
        try:
            Gazetteer.open(path)
            whole += 1
        except GazetteerDamaged as error:
            yield checkup.warning("gazetteer", str(error), f"rm {path}: it is worked out anew from the store")
    if whole:
        yield checkup.good("gazetteer", f"{whole} kept, whole")


def _key_file() -> Iterator[Check]:
    from pathlib import Path

    from cli.signing import KEY_FILE
    from router import checkup

    name = os.environ.get(KEY_FILE)
    if name and Path(name).stat().st_mode & 0o077:
        yield checkup.bad("bundle key", f"others may read {name}", f"chmod 600 {name}")


def _lag(url: str) -> float | None:
    import httpx
    from prometheus_client.parser import text_string_to_metric_families

    try:
        answer = httpx.get(f"{url.rstrip('/')}/metrics", timeout=PATIENCE).raise_for_status()
        families = list(text_string_to_metric_families(answer.text))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None
    return next((family.samples[0].value for family in families if family.name == LAG), None)


def _plain(check: Check) -> dict[str, str]:
    from dataclasses import asdict

    return {name: str(value) for name, value in asdict(check).items()}


def _print(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("", "check", "found", "mend", box=None, header_style="bold")
    for one in checks:
        colour = COLOURS[one.grade]
        table.add_row(f"[{colour}]{one.grade}[/]", one.name, escape(one.told), escape(one.mend))
    Console(soft_wrap=False).print(table)
    worst = [one for one in checks if one.grade != "good"]
    say(f"{len(checks) - len(worst)} of {len(checks)} checks are good.", style="" if worst else "green")
