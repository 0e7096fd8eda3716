"""`gridroute models`: which bundles there are, which one serves, and the way back."""

from __future__ import annotations

from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.model_tables import print_bundle, print_bundles, roles, say
from cli.signing import KEY_FILE
from cli.stores import opened_store
from cli.workspace import DEFAULT_HOME, HomeOption, Workspace

if TYPE_CHECKING:
    from router.ports import Store

VersionArgument = Annotated[int, typer.Argument(help="Version as `gridroute models list` shows it.", min=1)]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stands in the event log.")]
MendOption = Annotated[bool, typer.Option("--mend", help="Set MLflow's aliases to what the store names.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(no_args_is_help=True, help="List, inspect, promote and verify model bundles.")
    for name, command in (
        ("list", list_models),
        ("show", show),
        ("promote", promote),
        ("rollback", rollback),
        ("verify", verify),
        ("sign", sign),
    ):
        group.command(name)(command)
    app.add_typer(group, name="models")


def list_models(
    home: HomeOption = DEFAULT_HOME,
    check: Annotated[
        bool, typer.Option("--check", help="Compare with MLflow's aliases too (slower).")
    ] = False,
    mend: MendOption = False,
) -> None:
    """List the registered bundles, with what the store's pointers name."""
    with opened_store(home) as store, store.read() as session:
        records, pointers = session.bundles(), session.pointers()
        print_bundles(records, pointers)
        if check or mend:
            _compare(store, home, mend=mend)


def show(version: VersionArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Show one bundle: its figures, its certificate, where it lies and whether it is sound."""
    from store import promoting

    with opened_store(home) as store:
        record = promoting.find(store, version)
        with store.read() as session:
            pointers = session.pointers()
    print_bundle(record, roles(version, pointers))


def promote(
    version: VersionArgument,
    home: HomeOption = DEFAULT_HOME,
    reason: ReasonOption = "",
    challenger: Annotated[
        bool, typer.Option("--challenger", help="Let it wait as the challenger instead of serving.")
    ] = False,
    older: Annotated[bool, typer.Option("--older", help="Even one older than that which serves.")] = False,
) -> None:
    """Let a bundle serve, after checking its signature and digests. Running services follow at once."""
    from store import promoting
    from store.bundles import Word
    from store.clock import utc_now

    word = Word(by=getuser(), reason=reason)
    with opened_store(home) as store:
        if challenger:
            promoting.challenge(store, version, word)
        else:
            promoting.promote(store, version, utc_now(), word, older=older)
        say(f"Version {version} is now the {'challenger' if challenger else 'champion'}.")
        _mirror(store, home)


def rollback(home: HomeOption = DEFAULT_HOME, reason: ReasonOption = "") -> None:
    """Let the previous champion serve again."""
    from store import promoting
    from store.bundles import Word
    from store.clock import utc_now

    with opened_store(home) as store:
        pointers = promoting.rollback(store, utc_now(), Word(by=getuser(), reason=reason))
        say(f"Version {pointers.champion} is the champion again.")
        _mirror(store, home)


def verify(
    version: Annotated[int | None, typer.Argument(help="One version; all of them by default.", min=1)] = None,
    home: HomeOption = DEFAULT_HOME,
    mend: MendOption = False,
) -> None:
    """Check every file's digest and that MLflow's aliases name what the store names; exit code 1 where not."""
    from store import promoting

    with opened_store(home) as store:
        with store.read() as session:
            records = session.bundles() if version is None else [promoting.find(store, version)]
        faults = {record.version: promoting.fault(record) for record in records}
        for number, fault in faults.items():
            say(f"Version {number}: {fault or 'every digest holds'}", style="red" if fault else "green")
        agreed = _compare(store, home, mend=mend)
    if any(faults.values()) or not agreed:
        raise typer.Exit(1)


def sign(version: VersionArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Sign a bundle that was made before there was a key, after checking its digests."""
    from domain.errors import InvalidInput
    from models.bundle import sign_bundle
    from models.signing import is_signing
    from store import promoting

    if not is_signing():
        raise InvalidInput(field="bundle key", problem="there is none", mend=f"Set {KEY_FILE} first")
    with opened_store(home) as store:
        sign_bundle(Path(promoting.find(store, version).path))
    say(f"Version {version} is signed.")


def _mirror(store: Store, home: Path) -> None:
    """The pointer stands whatever becomes of this: MLflow only mirrors it."""
    from domain.errors import TrackingUnavailable
    from training import promotion
    from training.tracking import ModelRegistry

    if not promotion.is_tracked(store):
        return
    try:
        promotion.mirror(store, ModelRegistry(tracking_uri=Workspace.of(home).mlflow_uri))
    except TrackingUnavailable as error:
        say(f"{error}. The store's pointer is set; later: gridroute models verify --mend", style="yellow")


def _compare(store: Store, home: Path, *, mend: bool) -> bool:
    """Tell of aliases that disagree with the store; whether they agree in the end, as far as can be known."""
    from domain.errors import TrackingUnavailable
    from training import promotion
    from training.tracking import ModelRegistry

    if not promotion.is_tracked(store):
        say("No bundle is registered in MLflow.")
        return True
    registry = ModelRegistry(tracking_uri=Workspace.of(home).mlflow_uri)
    try:
        found = promotion.mirror(store, registry) if mend else promotion.disagreements(store, registry)
    except TrackingUnavailable as error:
        say(f"{error}. Not compared.", style="yellow")
        return True
    for one in found:
        told = f"{one.alias}: the store names MLflow version {one.store or '–'}, MLflow's alias {one.mlflow or '–'}"
        say(f"{told}. {'Mended.' if mend else 'The store counts; mend with --mend.'}", style="yellow")
    if not found:
        say("MLflow's aliases agree with the store.", style="green")
    return mend or not found
