"""Kinds of trouble by the names that people give them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import InvalidInput
from domain.rules import Rule
from domain.units import Unit
from features.safety import safety_signals
from router.kinds import dangers, kind_of
from tests.estimators import QUICK, START, easy_log
from training.fitting import fit
from training.strict import strict_kinds


@pytest.mark.parametrize(
    ("named", "key"),
    [
        ("electrocution", "electrocution"),
        ("触电", "electrocution"),
        ("觸電", "觸電"),
        ("Gas Leak", "gas_leak"),
        ("GAS_LEAK", "gas_leak"),
        ("Water ", "water"),
    ],
)
def test_a_danger_has_many_names_and_a_category_one(named: str, key: str) -> None:
    assert kind_of(named, {"water", "觸電"}, field="kind") == key


@pytest.mark.parametrize(
    ("named", "nearest"), [("gas_leek", "gas leak"), ("watr", "water"), ("触电了", "触电")]
)
def test_an_unknown_kind_is_refused_with_the_nearest_known_one(named: str, nearest: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        kind_of(named, {"water"}, field="kind", mend="Or else.")
    assert refused.value.field == "kind"
    assert refused.value.mend == f"Did you mean {nearest!r}? Or else."


def test_a_category_that_is_called_as_a_danger_tells_of_it() -> None:
    for name, key in dangers().items():
        if name != key:
            assert key in [signal.kind for signal in safety_signals(name)], name


def test_strict_budgets_are_kept_by_key_the_smaller_of_two() -> None:
    units = [Unit(unit_id="a", name="A", kinds=frozenset({"Water"}))]
    rules = [Rule(rule_id="r", unit_id="a", categories=frozenset({"Roads"}))]
    named = {"触电": 0.004, "electrocution": 0.002, "water": 0.003, "ROADS": 0.001, "Lamp": 0.001}
    log = [replace(one, ticket=replace(one.ticket, category="lamp")) for one in easy_log(2)]
    assert strict_kinds(named, log, units, rules) == {
        "electrocution": 0.002,
        "water": 0.003,
        "roads": 0.001,
        "lamp": 0.001,
    }


def test_training_refuses_a_strict_budget_of_an_unknown_kind() -> None:
    settings = replace(QUICK, kinds={"gas_leek": 0.002})
    with pytest.raises(InvalidInput, match=r"strict.*gas_leek.*gas leak"):
        fit(easy_log(40), "ab", None, settings, issued_at=START + timedelta(days=90))
