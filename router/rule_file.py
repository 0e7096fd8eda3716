"""The rules file: TOML tables [[rule]], refused where anything in it cannot be what its author meant."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from h3.api import basic_int as h3

from domain.errors import InvalidRule
from domain.rules import Rule
from domain.time import Validity
from features.gazetteer import normalise_account
from features.nearest import did_you_mean
from features.text import normalise

RULE_KEYS = ("id", "when", "unit", "never_automatic", "priority", "valid_from", "valid_to")
CONDITION_KEYS = ("category", "words", "cells", "account_prefix", "hours", "timezone")
HOURS = re.compile(r"(\d{1,2})(?::00)?\s*[-–]\s*(\d{1,2})(?::00)?")


def parse_rules(text: str, *, known_units: Container[str] | None = None) -> list[Rule]:
    """The rules of a file; InvalidRule names the rule and the field. `known_units` None: units are not checked."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidRule(field="rules", problem=f"not TOML: {error}", mend="Mend that line.") from error
    _RuleTable("rules", document).check_keys(("rule",))
    tables = document.get("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise InvalidRule(
            field="rule", problem="not a list of tables", mend="Write [[rule]] above each rule."
        )
    rules = [_rule(number, table, known_units) for number, table in enumerate(tables, start=1)]
    for rule_id, times in Counter(rule.rule_id for rule in rules).items():
        if times > 1:
            problem = f"{times} rules have this id"
            raise InvalidRule(field=f"rule {rule_id!r}, id", problem=problem, mend="Give each its own.")
    return rules


def _rule(number: int, values: dict[str, Any], known_units: Container[str] | None) -> Rule:
    rule_id = values.get("id")
    if not isinstance(rule_id, str) or not rule_id.strip():
        raise InvalidRule(
            field=f"rule number {number}, id", problem="missing", mend='Give it: id = "night-gas".'
        )
    table = _RuleTable(f"rule {rule_id!r}", values)
    table.check_keys(RULE_KEYS)
    when = table.conditions()
    zone = when.timezone("timezone")
    return Rule(
        rule_id=rule_id,
        unit_id=table.unit("unit", known_units),
        never_automatic=table.never_automatic(),
        categories=frozenset(when.texts("category", normalise)),
        words=when.texts("words", normalise),
        cells=when.cells("cells"),
        account_prefixes=when.texts("account_prefix", normalise_account),
        hours=when.hours("hours"),
        timezone=zone.key,
        priority=table.priority("priority"),
        validity=table.validity(zone),
    )


@dataclass(frozen=True, slots=True)
class _RuleTable:
    """A TOML table of one rule: `where` names it in errors, `prefix` its place in the rule."""

    where: str
    values: dict[str, Any]
    prefix: str = ""

    def refused(self, key: str, problem: str, mend: str) -> InvalidRule:
        return InvalidRule(field=f"{self.where}, {self.prefix}{key}", problem=problem, mend=mend)

    def check_keys(self, known: Iterable[str]) -> None:
        for key in self.values:
            if key not in known:
                raise self.refused(key, "unknown key", did_you_mean(key, known))

    def conditions(self) -> _RuleTable:
        when = self.values.get("when", {})
        if not isinstance(when, dict):
            raise self.refused(
                "when", f"not a table: {when!r}", 'For example when = { category = ["gas leak"] }.'
            )
        table = _RuleTable(self.where, when, "when.")
        table.check_keys(CONDITION_KEYS)
        return table

    def unit(self, key: str, known_units: Container[str] | None) -> str | None:
        unit_id = self.values.get(key)
        if unit_id is None:
            return None
        if not isinstance(unit_id, str) or (known_units is not None and unit_id not in known_units):
            known = known_units if isinstance(known_units, Iterable) else ()
            mend = f"Import the unit first. {did_you_mean(str(unit_id), known)}"
            raise self.refused(key, f"unknown unit {unit_id!r}", mend)
        return unit_id

    def never_automatic(self) -> bool:
        never = self.values.get("never_automatic", False)
        if not isinstance(never, bool):
            raise self.refused("never_automatic", f"neither true nor false: {never!r}", "Write true.")
        if never == ("unit" in self.values):
            problem = "both are given" if never else "neither is given"
            raise self.refused(
                "unit, never_automatic", problem, 'Give either unit = "..." or never_automatic = true.'
            )
        return never

    def priority(self, key: str) -> int:
        priority = self.values.get(key, 0)
        if not isinstance(priority, int) or isinstance(priority, bool):
            raise self.refused(
                key, f"not a whole number: {priority!r}", "The highest priority wins; 0 is usual."
            )
        return priority

    def texts(self, key: str, normal_form: Callable[[str], str | None]) -> tuple[str, ...]:
        """A text or a list of them; each must leave something in its normal form, an empty list would match all."""
        if key not in self.values:
            return ()
        value = self.values[key]
        items = value if isinstance(value, list) else [value]
        for item in items:
            if not isinstance(item, str) or not normal_form(item):
                raise self.refused(key, f"not a text: {item!r}", f'For example {key} = ["..."].')
        if not items:
            raise self.refused(key, "an empty list", "Name at least one, or leave the condition out.")
        return tuple(items)

    def cells(self, key: str) -> frozenset[str]:
        cells = self.texts(key, str.strip)
        for cell in cells:
            if not _is_cell(cell):
                raise self.refused(
                    key, f"not an H3 cell: {cell!r}", 'Write its index, for example "872664c1effffff".'
                )
        return frozenset(cell.lower() for cell in cells)

    def timezone(self, key: str) -> ZoneInfo:
        zone = self.values.get(key, "UTC")
        known = available_timezones()
        if zone not in known:
            raise self.refused(key, f"unknown time zone {zone!r}", did_you_mean(str(zone), known))
        return ZoneInfo(zone)

    def hours(self, key: str) -> tuple[int, int] | None:
        value = self.values.get(key)
        if value is None:
            return None
        found = HOURS.fullmatch(str(value).strip())
        start, end = (int(found[1]), int(found[2])) if found else (-1, -1)
        if not (0 <= start <= 23 and 0 <= end <= 24 and start != end):
            raise self.refused(
                key, f"not hours: {value!r}", 'From the first to before the last, for example "22-06".'
            )
        return start, end

    def validity(self, zone: ZoneInfo) -> Validity:
        start, end = self._moment("valid_from", zone), self._moment("valid_to", zone)
        if start and end and end <= start:
            raise self.refused("valid_to", "ends before it begins", "Exchange valid_from and valid_to.")
        return Validity(valid_from=start, valid_to=end)

    def _moment(self, key: str, zone: ZoneInfo) -> datetime | None:
        """A TOML time, date or ISO 8601 text; without an offset it is a wall time in the rule's zone."""
        value = self.values.get(key)
        if value is None:
            return None
        try:
            moment = _as_datetime(value)
        except (ValueError, TypeError) as error:
            mend = f"Write it like {key} = 2024-03-31T08:00:00+08:00."
            raise self.refused(key, f"not a time: {value!r}", mend) from error
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _as_datetime(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    raise TypeError(f"not a time: {value!r}")


def _is_cell(text: str) -> bool:
    try:
        return bool(h3.is_valid_cell(h3.str_to_int(text)))
    except ValueError:
        return False
