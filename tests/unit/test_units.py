"""Which units there are at a time, and who a record of another time means."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.time import Validity
from domain.units import Roster, Unit, known_then

CHANGE = datetime(2025, 6, 1, tzinfo=UTC)
BEFORE, AFTER = CHANGE - timedelta(days=1), CHANGE + timedelta(days=1)


def closed(unit_id: str, *successors: str) -> Unit:
    return Unit(unit_id=unit_id, name="", validity=Validity(valid_to=CHANGE), successors=successors)


def opened(unit_id: str) -> Unit:
    return Unit(unit_id=unit_id, name="", validity=Validity(valid_from=CHANGE))


UNITS = (
    Unit(unit_id="always", name=""),
    *(closed("old", "new"), opened("new")),
    *(closed("split", "part-1", "part-2"), opened("part-1"), opened("part-2")),
    *(closed("one", "both"), closed("two", "both"), opened("both")),
    *(closed("gone"), opened("fresh")),
)


@pytest.mark.parametrize(
    ("named", "before", "after"),
    [
        ("always", "always", "always"),
        ("unlisted", "unlisted", "unlisted"),
        ("old", "old", "new"),
        ("new", "old", "new"),
        ("split", "split", None),  # which part it would be nobody says
        ("part-1", "split", "part-1"),
        ("both", None, "both"),
        ("one", "one", "both"),
        ("gone", "gone", None),
        ("fresh", None, "fresh"),
    ],
)
def test_who_is_meant_by_a_units_id_of_another_time(
    named: str, before: str | None, after: str | None
) -> None:
    roster = Roster({unit.unit_id: unit for unit in UNITS})
    assert [known_then(named, roster, at) for at in (BEFORE, AFTER)] == [before, after]
