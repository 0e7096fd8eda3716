"""Tables: wide ones on a desk; on a phone a row is a card whose cells say their own names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape

from nicegui import ui


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    told = "".join(f"<th scope=col>{escape(name)}</th>" for name in head)
    rows = "".join(f"<tr>{''.join(map(_cell, head, line))}</tr>" for line in lines)
    return f'<table class="gr-table gr-named"><thead><tr>{told}</tr></thead><tbody>{rows}</tbody></table>'


@contextmanager
def acting_table(head: Sequence[str]) -> Iterator[None]:
    """A table whose rows have buttons: `acting_row`s inside."""
    with ui.element("table").classes("gr-table gr-named"):
        with ui.element("thead"), ui.element("tr"):
            for name in head:
                with ui.element("th").props("scope=col"):
                    ui.label(name)
        with ui.element("tbody"):
            yield


@contextmanager
def acting_row(head: Sequence[str], cells: Sequence[str]) -> Iterator[None]:
    """Cells of HTML; the buttons go into the last one."""
    with ui.element("tr"):
        for name, cell in zip(head, cells, strict=False):
            with ui.element("td") as place:
                place.props["data-name"] = name
                ui.html(cell)
        with ui.element("td"), ui.element("div").classes("gr-line"):
            yield


def _cell(name: str, content: str) -> str:
    return f'<td data-name="{escape(name, quote=True)}">{content}</td>' if content else "<td></td>"
