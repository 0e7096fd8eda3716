"""Atlases on disk: built once for each state of accounts, address book and history, then opened in no time."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from domain.errors import GazetteerDamaged
from features.gazetteer import Gazetteer
from router.atlas import Atlas
from router.atlas_building import Report, build_atlas, silent
from router.ports import ReadSession

KEPT = 3  # atlases; older ones are removed


class AtlasFiles:
    """Answers the atlas of a session's accounts, addresses and dispatches up to a sequence number."""

    def __init__(self, directory: Path, report: Report | None = None) -> None:
        self._directory = directory
        self._report = report or silent

    def __call__(self, session: ReadSession, until: int) -> Atlas:
        """Opened where it was built before, else built and kept."""
        state = hashlib.sha256(f"{session.world_version()}:{until}".encode()).hexdigest()[:24]
        places = self._directory / f"{state}.places"
        learnt = places.with_suffix(".json")
        if places.is_file() and learnt.is_file():
            try:
                return Atlas.from_json(Gazetteer.open(places), learnt.read_text(encoding="utf-8"))
            except (GazetteerDamaged, ValueError):
                pass  # damaged, or of another version: what is known is still in the store
        return self._build(session, until, places, learnt)

    def _build(self, session: ReadSession, until: int, places: Path, learnt: Path) -> Atlas:
        self._directory.mkdir(parents=True, exist_ok=True)
        draft = places.with_name(f".{places.name}.{os.getpid()}")
        past = (dispatch for dispatch in session.dispatches() if dispatch.sequence <= until)
        try:
            atlas = build_atlas(
                session.accounts(), session.addresses(), past, path=draft, report=self._report
            )
            learnt.write_text(atlas.to_json(), encoding="utf-8")
            draft.replace(places)  # an open map of the draft goes on: it is the same file
        finally:
            draft.unlink(missing_ok=True)
        self._prune()
        return atlas

    def _prune(self) -> None:
        newest = sorted(self._directory.glob("*.places"), key=lambda path: -path.stat().st_mtime)
        for old in newest[KEPT:]:
            old.unlink(missing_ok=True)
            old.with_suffix(".json").unlink(missing_ok=True)
