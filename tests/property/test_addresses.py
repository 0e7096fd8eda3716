"""What holds of every address, and of every string."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from features.addresses.keys import address_key, address_keys, road_key
from features.addresses.normal import normal_form
from features.addresses.numerals import value_of
from features.addresses.parse import parse_address
from features.addresses.sound import sound_key

_MARKERS = (
    "路 街 道 大道 号 弄 支弄 1 23 二十 ３ 区 市 县 镇 街道 村 社区 ( ) , 、 与 近 附近 甲 附 之二 号楼 室 # 国权 中山 a"
    " st ave apt & and of corner 12-14 utca u. ter xiii. ker. 1138 / sarok ul. \u0300 İ ł ½ ٣ 國 權 · 한 ก"
)
_WORDS = st.sampled_from(_MARKERS.split())
_SCRAPS = st.lists(_WORDS | st.just(" "), max_size=20).map("".join)  # strings that reach the rules
_STRINGS = st.text(max_size=80) | _SCRAPS
_ROADS = st.sampled_from(
    ["国权路", "中山北一路", "四平路", "一二八纪念路", "九亭大街", "浦东大道", "三林镇南路"]
)
_AREAS = st.sampled_from(
    ["", "上海市", "上海市杨浦区", "浦东新区张江镇", "北京市朝阳区", "江苏省南京市鼓楼区宁海路街道"]
)
_NUMBERS = st.integers(1, 9999)
_DIGITS = "零一二三四五六七八九"


def _in_words(number: int) -> str:
    """1005 → 一千零五, the slow way."""
    words, gap = "", False
    for unit, size in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit = number // size % 10
        if digit:
            words += ("零" if gap else "") + _DIGITS[digit] + unit
        gap = bool(words) and not digit
    return words


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text)


@given(_STRINGS)
def test_the_normal_form_is_its_own(text: str) -> None:
    assert normal_form(normal_form(text)) == normal_form(text)


@given(_STRINGS)
def test_every_string_has_parts_and_keys(text: str) -> None:
    parts = parse_address(text)

    assert parts == parse_address(text)
    assert all(number.low <= number.high for road in parts.roads for number in road.numbers)
    assert (address_key(parts) is None) == (address_keys(parts) == ())
    assert (road_key(parts) is None) == (parts.roads == ())


@given(_STRINGS)
def test_the_sound_hangs_on_the_normal_form_alone(text: str) -> None:
    assert sound_key(text) == sound_key(normal_form(text))


@settings(max_examples=30)
@given(st.text(alphabet="路街号弄村区(,1与一a &.-", min_size=1, max_size=6), st.integers(1000, 3000))
def test_long_strings_are_read_too(text: str, times: int) -> None:
    parse_address((text * times)[:10_000])


@given(_NUMBERS)
def test_numerals_count_as_they_are_spoken(number: int) -> None:
    assert value_of(_in_words(number)) == number
    assert value_of("".join(_DIGITS[int(c)] for c in str(number))) == number


@given(_AREAS, _ROADS, _NUMBERS, _NUMBERS)
def test_the_key_knows_neither_areas_nor_forms_of_digits(area: str, road: str, lane: int, house: int) -> None:
    plain = f"{road}{lane}弄{house}号"
    key = address_key(parse_address(plain))

    assert key is not None
    assert address_key(parse_address(area + plain)) == key
    assert address_key(parse_address(_full_width(area + plain))) == key
    assert address_key(parse_address(f"{area}{road}{_in_words(lane)}弄{_in_words(house)}号")) == key
    assert address_key(parse_address(f"{plain}501室")) == key
    assert address_key(parse_address(f"{road}{lane + 1}弄{house}号")) != key


@given(
    st.sampled_from(["elm", "hyde park", "mt vernon", "martin luther king"]),
    st.sampled_from([("st", "Street"), ("ave", "Avenue"), ("blvd", "Boulevard"), ("ter", "Terrace")]),
    _NUMBERS,
)
def test_short_and_long_types_of_street_are_one(name: str, kinds: tuple[str, str], number: int) -> None:
    short, long = kinds
    key = address_key(parse_address(f"{number} {name} {short}"))

    assert key is not None
    assert address_key(parse_address(f"{number} {name.title()} {long}, Boston, MA 02108")) == key


@given(
    st.sampled_from(["Lajos", "Kossuth Lajos", "Szent István", "Ötvös János"]),
    st.sampled_from([("u.", "utca"), ("krt.", "körút"), ("stny.", "sétány"), ("rkp.", "rakpart")]),
    _NUMBERS,
)
def test_short_and_long_kinds_of_utca_are_one(name: str, kinds: tuple[str, str], number: int) -> None:
    short, long = kinds
    key = address_key(parse_address(f"{name} {short} {number}"))

    assert key is not None
    assert address_key(parse_address(f"XIII. kerület,  {name} {long} {number}.")) == key
