"""The bad rows of an import, beside the file they came from."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from domain.errors import InvalidInput
from store.importing.faults import BadRow

HEADER = ("line", "field", "problem", "mend")


def write_bad_file(path: Path, bad_rows: Sequence[BadRow], encoding: str) -> Path:
    """`<name>.bad.csv`: what is wrong, then the row's own columns, so that it can be mended and imported as it is."""
    target = path.with_name(f"{path.stem}.bad.csv")
    columns = list(dict.fromkeys(name for bad in bad_rows for name in bad.values))
    try:
        # bytes that are no text in the declared encoding are shown as \udcXX
        with target.open("w", encoding=encoding, errors="backslashreplace", newline="") as file:
            writer = csv.writer(file)
            writer.writerow((*HEADER, *columns))
            for line, faults in groupby(sorted(bad_rows, key=_line), key=_line):
                writer.writerow(_bad_line(line, list(faults), columns))
    except OSError as error:
        mend = "Copy the file into a folder that can be written; nothing was imported."
        raise InvalidInput(field=str(target), problem=str(error), mend=mend) from error
    return target


def _bad_line(line: int, faults: Sequence[BadRow], columns: Sequence[str]) -> list[Any]:
    told = (
        "; ".join(texts)
        for texts in zip(*((bad.field, bad.problem, bad.mend) for bad in faults), strict=True)
    )
    return [line, *told, *(_cell(faults[0].values.get(name)) for name in columns)]


def _line(bad: BadRow) -> int:
    return bad.line


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
