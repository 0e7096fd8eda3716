"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from console.words import Words

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def when(text: object) -> datetime | None:
    """The service's time, as this machine's clock on the wall says it."""
    try:
        return datetime.fromisoformat(str(text)).astimezone()
    except ValueError:
        return None


def clock_time(text: object) -> str:
    """Month, day, hour and minute; today's without the day."""
    at = when(text)
    if at is None:
        return ""
    today = at.date() == datetime.now().astimezone().date()
    return f"{at:%H:%M}" if today else f"{at:%Y-%m-%d %H:%M}"


def span(seconds: float, words: Words) -> str:
    """A length of time in one unit."""
    seconds = abs(seconds)
    if seconds < HOUR:
        return words("frame.minutes", count=max(round(seconds / MINUTE), 0))
    if seconds < 2 * DAY:
        return words("frame.hours", count=round(seconds / HOUR))
    return words("frame.days", count=round(seconds / DAY))


def since(text: object) -> float:
    """Seconds from then to now; negative: it is to come."""
    at = when(text)
    return (datetime.now(UTC) - at).total_seconds() if at else 0.0
