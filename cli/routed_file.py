"""Files that commands write: a line for every row they read, whole or not there at all."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, TextIO

from domain.decisions import Decision
from domain.errors import InvalidInput
from store.importing.faults import BadRow

COLUMNS = (
    "line",
    "ticket_id",
    "verdict",
    "unit",
    "probability",
    "reasons",
    "location",
    "latitude",
    "longitude",
    "field",
    "problem",
    "mend",
)
Line = dict[str, Any]
WriteLine = Callable[[Line], None]


def routed_line(line: int, decision: Decision) -> Line:
    """The line of a ticket that was routed."""
    point = decision.location.point
    return {
        "line": line,
        "ticket_id": decision.ticket_id,
        "verdict": decision.verdict.value,
        "unit": decision.unit_id,
        "probability": decision.probability,
        "reasons": [reason.value for reason in decision.reasons],
        "location": decision.location.source.value,
        "latitude": point.latitude if point else None,
        "longitude": point.longitude if point else None,
    }


def bad_line(line: int, ticket_id: str, fault: BadRow) -> Line:
    """The line of a row that is no ticket."""
    return {
        "line": line,
        "ticket_id": ticket_id,
        "field": fault.field,
        "problem": fault.problem,
        "mend": fault.mend,
    }


@contextmanager
def line_file(path: Path, columns: Sequence[str]) -> Iterator[WriteLine]:
    """A writer of lines as CSV or JSONL, by the extension. The file takes its name only when all is written."""
    if path.suffix.lower() not in FORMATS:
        mend = f"Give one of {' '.join(FORMATS)}"
        raise InvalidInput(field="--out", problem=f"unknown extension {path.suffix!r}", mend=mend)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with _told(path):
            file = draft.open("w", encoding="utf-8", newline="")
        with file:
            yield _guarded(FORMATS[path.suffix.lower()](file, columns), path)
            with _told(path):
                file.flush()
        with _told(path):
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _guarded(write: WriteLine, path: Path) -> WriteLine:
    def guarded(line: Line) -> None:
        with _told(path):
            write(line)

    return guarded


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        mend = "Check the directory and the free space"
        raise InvalidInput(field="--out", problem=f"{path}: {error.strerror}", mend=mend) from error


def routed_file(path: Path) -> AbstractContextManager[WriteLine]:
    """The file of routed tickets."""
    return line_file(path, COLUMNS)


def _csv(file: TextIO, columns: Sequence[str]) -> WriteLine:
    writer = csv.DictWriter(file, columns)
    writer.writeheader()

    def write(line: Line) -> None:
        lists = {name: " ".join(value) for name, value in line.items() if isinstance(value, list)}
        writer.writerow(line | lists)

    return write


def _jsonl(file: TextIO, _: Sequence[str]) -> WriteLine:
    def write(line: Line) -> None:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")

    return write


FORMATS = {".csv": _csv, ".jsonl": _jsonl, ".ndjson": _jsonl}
