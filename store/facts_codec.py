"""Facts of dispatches as Arrow tables: hashed terms as lists of integers, the rest of each as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pyarrow as pa

from domain.places import Point
from features.callers import Call
from features.facts import Facts

_HINTS = get_type_hints(Facts)
# terms are hashed to 31 bits
ARRAYS = {
    field.name: get_args(get_args(_HINTS[field.name])[1])[0]
    for field in fields(Facts)
    if get_origin(_HINTS[field.name]) is np.ndarray
}
PLAIN = tuple(field.name for field in fields(Facts) if field.name not in ARRAYS)
LAYOUT = json.dumps([[name, str(hint)] for name, hint in _HINTS.items()])  # another one is another format


def encode_facts(facts: Mapping[int, Facts]) -> pa.Table:
    """One row for each, ascending by sequence number."""
    ordered = sorted(facts.items())
    return pa.table(
        {
            "sequence": pa.array([sequence for sequence, _ in ordered], pa.int64()),
            "plain": pa.array([_plain(one) for _, one in ordered], pa.large_string()),
            **{name: _lists([getattr(one, name) for _, one in ordered]) for name in ARRAYS},
        }
    )


class StoredFacts(Mapping[int, Facts]):
    """The facts of tables that `encode_facts` made, each taken out when it is asked for."""

    def __init__(self, tables: list[pa.Table]) -> None:
        self._chunks = [_Chunk(table) for table in tables]
        self._where = {
            sequence: (number, row)
            for number, table in enumerate(tables)
            for row, sequence in enumerate(table["sequence"].to_pylist())
        }

    def __len__(self) -> int:
        return len(self._where)

    def __iter__(self) -> Iterator[int]:
        return iter(self._where)

    def __getitem__(self, sequence: int) -> Facts:
        number, row = self._where[sequence]
        return self._chunks[number].facts(row)


class _Chunk:
    """One table, its lists as flat arrays with the first position of each row."""

    def __init__(self, table: pa.Table) -> None:
        self._plain = table["plain"]
        self._lists = {name: _flat(table[name]) for name in ARRAYS}

    def facts(self, row: int) -> Facts:
        arrays: dict[str, Any] = {
            name: values[first[row] : first[row + 1]].astype(ARRAYS[name])
            for name, (values, first) in self._lists.items()
        }
        return Facts(**_read(self._plain[row].as_py()), **arrays)


def _lists(arrays: list[np.ndarray[Any, Any]]) -> pa.Array:
    first = np.zeros(len(arrays) + 1, np.int64)
    np.cumsum([len(one) for one in arrays], out=first[1:])
    values = np.concatenate(arrays) if arrays else np.zeros(0)
    return pa.LargeListArray.from_arrays(pa.array(first), pa.array(values.astype(np.int32)))


def _flat(column: pa.ChunkedArray) -> tuple[np.ndarray[Any, Any], list[int]]:
    array = column.combine_chunks()
    return array.values.to_numpy(), array.offsets.to_numpy().tolist()


def _plain(facts: Facts) -> str:
    told = {name: getattr(facts, name) for name in PLAIN}
    told["call"] = asdict(facts.call) if facts.call else None
    return json.dumps(told, ensure_ascii=True, separators=(",", ":"))


def _read(text: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(text)
    call = told["call"]
    if call:
        point = call.pop("point")
        call = Call(**call, point=Point(**point) if point else None)
    return {name: _tuples(value) for name, value in told.items()} | {"call": call}


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value
