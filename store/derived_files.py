"""Atlases, the facts of dispatches and histories on disk: worked out once, then opened in no time."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa

from domain.errors import GazetteerDamaged
from features.facts import Facts
from features.gazetteer import Gazetteer
from features.history import History
from features.kept import STATE_FORMAT
from features.schema import HistorySchema
from features.table import fingerprint
from router.atlas import Atlas
from router.atlas_building import Report, build_atlas, silent
from router.derived import KeptHistory
from router.ports import ReadSession
from store.facts_codec import LAYOUT, StoredFacts, encode_facts
from store.history_files import kept_history, remove_history, write_history

KEPT = 3  # of each kind; older ones are removed


class DerivedFiles:
    """The port `Derived` on a directory. What is missing, damaged or of another version is worked out anew."""

    def __init__(self, directory: Path, report: Report | None = None) -> None:
        self._directory = directory
        self._report = report or silent

    def atlas(self, session: ReadSession, until: int) -> Atlas:
        """Opened where it was built before, else built and kept."""
        state = _digest(session.world_version(), until)
        places = self._directory / f"{state}.places"
        learnt = places.with_suffix(".json")
        if places.is_file() and learnt.is_file():
            try:
                return Atlas.from_json(Gazetteer.open(places), learnt.read_text(encoding="utf-8"))
            except (GazetteerDamaged, ValueError):
                pass  # what is known is still in the store
        return self._build(session, until, places, learnt)

    def facts(self, atlas: Atlas, schema: HistorySchema) -> Mapping[int, Facts]:
        """Those of all files that were kept for this atlas and schema."""
        tables = []
        for path in sorted(self._shelf(atlas, schema).glob("*.arrow")):
            try:
                with pa.memory_map(str(path)) as file:
                    tables.append(pa.ipc.open_file(file).read_all())
            except (OSError, pa.ArrowInvalid):
                path.unlink(missing_ok=True)
        return StoredFacts(tables)

    def remember(self, atlas: Atlas, schema: HistorySchema, facts: Mapping[int, Facts]) -> None:
        """One more file."""
        if not facts:
            return
        shelf = self._shelf(atlas, schema)
        shelf.mkdir(parents=True, exist_ok=True)
        path = shelf / f"{min(facts):012}-{max(facts):012}.arrow"
        draft = path.with_name(f".{path.name}.{_writer()}")
        table = encode_facts(facts)
        try:
            with pa.OSFile(str(draft), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        for old in _newest_first(self._directory.glob("*.facts"))[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)

    def histories(self, atlas: Atlas, schema: HistorySchema) -> Sequence[KeptHistory]:
        """Those whose files are there, not read yet."""
        paths = self._directory.glob(f"{_histories_of(atlas, schema)}-*.history")
        kept = [one for path in paths if (one := kept_history(path, schema)) is not None]
        return sorted(kept, key=lambda one: -one.count)

    def keep(self, atlas: Atlas, history: History, log: str) -> None:
        """Two more files; none where they cannot be written."""
        name = f"{_histories_of(atlas, history.schema)}-{log[:12]}.history"
        with suppress(OSError):
            self._directory.mkdir(parents=True, exist_ok=True)
            write_history(self._directory / name, history, log, _writer())
        with suppress(OSError):
            for old in _newest_first(self._directory.glob("*.history"))[KEPT:]:
                remove_history(old)
            for unfinished in _newest_first(self._directory.glob(".*.history.*"))[KEPT:]:
                unfinished.unlink(missing_ok=True)

    def _shelf(self, atlas: Atlas, schema: HistorySchema) -> Path:
        state = _digest(version("gridroute"), LAYOUT, atlas.version, fingerprint(schema))
        return self._directory / f"{state}.facts"

    def _build(self, session: ReadSession, until: int, places: Path, learnt: Path) -> Atlas:
        self._directory.mkdir(parents=True, exist_ok=True)
        draft = places.with_name(f".{places.name}.{_writer()}")
        past = (dispatch for dispatch in session.dispatches() if dispatch.sequence <= until)
        try:
            atlas = build_atlas(
                session.accounts(), session.addresses(), past, path=draft, report=self._report
            )
            learnt.write_text(atlas.to_json(), encoding="utf-8")
            draft.replace(places)  # an open map of the draft goes on: it is the same file
        finally:
            draft.unlink(missing_ok=True)
        for old in _newest_first(self._directory.glob("*.places"))[KEPT:]:
            old.unlink(missing_ok=True)
            old.with_suffix(".json").unlink(missing_ok=True)
        return atlas


def _histories_of(atlas: Atlas, schema: HistorySchema) -> str:
    # numpy's logarithms are not the same to the bit in all its versions
    return _digest(version("gridroute"), STATE_FORMAT, np.__version__, atlas.version, fingerprint(schema))


def _writer() -> str:
    return f"{os.getpid()}-{threading.get_ident()}"


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:24]


def _newest_first(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: -path.stat().st_mtime)
