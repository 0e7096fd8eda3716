"""Times as files write them, to UTC. A time that can be read in two ways is refused, not guessed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from store.importing.faults import Fault, FaultFound, shown

_CLOCK = r"(?:[T\s]\s*(?P<clock>\d{1,2}:\d{2}(?::\d{2})?))?"
YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})[-/.年](?P<month>\d{{1,2}})[-/.月](?P<day>\d{{1,2}})日?{_CLOCK}")
DAY_OR_MONTH_FIRST = re.compile(
    rf"(?P<first>\d{{1,2}})[-/.](?P<second>\d{{1,2}})[-/.](?:\d{{4}}|\d{{2}}){_CLOCK}.*"
)
GIVE_FORMAT = 'Give time_format in the mapping, for example "%d/%m/%Y %H:%M".'


def parse_time(value: object, zone: ZoneInfo, time_format: str | None = None) -> datetime:
    """ISO 8601, year-month-day or `time_format`, to UTC; a time without offset is a wall time in `zone`.

    A wall time that occurs twice is the first of the two; one that the clocks skip is moved forward by the gap.
    """
    moment = _read(value, time_format)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone, fold=0)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise _bad(value) from error


def _read(value: object, time_format: str | None) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if not isinstance(value, str):
        raise _bad(value)
    text = value.strip()
    return _read_by(text, time_format) if time_format else _read_text(text)


def _read_by(text: str, time_format: str) -> datetime:
    try:
        return datetime.strptime(text, time_format)  # noqa: DTZ007 (the zone is the mapping's)
    except ValueError as error:
        mend = f"Write it as time_format says, {time_format}, or mend time_format in the mapping."
        raise FaultFound(reason=Fault.BAD_TIME, problem=f"not a time: {shown(text)}", mend=mend) from error


def _read_text(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    found = YEAR_FIRST.fullmatch(text)
    if found is None:
        raise _ambiguous_or_bad(text)
    iso = f"{found['year']}-{found['month']:0>2}-{found['day']:0>2}"
    try:
        return datetime.fromisoformat(f"{iso} {found['clock']:0>5}" if found["clock"] else iso)
    except ValueError as error:
        raise _bad(text) from error


def _ambiguous_or_bad(text: str) -> FaultFound:
    found = DAY_OR_MONTH_FIRST.fullmatch(text)
    if found is None:
        return _bad(text)
    if max(int(found["first"]), int(found["second"])) <= 12 and found["first"] != found["second"]:
        problem = f"{shown(text)} may be day/month or month/day"
        return FaultFound(reason=Fault.AMBIGUOUS_TIME, problem=problem, mend=GIVE_FORMAT)
    return FaultFound(reason=Fault.BAD_TIME, problem=f"not an ISO 8601 time: {shown(text)}", mend=GIVE_FORMAT)


def _bad(value: object) -> FaultFound:
    mend = "Write it like 2024-03-31T08:15, or give time_format in the mapping."
    return FaultFound(reason=Fault.BAD_TIME, problem=f"not a time: {shown(value)}", mend=mend)
