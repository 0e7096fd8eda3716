"""What callers told before: the fold of the dispatch log by phone number."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from domain.places import Point
from features.kept import Arrays, Pool, packed_texts, texts, words

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

    def state(self) -> Arrays:
        """All that is remembered."""
        calls, pool = [call for told in self._by_phone.values() for call in told], Pool()
        told = [(pool.number(call.account), pool.number(call.address)) for call in calls]
        nowhere = np.nan, np.nan
        points = [(p.latitude, p.longitude) if (p := call.point) else nowhere for call in calls]
        return {
            "phones": packed_texts(self._by_phone),
            "sizes": np.array([len(told) for told in self._by_phone.values()], np.int32),
            "received": np.array([call.received for call in calls], np.float64),
            "told": np.array(told, np.int32).reshape(-1, 2),
            "pool": pool.packed(),
            "points": np.array(points, np.float64).reshape(-1, 2),
        }

    @classmethod
    def restored(cls, state: Arrays) -> Callers:
        """With the state of others, to go on like them."""
        pool, sizes = texts(state["pool"]), state["sizes"].tolist()
        phones = (
            phone for phone, size in zip(words(state["phones"]), sizes, strict=True) for _ in range(size)
        )
        numbers = (state[name].tolist() for name in ("received", "told", "points"))
        return cls(
            Call(
                phone=phone,
                received=received,
                account=pool[account],
                address=pool[address],
                point=Point(latitude=latitude, longitude=longitude) if latitude == latitude else None,
            )
            for phone, received, (account, address), (latitude, longitude) in zip(
                phones, *numbers, strict=True
            )
        )

    def last(self, phone: str | None) -> list[Call]:
        """The caller's remembered tickets, the latest first."""
        key = phone_key(phone)
        return list(reversed(self._by_phone.get(key, ()))) if key else []
