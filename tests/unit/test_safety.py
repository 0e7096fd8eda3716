"""Safety signals: what is one, what only looks like one, and an operator's own words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.safety import Priority, SafetySignal
from features.safety import SafetyReader, SafetyWords, safety_signals
from features.text import normalise


def kinds(text: str) -> list[str]:
    return [signal.kind for signal in safety_signals(normalise(text))]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("洗澡的时候触电了", "electrocution"),
        ("I got a shock from the lamp post", "electrocution"),
        ("my son was shocked by the pole", "electrocution"),
        ("热水器漏电", "leakage_current"),
        ("无法排除漏电", "leakage_current"),
        ("积水里有电，灯杆带电", "leakage_current"),
        ("leakage current at the meter", "leakage_current"),
        ("厨房燃气泄漏", "gas_leak"),
        ("楼道里有煤气味", "gas_leak"),
        ("路边煤气的味道很重", "gas_leak"),
        ("施工把燃气管挖破了", "gas_leak"),
        ("I can smell gas in the corridor", "gas_leak"),
        ("Strong GAS SMELL in the street", "gas_leak"),
        ("digger hit a gas pipe", "gas_leak"),
        ("the gas is leaking", "gas_leak"),
        ("a smell of natural gas", "gas_leak"),
        ("I can smell the gas from here", "gas_leak"),
        ("我在厨房闻到煤气", "gas_leak"),
        ("不排除燃气泄漏", "gas_leak"),
        ("isn't there a gas leak?", "gas_leak"),
        ("插座冒火花", "sparks"),
        ("变压器一直打火", "sparks"),
        ("the box is sparking", "sparks"),
        ("the transformer sparked", "sparks"),
        ("配电箱起火了", "fire"),
        ("电表箱冒烟", "fire"),
        ("transformer on fire", "fire"),
        ("电线被风刮断了", "live_wire"),
        ("有根电线掉下来了", "live_wire"),
        ("电线断落", "live_wire"),
        ("电线杆倒了", "live_wire"),
        ("downed power line on the road", "live_wire"),
        ("a cable is hanging down", "live_wire"),
        ("地下车库进水了", "flooding"),
        ("一楼被淹", "flooding"),
        ("污水倒灌", "flooding"),
        ("the basement is flooded", "flooding"),
        ("电梯困人了", "trapped"),
        ("老人被困在电梯里", "trapped"),
        ("people stuck in the lift", "trapped"),
        ("elevator stuck with people inside", "trapped"),
        ("电梯里还有人", "trapped"),
        ("不能排除有人被困", "trapped"),
        ("马路上井盖缺失", "open_manhole"),
        ("窨井没有盖子，井盖没了", "open_manhole"),
        ("manhole cover is missing", "open_manhole"),
        ("路面塌陷", "collapse"),
        ("there is a sinkhole", "collapse"),
        ("一氧化碳报警", "carbon_monoxide"),
        ("Carbon monoxide alarm", "carbon_monoxide"),
    ],
)
def test_a_danger_is_seen(text: str, kind: str) -> None:
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "燃气表不走",
            "燃气灶打火打不着",
            "灶打不着火",
            "打火机掉了",
            "热水器漏水",
            "漏电保护器坏了",
            "火灾报警器坏了",
        ),
        *(
            "供电线路断电",
            "贫困人口",
            "深受被困扰",
            "先进水平",
            "进水管老化",
            "消防栓漏水",
            "自来水有味道",
            "电线杆歪了",
        ),
        *(
            "fire hydrant is leaking",
            "wire transfer",
            "cars block the fire lane",
            "gas meter shows error",
            "no gas",
        ),
        *(
            "street light is out",
            "wildfires of gossip",
            "the sparkling water is off",
            "gas card does not work",
            "",
        ),
        "floodlight is out",
    ],
)
def test_a_likeness_is_none(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "没有触电",
            "没有冒烟",
            "未发现燃气泄漏",
            "无人被困",
            "没有闻到煤气",
            "已排除漏电",
            "没有闻到煤气味",
            "沒有聞到煤氣味",
            "不冒烟了",
            "没有人被困",
        ),
        *(
            "no gas smell",
            "There is no smell of gas",
            "There isn’t any smell of gas",
            "nobody trapped",
            "not on fire",
        ),
        *("no one is trapped", "no sign of fire", "I don't smell gas"),
    ],
)
def test_what_is_denied_is_none(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "没人管，漏电很危险",
            "没人管漏电",
            "是不是漏电",
            "有没有漏电",
            "怀疑漏电",
            "担心会漏电",
            "不小心弄得漏电",
            "不断漏电",
        ),
        *("没有电了 漏电",),
    ],
)
def test_what_is_not_denied_but_feared_or_asked_is_one(text: str) -> None:
    assert kinds(text) == ["leakage_current"]


def test_a_denial_ends_with_its_clause_and_holds_for_one_danger_alone() -> None:
    assert kinds("no light, sparks at the pole") == ["sparks"]
    assert kinds("no fire but a strong gas smell") == ["gas_leak"]


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        ("漏电", "漏電"),
        ("电线掉下来", "電綫掉下來"),
        ("燃气泄漏", "燃氣洩漏"),
        ("着火", "著火"),
        ("gas leak", "ＧＡＳ　ＬＥＡＫ"),
        ("电线掉", "電線掉"),
    ],
)
def test_traditional_and_full_width_letters_make_no_difference(usual: str, other: str) -> None:
    assert kinds(usual) == kinds(other) != []


def test_words_are_told_in_the_letters_of_the_text() -> None:
    (found,) = safety_signals(normalise("電綫、掉漆，電線掉了"))
    assert found.words == ("電線掉",)


def test_words_are_told_as_found_each_once_and_by_kind() -> None:
    found = safety_signals(normalise("电梯困人，电表箱冒烟，还在冒烟，起火！ people stuck"))
    assert found == (
        SafetySignal(kind="fire", words=("冒烟", "起火")),
        SafetySignal(kind="trapped", words=("people stuck", "困人")),
    )
    assert {signal.priority for signal in found} == {Priority.URGENT}


OWN = """
[[signal]]
kind = "gas_leak"
priority = "high"
words = ["gázszivárg*"]
[[signal]]
kind = "wasps"
words = ["darázs"]
unless = ["darázs utca"]
unless_near = [[["darázs"], ["halott"]]]
[[signal]]
kind = "typhoon"
words = ["颱風", "著名的风"]
[[negation]]
before = ["nincs"]
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Gázszivárgás a házban", [("gas_leak", "high")]),
        ("gas leak", [("gas_leak", "high")]),
        ("darázs a fán, tűz: fire", [("fire", "urgent"), ("wasps", "urgent")]),
        ("Darázs utca 3", []),
        ("nincs darázs", []),
        ("darázsfészek", []),
        ("egy darázs, halott", [("wasps", "urgent")]),
        ("a darázs már halott", []),
        ("颱風", [("typhoon", "urgent")]),
        ("著名的风", [("typhoon", "urgent")]),
    ],
)
def test_an_operators_own_words_join_ours(text: str, expected: list[tuple[str, str]]) -> None:
    reader = SafetyReader(SafetyWords.default().with_own(SafetyWords.parse(OWN)))
    assert [(one.kind, one.priority.value) for one in reader.read(normalise(text))] == expected


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("nonsense", "file"),
        ("[signals]", "signals"),
        ("signal = 3", "signal"),
        ("[[signal]]\nwords = ['a']", "kind"),
        ("[[signal]]\nkind = 'a'\npriority = 'soon'", "a.priority"),
        ("[[signal]]\nkind = 'a'\nwords = 'b'", "a.words"),
        ("[[signal]]\nkind = 'a'\nwords = ['*b']", "a.words"),
        ("[[signal]]\nkind = 'a'\nnear = [['b', 'c', 'd']]", "a.near"),
        ("[[signal]]\nkind = 'a'\nunless_near = ['b']", "a.unless_near"),
        ("[[signal]]\nkind = 'a'\nword = ['b']", "word"),
    ],
)
def test_a_file_that_cannot_be_used_names_its_field(text: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        SafetyWords.parse(text)
    assert refused.value.field == field


@given(st.text())
def test_any_text_can_be_read_and_no_words_find_nothing(text: str) -> None:
    normalised = normalise(text)
    for signal in safety_signals(normalised):
        assert signal.words
        assert all(words in normalised for words in signal.words)
    assert SafetyReader(SafetyWords(dangers=())).read(normalised) == ()
