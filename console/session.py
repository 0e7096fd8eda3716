"""Who sits before the browser: a session with the service, kept on this side and looked up at every step."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_urlsafe

from console.client import Json, Service, at
from console.problems import Refused, ServiceError

IDLE_S = 7_200.0  # as the service has it; a page that asks it now and then by itself is no use
NAME = "signed"  # of the entry in the browser's signed cookie: a random handle, never the token


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A person as the service knows them; `open`: no key was ever made, everybody on this machine may do all."""

    name: str = ""
    role: str = ""
    rights: frozenset[str] = frozenset()
    units: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    open: bool = False

    @classmethod
    def of(cls, body: Json) -> Who:
        """From the service's answer."""
        return cls(
            name=str(body.get("name") or ""),
            role=str(body.get("role") or ""),
            rights=frozenset(body.get("rights") or ()),
            units=tuple(body.get("units") or ()),
            territories=tuple(body.get("territories") or ()),
            open=bool(body.get("open")),
        )

    def may(self, *rights: str) -> bool:
        """Whether they have one of the rights; none named: anybody."""
        return self.open or not rights or bool(self.rights & set(rights))


OPEN = Who(role="admin", open=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A session with the service."""

    token: str
    expires_at: str

    def holds(self) -> bool:
        """Whether it has not run out; the service has the last word."""
        try:
            return datetime.fromisoformat(self.expires_at) > datetime.now(UTC)
        except ValueError:
            return True


class Sessions:
    """All that are signed in here, by handle; in a file of the owner's, so that a restart signs nobody out."""

    def __init__(
        self, service: Service, file: Path | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._service = service
        self._file = file
        self._clock = clock
        self._used: dict[str, float] = {}
        self._held = _read(file) if file else {}

    def of(self, handle: str | None) -> Signed | None:
        """The session behind the handle, while it lasts."""
        found = self._held.get(handle or "")
        if found is None or handle is None:
            return None
        idle = self._clock() - self._used.setdefault(handle, self._clock())
        if idle > IDLE_S or not found.holds():
            self.forget(handle)
            return None
        return found

    def use(self, handle: str | None) -> None:
        """Somebody did something."""
        if self.of(handle) is not None and handle is not None:
            self._used[handle] = self._clock()

    async def open(self, secret: str) -> str:
        """Sign in with a key's secret. Answers the handle; raises Refused for a wrong secret."""
        made = await self._service.bearing(None).post("/v1/sessions", {"secret": secret})
        handle = token_urlsafe(24)
        self._held[handle] = Signed(token=str(made["token"]), expires_at=str(made.get("expires_at") or ""))
        self._keep()
        return handle

    async def close(self, handle: str | None) -> None:
        """Sign out, here and at the service."""
        found = self._held.get(handle or "")
        self.forget(handle)
        if found is not None:
            try:
                await self._service.bearing(found.token).delete(at("v1", "sessions", "current"))
            except ServiceError:
                return  # it runs out by itself; here it is gone

    def forget(self, handle: str | None) -> None:
        """The service knows it no longer."""
        self._used.pop(handle or "", None)
        if self._held.pop(handle or "", None) is not None:
            self._keep()

    async def who(self, signed: Signed | None) -> Who | None:
        """Who that is; None: they have to sign in. Raises Unreachable."""
        try:
            return Who.of(await self._service.bearing(signed.token if signed else None).get("/v1/who"))
        except Refused as refused:
            if refused.status == 401:
                return None
            if refused.is_missing_endpoint:
                return OPEN  # a service that knows no keys
            raise

    def _keep(self) -> None:
        if self._file is None:
            return
        held = {handle: asdict(one) for handle, one in self._held.items() if one.holds()}
        draft = self._file.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as opened:
            json.dump(held, opened)
        draft.replace(self._file)


def _read(file: Path) -> dict[str, Signed]:
    try:
        return {handle: Signed(**one) for handle, one in json.loads(file.read_text()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
