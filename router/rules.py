"""Routing rules: which of them fire for a ticket. A fired rule is evidence; `decide` weighs it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from h3.api import basic_int as h3

from domain.places import Point
from domain.rules import Rule
from domain.tickets import Ticket
from features.gazetteer import normalise_account
from features.text import normalise
from router.rule_file import parse_rules

__all__ = ["RuleBook", "parse_rules"]

# scripts written without spaces, or (Hangul) with particles joined on: there a word is found inside a run of letters
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
SPACED_LETTER = rf"[^\W{UNSPACED}]"


class RuleBook:
    """The rules that may fire, highest priority first."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        ordered = sorted(rules, key=lambda rule: (-rule.priority, rule.rule_id))
        self._prepared = tuple(_Prepared.of(rule) for rule in ordered)
        self._resolutions = sorted({resolution for one in self._prepared for resolution in one.cells})

    def __len__(self) -> int:
        return len(self._prepared)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, highest priority first, then by id."""
        return tuple(one.rule for one in self._prepared)

    @property
    def unit_ids(self) -> list[str]:
        """Ids of the units that rules name."""
        return sorted({rule.unit_id for rule in self.rules if rule.unit_id})

    def match(
        self, ticket: Ticket, point: Point | None, normalised_text: str, normalised_account: str | None
    ) -> tuple[Rule, ...]:
        """The rules that are valid when the ticket came in and whose conditions all hold, in the book's order."""
        seen = _Seen(
            at=ticket.received_at,
            category=normalise(ticket.category or ""),
            text=normalised_text,
            account=normalised_account or "",
            cells=self._cells(point),
        )
        return tuple(one.rule for one in self._prepared if one.fires(seen))

    def _cells(self, point: Point | None) -> dict[int, int]:
        # asked at each resolution: the parent of a fine cell may be a neighbour of the hexagon that holds the point
        if point is None:
            return {}
        return {r: h3.latlng_to_cell(point.latitude, point.longitude, r) for r in self._resolutions}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What rules look at of one ticket."""

    at: datetime
    category: str
    text: str
    account: str
    cells: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A rule in the form in which it is compared."""

    rule: Rule
    categories: frozenset[str]
    words: re.Pattern[str] | None
    cells: dict[int, frozenset[int]]
    prefixes: tuple[str, ...]
    zone: ZoneInfo

    @classmethod
    def of(cls, rule: Rule) -> _Prepared:
        return cls(
            rule=rule,
            categories=frozenset(map(normalise, rule.categories)),
            words=_any_word(rule.words),
            cells=_by_resolution(rule.cells),
            prefixes=tuple(key for prefix in rule.account_prefixes if (key := normalise_account(prefix))),
            zone=ZoneInfo(rule.timezone),
        )

    def fires(self, seen: _Seen) -> bool:
        return (
            self.rule.validity.holds(seen.at)
            and (not self.categories or seen.category in self.categories)
            and (self.words is None or self.words.search(seen.text) is not None)
            and (not self.cells or any(seen.cells.get(r) in cells for r, cells in self.cells.items()))
            and (not self.prefixes or seen.account.startswith(self.prefixes))
            and (self.rule.hours is None or _within(self.rule.hours, seen.at.astimezone(self.zone).hour))
        )


def _any_word(words: Sequence[str]) -> re.Pattern[str] | None:
    patterns = [_word(normalise(word)) for word in words]
    return re.compile("|".join(patterns)) if patterns else None


def _word(word: str) -> str:
    """Whole words where letters are spaced, any place where they are not."""
    before = rf"(?<!{SPACED_LETTER})" if re.match(SPACED_LETTER, word) else ""
    after = rf"(?!{SPACED_LETTER})" if re.match(SPACED_LETTER, word[-1:]) else ""
    return before + re.escape(word) + after


def _by_resolution(cells: Iterable[str]) -> dict[int, frozenset[int]]:
    numbers = [h3.str_to_int(cell) for cell in sorted(cells)]
    resolutions = {h3.get_resolution(cell) for cell in numbers}
    return {
        r: frozenset(cell for cell in numbers if h3.get_resolution(cell) == r) for r in sorted(resolutions)
    }


def _within(hours: tuple[int, int], hour: int) -> bool:
    start, end = hours
    return start <= hour < end if start < end else hour >= start or hour < end
