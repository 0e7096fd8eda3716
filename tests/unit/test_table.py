"""The feature rows: one column for each name, numbers that can be told, no order of candidates in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from domain.tickets import Ticket
from features.history import History
from features.schema import HistorySchema
from features.table import Opinion, Spot, feature_names, feature_rows, fingerprint
from tests.estimators import SCHEMA, a_ticket, facts_of, place

UNITS = ("lamps", "water", "roads", "never seen")
FULL: dict[str, Any] = {"category": "lamp", "point": place(0), "address": "1 Main St", "account": "7"}
PAST = [
    (a_ticket(1, "lamp dark", **FULL, attributes={"district": "north", "source": "web"}), "lamps"),
    (a_ticket(2, "lamp dark", category="lamp", point=place(50)), "lamps"),
    (a_ticket(3, "pipe", category="lamp", hours=-24 * 40), "water"),
    (a_ticket(4), "roads"),
]


def rows_of(
    ticket: Ticket,
    units: tuple[str, ...] = UNITS,
    schema: HistorySchema = SCHEMA,
    past: list[tuple[Ticket, str]] = PAST,
) -> NDArray[np.float32]:
    """The rows of these candidates after that past."""
    history = History(schema)
    history.units(UNITS)
    for sequence, (one, unit_id) in enumerate(past, 1):
        history.fold(facts_of(one, schema), unit_id, sequence)
    asked = facts_of(ticket, schema)
    text = np.array([0.6, 0.3, 0.1, 0.0])
    opinion = Opinion(
        tallies=history.tallies(asked),
        votes=history.votes(asked),
        named=history.named(asked),
        text=text,
        text_parts=np.log(np.vstack([text, text, text[::-1], text]) + 0.1),
        words=text[::-1].copy(),
        family=text / 2,
        family_of=np.array([0, 0, 1, -1]),
        territory=np.array([0.0, 1.0, 0.0, 0.0]),
        spot=Spot(edge_m=120.0, radius_m=30.0, probability=0.9),
    )
    indexes = np.array([history.unit(unit_id) for unit_id in units], np.int64)
    return feature_rows(asked, history, indexes, opinion)


def named(ticket: Ticket, unit_id: str) -> dict[str, float]:
    """One candidate's row by column name."""
    names = feature_names(SCHEMA)
    row = rows_of(ticket)[UNITS.index(unit_id)]
    return {name: float(value) for name, value in zip(names, row, strict=True)}


ASKED = a_ticket(10, "lamp", **FULL, attributes={"district": "north", "source": "web"})
EMPTY = a_ticket(10)
SCHEMAS = [
    HistorySchema(),
    SCHEMA,
    HistorySchema(attributes=("source",)),
    HistorySchema(attributes=("a", "b", "c"), district="b"),
]


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("ticket", [ASKED, EMPTY])
@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_there_is_one_column_for_each_name(schema: HistorySchema, ticket: Ticket, count: int) -> None:
    rows = rows_of(ticket, UNITS[:count], schema)
    assert rows.shape == (count, len(feature_names(schema)))
    assert rows.dtype == np.float32
    assert len(set(feature_names(schema))) == rows.shape[1]
    assert rows.flags.c_contiguous


@pytest.mark.parametrize(
    "ticket",
    [
        ASKED,
        EMPTY,
        a_ticket(10, "lamp", hours=-24 * 365 * 200, **FULL),
        a_ticket(10, "lamp", hours=24 * 365 * 200, **FULL),
        a_ticket(10, "灯" * 5_000, category="?"),
    ],
)
@pytest.mark.parametrize("past", [PAST, []])
def test_only_the_time_since_what_never_happened_is_not_a_number(
    ticket: Ticket, past: list[tuple[Ticket, str]]
) -> None:
    names = np.array(feature_names(SCHEMA))
    rows = rows_of(ticket, past=past)
    assert not np.isinf(rows).any()
    unknown = set(names[np.isnan(rows).any(axis=0)])
    assert all(name.startswith("age[") or name == "unit_age" for name in unknown)


@pytest.mark.parametrize(
    ("unit_id", "column", "value"),
    [
        ("lamps", "share[category]", 2 / 4),
        ("water", "share[category]", 1 / 4),
        ("lamps", "count[category]", np.log1p(2)),
        ("water", "age[category]", np.log1p(40 + 10 / 24)),
        ("never seen", "age[category]", np.nan),
        ("lamps", "total[category]", np.log1p(3)),
        ("lamps", "streak[category]", np.log1p(2)),
        ("water", "streak[category]", 0),
        ("lamps", "streak[address]", np.log1p(1)),
        ("lamps", "share[address]", 1 / 2),
        ("lamps", "unit_count", np.log1p(2)),
        ("never seen", "unit_count", 0),
        ("water", "territory", 1),
        ("lamps", "territory", 0),
        ("lamps", "text", 0.6),
        ("lamps", "ahead_text", 0.6 - 0.3),
        ("water", "ahead_text", 0.3 - 0.6),
        ("roads", "text_best", 0.6),
        ("roads", "words_best", 0.6),
        ("roads", "candidates", 4),
        ("roads", "territory_edge", np.log1p(120)),
        ("roads", "place_radius", np.log1p(30)),
        ("roads", "place_probability", 0.9),
    ],
)
def test_what_stands_in_a_column(unit_id: str, column: str, value: float) -> None:
    assert named(ASKED, unit_id)[column] == pytest.approx(value, rel=1e-6, nan_ok=True)


def test_the_order_of_candidates_changes_no_row() -> None:
    order = [2, 0, 3, 1]
    shuffled = rows_of(ASKED, tuple(UNITS[i] for i in order))
    assert np.array_equal(shuffled, rows_of(ASKED)[order], equal_nan=True)


@pytest.mark.parametrize("schema", SCHEMAS[1:])
def test_another_schema_has_another_fingerprint(schema: HistorySchema) -> None:
    assert fingerprint(schema) == fingerprint(schema)
    assert fingerprint(schema) != fingerprint(SCHEMAS[0])


def test_a_half_life_is_part_of_the_fingerprint() -> None:
    assert fingerprint(HistorySchema(half_life_days=1)) != fingerprint(HistorySchema(half_life_days=2))


@pytest.mark.parametrize(
    ("unit_id", "column", "value"),
    [
        ("lamps", "text_of_words", 0.0),
        ("roads", "text_of_words", np.log(0.2 / 0.7)),
        ("lamps", "text_of_crosses", np.log(0.1 / 0.7)),
        ("never seen", "text_of_crosses", 0.0),
        ("lamps", "word_lift", 0.0),
    ],
)
def test_log_odds_are_told_as_behind_the_best_candidate(unit_id: str, column: str, value: float) -> None:
    assert named(ASKED, unit_id)[column] == pytest.approx(value, abs=1e-6)


def test_words_and_names_speak_for_their_unit() -> None:
    said = a_ticket(10, "a lamp of the roads")
    assert named(said, "lamps")["word_lift_best"] > named(said, "water")["word_lift_best"]
    assert named(said, "roads")["name_said"] > named(said, "water")["name_said"] == 0
