"""Accounts, address book and past dispatches -> the sections of a gazetteer, the same for any order of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain.places import Account, Address, Point
from features.gazetteer.accounts import AccountWriter
from features.gazetteer.columns import Columns, Record, columns
from features.gazetteer.completing import encode_initials
from features.gazetteer.grid import encode_grid
from features.gazetteer.merging import Rows, merge
from features.gazetteer.names import encode_names
from features.gazetteer.postings import encode_postings
from features.gazetteer.strings import encode, encode_array, index
from features.gazetteer.workers import ordered_map

Progress = Callable[[str, float], None]
Found = dict[str, NDArray[Any]]

CHUNK = 8_000


def silent(_stage: str, _share: float) -> None:
    """A progress report that nobody reads."""


def encode_gazetteer(
    accounts: Iterable[Account],
    addresses: Iterable[Address],
    dispatched: Iterable[Address],
    progress: Progress = silent,
    workers: int = 1,
) -> Found:
    """The sections; `progress` hears (stage, share done). Addresses are read once, in chunks."""
    owners, book = AccountWriter(), _Book()
    sources = itertools.chain(owners.addresses(accounts), addresses, dispatched)
    total = sum(len(s) for s in (accounts, addresses, dispatched) if isinstance(s, Sized))
    for said, parsed in ordered_map(_parse, _chunks(sources, CHUNK), workers):
        book.add(said, parsed)
        progress("addresses", min(1.0, book.count / total) if total else 0.0)
    sections, record_rows = book.sections(progress)
    progress("accounts", 0.0)
    sections |= owners.sections(record_rows, len(sections["rows.area_list"]))
    progress("accounts", 1.0)
    return sections


def _chunks(items: Iterable[Address], size: int) -> Iterator[list[Address]]:
    source = iter(items)
    while chunk := list(itertools.islice(source, size)):
        yield chunk


def _parse(chunk: Sequence[Address]) -> tuple[pa.Table, Columns]:
    """What the records of a chunk say, and what the parser found in them."""
    records: list[Record] = [(a.address, a.district or None, a.name or None) for a in chunk]
    parsed = columns(records)
    said = _table(chunk, parsed.texts)
    parsed.texts.clear()
    return said, parsed


class _Book:
    """Records as they come, as arrays."""

    def __init__(self) -> None:
        self.count = 0
        self._said: list[pa.Table] = []
        self._columns: list[Columns] = []

    def add(self, said: pa.Table, parsed: Columns) -> None:
        self._said.append(said)
        self._columns.append(parsed)
        self.count += len(said)

    def sections(self, progress: Progress) -> tuple[Found, NDArray[np.int32]]:
        """The sections of entries, and the row of each record as they came (-1: none)."""
        import pyarrow.compute as pc  # who opens a gazetteer that was built starts without it

        progress("entries", 0.0)
        if not self._columns:
            self.add(*_parse(()))
        said = pa.concat_tables(self._said)
        self._said.clear()
        order = pc.sort_indices(
            said, sort_keys=[(name, "ascending") for name in said.column_names]
        ).to_numpy()
        said = said.drop_columns(["text"])
        rows = self._rows(said, order)
        progress("entries", 0.2)
        sections = _row_sections(said, order, rows)
        record_rows = np.empty(len(order), np.int32)
        record_rows[order] = rows.row_of
        del said
        sections |= self._exact(record_rows)
        sections |= self._areas(record_rows, len(rows.first))
        progress("entries", 0.4)
        for share, kind in ((0.7, "roads"), (1.0, "names")):
            sections |= self._postings(kind, record_rows)
            progress("entries", share)
        return sections, record_rows

    def _rows(self, said: pa.Table, order: NDArray[np.int64]) -> Rows:
        keys = np.concatenate([part.entry_keys for part in self._columns])[order]
        district = said["district"].combine_chunks().dictionary_encode()
        districts = district.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)[order]
        points = np.stack([said["latitude"].to_numpy(), said["longitude"].to_numpy()], 1)[order]
        return merge(keys, districts, points)

    def _exact(self, record_rows: NDArray[np.int32]) -> Found:
        keys = np.concatenate([part.exact_keys for part in self._columns])
        rows = record_rows[self._gather("exact_rows")]
        return index("exact", keys[rows >= 0], rows[rows >= 0])

    def _gather(self, name: str) -> NDArray[np.int32]:
        """Record numbers of each part's column as numbers in the whole book."""
        first = itertools.accumulate((len(part.entry_keys) for part in self._columns), initial=0)
        return np.concatenate(
            [getattr(p, name) + start for p, start in zip(self._columns, first, strict=False)]
        )

    def _areas(self, record_rows: NDArray[np.int32], count: int) -> Found:
        """Distinct areas, distinct lists of them, and the longest list that any record of a row has."""
        # the longest first, so that the least id of a row's records is of the list that says most
        lists = sorted(
            {areas for part in self._columns for areas in part.area_lists}, key=lambda a: (-len(a), a)
        )
        rank = {areas: i for i, areas in enumerate(lists)}
        names = sorted({area for areas in lists for area in areas})
        ids = {name: i for i, name in enumerate(names)}
        lengths = np.array([len(areas) for areas in lists], np.int64)
        of_record = np.concatenate(
            [np.array([rank[a] for a in part.area_lists], np.int32)[part.area_list] for part in self._columns]
        )
        of_row = np.full(count, len(lists), np.int32)
        np.minimum.at(of_row, record_rows[record_rows >= 0], of_record[record_rows >= 0])
        return {
            **encode_names("areas", names),
            "areas.lists": np.array([ids[area] for areas in lists for area in areas], np.int32),
            "areas.list_starts": np.append(0, np.cumsum(lengths)).astype(np.int64),
            "rows.area_list": of_row,
        }

    def _postings(self, kind: str, record_rows: NDArray[np.int32]) -> Found:
        # taken out of the columns, so that a million addresses are not kept twice
        parts = [part.postings.pop(kind) for part in self._columns]
        ends = np.cumsum([len(part.entry_keys) for part in self._columns])
        names = sorted({name for part in parts for name in part.names})
        ids = {name: i for i, name in enumerate(names)}
        sections = encode_names(kind, names) | encode_initials(kind, names)
        return sections | encode_postings(kind, parts, ids, np.split(record_rows, ends[:-1]))


