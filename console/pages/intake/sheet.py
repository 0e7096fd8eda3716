"""A file of tickets as rows that the service takes; a row that cannot be read says why."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
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
NUMBERS = frozenset({"latitude", "longitude"})
ENCODINGS = ("utf-8-sig", "gb18030")


class Unreadable(Exception):
    """The file is none that can be read; says why in a text key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the file; `body` as the service takes it, or the column that cannot be read."""

    line: int
    body: Json
    field: str = ""
    value: str = ""


def rows_of(name: str, content: bytes) -> list[Row]:
    """The rows of a CSV, XLSX or JSON-lines file. Raises Unreadable."""
    ending = name.lower().rpartition(".")[2]
    readers = {"csv": _csv, "txt": _csv, "xlsx": _xlsx, "jsonl": _json_lines, "ndjson": _json_lines}
    if ending not in readers:
        raise Unreadable("kind")
    rows = [
        _row(line, told) for line, told in readers[ending](content) if any(_filled(v) for v in told.values())
    ]
    if rows and not any(row.body or row.field for row in rows):
        raise Unreadable("columns")
    return rows


def _row(line: int, told: Mapping[str, Any]) -> Row:
    body: Json = {}
    for column, value in told.items():
        name = NAMES.get(str(column).strip().lower())
        if name is None or not _filled(value):
            continue
        if name in NUMBERS:
            try:
                body[name] = float(value)
            except (TypeError, ValueError):
                return Row(line=line, body=body, field=name, value=str(value))
        else:
            body[name] = _time(_text(value)) if name == "received_at" else _text(value)
    return Row(line=line, body=body)


def _filled(value: object) -> bool:
    return value is not None and str(value).strip() != ""


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


def _csv(content: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    text = _decoded(content)
    read = csv.DictReader(io.StringIO(text, newline=""))
    try:
        for told in read:
            yield read.line_num, {key: value for key, value in told.items() if key is not None}
    except csv.Error as error:
        raise Unreadable("broken") from error


def _xlsx(content: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError, OSError) as error:
        raise Unreadable("broken") from error
    lines = book.worksheets[0].iter_rows(values_only=True)
    head = [str(cell or "") for cell in next(lines, ())]
    for number, cells in enumerate(lines, 2):
        yield (
            number,
            {
                name: value.isoformat() if isinstance(value, (datetime, date)) else value
                for name, value in zip(head, cells, strict=False)
            },
        )


def _json_lines(content: bytes) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(_decoded(content).splitlines(), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
        except ValueError as error:
            raise Unreadable("broken") from error
        if not isinstance(told, dict):
            raise Unreadable("broken")
        yield number, told


def _decoded(content: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("broken")
