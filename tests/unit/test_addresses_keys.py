"""Forms of one address, names of one sound."""

from __future__ import annotations

import pytest

from features.addresses.keys import address_key, address_keys, road_key
from features.addresses.normal import normal_form
from features.addresses.numerals import value_of
from features.addresses.parse import parse_address
from features.addresses.sound import sound_key


def _key(text: str) -> str | None:
    return address_key(parse_address(text))


@pytest.mark.parametrize(
    "forms",
    [
        [
            "国权路2号",
            "國權路二號",
            "国权路２号",
            "上海市杨浦区国权路2号",
            "杨浦区,国权路2号",
            "国权路2号501室",
        ],
        ["漕宝路100弄3号", "徐汇区漕宝路100弄3号602室", "漕宝路一百弄三号", "漕宝路 100弄 3号"],
        ["商业二村12号", "广灵二路商业二村12号楼", "商业2村12幢"],
        ["永西村三组114号", "义乌市永西村3组114号"],
        ["葛洲坝·世纪花园17栋", "葛洲坝世纪花园17号楼"],
        ["南京路与锦州道交叉口", "锦州道与南京路路口"],
        ["12 Elm St", "12 ELM STREET", "12 Elm St., Boston, MA 02108", "12 Elm St Apt 4"],
        ["550 8th Ave", "550 Eighth Avenue"],
        ["800 W Broadway", "800 West Broadway  South Boston  MA"],
        ["8TH & MARKET", "Market and 8th"],
        ["Lajos utca 9", "Lajos u. 9.", "III. kerület, Óbuda,  Lajos u. 9", "1036 Budapest, Lajos utca 9"],
        ["Váci út 12/b", "VACI UT 12 B", "Budapest XIII. ker. Váci út 12/B."],
        ["Hauptstraße 12", "Hauptstr. 12", "Hauptstrasse 12, 10115 Berlin"],
    ],
)
def test_forms_of_one_address_have_one_key(forms: list[str]) -> None:
    assert {form: _key(form) for form in forms} == dict.fromkeys(forms, _key(forms[0]))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("国权路2号", "国权路3号"),
        ("国权路2号", "国权路2弄"),
        ("国权路2号", "国权北路2号"),
        ("国权路2号", "国权路2号甲"),
        ("国权路100弄2号", "国权路100弄2支弄"),
        ("国权路1-2号", "国权路1号"),
        ("漕宝路1467弄6区37号", "漕宝路1467弄7区37号"),
        ("商业二村12号", "商业三村12号"),
        ("永西村三组114号", "永西村四组114号"),
        ("三角湖路麦当劳", "南京路麦当劳"),
        ("12 Elm St", "12 Elm Ave"),
        ("12 Elm St", "12A Elm St"),
        ("12 N Main St", "12 S Main St"),
        ("Lajos utca 9", "Lajos tér 9"),
    ],
)
def test_other_addresses_have_other_keys(left: str, right: str) -> None:
    assert _key(left) != _key(right)


def test_each_address_of_a_list_has_its_key() -> None:
    keys = address_keys(parse_address("斜土路2561弄,南丹东路100弄"))

    assert keys == (_key("斜土路2561弄"), _key("南丹东路100弄"))


def test_what_says_nothing_has_no_key() -> None:
    assert _key("") is None
    assert _key("  ,, ") is None
    assert road_key(parse_address("商业二村12号")) is None


def test_the_road_key_knows_no_numbers() -> None:
    assert road_key(parse_address("上海市国权路2号")) == road_key(parse_address("國權路")) == "国权路"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("祖冲之路", "祖充之路"),
        ("牛顿路", "刘顿路"),  # n and l
        ("章江路", "臧江路"),  # zh and z, ang and an
        ("成都路", "岑都路"),  # ch and c, eng and en
        ("山阴路", "三英路"),  # sh and s, in and ing
        ("湖南路", "福兰路"),  # h and f
        ("國權路", "国全路"),
        ("Phillips", "Filips"),
        ("Lajos", "Lajoss"),
        ("Stephen", "Stefan"),
    ],
)
def test_names_that_sound_alike(left: str, right: str) -> None:
    assert sound_key(left) == sound_key(right)


@pytest.mark.parametrize(("left", "right"), [("国权路", "国权街"), ("南京路", "北京路"), ("Elm", "Oak")])
def test_names_that_sound_different(left: str, right: str) -> None:
    assert sound_key(left) != sound_key(right)


@pytest.mark.parametrize(
    ("numerals", "value"),
    [
        ("二百三十一", 231),
        ("一五〇", 150),
        ("廿三", 23),
        ("十", 10),
        ("一千零五", 1005),
        ("两百", 200),
        ("十百", None),
    ],
)
def test_numerals(numerals: str, value: int | None) -> None:
    assert value_of(numerals) == value


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("國權路二號", "国权路2号"),
        ("三一路十五弄", "三一路15弄"),
        ("上南一村", "上南一村"),
        ("Váci Út  12–14", "vaci ut 12-14"),
        ("Długa", "dluga"),
    ],
)
def test_the_normal_form(text: str, normal: str) -> None:
    assert normal_form(text) == normal
