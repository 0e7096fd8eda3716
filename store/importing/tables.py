"""Opens a table by its extension."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from features.nearest import did_you_mean
from store.importing.binary_formats import open_parquet, open_xlsx
from store.importing.rows import Table, unreadable
from store.importing.text_formats import open_csv, open_geojson, open_jsonl

FORMATS: dict[str, Callable[[Path, str], Table]] = {
    ".csv": open_csv,
    ".tsv": open_csv,
    ".xlsx": open_xlsx,
    ".jsonl": open_jsonl,
    ".ndjson": open_jsonl,
    ".parquet": open_parquet,
    ".geojson": open_geojson,
    ".json": open_geojson,
}


def open_table(path: Path, encoding: str = "utf-8-sig") -> Table:
    """The table in a file; InvalidInput where there is none or its format is unknown."""
    if not path.is_file():
        raise unreadable(path, "no such file", "Check the path.")
    reader = FORMATS.get(path.suffix.lower())
    if reader is None:
        mend = f"Give one of {' '.join(FORMATS)}. {did_you_mean(path.suffix, FORMATS)}"
        raise unreadable(path, f"unknown extension {path.suffix!r}", mend)
    return reader(path, encoding)
