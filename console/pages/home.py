"""The address without a path: on to the first page that is one's own."""

from __future__ import annotations

from nicegui import ui

from console.registry import menu, page
from console.view import View


@page("home", "/", icon="home", in_menu=False)
def show(view: View) -> None:
    """Go where this person works."""
    pages = menu(view)
    if pages:
        ui.navigate.to(pages[0].path)
    else:
        ui.label(view.words("frame.nothing_here")).classes("gr-empty")
