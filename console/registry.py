"""The pages of the console; each module of `console.pages` adds its own."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from nicegui import app, ui
from nicegui.client import Client
from starlette.responses import RedirectResponse, Response

from console.frame import framed, unreachable_page
from console.problems import ServiceError, Unreachable
from console.session import NAME
from console.view import Office, View, asked_for, handle_of
from console.words import HTML_LANG, LANGUAGES, Words, preferred

Show = Callable[..., Awaitable[None] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page; `any_of`: one of these rights opens it (none: every signed-in person)."""

    name: str
    path: str
    show: Show
    icon: str
    any_of: tuple[str, ...] = ()
    in_menu: bool = True
    place: int = 50  # in the menu


PAGES: dict[str, Page] = {}


def page(
    name: str, path: str, *, icon: str, any_of: tuple[str, ...] = (), in_menu: bool = True, place: int = 50
) -> Callable[[Show], Show]:
    """Add a page. The function gets the View, then its own path and query parameters; it fills the content."""

    def add(show: Show) -> Show:
        PAGES[name] = Page(
            name=name, path=path, show=show, icon=icon, any_of=any_of, in_menu=in_menu, place=place
        )
        return show

    return add


def menu(view: View) -> list[Page]:
    """The pages that this person may open from the menu, in order."""
    shown = [one for one in PAGES.values() if one.in_menu and view.who.may(*one.any_of)]
    return sorted(shown, key=lambda one: one.place)


def serve(office: Office) -> None:
    """Let NiceGUI answer for every page."""
    for one in PAGES.values():
        ui.page(one.path, response_timeout=15)(_served(one, office))


def reader(client: Client) -> tuple[Words, bool | None]:
    """The language and the darkness (None: as the system has it) that this browser's reader chose."""
    chosen = app.storage.user.get("language")
    language = chosen if chosen in LANGUAGES else preferred(client.request.headers.get("accept-language"))
    return Words(language), app.storage.user.get("dark")


def dress(client: Client, words: Words, dark: bool | None, title: str) -> None:
    """Give this answer its language, its colours and its title."""
    own = copy.copy(client.page)  # the page object is shared by all who read the page
    own.language, own.dark = HTML_LANG[words.language], dark  # type: ignore[assignment]
    client.page = own
    client.title = title


def _served(one: Page, office: Office) -> Callable[..., Any]:
    async def answer(client: Client, **given: Any) -> Response | None:
        words, dark = reader(client)
        dress(client, words, dark, words("frame.title", page=words(f"{one.name}.title")))
        root = client.request.scope.get("root_path", "")
        handle = handle_of(client)
        office.sessions.use(handle)
        signed = office.sessions.of(handle)
        try:
            who = await office.sessions.who(signed)
        except ServiceError:
            unreachable_page(words)
            return None
        if who is None:
            office.sessions.forget(handle)
            return RedirectResponse(
                f"{root}/sign-in?next={quote(asked_for(client, root), safe='/')}", status_code=303
            )
        view = View(
            office=office, client=client, handle=handle, signed=signed, who=who, words=words, root=root
        )
        with framed(view, one.name, menu(view)):
            if not who.may(*one.any_of):
                ui.label(words("frame.forbidden")).classes("gr-empty")
                return None
            try:
                shown = one.show(view, **given)
                if inspect.isawaitable(shown):
                    await shown
            except Unreachable:
                unreachable_page(words)  # and loads it anew, rather than leave half a page
            except ServiceError as error:
                view.tell(error)
        return None

    taken = [p for p in inspect.signature(one.show, eval_str=True).parameters.values() if p.name != "view"]
    asked = inspect.Parameter("client", inspect.Parameter.KEYWORD_ONLY, annotation=Client)
    taken = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in taken]
    answer.__signature__ = inspect.Signature([asked, *taken])  # type: ignore[attr-defined]
    return answer


__all__ = ["NAME", "PAGES", "Page", "dress", "menu", "page", "reader", "serve"]
