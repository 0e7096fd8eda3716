"""A table as a stream of rows, whatever its format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from domain.errors import InvalidInput
from store.importing.faults import BadRow, Fault

Progress = Callable[[int, int], None]
"""Told (done, total) now and then; the unit is the format's own (bytes or rows)."""

ROWS_BETWEEN_REPORTS = 1000
SURROGATE = re.compile("[\ud800-\udfff]")


class Row(NamedTuple):
    """A row as read. `fault` says why it could not be; bytes of another encoding are left in it as surrogates."""

    line: int
    values: dict[str, Any]
    fault: BadRow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """An open table: `rows` streams once; `position` says how much of `total` was read."""

    columns: tuple[str, ...]
    rows: Iterator[Row]
    total: int
    position: Callable[[], int]

    def watched(self, progress: Progress | None) -> Iterator[Row]:
        """The rows; reports how far they are on the way and at the end."""
        for number, row in enumerate(self.rows):
            if progress and number % ROWS_BETWEEN_REPORTS == 0:
                progress(self.position(), self.total)
            yield row
        if progress:
            progress(self.total, self.total)


def counted_table(columns: Iterable[str], rows: Iterable[Row], total: int) -> Table:
    """A table whose progress is its number of rows."""
    done = 0

    def counted() -> Iterator[Row]:
        nonlocal done
        for row in rows:
            done += 1
            yield row

    return Table(columns=tuple(columns), rows=counted(), total=total, position=lambda: done)


def broken_row(line: int, values: dict[str, Any], problem: str, mend: str) -> Row:
    """A row that cannot be cut into its columns."""
    fault = BadRow(line=line, field="row", problem=problem, mend=mend, reason=Fault.UNPARSABLE, values=values)
    return Row(line, values, fault)


def unreadable(path: Path, problem: object, mend: str) -> InvalidInput:
    """The error of a file that is no table at all."""
    return InvalidInput(field=str(path), problem=str(problem), mend=mend)


def has_surrogates(text: str) -> bool:
    """Whether the text holds bytes of another encoding, or half a character, which no store could keep."""
    return not text.isascii() and SURROGATE.search(text) is not None
