"""Addresses as people say them, found in a small book."""

from __future__ import annotations

import pytest

from domain.places import Account, Address, Point
from features.addresses.parse import parse_address
from features.gazetteer import Gazetteer
from features.gazetteer.search import ACROSS, IN_RANGE
from tests.estimators import place

BOOK = Gazetteer(
    accounts=[
        Account(
            account_id="310042", address="徐汇区衡山路９号", point=place(0), phone="138-0013-8000", name="王"
        ),
        Account(account_id="310043", address=None, phone="+86 13800138000"),
        Account(account_id="310099", phone="15800138000"),
    ],
    addresses=[
        Address(address="上海市浦东新区祖冲之路100弄5号", point=place(100), name="东方花园"),
        Address(address="上海市浦东新区祖冲之路100弄6号", point=place(120)),
        Address(address="上海市浦东新区祖冲之路2号", point=place(900)),
        Address(address="上海市浦东新区碧波路10-20号", point=place(2_000)),
        Address(address="上海市徐汇区中山西路1号", point=place(3_000)),
        Address(address="上海市长宁区中山西路1号", point=place(5_000)),
        Address(address="上海市徐汇区衡山路9号", point=place(10), district="徐汇区"),
        Address(address="张江镇新丰村"),
        Address(address="12 Washington Street, Boston", point=place(9_000)),
        Address(address="123 ถนนสุขุมวิท", point=place(8_000)),
    ],
    dispatched=[Address(address="上海市浦东新区祖冲之路二号", point=place(902))],
)


def best(query: str) -> list[str]:
    """The addresses that fit best."""
    matches = BOOK.search(parse_address(query))
    return [match.entry.address for match in matches if match.likelihood == matches[0].likelihood]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("上海市浦东新区祖冲之路100弄5号", ["上海市浦东新区祖冲之路100弄5号"]),
        ("祖冲之路100弄5号", ["上海市浦东新区祖冲之路100弄5号"]),
        ("祖冲之100弄5号", ["上海市浦东新区祖冲之路100弄5号"]),
        ("祖充之路一百弄五号", ["上海市浦东新区祖冲之路100弄5号"]),
        ("祖冲子路１００弄５号", ["上海市浦东新区祖冲之路100弄5号"]),
        ("祖冲路100弄5号", ["上海市浦东新区祖冲之路100弄5号"]),
        ("祖之冲路100弄5号", ["上海市浦东新区祖冲之路100弄5号"]),
        ("祖冲之路100弄5号,浦东新区", ["上海市浦东新区祖冲之路100弄5号"]),
        ("祖冲之路100弄", ["上海市浦东新区祖冲之路100弄5号", "上海市浦东新区祖冲之路100弄6号"]),
        ("浦东新区東方花園", ["上海市浦东新区祖冲之路100弄5号"]),
        ("碧波路15号", ["上海市浦东新区碧波路10-20号"]),
        ("中山西路1号", ["上海市徐汇区中山西路1号", "上海市长宁区中山西路1号"]),
        ("长宁区中山西路1号", ["上海市长宁区中山西路1号"]),
        ("新丰村", ["张江镇新丰村"]),
        ("12 Washingtan St", ["12 Washington Street, Boston"]),
        ("12 Wasihngton Street, Boston", ["12 Washington Street, Boston"]),
        ("123 ถนนสุขุมวิท", ["123 ถนนสุขุมวิท"]),
        ("祖冲之路7号", []),  # another number is another place
        ("碧波路21号", []),
        ("世纪大道1号", []),
    ],
)
def test_what_is_meant_is_found_and_ties_are_listed(query: str, found: list[str]) -> None:
    assert sorted(best(query)) == sorted(found)


def test_exact_says_that_nothing_differs() -> None:
    assert BOOK.search(parse_address("浦东新区祖冲之路2号"))[0].exact
    assert not BOOK.search(parse_address("祖充之路2号"))[0].exact


def test_one_address_from_several_sources_is_one_entry() -> None:
    (row,) = BOOK.exact(parse_address("祖冲之路２号"))
    assert BOOK.entry(row).point == place(900)
    (row,) = {row for row in BOOK.exact(parse_address("衡山路9号")) if BOOK.entry(row).accounts}
    assert BOOK.entry(row).accounts == ("310042",)


