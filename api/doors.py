"""Who is let in: keys as the store has them, what each may ask a minute, and who needs none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
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
from domain.access import Area, Key, Personal, Right, Role, SignIn
from domain.errors import StoreUnavailable
from router.access import SESSION_IDLE, digest_of
from router.access_ports import KeyReads
from router.service import RoutingService

SECONDS = 60.0  # what rates are counted by
USUAL_PER_MINUTE = 6_000
FAILURES_PER_MINUTE = 30  # of one address
MOST_PACED = 10_000
LATEST_SECONDS = 1.0  # beyond which what is known of keys is looked up before anybody is let in
SEEN_EVERY = timedelta(minutes=1)  # that a session was used is noted no more often
FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
CHALLENGE = 'Bearer realm="gridroute"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `key` None: nobody in particular, on this machine, where no key was made yet.

    `session_id`: the session by which the key's bearer came.
    """

    key: Key | None = None
    session_id: str | None = None

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
        return self.key.hidden if self.key else frozenset()


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
        self._asked = Pace(ticks, settings.processes)
        self._failed = Pace(ticks, settings.processes)
        self._unnamed = Pace(ticks, settings.processes)

    def refresh(self) -> None:
        """Look up which keys and sessions there are. Raises StoreUnavailable."""
        with self._looking:
            at = self._ticks()
            with self._service.store.read() as session:
                self._known = self._known.renewed(session, at)

    async def admit(self, request: HTTPConnection) -> Caller:
        """Who asks."""
        await self.look()
        secret = _bearer(request.headers)
        return self._without(request) if secret is None else await self.bearer(secret, request)

    async def look(self) -> None:
        """See to it that what is known of keys is no older than it may be."""
        if self._ticks() - self._known.at > LATEST_SECONDS:
            await run_in_threadpool(self._look_again)

    async def bearer(self, secret: str, request: HTTPConnection) -> Caller:
        """Who has that secret; it counts as one of the key's requests."""
        caller = await self._caller(digest_of(secret), _peer(request))
        assert caller.key is not None
        self._pace_key(caller.key)
        return caller

    def pace(self, who: str, per_minute: int) -> None:
        """One more request of theirs. Raises HTTPException 429."""
        self._asked.step(who, per_minute, _too_many(per_minute))

    def pace_unnamed(self, request: HTTPConnection, per_minute: int) -> None:
        """One more request from that address without a key; those who need none at all may ask as they like."""
        if self.closed or not is_local(request):
            self._unnamed.step(_peer(request), per_minute, _too_many(per_minute))

    async def key_of(self, secret: str, request: HTTPConnection) -> Key:
        """The key with that secret, not a session's token; it counts as one of the key's requests."""
        digest = digest_of(secret)
        await self._caller(digest, _peer(request))
        key = self._known.keys.get(digest)
        if key is None:
            raise _refused("This is no key's secret.", "invalid_token")
        self._pace_key(key)
        return key

    @property
    def closed(self) -> bool:
        """Whether nobody is let in without a key, be it on this machine."""
        return self._known.ever or not self._settings.may_be_open

    def holds(self, caller: Caller) -> bool:
        """Whether the caller would be let in now as well."""
        known, now = self._known, self._service.clock()
        if caller.key is None:
            return not known.ever
        key = known.by_id.get(caller.key.key_id)
        if key is None or not key.holds(now):
            return False
        return caller.session_id is None or any(
            one.session_id == caller.session_id and one.expires_at > now for one in known.sign_ins.values()
        )

    def _pace_key(self, key: Key) -> None:
        self.pace(key.key_id, key.per_minute or USUAL_PER_MINUTE)

    def _look_again(self) -> None:
        """As `refresh`, where nobody does it already; while the store is away those that were known go on."""
        first = self._known.at == float("-inf")
        if first:
            self.refresh()
        elif not self._looking.locked():
            with suppress(StoreUnavailable):
                self.refresh()

    async def _caller(self, digest: str, peer: str) -> Caller:
        now = self._service.clock()
        caller = self._known.caller(digest, now)
        if caller is None:
            self._failed.step(peer, FAILURES_PER_MINUTE, "Too many keys that are none came from there.")
            await run_in_threadpool(self.refresh)  # what is known may be a moment old
            caller = self._known.caller(digest, now)
        if caller is None:
            raise _refused("The key is not known here, or has expired or was revoked.", "invalid_token")
        if caller.session_id is not None and self._known.sign_ins[digest].seen_at + SEEN_EVERY <= now:
            await run_in_threadpool(self._see, caller.session_id, now)
        return caller

    def _see(self, session_id: str, now: datetime) -> None:
        with suppress(StoreUnavailable):
            self._service.store.write(lambda session: session.see_sign_in(session_id, now))
            self.refresh()

    def _without(self, request: HTTPConnection) -> Caller:
        if self.closed:
            raise _refused("Send a key: Authorization: Bearer gr_… (gridroute keys create makes one).")
        if not is_local(request) or _of_another_page(request, self._settings):
            raise _refused(
                "Until a key is made only this machine is served, directly and by its own name. "
                "gridroute keys create makes one."
            )
        return Caller()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store had of keys and sessions when it was asked. `ever`: whether a key was made at all."""

    version: int = -1
    ever: bool = True
    keys: Mapping[str, Key] = field(default_factory=dict)
    by_id: Mapping[str, Key] = field(default_factory=dict)
    sign_ins: Mapping[str, SignIn] = field(default_factory=dict)
    at: float = float("-inf")

    def renewed(self, session: KeyReads, at: float) -> Known:
        """The same as of now; keys are read again where any changed."""
        version, sign_ins = session.keys_version(), session.sign_ins()
        if version == self.version:
            return replace(self, sign_ins=sign_ins, at=at)
        keys = session.keys_by_digest()
        by_id = {key.key_id: key for key in keys.values()}
        return Known(version=version, ever=version > 0, keys=keys, by_id=by_id, sign_ins=sign_ins, at=at)

    def caller(self, digest: str, now: datetime) -> Caller | None:
        """Whose secret or token that is; None where it lets nobody in."""
        key, session_id = self.keys.get(digest), None
        if key is None and (sign_in := self.sign_ins.get(digest)) and sign_in.holds(now, SESSION_IDLE):
            key, session_id = self.by_id.get(sign_in.key_id), sign_in.session_id
        return Caller(key=key, session_id=session_id) if key and key.holds(now) else None


class Pace:
    """How fast each may go: a minute's worth at once, then as the minute brings it. Used on one thread.

    Of `sharing` processes each grants its part: to count in the store would be a write for every request.
    """

    def __init__(self, ticks: Callable[[], float], sharing: int = 1) -> None:
        self._ticks = ticks
        self._sharing = sharing
        self._until: dict[str, float] = {}

    def step(self, who: str, per_minute: int, told: str) -> None:
        """One more. Raises HTTPException 429."""
        each, now = SECONDS / ceil(per_minute / self._sharing), self._ticks()
        if len(self._until) > MOST_PACED:
            self._until = {one: until for one, until in self._until.items() if until > now}
        until = max(self._until.get(who, now), now) + each
        if until - now > SECONDS + each / 2:
            wait = ceil(until - now - SECONDS)
            raise HTTPException(429, told, {"Retry-After": str(wait)})
        self._until[who] = until


def is_local(request: HTTPConnection) -> bool:
    """Whether somebody on this machine asks, directly and by a name of this machine."""
    if any(name in request.headers for name in FORWARDED):
        return False
    peer = _peer(request)
    if not _is_address(peer):
        return True  # a socket file, or a caller in this process: nothing that a network brought
    return _is_loopback(peer) and _is_own_name(
        urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    )


def _peer(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


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


def _too_many(per_minute: int) -> str:
    return f"More than {per_minute:,} requests a minute."


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
