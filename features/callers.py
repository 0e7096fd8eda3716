"""What callers told before: the fold of the dispatch log by phone number."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from domain.places import Point

REMEMBERED = 4  # of each caller
SHORTEST_PHONE, LONGEST_PHONE = 6, 11
_OTHER = re.compile(r"[^0-9]+")


def phone_key(phone: str | None) -> str | None:
    """A phone number as a key: its last digits, whatever the country code and the punctuation."""
    digits = _OTHER.sub("", phone or "")
    return digits[-LONGEST_PHONE:] if len(digits) >= SHORTEST_PHONE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Where an earlier ticket of a caller was: `received` in seconds since 1970."""

    phone: str
    received: float
    account: str | None = None
    address: str | None = None
    point: Point | None = None


class Callers:
    """The last tickets of each phone number, in the order they became known."""

    def __init__(self, calls: Iterable[Call] = ()) -> None:
        self._by_phone: dict[str, deque[Call]] = {}
        for call in calls:
            self.fold(call)

    def fold(self, call: Call) -> None:
        """Remember one."""
        self._by_phone.setdefault(call.phone, deque(maxlen=REMEMBERED)).append(call)

    def last(self, phone: str | None) -> list[Call]:
        """The caller's remembered tickets, the latest first."""
        key = phone_key(phone)
        return list(reversed(self._by_phone.get(key, ()))) if key else []