@pytest.mark.parametrize(
    ("address", "point"),
    [
        ("祖冲之路二号", place(900)),
        ("中山西路1号", None),
        ("徐汇区中山西路1号", place(3_000)),
        ("新丰村", None),
        ("衡山路9号", place(0)),
    ],
)
def test_a_point_is_given_where_it_is_certain(address: str, point: Point | None) -> None:
    assert BOOK.point(address) == point


@pytest.mark.parametrize(
    ("phone", "found"),
    [
        ("13800138000", ["310042", "310043"]),
        ("+8615800138000", ["310099"]),
        ("00138000", []),
        ("", []),
        (None, []),
    ],
)
def test_accounts_are_found_by_phone(phone: str | None, found: list[str]) -> None:
    assert [account.account_id for account in BOOK.accounts_with_phone(phone)] == found


def test_a_trunk_zero_and_a_country_code_are_one_phone() -> None:
    known = Gazetteer([Account(account_id="1", phone="06 30 123 4567")])
    assert [account.account_id for account in known.accounts_with_phone("+36 30 123 4567")] == ["1"]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("上海市徐", "上海市徐汇区中山西路1号"),
        ("祖冲", "上海市浦东新区祖冲之路2号"),
        ("祖冲之路10", "上海市浦东新区祖冲之路100弄5号"),
        ("zcz", "上海市浦东新区祖冲之路2号"),
        ("东方花", "上海市浦东新区祖冲之路100弄5号"),
        ("washing", "12 Washington Street, Boston"),
        ("祖充之路2号", "上海市浦东新区祖冲之路2号"),
    ],
)
def test_completion_starts_as_typed(typed: str, first: str) -> None:
    assert BOOK.complete(typed, 3)[0].address == first


def test_a_road_lists_its_entries_by_number() -> None:
    (road, *_) = BOOK.roads("祖充之路", 1)
    assert (road.name, road.likelihood < 1) == ("祖冲之路", True)
    entries = BOOK.road_entries(road.name_id)
    assert entries.low.tolist() == [2, 100, 100]
    assert [BOOK.area(i) for i in entries.area.tolist()] == ["浦东新区"] * 3
    assert entries.points[0].tolist() == [place(900).latitude, place(900).longitude]


def test_a_name_lists_its_entries() -> None:
    (name, *_) = BOOK.names("东方花圆", 1)
    assert name.name == "东方花园"
    assert [BOOK.entry(int(row)).name for row in BOOK.name_entries(name.name_id)] == ["东方花园"]


def test_what_hangs_on_each_name_is_listed() -> None:
    hanging: dict[tuple[str, str], list[str]] = {}
    for kind in ("roads", "names", "areas"):
        names, name_ids, rows = BOOK.hanging(kind)
        assert list(zip(name_ids.tolist(), rows.tolist(), strict=True)) == sorted(
            set(zip(name_ids.tolist(), rows.tolist(), strict=True))
        )
        for name_id, row in zip(name_ids.tolist(), rows.tolist(), strict=True):
            hanging.setdefault((kind, names[name_id]), []).append(BOOK.entry(row).address)
    assert hanging["roads", "中山西路"] == ["上海市徐汇区中山西路1号", "上海市长宁区中山西路1号"]
    assert hanging["names", "东方花园"] == ["上海市浦东新区祖冲之路100弄5号"]
    assert hanging["areas", "徐汇区"] == [
        "上海市徐汇区中山西路1号",
        "上海市徐汇区衡山路9号",
        "徐汇区衡山路９号",
    ]


def test_a_range_of_even_numbers_is_across_the_road_from_odd_ones() -> None:
    def likelihood(number: int) -> float:
        matches = BOOK.search(parse_address(f"碧波路{number}号"))
        return next((m.likelihood for m in matches if m.entry.address == "上海市浦东新区碧波路10-20号"), 0.0)

    assert likelihood(10) == likelihood(14) > likelihood(13) > likelihood(22)
    assert likelihood(13) == pytest.approx(likelihood(14) * ACROSS / IN_RANGE)
