"""Which part that a ticket does not tell would decide between units."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.decisions import Decision, Ranking, Reason, Verdict
from domain.places import UNKNOWN_LOCATION
from domain.tickets import Ticket
from router.missing import Missing, Variant, missing_parts

NOW = datetime(2024, 5, 1, tzinfo=UTC)
Told = dict[str, list[tuple[str, float]]]


def told(values: Told) -> dict[str, list[Variant]]:
    """Tickets that say where they would go."""
    return {
        part: [
            Variant(ticket=Ticket(ticket_id="t", received_at=NOW, text=unit), weight=weight)
            for unit, weight in ways
        ]
        for part, ways in values.items()
    }


def missing(values: Told, proposed: str | None = "north") -> tuple[Missing, ...]:
    decision = Decision(
        ticket_id="t",
        verdict=Verdict.REVIEW,
        reasons=(Reason.NO_MODEL,),
        location=UNKNOWN_LOCATION,
        ranking=Ranking(),
        unit_id=proposed,
    )
    return missing_parts(decision, told(values), lambda ticket: ticket.text or None)


def test_a_part_whose_values_lead_to_one_unit_decides_nothing() -> None:
    assert missing({"street": [("north", 1.0), ("north", 3.0)]}) == ()
    assert missing({"street": []}) == ()
    assert missing({}) == ()


def test_a_part_decides_between_those_its_values_lead_to_likeliest_first() -> None:
    (found,) = missing({"category": [("south", 1.0), ("north", 3.0)]})
    assert found == Missing(part="category", unit_ids=("north", "south"), turned=0.25)


def test_what_always_leads_elsewhere_decides_as_well() -> None:
    (found,) = missing({"category": [("south", 1.0)]})
    assert (found.unit_ids, found.turned) == (("south", "north"), 1.0)
    assert missing({"category": [("south", 1.0)]}, proposed=None) == ()


def test_what_is_hardly_likely_is_not_named() -> None:
    assert missing({"street": [("north", 97.0), ("south", 3.0)]}) == ()


def test_the_most_decisive_part_comes_first_and_of_equal_ones_the_easiest_to_ask_for() -> None:
    half, most = [("north", 1.0), ("south", 1.0)], [("north", 1.0), ("south", 2.0)]
    found = missing({"text": most, "coordinates": half, "account": half, "house_number": half})
    assert [one.part for one in found] == ["text", "house_number", "account", "coordinates"]


def test_nobody_to_propose_is_no_unit() -> None:
    (found,) = missing({"street": [("north", 1.0), ("south", 1.0), ("", 2.0)]})
    assert set(found.unit_ids) == {"north", "south"}
    assert found.turned == pytest.approx(0.25)


def test_one_ticket_is_routed_once_however_many_parts_lead_to_it() -> None:
    asked: list[Ticket] = []

    def propose(ticket: Ticket) -> str:
        asked.append(ticket)
        return ticket.text

    decision = Decision(
        ticket_id="t",
        verdict=Verdict.REVIEW,
        reasons=(),
        location=UNKNOWN_LOCATION,
        ranking=Ranking(),
    )
    both = [("north", 1.0), ("south", 1.0)]
    assert len(missing_parts(decision, told({"account": both, "coordinates": both}), propose)) == 2
    assert len(asked) == 2
