"""What is known of places: accounts and addresses, found exactly, by name, by likeness, by nearness, by prefix."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from domain.places import Account, Address, Point
from features.addresses.normal import normal_form
from features.addresses.parse import parse_address
from features.addresses.parts import AddressParts
from features.gazetteer import anchors
from features.gazetteer.accounts import AccountIndex
from features.gazetteer.anchors import KINDS
from features.gazetteer.areas import AreaIndex
from features.gazetteer.build import Progress, encode_gazetteer, silent
from features.gazetteer.completing import NamePrefixes, prefixed_addresses
from features.gazetteer.entries import Entry, Match, NameMatch, RoadEntries
from features.gazetteer.grid import Grid
from features.gazetteer.merging import near
from features.gazetteer.names import NameIndex
from features.gazetteer.postings import PostingIndex
from features.gazetteer.search import Indexed, Searcher
from features.gazetteer.sections import Sections, digest, read, write
from features.gazetteer.strings import HashIndex, Strings, hash64

LONGEST_TYPED = 60
ROADS_KEPT = 8  # like one that nobody knows: it comes in again and again
REMEMBERED = (
    16_384  # answers: one ticket asks for its records several times, and tickets of one house come again
)
EXACT = 0.9  # as likely as this: nothing was misheard, and nothing said is contradicted


class Gazetteer:
    """Immutable. Rows are in the order of the addresses' normal forms; the same input has the same `version`."""

    def __init__(
        self,
        accounts: Iterable[Account] = (),
        addresses: Iterable[Address] = (),
        dispatched: Iterable[Address] = (),
    ) -> None:
        sections = encode_gazetteer(accounts, addresses, dispatched)
        self._open(sections, digest(sections))

    @staticmethod
    def build(
        path: Path,
        accounts: Iterable[Account] = (),
        addresses: Iterable[Address] = (),
        dispatched: Iterable[Address] = (),
        progress: Progress = silent,
        workers: int = 1,
    ) -> str:
        """Write a gazetteer's file and give its version; `progress` hears of (stage, share done).

        `workers` processes read the addresses; the file is the same for any number of them.
        """
        sections = encode_gazetteer(accounts, addresses, dispatched, progress, workers)
        version = write(path, sections)
        progress("file", 1.0)
        return version

    @classmethod
    def open(cls, path: Path, *, verify: bool = True) -> Gazetteer:
        """The gazetteer of a file, memory-mapped. Raises NotFound, GazetteerDamaged."""
        gazetteer = cls.__new__(cls)
        gazetteer._open(*read(path, verify=verify))
        return gazetteer

    def _open(self, sections: Sections, version: str) -> None:
        self.version = version
        self._addresses = Strings("rows.address", sections)
        self._points: NDArray[np.float64] = sections["rows.points"].reshape(-1, 2)
        self._labels = {
            field: (sections[f"rows.{field}"], Strings(f"labels.{field}", sections))
            for field in ("district", "name")
        }
        self._area_list: NDArray[np.int32] = sections["rows.area_list"]
        self._exact = HashIndex("exact", sections)
        self._accounts = AccountIndex(sections)
        self._account = lru_cache(maxsize=REMEMBERED)(self._accounts.by_number)
        self._of_phone = lru_cache(maxsize=REMEMBERED)(self._accounts.with_phone)
        self._rows_of = lru_cache(maxsize=REMEMBERED)(self._exact_rows)
        self.road_points = lru_cache(maxsize=REMEMBERED)(self._points_along)
        self._roads_like = lru_cache(maxsize=REMEMBERED)(self._search_roads)
        self._grid = Grid(sections, self._points)
        self._areas = AreaIndex(sections)
        self._indexed = {
            kind: Indexed(NameIndex(kind, sections), PostingIndex(kind, sections))
            for kind in ("roads", "names")
        }
        self._prefixes = [
            NamePrefixes(kind, sections, found.names, found.postings) for kind, found in self._indexed.items()
        ]
        self._searcher = Searcher(
            self._indexed["roads"], self._indexed["names"], self._areas, self._area_list
        )

    def __len__(self) -> int:
        return len(self._area_list)

    @property
    def points(self) -> NDArray[np.float64]:
        """(latitude, longitude) of every row, shape (n, 2); NaN where nobody knows it. Not to be written to."""
        return self._points

    def entry(self, row: int) -> Entry:
        """The known address of that row."""
        return Entry(
            row=row,
            address=self._addresses[row],
            point=self._point(row),
            district=self._label("district", row),
            name=self._label("name", row),
            accounts=self._accounts.at(row),
        )

    def address(self, row: int) -> str:
        """The address of that row alone."""
        return self._addresses[row]

    def accounts_at(self, row: int) -> tuple[str, ...]:
        """The numbers of the accounts at that row."""
        return self._accounts.at(row)

    def account(self, number: str | None) -> Account | None:
        """The account of that number."""
        return self._account(number)

    def accounts_like(self, number: str | None) -> list[Account]:
        """The accounts whose number has one other digit, or two neighbours swapped."""
        return self._accounts.like(number)

    def accounts_with_phone(self, phone: str | None) -> list[Account]:
        """The accounts of that phone, with or without prefixes of country or trunk."""
        return list(self._of_phone(phone))

    def point(self, address: str | None) -> Point | None:
        """The point of exactly that address in any form, unless it is unknown or ambiguous."""
        if not address:
            return None
        rows = self.exact(parse_address(address))
        points = sorted(point for row in rows if (point := self._points[row].tolist())[0] == point[0])
        if not points or not all(near(points[0], point) and near(points[-1], point) for point in points):
            return None
        middle = [sorted(values)[(len(values) - 1) // 2] for values in zip(*points, strict=True)]
        return Point(latitude=middle[0], longitude=middle[1])

    def exact(self, parts: AddressParts) -> list[int]:
        """The rows of the same address in any form, in areas that do not contradict those said; ascending."""
        return list(self._rows_of(parts))

    def _exact_rows(self, parts: AddressParts) -> tuple[int, ...]:
        keys = anchors.exact_keys(parts)
        # that two keys share a hash of 64 bits is next to impossible: their texts are not compared
        found = sorted({row for key in keys for row in self._exact.find(hash64(key)).tolist()})
        if not found or not parts.areas:
            return tuple(found)
        rows = np.array(found, np.int32)
        return tuple(rows[self._searcher.agreeing(rows, parts.areas)].tolist())

    @property
    def knows_accounts(self) -> bool:
        """Whether there are any."""
        return len(self._accounts) > 0

    def road(self, name: str) -> int | None:
        """The id of the road of exactly that name."""
        return self._indexed["roads"].names.id_of(normal_form(name))

    def roads(self, name: str, limit: int = 5) -> list[NameMatch]:
        """Known roads of that name or one like it, the most likely first."""
        return list(self._roads_like(normal_form(name), max(limit, ROADS_KEPT))[:limit])

    def _search_roads(self, name: str, limit: int) -> tuple[NameMatch, ...]:
        return tuple(self._indexed["roads"].names.search(name, limit))

    def names(self, name: str, limit: int = 5) -> list[NameMatch]:
        """Known estates, villages and points of interest of that name or one like it, the most likely first."""
        return self._indexed["names"].names.search(normal_form(name), limit)

    def area(self, area_id: int) -> str:
        """The name of an area."""
        return self._areas.names.names[area_id]

    def road_entries(self, name_id: int) -> RoadEntries:
        """The entries along a road, by number."""
        postings = self._indexed["roads"].postings
        span = postings.span(name_id)
        numbers, rows = postings.numbers(span), postings.rows[span].astype(np.int64)
        kind = numbers[:, -1]
        low, high = (numbers[np.arange(len(kind)), first + kind] for first in (0, KINDS))
        return RoadEntries(
            kind=kind.astype(np.uint8),
            low=low,
            high=high,
            points=self._points[rows],
            rows=rows,
            area=self._areas.narrowest(self._area_list[rows]),
        )

    def hanging(self, kind: str) -> tuple[Strings, NDArray[np.int32], NDArray[np.int64]]:
        """All "roads", "names" or "areas": the names, and pairs of a name's id and a row that hangs on it, sorted."""
        names = self._areas.names if kind == "areas" else self._indexed[kind].names
        ids, rows = (
            self._areas.rows(self._area_list) if kind == "areas" else self._indexed[kind].postings.pairs()
        )
        pairs = np.unique((ids.astype(np.int64) << 32) | rows)
        return names.names, (pairs >> 32).astype(np.int32), pairs & 0xFFFFFFFF

    def _points_along(self, name_id: int) -> NDArray[np.float64]:
        postings = self._indexed["roads"].postings
        return self._points[postings.rows[postings.span(name_id)]]

    def name_entries(self, name_id: int) -> NDArray[np.int64]:
        """The rows of an estate, village or point of interest."""
        postings = self._indexed["names"].postings
        return np.unique(postings.rows[postings.span(name_id)]).astype(np.int64)

    def search(self, parts: AddressParts, limit: int = 5) -> list[Match]:
        """Known addresses like this one, best first; those that fit equally well have one likelihood."""
        rows, scores = self._searcher.search(parts)
        if not len(rows) and (same := self.exact(parts)):
            rows, scores = np.array(same), np.full(len(same), EXACT)
        return [
            Match(entry=self.entry(row), likelihood=min(1.0, score), exact=score >= EXACT)
            for row, score in zip(rows[:limit].tolist(), scores[:limit].tolist(), strict=True)
        ]

    def nearest(self, point: Point, within_m: float, limit: int = 5) -> list[tuple[int, float]]:
        """Rows within so many metres with their distance in metres, nearest first."""
        return self._grid.nearest(point, within_m, limit)

    def complete(self, prefix: str, limit: int = 10) -> list[Entry]:
        """Entries that start with what was typed: by address, road or name; else those most like it."""
        typed = normal_form(prefix[:LONGEST_TYPED])
        if not typed:
            return []
        found: dict[int, None] = {}
        for row in chain(
            prefixed_addresses(self._addresses, typed, limit), *(p.rows(typed) for p in self._prefixes)
        ):
            if len(found) >= limit:
                break
            found[row] = None
        if found:
            return [self.entry(row) for row in found]
        return [match.entry for match in self.search(parse_address(prefix), limit)]

    def _point(self, row: int) -> Point | None:
        latitude, longitude = self._points[row].tolist()
        return None if latitude != latitude else Point(latitude=latitude, longitude=longitude)

    def _label(self, field: str, row: int) -> str | None:
        ids, labels = self._labels[field]
        return labels[int(ids[row])] if ids[row] >= 0 else None
