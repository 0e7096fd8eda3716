"""Who is let in: keys as the store has them, what each may ask a minute, and who needs none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from math import ceil
from threading import Lock
from time import monotonic
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from api.settings import Settings
from domain.access import SHOWN, Area, Key, Personal, Right, Role
from domain.errors import StoreUnavailable
from router.access import digest_of
from router.service import RoutingService

SECONDS = 60.0  # what rates are counted by
USUAL_PER_MINUTE = 6_000
LATEST_SECONDS = 1.0  # beyond which what is known of keys is looked up before anybody is let in
FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
CHALLENGE = 'Bearer realm="gridroute"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `key` None: nobody in particular, on this machine, where no key was made yet."""

    key: Key | None = None

    @property
    def open(self) -> bool:
        """Whether nothing was asked of the caller."""
        return self.key is None

    @property
    def name(self) -> str:
        """By which what the caller does stands in the log; empty where the caller has none."""
        return self.key.name if self.key else ""

    @property
    def role(self) -> Role:
        """What the caller is to the service."""
        return self.key.role if self.key else Role.ADMIN

    @property
    def rights(self) -> frozenset[Right]:
        """What the caller may do."""
        return self.key.rights if self.key else frozenset(Right)

    @property
    def area(self) -> Area:
        """Whose tickets."""
        return self.key.area if self.key else Area()

    @property
    def hidden(self) -> frozenset[Personal]:
        """What the caller may not see of people."""
        return frozenset(Personal) - SHOWN[self.role]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store had of keys when it was asked. `ever`: whether one was made at all."""

    ever: bool = True
    keys: Mapping[str, Key] = field(default_factory=dict)
    at: float = float("-inf")


class Doors:
    """Lives in `app.state`. Raises HTTPException 401 and 429 for those that are not let in."""

    def __init__(
        self, service: RoutingService, settings: Settings, ticks: Callable[[], float] = monotonic
    ) -> None:
        self._service = service
        self._settings = settings
        self._ticks = ticks
        self._known = Known()
        self._looking = Lock()
        self._rates: dict[str, float] = {}

    def refresh(self) -> None:
        """Look up which keys there are. Raises StoreUnavailable."""
        with self._looking:
            at = self._ticks()
            with self._service.store.read() as session:
                keys = session.keys_by_digest()
                ever = bool(keys) or bool(session.keys())
            self._known = Known(ever=ever, keys=dict(keys), at=at)

    def _look_again(self) -> None:
        """As `refresh`, where nobody does it already; while the store is away those that were known go on."""
        first = self._known.at == float("-inf")
        if first:
            self.refresh()
        elif not self._looking.locked():
            with suppress(StoreUnavailable):
                self.refresh()

    async def admit(self, request: HTTPConnection) -> Caller:
        """Who asks."""
        if self._ticks() - self._known.at > LATEST_SECONDS:
            await run_in_threadpool(self._look_again)
        secret = _bearer(request.headers)
        if secret is None:
            return self._without(request)
        key = await self._key_of(secret)
        self._count(key)
        return Caller(key=key)

    def holds(self, caller: Caller) -> bool:
        """Whether the caller would be let in now as well."""
        if caller.key is None:
            return not self._known.ever
        return any(key.key_id == caller.key.key_id for key in self._known.keys.values()) and caller.key.holds(
            self._service.clock()
        )

    async def _key_of(self, secret: str) -> Key:
        digest = digest_of(secret)
        if digest not in self._known.keys:
            await run_in_threadpool(self.refresh)  # it may be a moment old
        key = self._known.keys.get(digest)
        if key is None or not key.holds(self._service.clock()):
            raise _refused("The key is not known here, or has expired or was revoked.", "invalid_token")
        return key

    def _without(self, request: HTTPConnection) -> Caller:
        if self._known.ever or not self._settings.may_be_open:
            raise _refused("Send a key: Authorization: Bearer gr_… (gridroute keys create makes one).")
        if not is_local(request) or _of_another_page(request, self._settings):
            raise _refused(
                "Until a key is made only this machine is served, directly and by its own name. "
                "gridroute keys create makes one."
            )
        return Caller()

    def _count(self, key: Key) -> None:
        """One request more. The whole minute's may come at once; then as many as the minute brings."""
        each = SECONDS / (key.per_minute or USUAL_PER_MINUTE)
        now = self._ticks()
        until = max(self._rates.get(key.key_id, now), now) + each
        if until - now > SECONDS + each / 2:
            wait = until - now - SECONDS
            told = f"More than {key.per_minute or USUAL_PER_MINUTE} requests a minute."
            raise HTTPException(429, told, {"Retry-After": str(ceil(wait))})
        self._rates[key.key_id] = until


def is_local(request: HTTPConnection) -> bool:
    """Whether somebody on this machine asks, directly and by a name of this machine."""
    if any(name in request.headers for name in FORWARDED):
        return False
    peer = request.client.host if request.client else ""
    if not _is_address(peer):
        return True  # a socket file, or a caller in this process: nothing that a network brought
    return _is_loopback(peer) and _is_own_name(
        urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    )


def _of_another_page(request: HTTPConnection, settings: Settings) -> bool:
    """Whether a page of another origin asks: a browser adds that by itself, also to what needs no permission."""
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    return origin is not None and origin != own and origin not in settings.allow_origins


def _bearer(headers: Headers) -> str | None:
    given = headers.get("authorization")
    if given is None:
        return None
    scheme, _, secret = given.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise _refused("The header Authorization is not of the form: Bearer gr_…", "invalid_request")
    return secret.strip()


def _refused(told: str, error: str = "") -> HTTPException:
    challenge = f'{CHALLENGE}, error="{error}"' if error else CHALLENGE
    return HTTPException(401, told, {"WWW-Authenticate": challenge})


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    address = ip_address(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _is_own_name(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost") or (_is_address(name) and _is_loopback(name))
