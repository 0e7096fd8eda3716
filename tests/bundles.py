"""A real but tiny model bundle: lamps go to one unit, pipes to another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from domain.decisions import Certificate
from domain.dispatches import Dispatch
from domain.places import UNKNOWN_LOCATION
from domain.tickets import Ticket
from features.facts import facts
from features.history import History
from features.schema import HistorySchema
from features.table import feature_names, feature_rows
from models.bundle import Bundle, write_bundle
from models.calibration import UNCALIBRATED
from models.guarantee import Guarantee
from models.ranker import Ranker, RankerSettings
from models.text import TextModels
from router.retrieve import retrieve
from router.route import learn
from router.world import World
from tests.evaluations import certificate, evaluation
from training.results import TrainingResult

START = datetime(2025, 1, 1, tzinfo=UTC)
WORDS = {
    "lamps": "the street lamp in front of the house is dark",
    "pipes": "water runs out of a burst pipe below the road",
}


def ticket(number: int, unit_id: str) -> Ticket:
    """A ticket that belongs to that unit."""
    return Ticket(
        ticket_id=f"{unit_id}-{number}", received_at=START + timedelta(hours=number), text=WORDS[unit_id]
    )


def tiny_bundle(parent: Path, *, issued: Certificate | None = None, seed: int = 0) -> Path:
    """Fit and store one under `parent`; another seed gives another digest."""
    schema = HistorySchema()
    tickets = [(ticket(n, unit_id), unit_id) for n in range(30) for unit_id in WORDS]
    known = [facts(t, UNKNOWN_LOCATION, schema) for t, _ in tickets]
    text = TextModels.fit(known, [unit_id for _, unit_id in tickets])
    world = World(history=History(schema))
    world.history.units(text.mixed.classes)
    rows, labels = [], []
    for (own, unit_id), own_facts in zip(tickets, known, strict=True):
        found = retrieve(own_facts, world.history, text, at=own.received_at, limit=5)
        rows.append(feature_rows(own_facts, world.history, found.units, found.opinion))
        labels += [world.history.unit_ids[unit] == unit_id for unit in found.units.tolist()]
        learn(Dispatch(ticket=own, unit_id=unit_id, known_at=own.received_at), world)
    settings = RankerSettings(trees=5, leaves=4, minimum_rows=2, seed=seed)
    ranker = Ranker.fit(np.vstack(rows), np.array(labels, np.int8), feature_names(schema), settings)
    issued = issued or replace(certificate(threshold=0.4), expires_at=START + timedelta(days=400))
    bundle = Bundle(
        schema=schema, ranker=ranker, text=text, calibrator=UNCALIBRATED, guarantee=unaudited(issued)
    )
    return write_bundle(bundle, parent)


def unaudited(issued: Certificate) -> Guarantee:
    """One certificate, and no blind reviews: which tickets they take is drawn anew for each store."""
    pooled = Guarantee.pooled(issued)
    return replace(pooled, terms=replace(pooled.terms, audited=0.0))


def training_result(bundle: Path) -> TrainingResult:
    """What training would hand over with that bundle."""
    measured = evaluation(400, 8)
    return TrainingResult(
        bundle_path=str(bundle),
        bundle_digest=bundle.name,
        guarantee=Guarantee.pooled(certificate()),
        missing=(),
        parameters={"trees": 5, "objective": "binary"},
        metrics={"accuracy": measured.accuracy, "coverage_at_error_0.01": measured.coverage_at_error(0.01)},
        data_digest="ab" * 32,
        evaluation=measured,
        importance={"text": 0.7, "share category": 0.3},
        seconds={"fit": 1.5},
    )
