"""A trained bundle becomes known: to MLflow, then to the store, as challenger or champion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from domain.errors import TrackingUnavailable
from router.ports import BundleRecord, Store, WriteSession
from store.promoting import challenge, promote
from training.promotion import mirror
from training.results import TrainingResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """Where MLflow lives. `artifact_root` None leaves the place to the tracking server."""

    uri: str
    artifact_root: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The bundle's record in the store, and why MLflow does not know of it (None: it does, or need not)."""

    record: BundleRecord
    untracked: TrackingUnavailable | None = None


def keep(
    store: Store, result: TrainingResult, *, tracking: Tracking | None, now: datetime, serve: bool = False
) -> Kept:
    """Register the bundle; a known digest keeps its record. The store counts: MLflow being away stops nothing.

    `serve`: make it the champion; otherwise it waits as the challenger.
    """
    run_id = model_version = untracked = None
    if tracking is not None:
        from training.tracking import track

        try:
            tracked = track(result, tracking_uri=tracking.uri, artifact_root=tracking.artifact_root)
            run_id, model_version = tracked.run_id, tracked.model_version
        except TrackingUnavailable as error:
            untracked = error
    record = BundleRecord(
        version=0,
        digest=result.bundle_digest,
        path=result.bundle_path,
        registered_at=now,
        metrics=tuple(sorted(result.metrics.items())),
        mlflow_run_id=run_id,
        mlflow_version=model_version,
        issue=result.issue,
    )
    kept = store.write(lambda session: _register(record, session, issued_now=result.issued_now))
    _point(store, kept, now, serve=serve)
    if tracking is not None and untracked is None:
        untracked = _mirrored(store, tracking)
    return Kept(record=kept, untracked=untracked)


def _register(record: BundleRecord, session: WriteSession, *, issued_now: bool) -> BundleRecord:
    """Dates found on the disk do not replace those that are registered: somebody may have edited the files."""
    known = next((one.issue for one in session.bundles() if one.digest == record.digest), None)
    return session.add_bundle(record if issued_now or known is None else replace(record, issue=known))


def _point(store: Store, record: BundleRecord, now: datetime, *, serve: bool) -> None:
    if serve:
        promote(store, record.version, now)
        return
    with store.read() as session:
        serving = session.pointers().champion
    if serving != record.version:
        challenge(store, record.version)


def _mirrored(store: Store, tracking: Tracking) -> TrackingUnavailable | None:
    from training.tracking import ModelRegistry

    try:
        mirror(store, ModelRegistry(tracking_uri=tracking.uri))
    except TrackingUnavailable as error:
        return error
    return None
