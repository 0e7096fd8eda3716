"""A history that was kept answers and goes on as if it had never been put away, or it is not used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from domain.dispatches import Dispatch, LabelSource
from features.facts import Facts
from features.gazetteer import Gazetteer
from features.history import History
from features.schema import HistorySchema
from features.table import NOBODY_CLOSED
from router import folding, live
from router.atlas import Atlas
from router.folding import fold_order
from router.live import LiveWorld
from router.ports import Store
from router.route import facts_alone, route
from simulation.city import City
from store.derived_files import KEPT, DerivedFiles
from tests.estimators import SCHEMA, a_ticket, facts_of, log_of, place, surroundings_of, world_of
from tests.serving import NOW, a_dispatch, furnished, no_bundle
from training.fitting import Fitted


def put_away(history: History, folder: Path) -> History:
    """The history as it comes back from a file."""
    atlas = Atlas(Gazetteer())
    DerivedFiles(folder).keep(atlas, history, "log")
    (kept,) = DerivedFiles(folder).histories(atlas, history.schema)
    assert (kept.count, kept.log) == (len(history), "log")
    back = kept.open()
    assert back is not None
    return back


def assert_same_state(one: History, other: History) -> None:
    """To the bit, in all that is kept of them."""
    mine, theirs = one.state(), other.state()
    assert list(mine) == list(theirs)
    for name, values in mine.items():
        assert values.dtype == theirs[name].dtype, name
        assert values.shape == theirs[name].shape, name
        assert values.tobytes() == theirs[name].tobytes(), name


def folded(history: History, log: Iterable[tuple[Facts, Dispatch]]) -> None:
    for known, dispatch in log:
        history.fold(known, dispatch.unit_id, dispatch.sequence, dispatch.source)


def test_a_city_is_routed_alike_after_a_kept_history_and_a_folded_one(
    city: City, fitted: Fitted, tmp_path: Path
) -> None:
    around, bundle = surroundings_of(city), fitted.bundle
    log = sorted(log_of(city), key=fold_order)
    past = [(facts_alone(one.ticket, around.atlas, bundle.schema), one) for one in log]
    one = world_of(around, bundle)
    two = other = replace(one, history=History.restored(bundle.schema, one.history.state()))
    begin = 0
    for number, end in enumerate((1, 700, 1100, 1800)):
        for world in (one, two):
            folded(world.history, past[begin:end])
        for dispatch in log[end : end + 15]:
            assert repr(route(dispatch.ticket, two)) == repr(route(dispatch.ticket, one))
        assert_same_state(two.history, one.history)
        two = replace(two, history=put_away(two.history, tmp_path / str(number)))
        assert_same_state(two.history, one.history)
        begin = end
    assert two is not other
    for known, dispatch in past[1800:]:
        assert repr(asked(two.history, known, dispatch)) == repr(asked(one.history, known, dispatch))
        assert repr(route(dispatch.ticket, two)) == repr(route(dispatch.ticket, one))


def asked(history: History, known: Facts, dispatch: Dispatch) -> list[object]:
    """All that a history answers of one dispatch."""
    units = np.arange(len(history.unit_ids))
    tallies = history.tallies(known)
    point = dispatch.ticket.point
    return [
        [array.tobytes() for array in (tallies.numbers, tallies.totals, tallies.latest, tallies.streak)],
        [tallies.key.tolist(), tallies.unit.tolist(), history.overall.totals.tobytes()],
        [
            history.counts(name, key)
            for name, key in zip(history.schema.keys, known.keys, strict=True)
            if key is not None
        ],
        history.votes(known),
        history.votes(known).weight.tobytes(),
        history.kinds(known, 5),
        history.likeness(known, [known]).tobytes(),
        history.named(known).tobytes(),
        history.lifts(known, units, NOBODY_CLOSED).tobytes(),
        history.lately_at(dispatch.unit_id, 5),
        history.around(point, 500.0, 20) if point else None,
        history.callers.last(dispatch.ticket.phone),
        [history.unit_ids, history.index(dispatch.unit_id), history.index("nobody")],
        [history.sequence, len(history)],
    ]


def test_an_empty_history_comes_back(tmp_path: Path) -> None:
    back = put_away(History(SCHEMA), tmp_path)
    assert_same_state(back, History(SCHEMA))
    back.fold(facts_of(a_ticket(1, "lamp", category="lamp", point=place(0))), "crew", 1)
    assert back.unit_ids == ["crew"]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "LEAST_KEPT", 10)
    for module in (live, folding):
        monkeypatch.setattr(module, "LONG_TAIL", 10)


def append(store: Store, numbers: Iterable[int], **fields: Any) -> None:
    past = [a_dispatch(f"d{i}", ("north", "south")[i % 2], NOW + timedelta(hours=i)) for i in numbers]
    store.write(lambda session: session.append_dispatches(replace(one, **fields) for one in past))


def start(store: Store, folder: Path) -> tuple[History, int]:
    """The history of a start, and how many dispatches it had from a file."""
    found: list[int] = []
    files = DerivedFiles(folder)
    begin = folding.begin

    def noted(*args: object) -> folding.Beginning:
        begun = begin(*args)  # type: ignore[arg-type]
        found.append(begun.done)
        return begun

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "begin", noted)
        history = LiveWorld(store, no_bundle, derived=files).world.history
    anew = LiveWorld(store, no_bundle).world.history
    assert_same_state(history, anew)
    return history, found[0]


@pytest.mark.usefixtures("few")
def test_a_start_goes_on_from_where_an_earlier_one_ended(tmp_path: Path) -> None:
    store = furnished()
    append(store, range(20))
    assert start(store, tmp_path)[1] == 0
    assert start(store, tmp_path)[1] == 20
    append(store, range(20, 30))
    assert start(store, tmp_path)[1] == 20  # ten more are not worth a file
    assert start(store, tmp_path)[1] == 20
    append(store, range(30, 31))
    assert start(store, tmp_path)[1] == 20
    assert start(store, tmp_path)[1] == 31


@pytest.mark.usefixtures("few")
def test_of_a_long_past_only_a_share_is_worth_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "WORTH_KEEPING", 2)
    store = furnished()
    append(store, range(40))
    start(store, tmp_path)
    append(store, range(40, 60))
    assert [start(store, tmp_path)[1] for _ in range(2)] == [40, 40]
    append(store, range(60, 61))
    assert [start(store, tmp_path)[1] for _ in range(2)] == [40, 61]


@pytest.mark.usefixtures("few")
def test_what_was_taken_back_is_in_no_kept_history(tmp_path: Path) -> None:
    store = furnished()
    append(store, range(20))
    start(store, tmp_path)
    append(store, [19], source=LabelSource.RETRACTION, known_at=NOW + timedelta(hours=30))
    history, done = start(store, tmp_path)
    assert (done, len(history), history.sequence) == (0, 19, 21)
    assert start(store, tmp_path)[1] == 19


@pytest.mark.usefixtures("few")
def test_what_was_taken_back_after_its_end_does_not_matter(tmp_path: Path) -> None:
    store = furnished()
    append(store, range(20))
    start(store, tmp_path)
    append(store, range(20, 24))
    append(store, [23], source=LabelSource.RETRACTION, known_at=NOW + timedelta(hours=30))
    history, done = start(store, tmp_path)
    assert (done, len(history), history.sequence) == (20, 23, 25)


@pytest.mark.usefixtures("few")
def test_what_was_known_before_its_end_is_in_no_kept_history(tmp_path: Path) -> None:
    store = furnished()
    append(store, range(0, 40, 2))
    start(store, tmp_path)
    append(store, [7])
    assert start(store, tmp_path)[1] == 0
    assert start(store, tmp_path)[1] == 21


@pytest.mark.usefixtures("few")
def test_another_log_or_other_facts_are_not_taken_for_the_same(tmp_path: Path) -> None:
    store, other = furnished(), furnished()
    append(store, range(20))
    start(store, tmp_path)
    past = [a_dispatch(f"d{i}", ("north", "south")[i % 2], NOW + timedelta(hours=i + 1)) for i in range(20)]
    changed = [replace(one, ticket=replace(one.ticket, text="of another version")) for one in past]
    other.write(lambda session: session.append_dispatches(changed))
    assert start(other, tmp_path)[1] == 0


def test_a_history_is_of_one_atlas_and_one_schema(tmp_path: Path) -> None:
    files, atlas = DerivedFiles(tmp_path), Atlas(Gazetteer())
    files.keep(atlas, History(SCHEMA), "log")
    assert len(files.histories(atlas, SCHEMA)) == 1
    assert not files.histories(atlas, HistorySchema())
    assert not files.histories(Atlas(Gazetteer(), placeholders=frozenset({(31.2, 121.4)})), SCHEMA)


def test_few_are_kept(tmp_path: Path) -> None:
    files, atlas, history = DerivedFiles(tmp_path), Atlas(Gazetteer()), History(SCHEMA)
    for number in range(2 * KEPT):
        history.fold(facts_of(a_ticket(number, "lamp")), "crew", number + 1)
        files.keep(atlas, history, str(number))
    assert [one.count for one in files.histories(atlas, SCHEMA)] == [6, 5, 4]
    assert len(list(tmp_path.iterdir())) == 2 * KEPT


def test_what_killed_processes_left_unfinished_does_not_pile_up(tmp_path: Path) -> None:
    for number in range(3 * KEPT):
        (tmp_path / f".killed.history.{number}-1").touch()
    DerivedFiles(tmp_path).keep(Atlas(Gazetteer()), History(SCHEMA), "log")
    assert len(list(tmp_path.glob(".*"))) == KEPT


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    DerivedFiles(tmp_path / "file").keep(Atlas(Gazetteer()), History(SCHEMA), "log")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def changed(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def made_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def of_objects(path: Path) -> None:
    """An npz that only pickle could read, with a digest that is right."""
    with path.open("wb") as file:
        np.savez(file, sequence=np.array([object()], object))
    told = json.loads(path.with_suffix(".json").read_text())
    told["arrays"] = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_suffix(".json").write_text(json.dumps(told))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut short": lambda path: changed(path, lambda data: data[: len(data) // 2]),
    "empty": lambda path: changed(path, lambda data: b""),
    "a bit fell over": lambda path: changed(path, lambda d: d[:900] + bytes([d[900] ^ 1]) + d[901:]),
    "arrays missing": lambda path: path.unlink(),
    "a folder": made_a_folder,
    "no JSON": lambda path: path.with_suffix(".json").unlink(),
    "no more JSON": lambda path: changed(path.with_suffix(".json"), lambda data: data[:-1]),
    "not UTF-8": lambda path: changed(path.with_suffix(".json"), lambda data: b"\xff"),
    "other JSON": lambda path: path.with_suffix(".json").write_text("[]"),
    "other types": lambda path: path.with_suffix(".json").write_text(
        '{"count": "1", "log": 2, "arrays": null}'
    ),
    "objects": of_objects,
}


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_folded_anew(tmp_path: Path, damage: str) -> None:
    store = furnished()
    append(store, range(20))
    start(store, tmp_path)
    (path,) = tmp_path.glob("*.history")
    DAMAGES[damage](path)
    assert start(store, tmp_path)[1] == 0
    if damage != "a folder":
        assert start(store, tmp_path)[1] == 20
