"""`gridroute keys`: who is let in."""

from __future__ import annotations

from getpass import getuser
from typing import TYPE_CHECKING, Annotated

import typer

from cli.model_tables import say
from cli.stores import opened_store
from cli.workspace import DEFAULT_HOME, HomeOption
from domain.access import Right, Role

if TYPE_CHECKING:
    from domain.access import Key
    from router.access import Issued

YEAR = 365.0


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(
        no_args_is_help=True, help="Make, list and revoke the keys that let people and programs in."
    )
    group.command("create")(create)
    group.command("list")(list_keys)
    group.command("revoke")(revoke)
    app.add_typer(group, name="keys")


def create(
    name: Annotated[str, typer.Option("--name", help="Whose key it is: a person, a desk, a program.")],
    role: Annotated[Role, typer.Option("--role", help="What its bearer is to the service.")],
    unit: Annotated[
        list[str] | None, typer.Option("--unit", help="Limit it to this unit's tickets; may be repeated.")
    ] = None,
    territory: Annotated[
        list[str] | None, typer.Option("--territory", help="And to this territory's ground; may be repeated.")
    ] = None,
    only: Annotated[
        list[Right] | None,
        typer.Option("--only", help="Grant this right of the role alone; may be repeated."),
    ] = None,
    days: Annotated[float, typer.Option("--days", help="Days until it expires; 0: never.", min=0)] = YEAR,
    per_minute: Annotated[
        int | None, typer.Option("--per-minute", help="Requests a minute, other than usual.", min=1)
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Make a key and show its secret, once. Running services know it in a second."""
    from domain.access import Area
    from router.access import Wanted, issue
    from store.clock import utc_now

    wanted = Wanted(
        name=name,
        role=role,
        area=Area(units=frozenset(unit or ()), territories=frozenset(territory or ())),
        only=frozenset(only) if only else None,
        per_minute=per_minute,
        days=days or None,
    )
    with opened_store(home) as store:
        tell(issue(store, wanted, by=getuser(), at=utc_now()))


def list_keys(home: HomeOption = DEFAULT_HOME) -> None:
    """List all keys that were ever made, never their secrets."""
    from rich.console import Console
    from rich.table import Table

    from store.clock import utc_now

    with opened_store(home) as store, store.read() as session:
        keys = session.keys()
    if not keys:
        say("No key was made yet: whoever uses this machine may do everything, and nobody else gets in.")
        return
    now = utc_now()
    table = Table("key", "name", "role", "rights", "area", "expires", "state", box=None, header_style="bold")
    for key in keys:
        table.add_row(key.key_id, key.name, key.role, *_limits(key), _state(key, key.holds(now)))
    Console(soft_wrap=True).print(table)


def revoke(
    key: Annotated[str, typer.Argument(help="Its id in `gridroute keys list`.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let nobody in by that key any more. Running services follow in a second."""
    from router.access import revoke as work
    from store.clock import utc_now

    with opened_store(home) as store:
        revoked = work(store, key, by=getuser(), at=utc_now())
    say(f"Revoked: {revoked.key_id}, {revoked.name}")


def tell(issued: Issued) -> None:
    """Show the secret."""
    key = issued.key
    until = f"until {key.expires_at:%Y-%m-%d}" if key.expires_at else "does not expire"
    say(f"{key.name}: {key.role}, {until}. Its secret, shown now and never again:")
    say(issued.secret, style="bold")


def _limits(key: Key) -> tuple[str, str, str]:
    area = [*sorted(key.area.units), *(f"ground of {one}" for one in sorted(key.area.territories))]
    expires = f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never"
    return ", ".join(sorted(key.rights)), ", ".join(area) or "all", expires


def _state(key: Key, holds: bool) -> str:
    return "valid" if holds else "revoked" if key.revoked_at else "expired"
