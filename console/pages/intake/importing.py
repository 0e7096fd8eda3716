"""A file of tickets: taken in at once, with its bad rows on the screen."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from html import escape
from itertools import groupby
from typing import Any

from nicegui import events, run, ui

from console.client import Json
from console.pages.intake.sheet import Cells, Row, Unreadable, rows_of
from console.problems import Refused
from console.said import said
from console.tables import table
from console.view import View
from console.words import Words

AT_ONCE = 200  # tickets in a request
LARGEST = 10_000_000
SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A row that was not taken, what would mend it, and its cells as the file has them."""

    line: int
    field: str
    problem: str
    mend: str
    cells: Cells = ()


class Importing:
    """The upload, and what came of it."""

    def __init__(self, view: View) -> None:
        self._view = view
        words = view.words
        with ui.expansion(words("intake.import"), icon="upload_file").classes("gr-card gr-import"):
            ui.label(words("intake.import_how")).classes("gr-quiet")
            self.upload = ui.upload(
                label=words("intake.choose_file"),
                auto_upload=True,
                max_files=1,
                max_file_size=LARGEST,
                on_upload=view.acting(self._take),
                on_rejected=lambda: view.say("intake.too_large"),
            )
            self.upload.props('accept=".csv,.xlsx,.jsonl" flat').classes("gr-wide gr-upload")
            self.told = ui.element("div").classes("gr-wide").props("role=status")

    async def _take(self, event: events.UploadEventArguments) -> None:
        content = await event.file.read()
        self.upload.reset()
        self.told.clear()
        try:
            rows = await run.io_bound(rows_of, event.file.name, content) or []
        except Unreadable as error:
            with self.told:
                ui.label(self._view.words(f"intake.unreadable.{error}")).classes("gr-alert")
            return
        with self.told:
            bar = ui.linear_progress(value=0, show_value=False).props('aria-label="…"')
        taken, bad = 0, [_unread(row, self._view.words) for row in rows if row.problem]
        good = [row for row in rows if not row.problem]
        for start in range(0, len(good), AT_ONCE):
            part = good[start : start + AT_ONCE]
            answers = await self._send(part, content, start)
            taken += sum(one["problem"] is None for one in answers)
            bad += [b for row, one in zip(part, answers, strict=True) for b in _refused(row, one["problem"])]
            bar.value = (start + len(part)) / len(good)
        self._show(taken, sorted(bad, key=lambda one: one.line))

    async def _send(self, part: Sequence[Row], content: bytes, start: int) -> list[Json]:
        # the same file again is the same tickets: nothing is taken twice
        key = sha256(content + f"\n{start}".encode()).hexdigest()
        body = [{"channel": "file"} | row.body for row in part]
        headers = {"Idempotency-Key": key}
        found: dict[str, Any] = await self._view.service.ask(
            "POST", "/v1/tickets/batch", body=body, headers=headers
        )
        return list(found["items"])

    def _show(self, taken: int, bad: Sequence[BadRow]) -> None:
        words = self._view.words
        self.told.clear()
        with self.told:
            ui.label(words("intake.imported", taken=taken, bad=len(bad))).classes("gr-answer gr-strong")
            if bad:
                ui.html(bad_html(bad[:SHOWN], words)).classes("gr-wide gr-scroll")
                content = bad_csv(bad, words)
                ui.button(
                    words("intake.bad_as_csv"), on_click=lambda: ui.download.content(content, "bad-rows.csv")
                ).props("outline dense no-caps icon=download")


def bad_html(bad: Sequence[BadRow], words: Words) -> str:
    """The bad rows as a table."""
    lines = [
        [escape(str(told)) for told in (one.line, one.field, one.problem, one.mend)]
        for one in (in_words(row, words) for row in bad)
    ]
    return table(_columns(words), lines)


def in_words(row: BadRow, words: Words) -> BadRow:
    """The row as its reader calls things."""
    return replace(
        row,
        field=words.either(f"intake.field.{row.field}", row.field),
        problem=said(row.problem, words),
        mend=said(row.mend, words),
    )


def _columns(words: Words) -> list[str]:
    return [words(f"intake.bad.{name}") for name in ("line", "field", "problem", "mend")]


def _unread(row: Row, words: Words) -> BadRow:
    problem = words(f"intake.unread.{row.problem}", value=row.value)
    mend = words(f"intake.mend.{row.problem}")
    return BadRow(line=row.line, field=row.field, problem=problem, mend=mend, cells=row.cells)


def _refused(row: Row, problem: Json | None) -> list[BadRow]:
    if problem is None:
        return []
    refused = Refused.of(int(problem.get("status", 422)), problem)
    if not refused.faults:
        return [BadRow(line=row.line, field="", problem=refused.detail, mend="", cells=row.cells)]
    return [
        BadRow(line=row.line, field=one.field, problem=one.problem, mend=one.mend, cells=row.cells)
        for one in refused.faults
    ]


def bad_csv(bad: Sequence[BadRow], words: Words) -> bytes:
    """What is wrong with each row, then its own cells, so that it can be mended here and taken in by itself."""
    out = io.StringIO(newline="")
    write = csv.writer(out)
    columns = list(dict.fromkeys(name for row in bad for name, _ in row.cells))
    write.writerow([*_columns(words), *columns])
    for line, faults in groupby((in_words(row, words) for row in bad), key=lambda one: one.line):
        found = list(faults)
        told = (
            "; ".join(texts)
            for texts in zip(*((one.field, one.problem, one.mend) for one in found), strict=True)
        )
        cells = dict(found[0].cells)
        write.writerow([line, *told, *(cells.get(name) for name in columns)])
    return out.getvalue().encode("utf-8-sig")
