"""The rules that the how-to shows can be imported."""

import re
from pathlib import Path

from router.rules import parse_rules

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "rules.md"


def test_the_how_tos_rules_are_read() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [rule.rule_id for rule in parse_rules(example)] == ["gas-at-night", "injured"]
