"""Whatever is said to people is said in each language: the same codes, the same gaps, no code without a word."""

from __future__ import annotations

import string
from itertools import combinations

import pytest

from domain.decisions import EvidenceKind, Reason
from domain.places import LocationSource, Point, Precision
from features.addresses.parts import NumberKind, Relation
from features.groups import GROUPS, group_of
from features.safety import SafetyWords
from features.schema import HistorySchema
from features.suspicion import Suspicion
from features.table import feature_names
from router.locate import COMPARED
from router.receipt import FIELDS
from router.repair import FINDERS
from router.wording import LANGUAGES, accepted_language, language_of, wording

DOUBTS = {
    "account_unknown",
    "place_ambiguous",
    *Suspicion,
    *(f"{one}_{other}_{word}" for one, other in combinations(COMPARED, 2) for word in ("agree", "disagree")),
    *(f"{field}_{word}" for field in FINDERS for word in ("filled", "corrected")),
}
CODES = {
    "reason": {*Reason},
    "source": {*LocationSource},
    "precision": {*Precision},
    "stage": {"parse", "look-up", "repair", "witnesses", "belief", "ground"},
    "part": {"areas", "roads", "names", "numbers", "postcode", "relation", "rest"},
    "record": {"account", "phone", "address", "name", "coordinates", "earlier ticket"},
    "number": {*NumberKind},
    "relation": {*Relation},
    "danger": {danger.kind for danger in SafetyWords.default().dangers},
    "doubt": DOUBTS,
    "field": {*FINDERS, *FIELDS},
    "group": {*GROUPS, "rest", "start"},
    "key": {*HistorySchema().keys} - {key for key in HistorySchema().keys if "*" in key},
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("table", CODES)
def test_every_code_has_a_word(language: str, table: str) -> None:
    words = wording(language).tables[table]
    assert CODES[table] - set(words) == set()
    assert all(word.strip() for word in words.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_evidence_has_a_line(language: str) -> None:
    assert {f"evidence_{kind}" for kind in EvidenceKind} <= set(wording(language).tables["line"])


def gaps(line: str) -> set[str | None]:
    return {field for _, field, _, _ in string.Formatter().parse(line) if field is not None}


def test_all_languages_say_the_same() -> None:
    first, *others = (wording(language).tables for language in LANGUAGES)
    for other in others:
        assert {name: set(table) for name, table in other.items()} == {
            name: set(table) for name, table in first.items()
        }
        assert {name: gaps(line) for name, line in other["line"].items()} == {
            name: gaps(line) for name, line in first["line"].items()
        }


def test_chinese_is_chinese() -> None:
    tables = wording("zh").tables
    told = {
        f"{name}.{code}": word
        for name, table in tables.items()
        if name != "line"
        for code, word in table.items()
    }
    assert [code for code, word in told.items() if not any("\u4e00" <= c <= "\u9fff" for c in word)] == []


def test_every_feature_is_of_a_group() -> None:
    schema = HistorySchema(attributes=("ward", "source"), district="ward")
    assert {group_of(name) for name in feature_names(schema)} == {*GROUPS}
    assert [name for name in feature_names(schema) if group_of(name) == "other"] == ["candidates"]


@pytest.mark.parametrize(
    ("feature", "group"),
    [
        ("share[category*address]", "address"),
        ("ahead_recent_share[account]", "account"),
        ("count[category*h3_9]", "area"),
        ("total[category]", "kind"),
        ("share[category*ward]", "attribute"),
        ("vote_share[text_250m]", "similar"),
        ("best[place_40m]", "nearby"),
        ("ahead_text", "words"),
        ("of_family[street]", "street"),
        ("name_said", "name"),
        ("territory", "territory"),
        ("unit_age", "unit"),
    ],
)
def test_a_feature_is_of_what_it_is_counted_by(feature: str, group: str) -> None:
    assert group_of(feature) == group


@pytest.mark.parametrize(
    ("probability", "en", "zh"),
    [
        (0.0, "less than 0.1 %", "不足0.1%"),
        (1e-9, "less than 0.1 %", "不足0.1%"),
        (0.0005, "0.1 %", "0.1%"),
        (0.5, "50.0 %", "50.0%"),
        (0.99949, "99.9 %", "99.9%"),
        (0.9996, "more than 99.9 %", "99.9%以上"),
        (1.0, "more than 99.9 %", "99.9%以上"),
    ],
)
def test_a_probability_is_never_none_or_all(probability: float, en: str, zh: str) -> None:
    assert (wording("en").percent(probability), wording("zh").percent(probability)) == (en, zh)


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (3.0, 3.0, "100 %"),
        (0.0, 3.0, "0 %"),
        (0.0, 0.0, "0 %"),
        (1.0, 3.0, "33.3 %"),
        (2.9999, 3.0, "more than 99.9 %"),
    ],
)
def test_a_share_is_all_where_it_is_exactly_that(part: float, whole: float, told: str) -> None:
    assert wording("en").share(part, whole) == told


def test_a_code_without_a_word_is_said_as_it_is() -> None:
    words = wording("zh")
    assert words.word("danger", "a_kind_of_ours") == "a_kind_of_ours"
    assert words.key("category*floor") == "同类问题、相同floor"
    assert words.at(Point(latitude=31.2, longitude=121.4)) == "31.20000, 121.40000"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.5, zh", "zh"),
        ("fr, zh;q=0.2, *;q=0.1", "zh"),
        ("fr", "en"),
        ("zh;q=0", "en"),
        ("zh;q=much", "en"),
        ("*", "en"),
        ("ZH_hans", "en"),
    ],
)
def test_the_preferred_language_is_spoken(header: str | None, language: str) -> None:
    assert accepted_language(header) == language


def test_tags_name_languages() -> None:
    assert [language_of(tag) for tag in ("zh", "ZH-Hant-TW", " en-GB ", "de", "")] == [
        "zh",
        "zh",
        "en",
        None,
        None,
    ]
