"""What a page is made with: the service as its reader may use it, their language, and guarded handlers."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from nicegui import app, ui
from nicegui.client import Client

from console.client import Bearer, Service
from console.problems import Refused, ServiceError, Unreachable
from console.said import refused, said
from console.session import NAME, Sessions, Signed, Who
from console.words import Words

log = logging.getLogger("gridroute.console")

Handler = Callable[..., object]

Guarded = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What all pages of one console share."""

    service: Service
    sessions: Sessions
    tiles: str = ""  # an operator's own map tiles: a URL template; empty: none


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One open page of one person."""

    office: Office
    client: Client
    handle: str | None
    signed: Signed | None
    who: Who
    words: Words
    root: str  # the path that the console is mounted at

    @property
    def language(self) -> str:
        """The page's language."""
        return self.words.language

    @property
    def service(self) -> Bearer:
        """The service, asked with this person's token. Raises Refused (401) when they are signed in no longer."""
        if self.signed is not None and self.office.sessions.of(self.handle) is None:
            raise Refused(status=401, detail="signed out")
        return self.office.service.bearing(self.signed.token if self.signed else None)

    @property
    def name(self) -> str:
        """Who acts: the key's name, or what an open console's reader calls themselves."""
        if self.who.name:
            return self.who.name
        chosen = app.storage.user.get("name")
        return str(chosen) if chosen else self.words("frame.somebody", tag=app.storage.browser["id"][:4])

    @property
    def path(self) -> str:
        """The page's own path, without the one that the console is mounted at."""
        return asked_for(self.client, self.root)

    def url(self, path: str) -> str:
        """A path as the browser has to ask for it."""
        return f"{self.root}{path}"

    def acting(self, handler: Handler, *, quiet: bool = False) -> Guarded:
        """The handler of an event; what the service refuses becomes a notice, a lost session the way to sign in.

        `quiet`: it comes again by itself, and the header says already where the service is away.
        """

        async def guarded(*given: Any) -> None:
            try:
                # also what asks the service nothing must not act for somebody who has signed out
                _ = self.service
                if not quiet:
                    self.office.sessions.use(self.handle)
                done = handler(*given)
                if inspect.isawaitable(done):
                    await done
            except ServiceError as error:
                if not (quiet and isinstance(error, Unreachable)):
                    self.tell(error)

        async def with_event(event: Any) -> None:
            await guarded(event)

        async def without_event() -> None:
            await guarded()

        # the toolkit looks at what a handler takes
        wants = any(p.default is p.empty for p in inspect.signature(handler).parameters.values())
        return with_event if wants else without_event

    def tell(self, error: ServiceError) -> None:
        """Show why something was not done."""
        if self.client.is_deleted:
            return
        with self.client:
            if isinstance(error, Refused) and error.status == 401:
                self.office.sessions.forget(self.handle)
                why = (
                    "keyed" if self.who.open else "expired"
                )  # the first key was made while the page was open
                ui.navigate.to(f"/sign-in?{why}=1&next={quote(self.path, safe='/')}")
                return
            ui.notify(
                notice(error, self.words), type="warning", textColor="white", multi_line=True, timeout=8_000
            )

    def say(self, key: str, **values: object) -> None:
        """A short notice."""
        with self.client:
            ui.notify(self.words(key, **values), type="positive", timeout=2_500)


def notice(error: ServiceError, words: Words) -> str:
    """The error in a person's words."""
    if isinstance(error, Unreachable):
        return words("frame.unreachable")
    if not isinstance(error, Refused):
        return words("frame.failed", detail=str(error))
    if error.status == 401:
        return words("frame.signed_out")
    if error.status == 403:
        return words("frame.forbidden")
    if error.faults:
        told = (
            f"{words.either(f'intake.field.{one.field}', one.field)}: {said(one.problem, words)}. "
            f"{said(one.mend, words)}".strip()
            for one in error.faults[:3]
        )
        return "\n".join(told)
    return refused(error, words)


def asked_for(client: Client, root: str) -> str:
    """The page that the browser asked for, with what it was to show."""
    url = client.request.url
    return url.path.removeprefix(root) + (f"?{url.query}" if url.query else "")


def handle_of(client: Client) -> str | None:
    """The browser's handle of its session, from its signed cookie."""
    found = client.request.session.get(NAME)
    return found if isinstance(found, str) else None
