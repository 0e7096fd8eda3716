"""A history on disk: its arrays in an npz file, and beside it, in JSON, what it is of and the digest of that file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from features.history import History
from features.schema import HistorySchema
from router.derived import KeptHistory

Write = Callable[[Path], None]


def write_history(arrays: Path, history: History, log: str, draft: str) -> None:
    """Both files, each whole or not at all: written under names with `draft` in them first. Raises OSError."""

    def arrays_to(path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **history.state())

    _replace(arrays, arrays_to, draft)
    told = {"count": len(history), "log": log, "arrays": _digest(arrays)}
    _replace(_told(arrays), lambda path: _write_text(path, json.dumps(told)), draft)


def kept_history(arrays: Path, schema: HistorySchema) -> KeptHistory | None:
    """What `write_history` wrote, not read yet; None where it is not that."""
    try:
        told = json.loads(_told(arrays).read_text(encoding="utf-8"))
        count, log, digest = (told[name] for name in ("count", "log", "arrays"))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    if not (isinstance(count, int) and isinstance(log, str)):
        return None
    return KeptHistory(count=count, log=log, open=partial(_read, arrays, digest, schema))


def remove_history(arrays: Path) -> None:
    """Both files, where they are there."""
    _told(arrays).unlink(missing_ok=True)
    arrays.unlink(missing_ok=True)


def _read(path: Path, digest: object, schema: HistorySchema) -> History | None:
    try:
        if _digest(path) != digest:
            return None
        with np.load(path, allow_pickle=False) as file:
            return History.restored(schema, dict(file))
    except (OSError, ValueError, KeyError, IndexError, TypeError, BadZipFile):
        return None  # all that it tells is still in the store


def _told(arrays: Path) -> Path:
    return arrays.with_suffix(".json")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _replace(path: Path, write: Write, draft: str) -> None:
    unfinished = path.with_name(f".{path.name}.{draft}")
    try:
        write(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
