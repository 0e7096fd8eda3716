"""Which rules fire."""

from datetime import UTC, datetime

import h3
import pytest

from domain.places import Point
from domain.rules import Rule
from domain.tickets import Ticket
from domain.time import Validity
from features.gazetteer import normalise_account
from features.text import normalise
from router.rules import RuleBook

POINT = Point(latitude=31.2304, longitude=121.4737)
NIGHT = datetime(2024, 1, 1, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai, 00:30 in Tokyo


def fired(
    *rules: Rule,
    text: str = "",
    category: str | None = None,
    account: str | None = None,
    point: Point | None = None,
    at: datetime = NIGHT,
) -> list[str]:
    ticket = Ticket(ticket_id="1", received_at=at, text=text, category=category, account=account)
    book = RuleBook(rules)
    return [rule.rule_id for rule in book.match(ticket, point, normalise(text), normalise_account(account))]


def test_an_empty_book_fires_nothing() -> None:
    assert fired() == []


@pytest.mark.parametrize(
    ("word", "text", "fires"),
    [
        ("gas", "Smell of GAS here", True),
        ("gas", "Gas.", True),
        ("gas", "gasoline on the road", False),
        ("gas", "biogas plant", False),
        ("gas leak", "a gas\n  leak", True),
        ("gas", "厨房有gas味", True),
        ("煤气", "闻到煤气味", True),
        ("煤气", "煤 气", False),
        ("停电", "ＰＯＷＥＲ停电了", True),
        ("power", "ＰＯＷＥＲ停电了", True),
        ("Straße", "STRASSE gesperrt", True),
        ("kátyú", "nagy KÁTYÚ van", True),
        ("가스", "가스가 샌다", True),
        ("c++", "a c++ problem", True),
        ("24h", "open 24h", True),
        ("24h", "124h", False),
    ],
)
def test_a_word_is_whole_where_letters_are_spaced(word: str, text: str, fires: bool) -> None:
    assert bool(fired(Rule(rule_id="r", unit_id="u", words=("nothing", word)), text=text)) is fires


@pytest.mark.parametrize("resolution", range(3, 12))
def test_a_cell_of_any_resolution_contains_its_points(resolution: int) -> None:
    cell = h3.latlng_to_cell(POINT.latitude, POINT.longitude, resolution)
    rule = Rule(rule_id="r", unit_id="u", cells=frozenset({cell}))
    beside = h3.cell_to_latlng(next(iter(set(h3.grid_ring(cell, 1)))))
    assert fired(rule, point=POINT) == ["r"]
    assert fired(rule, point=Point(latitude=beside[0], longitude=beside[1])) == []
    assert fired(rule, point=None) == []


@pytest.mark.parametrize(
    ("hours", "zone", "fires"),
    [
        ((22, 6), "Asia/Shanghai", True),
        ((23, 24), "Asia/Shanghai", True),
        ((0, 23), "Asia/Shanghai", False),
        ((22, 0), "Asia/Shanghai", True),
        ((22, 6), "UTC", False),
        ((15, 16), "UTC", True),
        ((6, 15), "UTC", False),
        ((22, 6), "Asia/Tokyo", True),
        ((22, 0), "Asia/Tokyo", False),
    ],
)
def test_hours_are_local_and_may_wrap(hours: tuple[int, int], zone: str, fires: bool) -> None:
    assert bool(fired(Rule(rule_id="r", unit_id="u", hours=hours, timezone=zone))) is fires


@pytest.mark.parametrize(
    ("category", "account", "fires"),
    [
        ("gas leak", "10-2233", True),
        ("GAS  Leak", "10 22", True),
        ("gas", "1022", False),
        (None, "1022", False),
    ],
)
def test_all_conditions_must_hold(category: str | None, account: str | None, fires: bool) -> None:
    rule = Rule(
        rule_id="r",
        unit_id="u",
        categories=frozenset({"Gas leak", "Smell"}),
        account_prefixes=("10-22", "99"),
    )
    assert bool(fired(rule, category=category, account=account)) is fires
    assert not fired(rule, category="Gas leak", account=None)
    assert not fired(rule, category="Gas leak", account="2210")


def test_a_rule_holds_from_its_first_moment_to_before_its_last() -> None:
    rule = Rule(
        rule_id="r",
        unit_id="u",
        validity=Validity(valid_from=NIGHT, valid_to=NIGHT.replace(hour=16, minute=0)),
    )
    assert fired(rule, at=NIGHT)
    assert not fired(rule, at=NIGHT.replace(minute=29))
    assert not fired(rule, at=NIGHT.replace(hour=16, minute=0))


def test_the_highest_priority_comes_first_then_the_id() -> None:
    rules = [
        Rule(rule_id="b", unit_id="u"),
        Rule(rule_id="a", unit_id="v"),
        Rule(rule_id="c", never_automatic=True, priority=5),
        Rule(rule_id="d", unit_id="u", priority=-1),
    ]
    assert fired(*rules) == fired(*reversed(rules)) == ["c", "a", "b", "d"]
