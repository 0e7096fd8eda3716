"""The rules file: read whole, or refused with the rule and the field named."""

from datetime import UTC, datetime

import pytest

from domain.errors import InvalidRule
from domain.rules import Rule
from domain.time import Validity
from router.rules import parse_rules

UNITS = {"gas-night", "water"}
CELL = "872830828ffffff"


def test_every_key_is_read() -> None:
    rules = parse_rules(
        f"""
        [[rule]]
        id = "night"
        unit = "gas-night"
        priority = 10
        valid_from = 2024-01-01
        valid_to = 2025-01-01T00:00:00Z
        [rule.when]
        category = ["gas leak", "smell"]
        words = "gas"
        cells = ["{CELL.upper()}"]
        account_prefix = ["10"]
        hours = "22-06"
        timezone = "Asia/Shanghai"

        [[rule]]
        id = "person"
        never_automatic = true
        when = {{ words = ["dead", "injured"] }}
        """,
        known_units=UNITS,
    )
    assert rules == [
        Rule(
            rule_id="night",
            unit_id="gas-night",
            categories=frozenset({"gas leak", "smell"}),
            words=("gas",),
            cells=frozenset({CELL}),
            account_prefixes=("10",),
            hours=(22, 6),
            timezone="Asia/Shanghai",
            priority=10,
            validity=Validity(
                valid_from=datetime(2023, 12, 31, 16, tzinfo=UTC), valid_to=datetime(2025, 1, 1, tzinfo=UTC)
            ),
        ),
        Rule(rule_id="person", never_automatic=True, words=("dead", "injured")),
    ]


def test_a_file_without_rules_has_none() -> None:
    assert parse_rules("", known_units=UNITS) == []


@pytest.mark.parametrize(
    ("lines", "field", "told"),
    [
        ('unit = "water"\npriorty = 1', "rule 'r', priorty", "'priority'"),
        ('unit = "water"\nwhen = { catgory = ["x"] }', "rule 'r', when.catgory", "'category'"),
        ('unit = "watr"', "rule 'r', unit", "'water'"),
        ("unit = 3", "rule 'r', unit", "unknown unit 3"),
        ("priority = 1", "rule 'r', unit, never_automatic", "neither is given"),
        ('unit = "water"\nnever_automatic = true', "rule 'r', unit, never_automatic", "both are given"),
        ("never_automatic = false", "rule 'r', unit, never_automatic", "neither is given"),
        ('never_automatic = "yes"', "rule 'r', never_automatic", "Write true"),
        ('unit = "water"\nwhen = { cells = ["87283082"] }', "rule 'r', when.cells", "not an H3 cell"),
        ('unit = "water"\nwhen = { cells = ["north"] }', "rule 'r', when.cells", "not an H3 cell"),
        ('unit = "water"\nwhen = { hours = "22" }', "rule 'r', when.hours", '"22-06"'),
        ('unit = "water"\nwhen = { hours = "6-6" }', "rule 'r', when.hours", "not hours"),
        ('unit = "water"\nwhen = { hours = "22-25" }', "rule 'r', when.hours", "not hours"),
        (
            'unit = "water"\nwhen = { timezone = "Asia/Shangai" }',
            "rule 'r', when.timezone",
            "'Asia/Shanghai'",
        ),
        ('unit = "water"\nwhen = { words = [] }', "rule 'r', when.words", "empty list"),
        ('unit = "water"\nwhen = { words = [" "] }', "rule 'r', when.words", "not a text"),
        ('unit = "water"\nwhen = { category = [1] }', "rule 'r', when.category", "not a text: 1"),
        ('unit = "water"\nwhen = { account_prefix = "--" }', "rule 'r', when.account_prefix", "not a text"),
        ('unit = "water"\nwhen = "night"', "rule 'r', when", "not a table"),
        ('unit = "water"\npriority = "high"', "rule 'r', priority", "not a whole number"),
        ('unit = "water"\nvalid_from = "soon"', "rule 'r', valid_from", "not a time"),
        (
            'unit = "water"\nvalid_from = 2024-02-01\nvalid_to = 2024-01-01',
            "rule 'r', valid_to",
            "before it begins",
        ),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(lines: str, field: str, told: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        parse_rules(f'[[rule]]\nid = "r"\n{lines}\n', known_units=UNITS)
    assert refused.value.field == field
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('[[rule]]\nunit = "water"', "rule number 1, id"),
        ('[[rule]]\nid = "a"\nunit = "water"\n[[rule]]\nid = "a"\nunit = "water"', "rule 'a', id"),
        ('[[rules]]\nid = "a"', "rules, rules"),
        ('[rule]\nid = "a"', "rule"),
        ("[[rule", "rules"),
    ],
)
def test_a_file_that_is_no_list_of_rules_is_refused(text: str, field: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        parse_rules(text, known_units=UNITS)
    assert refused.value.field == field


def test_units_may_be_left_unchecked() -> None:
    assert parse_rules('[[rule]]\nid = "r"\nunit = "anything"', known_units=None)[0].unit_id == "anything"
