"""A ticket as keys and numbers."""

from __future__ import annotations

import numpy as np
import pytest

from domain.places import Location, LocationSource
from domain.tickets import Ticket
from features.facts import facts
from features.hashed import IN_TITLE, SIMILARITY_TERMS, hash_term
from features.schema import HistorySchema
from tests.estimators import SCHEMA, a_ticket, facts_of, place

FULL = a_ticket(
    1,
    "Street lamp dark\nsince Monday",
    category="Street Lamp",
    account="31-0042",
    address="12 Main St.",
    point=place(0),
    attributes={"district": "North", "source": "phone"},
)


def keys(ticket: Ticket, schema: HistorySchema = SCHEMA) -> dict[str, object]:
    """The ticket's keys by name."""
    return dict(zip(schema.keys, facts_of(ticket, schema).keys, strict=True))


def test_keys_are_named_by_the_schema() -> None:
    found = keys(FULL)
    assert found["category"] == "street lamp"
    assert found["category*district"] == ("street lamp", "north")
    assert found["street"] == "main st"
    assert found["category*address"] == ("street lamp", "12 main st")
    assert found["account"] == "310042"
    assert all(value is not None for value in found.values())


@pytest.mark.parametrize(
    ("gap", "touched"),
    [
        ({"category": None}, "category"),
        ({"category": "  "}, "category"),
        ({"point": None}, "h3"),
        ({"address": None}, ("street", "address")),
        ({"address": "?"}, ("street", "address")),
        ({"account": "-"}, "account"),
        ({"attributes": {"source": "phone"}}, "district"),
        ({"attributes": {"source": "phone", "district": " "}}, "district"),
    ],
)
def test_a_gap_empties_the_keys_it_touches_and_no_others(
    gap: dict[str, object], touched: str | tuple[str, ...]
) -> None:
    names = (touched,) if isinstance(touched, str) else touched
    found = keys(a_ticket(1, **{name: getattr(FULL, name) for name in FIELDS} | gap))
    for name, value in found.items():
        assert (value is None) == any(part in name for part in names), name


FIELDS = ("text", "category", "account", "address", "point", "attributes")


def test_an_empty_ticket_has_no_keys_and_an_unknown_place() -> None:
    empty = facts_of(a_ticket(1))
    assert set(empty.keys) == {None}
    assert empty.cells == ()
    assert np.isnan(empty.point).all()
    texts = (empty.text_features, empty.text_counts, empty.title_features, empty.similarity_terms)
    for block in (*texts, empty.cross_features, empty.place_features):
        assert len(block) == 0


def test_the_located_address_counts_before_the_written_one() -> None:
    location = Location(source=LocationSource.ACCOUNT, point=place(0), address="5 Elm Rd")
    found = facts(FULL, location, SCHEMA)
    assert dict(zip(SCHEMA.keys, found.keys, strict=True))["address"] == "5 elm rd"


def test_the_words_of_the_title_are_told_from_those_of_the_body() -> None:
    title, body = facts_of(a_ticket(1, "lamp")), facts_of(a_ticket(1, "\nlamp"))
    assert title.text_features.tolist() == body.text_features.tolist() == [hash_term("lamp")]
    assert title.title_features.tolist() == [hash_term("lamp") ^ IN_TITLE]
    assert body.title_features.tolist() == []
    assert title.similarity_terms.tolist() == body.similarity_terms.tolist()


def test_a_word_said_more_often_is_more_of_the_text() -> None:
    found = facts_of(a_ticket(1, "lamp\npost lamp lamp"))
    counts = dict(zip(found.text_features.tolist(), found.text_counts.tolist(), strict=True))
    assert counts[hash_term("post")] == 1
    assert counts[hash_term("lamp")] == 3


def test_similarity_looks_at_the_first_terms_and_never_at_padding() -> None:
    many = facts_of(a_ticket(1, "停电了吗请问什么时候能来电我家已经没有电三个小时了麻烦尽快派人处理谢谢"))
    assert len(many.similarity_terms) == SIMILARITY_TERMS
    assert len(set(many.similarity_terms.tolist())) == SIMILARITY_TERMS
    assert (many.similarity_terms > 0).all()


def test_attributes_outside_the_schema_change_nothing() -> None:
    more = a_ticket(1, "lamp", attributes={"colour": "red"})
    assert facts_of(more).place_features.tolist() == facts_of(a_ticket(1, "lamp")).place_features.tolist()
