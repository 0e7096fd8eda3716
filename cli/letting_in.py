"""Who gets in to `gridroute serve`: this machine alone, until there is a key; others only with one."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable

    from router.ports import Store

AllowOriginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-origin",
        help="Let pages of this origin (https://desk.example) ask, with a key; may be repeated.",
    ),
]


def is_local(listener: socket.socket) -> bool:
    """Whether this machine alone can reach it."""
    return ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


def first_key(store: Store, listener: socket.socket) -> None:
    """Where others can reach the service and no key was ever made, make one for an admin; else say who gets in."""
    from cli.keys import tell
    from cli.model_tables import say
    from domain.access import Role
    from router.access import Wanted, issue_first
    from store.clock import utc_now

    with store.read() as session:
        made = bool(session.keys())
    if made:
        return
    if is_local(listener):
        say(
            "No key was made yet: whoever uses this machine may do everything (gridroute keys create ends that)."
        )
        return
    wanted = Wanted(name="First admin", role=Role.ADMIN)
    issued = issue_first(store, wanted, by="first start", at=utc_now())
    if issued is None:
        return  # another process that starts just now was first, and shows it
    say("Others can reach this, so everybody needs a key (gridroute keys create). The first one, for you:")
    tell(issued)


def origins_of(given: Iterable[str]) -> frozenset[str]:
    """The origins as browsers name them. Raises InvalidInput for what is none."""
    return frozenset(map(_origin, given))


def _origin(given: str) -> str:
    from urllib.parse import urlsplit

    from domain.errors import InvalidInput

    parts = urlsplit(given.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise InvalidInput(
            field="--allow-origin",
            problem=f"{given!r} is no origin",
            mend="Give scheme, host and port alone, as https://desk.example",
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"
