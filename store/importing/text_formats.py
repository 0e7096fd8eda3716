"""Tables in text: CSV, JSON lines, GeoJSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from store.importing.rows import Row, Table, broken_row, counted_table, has_surrogates, unreadable

DELIMITERS = ",;\t|"
CLOSE_IT = "Close the quotation mark that this row leaves open."
FIELD_LIMIT = 10_000_000  # a quotation mark left open swallows what follows: let the row be read and refused


def open_csv(path: Path, encoding: str) -> Table:
    """Comma, semicolon, tab or bar: the one that cuts the header into most columns."""
    csv.field_size_limit(FIELD_LIMIT)
    with _text(path, encoding)[0] as lines:
        header = lines.readline()
    _check_header(path, header, encoding)
    # csv.Sniffer guesses from the data and takes letters for delimiters
    delimiter = max(DELIMITERS, key=lambda mark: len(next(csv.reader([header], delimiter=mark))))
    lines, position = _text(path, encoding)
    read = _Lines(lines)
    records = csv.reader(read, delimiter=delimiter)
    columns = tuple(name.strip() for name in next(records))
    rows = _csv_rows(read, records, columns)
    return Table(columns=columns, rows=rows, total=path.stat().st_size, position=position)


def open_jsonl(path: Path, encoding: str) -> Table:
    """One JSON object a line. Read twice: the columns are those that any row has."""
    columns: dict[str, None] = {}
    for row in _jsonl_rows(_text(path, encoding)[0]):
        columns |= dict.fromkeys(row.values)
    lines, position = _text(path, encoding)
    rows = _jsonl_rows(lines)
    return Table(columns=tuple(columns), rows=rows, total=path.stat().st_size, position=position)


def open_geojson(path: Path, encoding: str) -> Table:
    """A FeatureCollection, held in memory. A row is a feature: properties, `geometry`, `id`; lines count features."""
    try:
        document = json.loads(path.read_text(encoding=encoding))
        features = list(document["features"])
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise unreadable(path, f"not GeoJSON: {error}", "Give a FeatureCollection.") from error
    rows = [feature_row(line, feature) for line, feature in enumerate(features, start=1)]
    return counted_table(dict.fromkeys(name for row in rows for name in row.values), rows, len(rows))


def _text(path: Path, encoding: str) -> tuple[io.TextIOWrapper, Callable[[], int]]:
    # surrogateescape keeps a wrongly encoded row apart from its neighbours instead of ending the file
    raw = path.open("rb")
    return io.TextIOWrapper(raw, encoding=encoding, errors="surrogateescape", newline=""), raw.tell


def _check_header(path: Path, header: str, encoding: str) -> None:
    if not header.strip():
        raise unreadable(path, "the first line is empty", "The first line must name the columns.")
    if has_surrogates(header) or "\0" in header:
        mend = 'Declare the file\'s encoding in the mapping, for example encoding = "gb18030".'
        raise unreadable(path, f"the first line is not {encoding.removesuffix('-sig')} text", mend)


class _Lines:
    """A file's lines; `ended`: one more was asked for than there are."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self.file, self.ended = file, False

    def __iter__(self) -> Iterator[str]:
        yield from self.file
        self.ended = True


def _csv_rows(lines: _Lines, records: Any, columns: tuple[str, ...]) -> Iterator[Row]:
    with lines.file:
        while True:
            line = records.line_num + 1
            try:
                record = next(records)
            except StopIteration:
                return
            except csv.Error as error:
                yield broken_row(line, {}, str(error), CLOSE_IT)
                continue
            # a row that is whole asks for no further line: this one has swallowed all that followed
            if lines.ended:
                values = dict(zip(columns, record, strict=False))
                yield broken_row(line, values, "a quotation mark is open until the end of the file", CLOSE_IT)
            elif record:
                yield _csv_row(line, record, columns)


def _csv_row(line: int, record: list[str], columns: tuple[str, ...]) -> Row:
    values = dict(zip(columns, record, strict=False))
    if any(record[len(columns) :]):
        problem = f"{len(record)} columns, the header has {len(columns)}"
        return broken_row(line, values, problem, "Put quotation marks around text that holds the delimiter.")
    return Row(line, values)


def _jsonl_rows(lines: io.TextIOWrapper) -> Iterator[Row]:
    with lines:
        for line, text in enumerate(lines, start=1):
            if text.strip():
                yield _jsonl_row(line, text)


def _jsonl_row(line: int, text: str) -> Row:
    mend = "Write one JSON object a line."
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        return broken_row(line, {}, f"not JSON: {error}", mend)
    if not isinstance(values, dict):
        return broken_row(line, {}, "not a JSON object", mend)
    return Row(line, values)


def feature_row(line: int, feature: Any) -> Row:
    """A feature as a row: its properties, `geometry`, `id`; a point's longitude and latitude."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return broken_row(line, {}, "not a GeoJSON feature", 'Write {"type": "Feature", ...}.')
    geometry, properties = feature.get("geometry"), feature.get("properties") or {}
    if not isinstance(properties, dict):
        return broken_row(line, {}, "its properties are no JSON object", "Write them as an object.")
    values = {"geometry": geometry}
    if "id" in feature:
        values["id"] = feature["id"]
    if isinstance(geometry, dict) and geometry.get("type") == "Point":
        coordinates = geometry.get("coordinates")
        found = coordinates if isinstance(coordinates, list) else []
        values["longitude"], values["latitude"] = (*found, None, None)[:2]
    return Row(line, values | properties)
