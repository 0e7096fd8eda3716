"""Records of addresses -> arrays: what the parser found in each, and nothing else."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.addresses.parse import parse_address
from features.gazetteer import anchors
from features.gazetteer.strings import Hashes, hash64

Record = tuple[str, str | None, str | None]  # address, district, name


@dataclass(frozen=True, slots=True, kw_only=True)
class Postings:
    """Rows by the names they hang on. `name` indexes `names`, `number` the distinct `numbers`, which have
    anchors.number_row's columns."""

    names: list[str]
    name: NDArray[np.int32]
    row: NDArray[np.int32]
    number: NDArray[np.int32]
    numbers: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Parsed records: normal forms, hashes that tell entries apart (0: the record says nothing), exact keys with
    their records, lists of areas, and the names that they hang on."""

    texts: list[str]
    entry_keys: Hashes
    exact_keys: Hashes
    exact_rows: NDArray[np.int32]
    area_lists: list[tuple[str, ...]]
    area_list: NDArray[np.int32]
    postings: dict[str, Postings]  # of "roads" and of "names"


class _Writer:
    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.numbers: dict[tuple[int, ...], int] = {}
        self.name, self.row, self.number = array("i"), array("i"), array("i")

    def add(self, row: int, found: Sequence[anchors.Anchor]) -> None:
        for anchor in found:
            self.name.append(self.known.setdefault(anchor.name, len(self.known)))
            self.row.append(row)
            said = anchors.number_row(anchor.numbers)
            self.number.append(self.numbers.setdefault(said, len(self.numbers)))

    def postings(self) -> Postings:
        return Postings(
            names=list(self.known),
            name=np.array(self.name, np.int32),
            row=np.array(self.row, np.int32),
            number=np.array(self.number, np.int32),
            numbers=np.array(list(self.numbers), np.int32).reshape(-1, anchors.WIDTH),
        )


def columns(records: Sequence[Record]) -> Columns:
    """Parse the records; pure, so that parts of a book can be done apart and put together in order."""
    texts: list[str] = []
    entry_keys, area_list = array("Q"), array("i")
    exact_keys, exact_rows = array("Q"), array("i")
    lists: dict[tuple[str, ...], int] = {}
    roads, names = _Writer(), _Writer()
    for row, (address, district, name) in enumerate(records):
        parts = parse_address(address)
        keys, within = anchors.exact_keys(parts), anchors.areas(parts, district)
        on, at = anchors.roads(parts), anchors.names(parts, name)
        texts.append(parts.text)
        entry_keys.append(anchors.entry_key(keys, within, (*on, *at)))
        for key in keys:
            exact_keys.append(hash64(key))
            exact_rows.append(row)
        area_list.append(lists.setdefault(within, len(lists)))
        roads.add(row, on)
        names.add(row, at)
    return Columns(
        texts=texts,
        entry_keys=np.array(entry_keys, np.uint64),
        exact_keys=np.array(exact_keys, np.uint64),
        exact_rows=np.array(exact_rows, np.int32),
        area_lists=list(lists),
        area_list=np.array(area_list, np.int32),
        postings={"roads": roads.postings(), "names": names.postings()},
    )
