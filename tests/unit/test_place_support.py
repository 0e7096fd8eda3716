"""How many known points bear a place out, and how many contradict it."""

from __future__ import annotations

import pytest

from domain.places import Address
from features.addresses.parse import parse_address
from features.gazetteer import Gazetteer
from models.place import PlaceModel
from models.place_support import Support
from tests.unit.test_place_model import along, at

BOOK = [
    *along("大沽路", [100, 150, 200], 0, 0),
    *along("大沽路", [800], 0, 0),
    *along("人民路", [10, 60], 0, 5000),
    *along("人民路", [30], 9000, 5000),  # its point is wrong, or the others are
    Address(address="中山路5弄", point=at(0, 9000)),
    Address(address="中山路7弄", point=at(10, 9000)),
    Address(address="中山路", point=at(20, 9100)),
]


@pytest.fixture(scope="module")
def known() -> tuple[Gazetteer, PlaceModel]:
    gazetteer = Gazetteer(addresses=BOOK)
    return gazetteer, PlaceModel.fit(gazetteer)


@pytest.mark.parametrize(
    ("text", "beside", "elsewhere"),
    [
        ("大沽路160弄", 3, 0),  # 800 lies as far off as its number
        ("大沽路790弄", 1, 0),
        ("人民路12弄", 2, 1),
        ("中山路6弄", 1, 0),  # one estate under two numbers; one without a number is no witness
        ("无人知晓路6弄", 0, 0),
        ("大沽路160弄,人民路12弄", 3, 3),
    ],
)
def test_known_points_of_the_road(
    known: tuple[Gazetteer, PlaceModel], text: str, beside: int, elsewhere: int
) -> None:
    gazetteer, model = known
    parts = parse_address(text)
    alone = parse_address(text.split(",")[0])
    place = next(iter(model.places(alone, gazetteer)), model.places(parse_address("大沽路"), gazetteer)[0])
    assert model.support(parts, place, gazetteer) == Support(beside=beside, elsewhere=elsewhere)


def test_rows_that_count_as_unknown_are_no_witnesses(known: tuple[Gazetteer, PlaceModel]) -> None:
    gazetteer, model = known
    parts = parse_address("大沽路160弄")
    row = frozenset(gazetteer.exact(parse_address("大沽路150弄")))
    place = model.places(parts, gazetteer)[0]
    assert model.support(parts, place, gazetteer, row) == Support(beside=2, elsewhere=0)


def test_a_number_that_a_point_is_listed_with_far_off_does_not_hide_a_near_one() -> None:
    book = [Address(address="大沽路2000弄,大沽路100弄", point=at(200, 0)), *along("大沽路", [2100], 0, 0)]
    gazetteer = Gazetteer(addresses=book)
    model = PlaceModel.fit(gazetteer)
    parts = parse_address("大沽路110弄")
    place = model.places(parse_address("大沽路100弄"), gazetteer)[0]
    assert model.support(parts, place, gazetteer).beside == 1
