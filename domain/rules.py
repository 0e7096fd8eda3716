"""Routing rules that an operator writes."""

from __future__ import annotations

from dataclasses import dataclass

from domain.time import ALWAYS, Validity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When all given conditions hold: send to `unit_id`, or `never_automatic`.

    Empty conditions do not restrict. `words`: any of them in the normalised text. `cells`: H3 indexes (any resolution)
    that contain the point. `account_prefixes`: any. `hours`: local [start, end) hours, may wrap past midnight.
    Of the rules that fire, the highest `priority` wins.
    """

    rule_id: str
    unit_id: str | None = None
    never_automatic: bool = False
    categories: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    cells: frozenset[str] = frozenset()
    account_prefixes: tuple[str, ...] = ()
    hours: tuple[int, int] | None = None
    timezone: str = "UTC"
    priority: int = 0
    validity: Validity = ALWAYS
