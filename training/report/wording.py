"""How numbers read."""

from __future__ import annotations

import math
from datetime import datetime

_SPACE = "\N{NARROW NO-BREAK SPACE}"


def percent(share: float | None, digits: int = 1) -> str:
    """0.8943 → 89.4 %; what was not measured is a dash."""
    if share is None or math.isnan(share):
        return "–"
    return f"{100 * share:.{digits}f}{_SPACE}%"


def plain_percent(share: float) -> str:
    """A stated level without needless digits: 0.01 → 1 %."""
    return f"{100 * share:g}{_SPACE}%"


def count(number: float | None) -> str:
    """12345 → 12,345; what was not measured is a dash."""
    return "–" if number is None else f"{number:,.0f}"


def day(moment: str) -> str:
    """The day of an ISO time; anything else as it stands."""
    try:
        return f"{datetime.fromisoformat(moment):%Y-%m-%d}"
    except ValueError:
        return moment


def of_hundred(share: float) -> str:
    """How many of 100, rounded down: a report must not promise the half that is missing."""
    whole = math.floor(100 * share + 1e-9)
    if whole:
        return str(whole)
    return "fewer than 1" if share > 0 else "none"
