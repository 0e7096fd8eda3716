"""Past dispatches that look wrong, and how much of what is recorded is wrong.

Three signs: a model that did not see the ticket contradicts the record; tickets about the same thing went elsewhere;
one ticket, account or address went to and fro. A finding is a question for a person, not a correction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.dispatches import Dispatch, LabelSource
from domain.units import Unit
from models.softmax import SoftmaxSettings
from router.delivery import UNDO
from training.confident_learning import contradictions, cross_validated
from training.label_noise import LabelNoise, label_noise
from training.label_signs import (
    Lineage,
    Sign,
    contradicted,
    last_words,
    sent_back,
    to_and_fro,
    unlike_their_likes,
)
from training.near_duplicates import near_duplicates
from training.replay import Case, prepare
from training.schema_choice import choose_schema
from training.training import Material

QUICK = SoftmaxSettings(epochs=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A dispatch that looks wrong. `suspicion`: 0 to 1; `why`: each sign in words."""

    ticket_id: str
    received_at: datetime
    recorded: str
    suggested: str
    suspicion: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAudit:
    """What an audit found, most suspicious first. `agreement`: of the cross-validated model with the record."""

    tickets: int
    findings: tuple[Finding, ...] = ()
    noise: LabelNoise = field(default_factory=LabelNoise)
    agreement: float | None = None


def cases_of(
    material: Material, latest: int | None = None, report: Callable[[float], None] = lambda _: None
) -> list[Case]:
    """The store's dispatches (the latest so many) as cases in order of time."""
    dispatches = material.dispatches[-latest:] if latest else material.dispatches
    schema = choose_schema([dispatch.ticket for dispatch in dispatches])
    return prepare(dispatches, material.surroundings.atlas, schema, report)


def audit(
    cases: Sequence[Case],
    units: Mapping[str, Unit],
    *,
    taken_back: Sequence[tuple[Dispatch, Dispatch]] = (),
    settings: SoftmaxSettings = QUICK,
    report: Callable[[float], None] = lambda _: None,
) -> LabelAudit:
    """Audit cases in order of time. A unit and its successors are one: what a re-organisation moved is not wrong.

    `taken_back` as Material's: which units had a case's ticket before.
    """
    lineage = Lineage(units.values())
    final = last_words(cases)
    opinions = cross_validated(final, settings, report=report)
    doubts = contradictions(opinions)
    pairs = near_duplicates(final)
    signs = [
        *contradicted(final, opinions, doubts, lineage),
        *unlike_their_likes(final, pairs, opinions, lineage),
        *sent_back(cases, [said for said, by in taken_back if _went_out(said, by)], lineage),
        *to_and_fro(final, lineage),
    ]
    return LabelAudit(
        tickets=len(final),
        findings=_findings(signs),
        noise=label_noise(final, opinions, doubts, pairs, lineage),
        agreement=opinions.agreement,
    )


def _went_out(said: Dispatch, retraction: Dispatch) -> bool:
    """Whether the unit had the ticket before the word was taken back: an undone review was never delivered."""
    return said.source is LabelSource.DONE or retraction.known_at >= said.known_at + UNDO


def _findings(signs: Iterable[Sign]) -> tuple[Finding, ...]:
    """One finding a ticket: the suggestion of most weight; its signs count as if independent."""
    by_ticket: dict[str, list[Sign]] = defaultdict(list)
    for sign in signs:
        by_ticket[sign.case.dispatch.ticket.ticket_id].append(sign)
    found = [_finding(of_ticket) for of_ticket in by_ticket.values()]
    return tuple(sorted(found, key=lambda one: (-one.suspicion, one.ticket_id)))


def _finding(signs: Sequence[Sign]) -> Finding:
    trust: dict[str, float] = defaultdict(lambda: 1.0)
    for sign in signs:
        trust[sign.suggested] *= 1.0 - sign.weight
    suggested = min(trust, key=lambda unit: (trust[unit], unit))
    dispatch = signs[0].case.dispatch
    return Finding(
        ticket_id=dispatch.ticket.ticket_id,
        received_at=dispatch.ticket.received_at,
        recorded=dispatch.unit_id,
        suggested=suggested,
        suspicion=1.0 - trust[suggested],
        why=tuple(dict.fromkeys(sign.words for sign in signs)),
    )
