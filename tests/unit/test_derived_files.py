"""What is worked out from the store is kept from one start to the next, and is the same as worked out anew."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.dispatches import Dispatch
from domain.places import Address
from domain.tickets import Ticket
from features.facts import Facts
from features.gazetteer import Gazetteer
from features.schema import HistorySchema
from router import folding, live
from router.atlas import Atlas
from router.live import LiveWorld
from router.ports import Store
from router.route import facts_alone
from store.derived_files import DerivedFiles
from tests.estimators import SCHEMA, a_ticket, facts_of, place
from tests.serving import NOW, a_dispatch, furnished, no_bundle

TICKETS = (
    a_ticket(
        1,
        "路灯不亮\nseit Montag",
        category="Street Lamp",
        account="31-0042",
        phone="139 0000 0001",
        address="人民路12号",
        point=place(0),
        attributes={"district": "North", "source": "phone"},
    ),
    a_ticket(2, ""),
    a_ticket(3, "gas smell", phone="021-555 0000"),
)


@pytest.fixture
def atlas() -> Atlas:
    return Atlas(Gazetteer())


@pytest.fixture
def facts() -> dict[int, Facts]:
    return {sequence: facts_of(ticket, SCHEMA) for sequence, ticket in enumerate(TICKETS, 7)}


def assert_same(one: Facts, other: Facts) -> None:
    for field in fields(Facts):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        assert type(mine) is type(theirs), field.name
        if isinstance(mine, np.ndarray):
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs)
        else:
            assert repr(mine) == repr(theirs)  # NaN, too


def test_facts_come_back_to_the_bit(tmp_path: Path, atlas: Atlas, facts: dict[int, Facts]) -> None:
    files = DerivedFiles(tmp_path)
    files.remember(atlas, SCHEMA, {7: facts[7]})
    files.remember(atlas, SCHEMA, {8: facts[8], 9: facts[9]})
    files.remember(atlas, SCHEMA, {})
    kept = DerivedFiles(tmp_path).facts(atlas, SCHEMA)
    assert sorted(kept) == [7, 8, 9]
    assert kept.get(10) is None
    for sequence, one in facts.items():
        assert_same(kept[sequence], one)


def test_facts_are_of_one_atlas_and_one_schema(tmp_path: Path, atlas: Atlas, facts: dict[int, Facts]) -> None:
    files = DerivedFiles(tmp_path)
    files.remember(atlas, SCHEMA, facts)
    elsewhere = Atlas(Gazetteer(addresses=[Address(address="人民路12号", point=place(0))]))
    assert not files.facts(elsewhere, SCHEMA)
    assert not files.facts(atlas, HistorySchema())
    assert not files.facts(Atlas(Gazetteer(), placeholders=frozenset({(31.2, 121.4)})), SCHEMA)


def test_a_damaged_file_is_forgotten(tmp_path: Path, atlas: Atlas, facts: dict[int, Facts]) -> None:
    files = DerivedFiles(tmp_path)
    files.remember(atlas, SCHEMA, facts)
    (kept,) = tmp_path.glob("*.facts/*.arrow")
    kept.write_bytes(kept.read_bytes()[:100])
    assert not files.facts(atlas, SCHEMA)
    assert not kept.exists()


class Counting:
    """`facts_alone`, counted."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, ticket: Ticket, atlas: Atlas, schema: HistorySchema) -> Facts:
        self.asked += 1
        return facts_alone(ticket, atlas, schema)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    counting = Counting()
    monkeypatch.setattr(live, "LONG_TAIL", 10)
    monkeypatch.setattr(folding, "LONG_TAIL", 10)
    monkeypatch.setattr(folding, "SPOT_CHECKS", 4)
    monkeypatch.setattr(folding, "facts_alone", counting)
    return counting


def with_past(count: int) -> Store:
    store = furnished()
    past: list[Dispatch] = [
        a_dispatch(f"d{i}", ("north", "south")[i % 2], NOW + timedelta(hours=i)) for i in range(count)
    ]
    store.write(lambda session: session.append_dispatches(past))
    return store


def test_a_second_start_works_out_nothing_again(tmp_path: Path, counting: Counting) -> None:
    store = with_past(40)
    first = LiveWorld(store, no_bundle, derived=DerivedFiles(tmp_path)).world.history
    assert counting.asked == 40
    second = LiveWorld(store, no_bundle, derived=DerivedFiles(tmp_path)).world.history
    assert counting.asked == 40 + 4  # spot checks
    anew = LiveWorld(store, no_bundle).world.history
    assert len(second) == len(anew) == len(first) == 40
    ticket = replace(a_ticket(5, "gas leak"), point=place(0))
    looked = [history.votes(facts_of(ticket, history.schema)) for history in (first, second, anew)]
    assert repr(looked[0]) == repr(looked[1]) == repr(looked[2])


def test_what_another_version_remembered_is_not_believed(tmp_path: Path, counting: Counting) -> None:
    store = with_past(40)
    files = DerivedFiles(tmp_path)
    world = LiveWorld(store, no_bundle).world
    wrong = facts_of(a_ticket(1, "of another version"), world.history.schema)
    files.remember(world.atlas, world.history.schema, dict.fromkeys(range(1, 41), wrong))
    counting.asked = 0
    LiveWorld(store, no_bundle, derived=files)
    assert counting.asked == 1 + 40
