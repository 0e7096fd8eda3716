"""The replay as of each ticket: nothing known at its coming or later, and everything known before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.dispatches import Dispatch, LabelSource
from features.facts import Facts
from features.history import History
from router.atlas import Atlas
from tests.estimators import SCHEMA, a_dispatch, a_ticket
from training.replay import Case, Replay, prepare

HOURS = st.integers(0, 30)  # few different times, so that many coincide
PASTS = st.lists(st.tuples(HOURS, st.integers(0, 12)), max_size=25)


class Fold(History):
    """A history that keeps the order in which sequences were folded."""

    def __init__(self) -> None:
        super().__init__(SCHEMA)
        self.order: list[int] = []

    def fold(
        self, facts: Facts, unit_id: str, sequence: int, source: LabelSource = LabelSource.IMPORT
    ) -> None:
        """As a history."""
        self.order.append(sequence)
        super().fold(facts, unit_id, sequence, source)


def log_of(past: list[tuple[int, int]]) -> list[Dispatch]:
    """Tickets received at an hour, known some hours later; in any order."""
    return [
        a_dispatch(a_ticket(number, hours=received), "crew", late_h=late, sequence=number + 1)
        for number, (received, late) in enumerate(past)
    ]


def cases_of(log: list[Dispatch]) -> list[Case]:
    """Prepared as training does."""
    return prepare(log, Atlas(), SCHEMA)


@given(PASTS)
def test_a_ticket_sees_what_was_known_before_it_came_and_nothing_else(past: list[tuple[int, int]]) -> None:
    log, history = log_of(past), Fold()
    cases = cases_of(log)
    for case in Replay(cases, history).walk(cases):
        now = case.dispatch.ticket.received_at
        assert sorted(history.order) == sorted(d.sequence for d in log if d.known_at < now)
        assert case.dispatch.sequence not in history.order


@given(PASTS)
def test_outcomes_are_folded_in_the_order_they_became_known(past: list[tuple[int, int]]) -> None:
    log, history = log_of(past), Fold()
    cases = cases_of(log)
    last = cases_of([a_dispatch(a_ticket(99, hours=1_000), "crew", sequence=99)])
    list(Replay([*cases, *last], history).walk(last))
    assert history.order == [d.sequence for d in sorted(log, key=lambda d: (d.known_at, d.sequence))]


@given(PASTS, st.integers(0, 5))
def test_labels_that_come_later_are_seen_later(past: list[tuple[int, int]], days: int) -> None:
    delay = timedelta(days=days)
    log = log_of(past)
    late = [replace(dispatch, known_at=dispatch.known_at + delay) for dispatch in log]
    history = Fold()
    cases = cases_of(late)
    for case in Replay(cases, history).walk(cases):
        now = case.dispatch.ticket.received_at
        assert sorted(history.order) == sorted(d.sequence for d in log if d.known_at + delay < now)


@given(PASTS)
def test_cases_come_in_the_order_of_their_tickets(past: list[tuple[int, int]]) -> None:
    order = [(c.dispatch.ticket.received_at, c.dispatch.sequence) for c in cases_of(log_of(past))]
    assert order == sorted(order)
