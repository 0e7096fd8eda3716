"""Times in the W3C's profile of ISO 8601, and the spans that are asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.open311.errors import BAD, Refusal
from api.open311.forms import Arguments

MOST_RECENT = timedelta(days=90)
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
# a plus sign that was not escaped in a URL arrives as a blank
W3C = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?:(Z)|([-+ ])(\d\d):?(\d\d))", re.ASCII
)
EXAMPLE = "for example 2010-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From `since` until just before `until`."""

    since: datetime
    until: datetime


def w3c(time: datetime) -> str:
    """The time in UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of(sent: Arguments, name: str) -> datetime | None:
    """The argument's time; None where it was not provided. Raises Refusal for what is no time with a zone."""
    text = sent.one(name)
    return None if text is None else parsed(text, name)


def parsed(text: str, name: str) -> datetime:
    """The time, in UTC. Raises Refusal, with the argument's name."""
    match = W3C.fullmatch(text)
    if match is None:
        raise Refusal(BAD, f"{name} is not a time in W3C format with a time zone, {EXAMPLE}.")
    local, utc, sign, hours, minutes = match.groups()
    zone = "+00:00" if utc else f"{'-' if sign == '-' else '+'}{hours}:{minutes}"
    try:
        time = datetime.fromisoformat(local + zone)
        if not EARLIEST.replace(tzinfo=None) < time.replace(tzinfo=None) < LATEST.replace(tzinfo=None):
            raise ValueError
    except ValueError as error:
        raise Refusal(BAD, f"{name} is not a time that there is; give one like {EXAMPLE}.") from error
    return time.astimezone(UTC)


def span_of(sent: Arguments, now: datetime, longest: timedelta | None = MOST_RECENT) -> Span:
    """What start_date and end_date ask for, both included, to the second as times are told.

    Left out, they stand for the most recent 90 days. Raises Refusal for a span beyond `longest`.
    """
    start, end = time_of(sent, "start_date"), time_of(sent, "end_date")
    if start and end and start > end:
        raise Refusal(BAD, "start_date is later than end_date.")
    if longest and start and end and end - start > longest:
        raise Refusal(BAD, f"start_date and end_date span more than {longest.days} days.")
    if end is None:
        end = now if start is None or longest is None else min(now, start + longest)
    if start is None:
        start = end - MOST_RECENT
    return Span(since=start.replace(microsecond=0), until=end.replace(microsecond=0) + timedelta(seconds=1))
