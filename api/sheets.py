"""Tables for spreadsheets, written as they are read."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from tempfile import SpooledTemporaryFile

from pydantic import BaseModel

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IN_MEMORY, CHUNK = 1 << 22, 1 << 16  # bytes
BOM = "\ufeff"  # without it Excel takes UTF-8 for the machine's own code page
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Cell = str | int | float | datetime | None


def csv_lines(columns: Sequence[str], rows: Iterable[BaseModel]) -> Iterator[str]:
    """The table line by line. Text that a spreadsheet would run as a formula is quoted (OWASP, "CSV injection")."""
    buffer = StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([BOM + columns[0], *columns[1:]])
    for row in rows:
        writer.writerow([_inert(cell) for cell in _cells(columns, row)])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def xlsx_file(title: str, columns: Sequence[str], rows: Iterable[BaseModel]) -> Iterator[bytes]:
    """The table as a workbook of one sheet, in parts."""
    from openpyxl import Workbook  # slow to import, and seldom asked for
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)

    def text(value: str) -> object:
        typed = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
        typed.data_type = "s"  # what begins like a formula is text
        return typed

    sheet.append(list(columns))
    for row in rows:
        sheet.append([_typed(cell, text) for cell in _cells(columns, row)])
    with SpooledTemporaryFile(IN_MEMORY) as file:
        book.save(file)
        file.seek(0)
        while part := file.read(CHUNK):
            yield part


def _cells(columns: Sequence[str], row: BaseModel) -> list[Cell]:
    return [_cell(getattr(row, name)) for name in columns]


def _cell(value: object) -> Cell:
    if isinstance(value, (list, tuple)):
        return " ".join(str(getattr(one, "kind", one)) for one in value)
    if value is None or isinstance(value, (str, int, float, datetime)):
        return value
    raise TypeError(f"{value!r} does not fit into a cell")


def _inert(cell: Cell) -> Cell:
    if isinstance(cell, datetime):
        return cell.isoformat()
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _typed(cell: Cell, text: Callable[[str], object]) -> object:
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).replace(tzinfo=None)  # workbooks know no zones
    return text(cell) if isinstance(cell, str) else cell
