"""A file of tickets as rows that the service takes; a row that cannot be read says why."""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from console.client import Json

COLUMNS = {
    "ticket_id": ("ticket_id", "number", "编号", "工单号", "工单编号"),
    "received_at": ("received_at", "received", "受理时间", "来电时间"),
    "text": ("text", "description", "内容", "诉求", "诉求内容", "描述"),
    "category": ("category", "kind", "类别", "分类"),
    "account": ("account", "户号"),
    "phone": ("phone", "电话", "联系电话", "手机"),
    "address": ("address", "地址", "诉求地址"),
    "latitude": ("latitude", "lat", "纬度"),
    "longitude": ("longitude", "lon", "lng", "经度"),
    "channel": ("channel", "source", "来源", "渠道"),
}
NAMES = {alias: name for name, aliases in COLUMNS.items() for alias in aliases}
DEGREES = frozenset({"latitude", "longitude"})
NUMBERS = frozenset({"ticket_id", "account", "phone"})
# how a spreadsheet writes a long number into a CSV file: the digits that it leaves out are lost
SHORTENED = re.compile(r"\d([.,]\d+)?E\+\d+", re.ASCII)
# what it shows for a formula that found nothing
FAILED = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"})
DELIMITERS = ",;\t|"
FIELD_LIMIT = 10_000_000  # characters: let the row be read, and refused by the service as too long
ENCODINGS = ("utf-8-sig", "gb18030")

Cells = Sequence[tuple[str, Any]]


class Unreadable(Exception):
    """The file is none that can be read; says why in a text key."""


class Read(NamedTuple):
    """A line of the file as it is, its cells by their columns; `problem`: why it could not be cut into them."""

    line: int
    cells: Cells
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the file; `body` as the service takes it, or what cannot be read, by a text key."""

    line: int
    cells: Cells
    body: Json
    problem: str = ""
    field: str = ""
    value: str = ""


def rows_of(name: str, content: bytes) -> list[Row]:
    """The rows of a CSV, XLSX or JSON-lines file. Raises Unreadable."""
    ending = name.lower().rpartition(".")[2]
    readers = {"csv": _csv, "txt": _csv, "xlsx": _xlsx, "jsonl": _json_lines, "ndjson": _json_lines}
    if ending not in readers:
        raise Unreadable("kind")
    filled = (one for one in readers[ending](content) if one.problem or any(_filled(v) for _, v in one.cells))
    rows = [_row(one) for one in filled]
    if rows and not any(row.body or row.problem for row in rows):
        raise Unreadable("columns")
    return rows


def _row(read: Read) -> Row:
    body: Json = {}
    problem, field, wrong = read.problem, "", ""
    for column, value in () if problem else read.cells:
        name = NAMES.get(str(column).strip().lower())
        if name is None or not _filled(value):
            continue
        if problem := _put(body, name, value):
            field, wrong = name, str(value)
            break
    return Row(line=read.line, cells=read.cells, body=body, problem=problem, field=field, value=wrong)


def _put(body: Json, name: str, value: Any) -> str:
    """Put the cell where the service wants it; the text key of what is wrong with it."""
    if name in DEGREES:
        degrees = _degrees(value)
        if degrees is None:
            return "number"
        if not math.isnan(degrees):
            body.setdefault(name, degrees)
        return ""
    text = _text(value)
    if name in NUMBERS and SHORTENED.fullmatch(text):
        return "shortened"
    if name == "text" and name in body:  # a title and what it is the title of
        body[name] += f"\n{text}"
    else:
        body.setdefault(name, _time(text) if name == "received_at" else text)
    return ""


def _degrees(value: Any) -> float | None:
    try:
        degrees = float(value)
    except (TypeError, ValueError):
        return None
    return None if math.isinf(degrees) else degrees


def _filled(value: object) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return False
    return (text := str(value).strip()) != "" and text not in FAILED


def _text(value: object) -> str:
    whole = isinstance(value, float) and value.is_integer()  # spreadsheets take account numbers for figures
    return str(int(value)) if whole and isinstance(value, float) else str(value).strip()


def _time(text: str) -> str:
    """Without a zone it is the time on this machine's wall: spreadsheets know no zones."""
    try:
        at = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return text  # the service says what is wrong with it
    return at.astimezone().isoformat() if at.tzinfo is None else text


class _Lines:
    """The lines of a text; `ended`: one more was asked for than there are."""

    def __init__(self, text: str) -> None:
        self._text, self.ended = text, False

    def __iter__(self) -> Iterator[str]:
        yield from io.StringIO(self._text, newline="")
        self.ended = True


def _csv(content: bytes) -> Iterator[Read]:
    csv.field_size_limit(FIELD_LIMIT)
    text = _decoded(content)
    first = io.StringIO(text, newline="").readline()
    delimiter = max(DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))
    lines = _Lines(text)
    records = csv.reader(lines, delimiter=delimiter)
    head: list[str] = []
    while True:
        line = records.line_num + 1
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error:
            yield Read(line, (), "quotation")
            continue
        if not head:
            head = cells
            continue
        beyond = (f"+{number}" for number in range(1, len(cells) - len(head) + 1))
        told = tuple(zip((*head, *beyond), cells, strict=False))
        # a row that is whole asks for no further line: this one has swallowed all that followed
        if lines.ended:
            yield Read(line, told, "quotation")
        else:
            yield Read(line, told, "cells" if any(cells[len(head) :]) else "")


def _xlsx(content: bytes) -> Iterator[Read]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # some writers state a size that is too small
        lines = enumerate(sheet.iter_rows(values_only=True), 1)
        _, first = next(lines, (1, ()))
        head = [str(cell or "") for cell in first]
        for number, cells in lines:
            yield Read(number, tuple(zip(head, map(_cell, cells), strict=False)))
    except (BadZipFile, ParseError, zlib.error, LookupError, ValueError, OSError) as error:
        raise Unreadable("broken") from error


def _cell(value: object) -> object:
    return value.isoformat() if isinstance(value, (datetime, date)) else value


def _json_lines(content: bytes) -> Iterator[Read]:
    for number, line in enumerate(_decoded(content).split("\n"), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            told = None
        if isinstance(told, dict):
            yield Read(number, tuple(told.items()))
        else:
            yield Read(number, (), "json")


def _decoded(content: bytes) -> str:
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # "Unicode text" of a spreadsheet
    for encoding in ("utf-16",) if marked else ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("broken")
