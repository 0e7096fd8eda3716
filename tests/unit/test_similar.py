"""Votes of similar tickets: which are compared, and how many are remembered."""

from __future__ import annotations

import pytest

from domain.tickets import Ticket
from features.history import History
from features.resemblance import KERNELS
from features.similar import NEAR, NEIGHBOURS
from tests.estimators import SCHEMA, a_ticket, facts_of, place


def history_of(past: list[tuple[Ticket, str]]) -> History:
    """A history that has seen these tickets go to these units."""
    history = History(SCHEMA)
    for sequence, (ticket, unit_id) in enumerate(past, 1):
        history.fold(facts_of(ticket), unit_id, sequence)
    return history


def winner(history: History, asked: Ticket, kernel: str) -> str | None:
    """The unit with the most votes of that kernel."""
    weight = history.votes(facts_of(asked)).weight[KERNELS.index(kernel)]
    return history.unit_ids[weight.argmax()] if weight.any() else None


PAST = [
    (a_ticket(1, "street lamp dark", category="lamp", point=place(0)), "lamps"),
    (a_ticket(2, "burst water pipe", category="pipe", point=place(100)), "water"),
    (a_ticket(3, "street lamp flickers", category="lamp", attributes={"district": "South"}), "lamps-south"),
]


@pytest.mark.parametrize(
    ("asked", "kernel", "unit_id"),
    [
        (a_ticket(9, "lamp dark", point=place(90)), "text", "lamps"),
        (a_ticket(9, "lamp dark", point=place(90)), "text_1200m", "lamps"),
        (a_ticket(9, "anything", point=place(90)), "place_40m", "water"),
        (a_ticket(9, "anything", point=place(90), category="lamp"), "place_80m", "lamps"),
        (a_ticket(9, "water pipe"), "text", "water"),
        (a_ticket(9, "water pipe"), "text_1200m", None),
        (a_ticket(9, "lamp", attributes={"district": "SOUTH"}), "text_district", "lamps-south"),
        (a_ticket(9, "lamp", attributes={"district": "West"}), "text_district", None),
        (a_ticket(9, "lamp", category="lamp"), "text_district_category", None),
        (a_ticket(9), "text", None),
    ],
)
def test_who_is_voted_for(asked: Ticket, kernel: str, unit_id: str | None) -> None:
    assert winner(history_of(PAST), asked, kernel) == unit_id


def test_a_rare_word_says_more_than_a_common_one() -> None:
    past = [(a_ticket(n, "leak road"), "others") for n in range(5)]
    history = history_of([*past, (a_ticket(6, "leak hydrant"), "water"), (a_ticket(7, "leak road"), "roads")])
    weight = history.votes(facts_of(a_ticket(9, "hydrant road"))).weight[KERNELS.index("text")]
    assert weight[history.unit("water")] > weight[history.unit("roads")] > 0


def test_old_tickets_say_less() -> None:
    history = history_of([(a_ticket(1, "lamp", hours=-9_000), "old"), (a_ticket(2, "lamp"), "new")])
    assert winner(history, a_ticket(9, "lamp"), "text") == "new"


def test_a_crowded_cell_remembers_the_latest() -> None:
    past = [(a_ticket(n, point=place(n % 7)), "old") for n in range(NEAR)]
    history = history_of(past + [(a_ticket(n, point=place(n % 7)), "new") for n in range(NEAR)])
    votes = history.votes(facts_of(a_ticket(1, point=place(0))))
    assert votes.weight[KERNELS.index("place_40m"), history.unit("old")] == 0
    assert votes.weight[KERNELS.index("place_40m"), history.unit("new")] > 0.8 * NEIGHBOURS


def test_a_log_longer_than_its_first_block_is_all_there() -> None:
    history = history_of([(a_ticket(n, chr(0x4E00 + n), hours=0), f"unit {n % 9}") for n in range(1_100)])
    assert len(history) == 1_100
    for number in (3, 1_023, 1_024, 1_099):
        asked = a_ticket(number, chr(0x4E00 + number), hours=0)
        assert winner(history, asked, "text") == f"unit {number % 9}"
        best = history.votes(facts_of(asked)).best[KERNELS.index("text")]
        assert best == pytest.approx(1.0)
