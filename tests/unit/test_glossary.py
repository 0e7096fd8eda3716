"""Every public domain type stands in the glossary, once, with a Chinese term and a line of its own."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import domain

GLOSSARY = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
TYPES, OTHERS = GLOSSARY.split("## Other words")
ROW = re.compile(r"^\| `(?P<name>\w+)` \| (?P<chinese>[^|]+) \| (?P<meaning>[^|]+) \|$", re.MULTILINE)
ROWS = [match.groupdict() for match in ROW.finditer(TYPES)]


def public_types() -> list[str]:
    """Classes that domain's modules define, errors apart."""
    modules = [
        importlib.import_module(f"domain.{found.name}") for found in pkgutil.iter_modules(domain.__path__)
    ]
    return sorted(
        name
        for module in modules
        for name, found in inspect.getmembers(module, inspect.isclass)
        if found.__module__ == module.__name__
        and not name.startswith("_")
        and not issubclass(found, Exception)
    )


def test_the_types_are_found() -> None:
    assert {"Ticket", "Unit", "Territory", "Dispatch", "Decision", "Verdict"} <= set(public_types())


def test_every_type_has_one_row_and_every_row_a_type() -> None:
    assert sorted(row["name"] for row in ROWS) == public_types()


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_every_row_has_a_chinese_term_and_a_meaning(row: dict[str, str]) -> None:
    assert re.search(r"[\u4e00-\u9fff]", row["chinese"])
    assert row["meaning"].strip().endswith(".")


@pytest.mark.parametrize("term", ["派工", "责任单位", "户号", "网格", "工单", "复核"])
def test_the_desks_own_words_are_there(term: str) -> None:
    assert f"| {term} |" in GLOSSARY
