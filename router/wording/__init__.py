"""What is said to people, in their language: the words are data, one TOML file a language beside this one."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from domain.places import Point

LANGUAGES = ("en", "zh")
DEFAULT = LANGUAGES[0]
LEAST_PERCENT, MOST_PERCENT = 0.05, 99.95  # beyond, one decimal would say 0 % or 100 %


class Wording:
    """The words of one language. A code that has none is said as it is: nothing is left out and nothing fails."""

    def __init__(self, language: str, tables: dict[str, Any]) -> None:
        self.language = language
        self.tables = tables

    def word(self, table: str, code: str) -> str:
        """The word for a code."""
        return str(self.tables[table].get(code, code))

    def words(self, table: str, codes: Iterable[str]) -> str:
        """The words for several codes, in a row."""
        return self.listed(self.word(table, code) for code in codes)

    def listed(self, parts: Iterable[str]) -> str:
        """Words in a row."""
        return str(self.tables["line"]["separator"]).join(parts)

    def phrases(self, parts: Iterable[str]) -> str:
        """Parts in a row that may hold rows themselves."""
        return str(self.tables["line"]["separator_of_phrases"]).join(parts)

    def either(self, parts: Iterable[str]) -> str:
        """Words of which one applies: "a, b and c"."""
        *first, last = parts
        return self.line("either", first=self.listed(first), last=last) if first else last

    def line(self, name: str, /, **values: object) -> str:
        """A sentence with its gaps filled."""
        return str(self.tables["line"][name]).format(**values)

    def percent(self, probability: float) -> str:
        """A probability: never 0 % or 100 %, which none is."""
        percent = 100.0 * probability
        if percent < LEAST_PERCENT:
            return self.line("hardly")
        return self.line("percent", value=f"{percent:.1f}") if percent < MOST_PERCENT else self.line("nearly")

    def share(self, part: float, whole: float) -> str:
        """How much of a whole; 0 % and 100 % where it is exactly that."""
        if not 0.0 < part < whole:
            return self.line("percent", value="100" if part > 0.0 else "0")
        return self.percent(part / whole)

    def at(self, point: Point) -> str:
        """Coordinates."""
        return self.line("at", latitude=point.latitude, longitude=point.longitude)

    def key(self, key: str) -> str:
        """A key of history: "category*address"."""
        known = self.tables["key"]
        parts = (known.get(part) or self.line("noted", name=part) for part in key.split("*"))
        return self.listed(map(str, parts))


@cache
def wording(language: str) -> Wording:
    """The words of one of LANGUAGES."""
    text = files(__name__).joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return Wording(language, tomllib.loads(text))


def language_of(tag: str) -> str | None:
    """Which of LANGUAGES a tag like zh-CN asks for; None where it is none of them."""
    primary = tag.strip().partition("-")[0].lower()
    return primary if primary in LANGUAGES else None


def accepted_language(header: str | None) -> str:
    """The language that an Accept-Language header (RFC 9110, 12.5.4) prefers; DEFAULT where it names none we have."""
    wanted = []
    for place, one in enumerate((header or "").split(",")):
        tag, _, parameters = one.partition(";")
        language = DEFAULT if tag.strip() == "*" else language_of(tag)
        weight = _weight(parameters)
        if language and weight > 0:
            wanted.append((-weight, place, language))
    return min(wanted)[2] if wanted else DEFAULT


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(1.0, float(value)) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
