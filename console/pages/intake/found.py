"""Earlier tickets, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from console.client import Json
from console.moments import clock_time
from console.pages.intake.telling import status_of
from console.words import Words

WRAPPED = ("title", "address")
COLUMNS = ("number", "received", "title", "address", "status", "unit")


def found_html(lines: Sequence[Json], words: Words) -> str:
    """A table of them; the number is a button."""
    if not lines:
        return f'<p class="gr-quiet">{escape(words("intake.found_nothing"))}</p>'
    head = "".join(f"<th scope=col>{escape(words(f'intake.column.{one}'))}</th>" for one in COLUMNS)
    return (
        f'<table class="gr-table"><thead><tr>{head}</tr></thead><tbody>'
        f"{''.join(_line(one, words) for one in lines)}</tbody></table>"
    )


def _line(one: Json, words: Words) -> str:
    with_unit = one["unit_name"] or one["unit"] if one["status"] == "dispatched" else None
    number = escape(one["ticket_id"], quote=True)
    cells = (
        clock_time(one["received_at"]),
        one["title"],
        one["address"] or "",
        status_of(one, words),
        with_unit or "",
    )
    told = "".join(
        f"<td{'' if name in WRAPPED else ' class=gr-nowrap'}>{escape(str(cell))}</td>"
        for name, cell in zip(COLUMNS[1:], cells, strict=True)
    )
    return f'<tr><td><button type="button" class="gr-link" data-ticket="{number}">{number}</button></td>{told}</tr>'
