"""Tickets, dispatches and the like for the contract suite."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from domain.automation import Cause, Scope, Suspension
from domain.decisions import (
    Decision,
    Evidence,
    EvidenceKind,
    RankedCandidate,
    Ranking,
    Reason,
    Review,
    Verdict,
)
from domain.dispatches import Dispatch, LabelSource
from domain.places import Account, Address, Location, LocationSource, PlaceWitness, Point, Territory
from domain.rules import Rule
from domain.safety import Priority, SafetySignal
from domain.tickets import Ticket
from domain.time import Validity
from domain.units import Unit
from router.ports import BundleRecord

NOW = datetime(2024, 5, 1, 9, 0, 0, 123456, tzinfo=UTC)
SHANGHAI = timezone(timedelta(hours=8))
POINT = Point(latitude=31.2304, longitude=121.4737 + 1e-13)

WATER = Unit(
    unit_id="water-1",
    name="给水一所",
    kinds=frozenset({"leak", "no_water", "管道"}),
    validity=Validity(valid_from=NOW - timedelta(days=900), valid_to=None),
    successors=("water-2", "water-3"),
    parent="water",
)
ROADS = Unit(unit_id="roads", name="Roads")
TERRITORY = Territory(
    territory_id="T1",
    unit_id="water-1",
    geometry={
        "type": "Polygon",
        "coordinates": [[[121.1, 31.1], [121.2, 31.1], [121.2, 31.3], [121.1, 31.1]]],
    },
    kinds=frozenset({"leak"}),
    validity=Validity(valid_from=NOW, valid_to=NOW + timedelta(days=1)),
)
RULE = Rule(
    rule_id="gas smell",
    unit_id="gas",
    words=("煤气", "gas"),
    cells=frozenset({"8830e1d8c5fffff"}),
    account_prefixes=("31",),
    hours=(22, 6),
    timezone="Asia/Shanghai",
    priority=7,
)
ACCOUNT = Account(account_id="310-1", address="祖冲之路 2 号", point=POINT, phone="021-1", name="王")
ADDRESS = Address(address="祖冲之路 2 号", point=POINT, district="浦东")


def ticket(ticket_id: str = "1", minutes: int = 0, text: str = "pipe burst") -> Ticket:
    """A ticket with every field filled, received `minutes` after NOW."""
    return Ticket(
        ticket_id=ticket_id,
        received_at=(NOW + timedelta(minutes=minutes)).astimezone(SHANGHAI),
        text=text,
        category="leak",
        account="310-1",
        phone="021-1",
        address="祖冲之路 2 号",
        point=POINT,
        attributes={"ward": "3", "street": "祖冲之路"},
        channel="phone",
    )


def dispatch(
    ticket_id: str = "1",
    unit_id: str = "water-1",
    minutes: int = 60,
    source: LabelSource = LabelSource.IMPORT,
    text: str = "pipe burst",
) -> Dispatch:
    """A dispatch known `minutes` after NOW."""
    return Dispatch(
        ticket=ticket(ticket_id, text=text),
        unit_id=unit_id,
        known_at=NOW + timedelta(minutes=minutes),
        source=source,
        by="王",
    )


def decision(ticket_id: str = "1", unit_id: str = "water-1", **changes: Any) -> Decision:
    """A decision with everything nested in it."""
    evidence = (Evidence(kind=EvidenceKind.HISTORY, key="category=leak|h3_8=88", hits=0.1 + 0.2, total=3.0),)
    first = RankedCandidate(
        unit_id=unit_id,
        probability=1 / 3,
        score=-1e-17,
        evidence=evidence,
        contributions=(("share", 0.1), ("bias", -0.0)),
    )
    witness = PlaceWitness(source=LocationSource.ADDRESS, point=POINT, text="祖冲之路 2 号")
    found = Decision(
        ticket_id=ticket_id,
        verdict=Verdict.DISPATCH,
        reasons=(Reason.CERTIFIED,),
        location=Location(source=LocationSource.ACCOUNT, point=POINT, radius_m=30.5, witnesses=(witness,)),
        ranking=Ranking(candidates=(first,), confidence=2 / 3),
        unit_id=unit_id,
        rule_ids=("gas smell",),
        suspension_ids=(3, 4),
        priority=Priority.HIGH,
        signals=(SafetySignal(kind="gas_leak", words=("煤气味",), priority=Priority.HIGH),),
        history_sequence=17,
        bundle_digest="ab" * 32,
        territory_version="5",
        notes=("说明",),
    )
    return replace(found, **changes)


SUSPENDED = Suspension(
    scope=Scope.UNIT,
    key="water-1",
    cause=Cause.RETURNS,
    at=NOW,
    reason="6 of the last 7 dispatches came back",
    bundle_digest="ab" * 32,
    errors=6,
    rows=7,
    tolerated=0.1 + 0.2,
    evidence=1e90,
    threshold=1 / 3,
)
STOPPED = Suspension(scope=Scope.ALL, cause=Cause.PERSON, at=NOW, by="王", reason="重组")


def review(ticket_id: str = "1", unit_id: str = "roads") -> Review:
    """A person's word."""
    return Review(ticket_id=ticket_id, unit_id=unit_id, by="王", at=NOW, comment="不是我们的管道")


def bundle(digest: str) -> BundleRecord:
    """A bundle that has no version yet."""
    return BundleRecord(
        version=0,
        digest=digest,
        path=f"bundles/{digest}",
        registered_at=NOW,
        metrics=(("accuracy", 0.1 + 0.2),),
        mlflow_run_id="run",
    )
