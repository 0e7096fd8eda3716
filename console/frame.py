"""What stands around every page: where one can go, how the service is, who one is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nicegui import app, ui

from console.vital import watch
from console.words import HTML_LANG, LANGUAGES, Words

if TYPE_CHECKING:
    from console.registry import Page
    from console.view import View

NEXT_THEME = {None: True, True: False, False: None}
THEME_ICONS = {None: "brightness_auto", True: "dark_mode", False: "light_mode"}


@contextmanager
def framed(view: View, name: str, menu: Sequence[Page]) -> Iterator[None]:
    """The frame, with the page's own content inside."""
    with ui.header(wrap=False).classes("gr-header"):
        with ui.link(target="/").classes("gr-brand").props(f'aria-label="{view.words("frame.home")}"'):
            ui.label("gridroute")
        _navigation(view, name, menu)
        _status(view)
        _choices(view)
    view.client.content.classes("gr-content").props("id=content")
    view.client.content.props["data-who"] = view.name
    view.client.content.props["data-loading"] = view.words("frame.loading")
    with view.client.content:
        ui.label(view.words(f"{name}.title")).props("role=heading aria-level=1").classes("gr-h1")
        yield
    ui.skip_link(view.words("frame.skip"), target=view.client.content)


def unreachable_page(words: Words) -> None:
    """Shown where nobody answers at the service's address; it looks again by itself."""
    with ui.column().classes("gr-alone"):
        ui.label(words("frame.unreachable")).props("role=heading aria-level=1").classes("gr-h1")
        ui.label(words("frame.waiting")).props("role=status")
        ui.spinner(size="lg")
    ui.timer(2.0, ui.navigate.reload)


def other_language(words: Words) -> None:
    """A button that shows the page in the other language."""
    other = next(one for one in LANGUAGES if one != words.language)
    switch = ui.button(words("frame.other_language"), on_click=lambda: _choose("language", other))
    switch.props(
        f'flat dense no-caps aria-label="{words("frame.switch_language")}" lang="{HTML_LANG[other]}"'
    )


def _navigation(view: View, name: str, menu: Sequence[Page]) -> None:
    with ui.element("nav").classes("gr-nav").props(f'aria-label="{view.words("frame.navigation")}"'):
        for one in menu:
            with ui.link(target=one.path).classes("gr-nav-link") as link:
                ui.icon(one.icon).props("aria-hidden=true")
                ui.label(view.words(f"{one.name}.nav"))
            if one.name == name:
                link.classes("gr-here").props("aria-current=page")


def _status(view: View) -> None:
    if not view.who.may("read"):
        return
    with ui.element("div").classes("gr-status").props("role=status") as place:
        dot = ui.element("span").classes("gr-dot").props("aria-hidden=true")
        told = ui.label("…")
    watch(view, place, dot, told)


def _choices(view: View) -> None:
    words = view.words
    with ui.element("div").classes("gr-choices"):
        other_language(words)
        dark = app.storage.user.get("dark")
        theme = ui.button(icon=THEME_ICONS[dark], on_click=lambda: _choose("dark", NEXT_THEME[dark]))
        theme.props(f'flat dense round aria-label="{words("frame.theme")}"')
        account = ui.button(icon="account_circle")
        account.props(f'flat dense round aria-label="{words("frame.account")}"')
        with account, ui.menu().classes("gr-menu"):
            _account(view)


def _account(view: View) -> None:
    words, who = view.words, view.who
    with ui.column().classes("gr-account"):
        ui.label(who.name or view.name).classes("gr-strong")
        ui.label(words.either(f"frame.role.{who.role}", who.role)).classes("gr-quiet")
        if who.open:
            ui.label(words("frame.open")).classes("gr-quiet")
            box = ui.input(words("frame.your_name"), value=app.storage.user.get("name") or "")
            box.props("dense outlined maxlength=80").on("keydown.enter", lambda: _choose("name", box.value))
            ui.button(words("frame.save"), on_click=lambda: _choose("name", box.value)).props("flat no-caps")
            return
        area = [*who.units, *who.territories]
        if area:
            ui.label(words("frame.area", area=", ".join(area))).classes("gr-quiet")
        with ui.element("form").props(f'method=post data-leaves action="{view.url("/sign-out")}"'):
            ui.button(words("frame.sign_out")).props("type=submit flat no-caps icon=logout")


def _choose(name: str, value: object) -> None:
    """Keep a choice of this browser's reader and show the page by it."""
    app.storage.user[name] = value
    ui.navigate.reload()