def _table(chunk: Sequence[Address], texts: Sequence[str]) -> pa.Table:
    points: list[Point | None] = [address.point for address in chunk]
    return pa.table(
        {
            "text": _binary(texts),
            "address": _binary([address.address for address in chunk]),
            "district": _binary([address.district or None for address in chunk]),
            "name": _binary([address.name or None for address in chunk]),
            "latitude": pa.array([point.latitude if point else np.nan for point in points], pa.float64()),
            "longitude": pa.array([point.longitude if point else np.nan for point in points], pa.float64()),
        }
    )


def _binary(texts: Iterable[str | None]) -> pa.Array:
    values = [None if text is None else text.encode(errors="surrogatepass") for text in texts]
    return pa.array(values, pa.large_binary())


def _row_sections(said: pa.Table, order: NDArray[np.int64], rows: Rows) -> Found:
    """Text, point, district and name of each row; the first record's, where it says them, else another's."""
    record = order[rows.first]
    sections = encode_array("rows.address", said["address"].take(record).combine_chunks())
    sections |= {"rows.points": rows.points.ravel(), **encode_grid(rows.points)}
    for field in ("district", "name"):
        column = said[field].take(order).combine_chunks()
        known = np.flatnonzero((rows.row_of >= 0) & column.is_valid().to_numpy(zero_copy_only=False))
        distinct = column.take(pa.array(known)).dictionary_encode()
        labels = [value.as_py().decode(errors="surrogatepass") for value in distinct.dictionary]
        rank = np.argsort(np.argsort(np.array(labels, object))) if labels else np.empty(0, np.int64)
        of_row = np.full(len(rows.first), -1, np.int32)
        of_row[rows.row_of[known][::-1]] = rank[distinct.indices.to_numpy()][::-1]
        sections |= encode(f"labels.{field}", sorted(labels)) | {f"rows.{field}": of_row}
    return sections
