"""The gazetteer against slow, obvious references."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from domain.places import Account, Address, Point
from features.addresses.parse import parse_address
from features.gazetteer import Gazetteer
from features.gazetteer.anchors import KINDS, WIDTH, number_row
from features.gazetteer.grid import Grid, encode_grid
from features.gazetteer.names import NameIndex, encode_names
from features.gazetteer.strings import FEW, HashIndex, hashes, index
from features.gazetteer.workers import ordered_map
from features.place import distance_m

few = settings(max_examples=30)  # each builds gazetteers

ROADS = [
    "祖冲之路",
    "祖充之路",
    "碧波路",
    "碧云路",
    "金科路",
    "金桥路",
    "张杨路",
    "东方路",
    "东方大道",
    "中山北路",
    "中山南路",
    "晨晖路",
    "晨辉路",
]
LATIN = [
    "main street",
    "maine street",
    "north main street",
    "elm street",
    "elms street",
    "broadway",
    "river road",
    "liver road",
]

numbers = st.integers(1, 40)
chinese = st.builds(
    "{}{}{}号".format, st.sampled_from(["", "徐汇区", "闵行区"]), st.sampled_from(ROADS), numbers
)
english = st.builds("{} {}, {}".format, numbers, st.sampled_from(LATIN), st.sampled_from(["Boston", "Salem"]))
texts = st.one_of(chinese, english, st.text(max_size=12))
points = st.one_of(
    st.none(),
    st.builds(
        lambda north, east: Point(latitude=31.2 + north / 1e3, longitude=121.4 + east / 1e3),
        st.integers(0, 20),
        st.integers(0, 20),
    ),
)
books = st.lists(st.builds(lambda a, p: Address(address=a, point=p), texts, points), max_size=25)
accounts = st.lists(
    st.builds(
        lambda i, a, p, phone: Account(account_id=i, address=a, point=p, phone=phone),
        st.from_regex(r"[0-9]{4}", fullmatch=True),
        st.one_of(st.none(), texts),
        points,
        st.sampled_from([None, "13800138000", "06 30 123 4567", "+36 30 123 4567", "12"]),
    ),
    max_size=12,
    unique_by=lambda account: account.account_id,
)


@few
@given(books, accounts, st.randoms(use_true_random=False))
def test_any_order_of_the_same_input_is_the_same_gazetteer(
    book: list[Address], known: list[Account], chance: random.Random
) -> None:
    once = Gazetteer(known, book)
    again = Gazetteer(chance.sample(known, len(known)), chance.sample(book, len(book)))
    assert once.version == again.version
    assert once.version == Gazetteer(known, (), book).version  # where an address was taken from is not kept


@few
@given(books, accounts)
def test_every_address_that_says_something_has_an_entry(book: list[Address], known: list[Account]) -> None:
    gazetteer = Gazetteer(known, book)
    for address in book:
        rows = gazetteer.exact(parse_address(address.address))
        assert bool(rows) == any(letter.isalnum() for letter in parse_address(address.address).text)
    for account in known:
        assert gazetteer.account(account.account_id) == account
        rows = gazetteer.exact(parse_address(account.address or ""))
        at = {number for row in rows for number in gazetteer.entry(row).accounts}
        assert not rows or account.account_id in at


@few
@given(books)
def test_rows_are_in_the_order_of_normal_forms(book: list[Address]) -> None:
    gazetteer = Gazetteer(addresses=book)
    forms = [parse_address(gazetteer.entry(row).address).text for row in range(len(gazetteer))]
    assert forms == sorted(forms)


@few
@given(accounts, st.from_regex(r"[0-9]{4}", fullmatch=True))
def test_accounts_like_a_number_are_one_slip_away(known: list[Account], number: str) -> None:
    def one_slip(other: str) -> bool:
        differ = [i for i in range(4) if number[i] != other[i]]
        swapped = len(differ) == 2 and differ[1] == differ[0] + 1 and number[differ[0]] == other[differ[1]]
        return len(differ) == 1 or (swapped and number[differ[1]] == other[differ[0]])

    found = {account.account_id for account in Gazetteer(known).accounts_like(number)}
    assert found == {account.account_id for account in known if one_slip(account.account_id)}


@given(
    st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), max_size=30),
    st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    st.floats(1, 2_000_000),
)
def test_nearest_is_what_measuring_all_finds(
    places: list[tuple[float, float]], here: tuple[float, float], within: float
) -> None:
    known = np.array([*places, (np.nan, np.nan)])
    point = Point(latitude=here[0], longitude=here[1])
    found = Grid(encode_grid(known), known).nearest(point, within, limit=100)
    metres = {i: distance_m(point, Point(latitude=a, longitude=b)) for i, (a, b) in enumerate(places)}
    expected = {row for row, distance in metres.items() if distance <= within}
    rows = {row for row, _ in found}
    assert {row for row in rows ^ expected if abs(metres[row] - within) > 1e-3} == set()
    assert [distance for _, distance in found] == sorted(distance for _, distance in found)
    assert all(distance == pytest.approx(metres[row], abs=1e-3) for row, distance in found)


@pytest.mark.parametrize("count", [0, 1, FEW - 1, FEW, FEW + 1, 3 * FEW])
def test_all_rows_of_a_hash_are_found_however_many_there_are(count: int) -> None:
    keys = np.array([7] * count + [3, 9], np.uint64)
    found = HashIndex("x", index("x", keys, np.arange(len(keys), dtype=np.int32)))
    assert found.find(7).tolist() == list(range(count))


@given(st.lists(st.text(max_size=6), max_size=40), st.text(max_size=6))
def test_a_hash_index_is_a_dictionary_of_lists(keys: list[str], asked: str) -> None:
    found = HashIndex("x", index("x", hashes(keys), np.arange(len(keys), dtype=np.int32)))
    for key in {*keys, asked}:
        wanted = int(hashes([key])[0])
        assert found.find(wanted).tolist() == [i for i, other in enumerate(keys) if other == key]
    both = [*found.find(int(hashes([asked])[0])), *found.find(int(hashes(keys[:1] or [""])[0]))]
    assert found.find_all(hashes([asked, *(keys[:1] or [""])]).tolist()).tolist() == both


@given(
    st.sets(
        st.text(alphabet="祖冲之碧波云金科桥张杨东方山", min_size=2, max_size=4), min_size=1, max_size=40
    ),
    st.data(),
)
def test_every_name_one_edit_away_is_found(names: set[str], data: st.DataObject) -> None:
    known = sorted(name + "路" for name in names)
    asked = data.draw(st.sampled_from(known))
    i, other = data.draw(st.integers(0, len(asked) - 2)), data.draw(st.sampled_from("祖冲之碧波云晖"))
    typed = asked[:i] + other + asked[i + 1 :]
    ids, likelihoods = NameIndex("n", encode_names("n", known)).like(typed)
    assert {known.index(name) for name in known if OSA.distance(name, typed) <= 1} <= set(ids.tolist())
    assert all((p == 1) == (known[i] == typed) for i, p in zip(ids, likelihoods, strict=True))


@few
@given(st.lists(st.text(max_size=40), max_size=20), st.text(max_size=60))
def test_no_query_fails(book: list[str], query: str) -> None:
    gazetteer = Gazetteer(addresses=[Address(address=text) for text in book])
    for match in gazetteer.search(parse_address(query)):
        assert 0 < match.likelihood <= 1
    gazetteer.complete(query)
    gazetteer.roads(query, 3)
    gazetteer.names(query, 3)
    assert gazetteer.point(query) is None


@given(texts)
def test_numbers_fill_a_row_of_fixed_width(text: str) -> None:
    parts = parse_address(text)
    row = number_row(tuple(n for road in parts.roads for n in road.numbers))
    assert len(row) == WIDTH
    assert all(low <= high for low, high in zip(row[:KINDS], row[KINDS : 2 * KINDS], strict=True))


@few
@given(books)
def test_the_file_says_what_the_memory_says(
    tmp_path_factory: pytest.TempPathFactory, book: list[Address]
) -> None:
    path = tmp_path_factory.mktemp("gazetteer") / "g"
    version = Gazetteer.build(path, addresses=book)
    opened, memory = Gazetteer.open(path), Gazetteer(addresses=book)
    assert opened.version == memory.version == version
    for address in book[:5]:
        parts = parse_address(address.address)
        assert opened.search(parts) == memory.search(parts)


@pytest.mark.parametrize("text", ["1" * 10_000, "路" * 10_000, "a, " * 3_000, "祖冲之路" * 2_000])
def test_long_nonsense_is_answered(text: str) -> None:
    gazetteer = Gazetteer([Account(account_id="1", address="祖冲之路1号")])
    assert gazetteer.accounts_like(text) == []
    assert gazetteer.accounts_with_phone(text) == []
    assert len(gazetteer.complete(text)) <= 1
    assert len(gazetteer.roads(text, 3)) <= 1


def test_several_processes_give_the_same_in_order(tmp_path: Path) -> None:
    assert list(ordered_map(abs, iter(range(-9, 0)), 2)) == list(range(9, 0, -1))
