"""Tables that come in a request instead of a file: CSV, a list of JSON objects, GeoJSON."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from domain.errors import InvalidInput
from store.importing.entities import EntityFile, entities_of
from store.importing.mapping import Mapping
from store.importing.rows import Row, Table, broken_row, counted_table
from store.importing.text_formats import feature_row, open_csv

BODY = "body"


def read_csv(content: bytes, mapping: Mapping) -> EntityFile:
    """Of the text of a CSV file. Raises InvalidInput for what is none."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "body.csv")  # whatever reads tables reads files
        path.write_bytes(content)
        try:
            table = open_csv(path, mapping.encoding)
        except InvalidInput as error:
            raise InvalidInput(field=BODY, problem=error.problem, mend=error.mend) from error
        return entities_of(table, mapping)


def read_json(value: Any, mapping: Mapping) -> EntityFile:
    """Of a list of objects, or a FeatureCollection. Raises InvalidInput for what is neither."""
    return entities_of(_table(value), mapping)


def _table(value: Any) -> Table:
    if isinstance(value, list):
        return _of_rows(_object_row(line, one) for line, one in enumerate(value, start=1))
    features = value.get("features") if isinstance(value, dict) else None
    if not isinstance(features, list):
        mend = "Send a list of objects, or a GeoJSON FeatureCollection."
        raise InvalidInput(field=BODY, problem="neither a list nor a FeatureCollection", mend=mend)
    return _of_rows(feature_row(line, one) for line, one in enumerate(features, start=1))


def _of_rows(found: Iterable[Row]) -> Table:
    rows = list(found)
    return counted_table(dict.fromkeys(name for row in rows for name in row.values), rows, len(rows))


def _object_row(line: int, value: Any) -> Row:
    if isinstance(value, dict):
        return Row(line, value)
    return broken_row(line, {}, "not a JSON object", "Write an object for each row.")
