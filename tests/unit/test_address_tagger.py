"""The address tagger: learns what it is shown, keeps it, and maps it to address parts."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.parse import read_labelled, span_f1
from domain.errors import BundleDamaged, NotEnoughData, NotFound
from features.addresses.parts import NumberKind, Relation
from models.address_tagger import MODEL, AddressTagger, Labelled, Span, to_parts
from models.address_tokens import token_features, tokens_of

_CITIES = ("宁波市", "杭州市", "金华市")
_ROADS = ("海丰北路", "滨康路", "文汇街", "八卦四路", "宏远路", "天童北路")
_ESTATES = ("翡翠花园", "万里小区", "春江苑", "先科大院")


def labelled(*parts: tuple[str, str]) -> Labelled:
    """An address put together of (part, words)."""
    text, spans = "", []
    for part, words in parts:
        spans.append((part, len(text), len(text) + len(words)))
        text += words
    return text, spans


def addresses() -> list[Labelled]:
    """City, road, number and estate in every combination."""
    return [
        labelled(("city", city), ("road", road), ("roadno", f"{n + 7}号"), ("poi", estate))
        for city in _CITIES
        for n, road in enumerate(_ROADS)
        for estate in _ESTATES
    ]


@pytest.fixture(scope="module")
def tagger() -> AddressTagger:
    return AddressTagger.fit(addresses(), iterations=30)


def test_learns_the_parts_of_an_address_that_it_was_not_shown(tagger: AddressTagger) -> None:
    text, spans = labelled(("city", "金华市"), ("road", "振兴路"), ("roadno", "1832号"), ("poi", "春风苑"))
    assert tagger.parse(text) == spans


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(NotEnoughData):
        AddressTagger.fit([])


def test_a_saved_tagger_answers_the_same(tagger: AddressTagger, tmp_path: Path) -> None:
    tagger.save(tmp_path / "t")
    loaded = AddressTagger.load(tmp_path / "t")
    assert all(loaded.parse(text) == tagger.parse(text) for text, _ in addresses())


def test_learning_twice_gives_one_model(tagger: AddressTagger, tmp_path: Path) -> None:
    tagger.save(tmp_path / "a")
    AddressTagger.fit(addresses(), iterations=30).save(tmp_path / "b")
    assert (tmp_path / "a" / MODEL).read_bytes() == (tmp_path / "b" / MODEL).read_bytes()


def test_a_damaged_or_missing_model_is_refused(tagger: AddressTagger, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        AddressTagger.load(tmp_path / "nowhere")
    tagger.save(tmp_path)
    (tmp_path / MODEL).write_bytes((tmp_path / MODEL).read_bytes()[:-8])
    with pytest.raises(BundleDamaged):
        AddressTagger.load(tmp_path)


def test_an_own_name_is_not_known_in_training() -> None:
    names = {"海丰路": {"road": 1}}
    tokens = tokens_of("海丰路")
    shown = token_features("海丰路", tokens, names)
    hidden = token_features("海丰路", tokens, names, own=Counter({("海丰路", "road"): 1}))
    assert [row[-1] for row in shown] == ["begins road", "inside road", "ends road"]
    assert not any("road" in feature for row in hidden for feature in row)


@given(st.text(max_size=60))
def test_any_text_is_parsed_into_spans_in_order(tagger: AddressTagger, text: str) -> None:
    spans = tagger.parse(text)
    ends = [0, *(end for _, _, end in spans)]
    assert all(
        before <= start < end <= len(text) for before, (_, start, end) in zip(ends, spans, strict=False)
    )
    to_parts(spans, text)


def test_parts_of_a_tagged_address() -> None:
    text, spans = labelled(
        ("prov", "浙江省"), ("district", "滨江區"), ("redundant", "-"), ("road", "滨康路"), ("subroad", "中段"),
        ("roadno", "841-843号"), ("poi", "北苑"), ("houseno", "4栋"), ("cellno", "2单元"), ("roomno", "302室"),
        ("assist", "对面"), ("moon", "月"),
    )  # fmt: skip
    parts = to_parts(spans, text)
    assert parts.areas == ("浙江省", "滨江区")
    assert parts.names == ("北苑",)
    assert parts.rest == ("月",)
    assert parts.relation is Relation.OPPOSITE
    (road,) = parts.roads
    assert road.name == "滨康路中段"
    assert [(n.kind, n.low, n.high) for n in road.numbers] == [
        (NumberKind.HOUSE, 841, 843),
        (NumberKind.BUILDING, 4, 4),
        (NumberKind.UNIT, 2, 2),
        (NumberKind.ROOM, 302, 302),
    ]


@pytest.mark.parametrize(
    ("part", "words", "kind", "low", "high", "suffix"),
    [
        ("roadno", "553弄", NumberKind.LANE, 553, 553, ""),
        ("subroadno", "7支弄", NumberKind.SUBLANE, 7, 7, ""),
        ("roadno", "12A号", NumberKind.HOUSE, 12, 12, "a"),
        ("roadno", "14-2号", NumberKind.HOUSE, 14, 14, "-2"),
        ("houseno", "B6", NumberKind.BUILDING, 6, 6, "b"),
        ("floorno", "六楼", NumberKind.FLOOR, 6, 6, ""),
    ],
)
def test_numbers_without_a_road(
    part: str, words: str, kind: NumberKind, low: int, high: int, suffix: str
) -> None:
    (number,) = to_parts([(part, 0, len(words))], words).numbers
    assert (number.kind, number.low, number.high, number.suffix) == (kind, low, high, suffix)


def test_span_f1_counts_exact_spans_only() -> None:
    gold: list[list[Span]] = [[("road", 0, 3), ("roadno", 3, 5)], [("poi", 0, 4)]]
    found: list[list[Span]] = [[("road", 0, 3), ("roadno", 3, 6)], []]
    assert span_f1(gold, found, ("road", "roadno", "poi")) == pytest.approx(2 * 1 / (2 + 3))
    assert span_f1(gold, found, ("road",)) == 1


def test_labelled_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(
        "海 B-road\n路 I-road\n602 B-roadNo\n号 I-roadNo\n\n\n龙\tB-town\n镇\tI-town\n", encoding="utf-8"
    )
    assert read_labelled(path) == [
        ("海路602号", [("road", 0, 2), ("roadno", 2, 6)]),
        ("龙镇", [("town", 0, 2)]),
    ]


@pytest.mark.real_data
@pytest.mark.skipif("GRIDROUTE_DATA" not in os.environ, reason="GRIDROUTE_DATA names no folder of real data")
def test_real_addresses_learnt_from_a_small_part() -> None:
    folder = Path(os.environ["GRIDROUTE_DATA"]) / "address_parsing_zh"
    rows = read_labelled(folder / "train.txt")
    tagger = AddressTagger.fit(rows[:200], iterations=15)
    held = rows[200:300]
    found = [tagger.parse(text) for text, _ in held]
    assert span_f1([spans for _, spans in held], found, ("road", "roadno")) > 0.6
