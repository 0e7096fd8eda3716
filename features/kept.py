"""State as named arrays, to be kept in a file: numbers as they are, texts and keys packed."""

from __future__ import annotations

import json
from array import array
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
Text = str | None

STATE_FORMAT = 4  # raise it when what any class keeps of its state changes


def within(name: str, state: Arrays) -> Arrays:
    """The state under names of its own, to stand beside others."""
    return {f"{name}.{key}": values for key, values in state.items()}


def part(name: str, state: Arrays) -> Arrays:
    """What `within` put under that name."""
    begins = f"{name}."
    return {key.removeprefix(begins): values for key, values in state.items() if key.startswith(begins)}


def packed_texts(values: Iterable[Text]) -> NDArray[np.uint8]:
    """As JSON; every text comes back, half of a surrogate pair too."""
    told = json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))
    return np.frombuffer(told.encode("utf-8", "surrogatepass"), np.uint8)


def texts(packed: NDArray[np.uint8]) -> list[Text]:
    """What `packed_texts` was given."""
    told: list[Text] = json.loads(packed.tobytes())
    return told


def words(packed: NDArray[np.uint8]) -> list[str]:
    """The same where none was None."""
    return [text for text in texts(packed) if text is not None]


class Pool:
    """Each different text once, by number."""

    def __init__(self) -> None:
        self._numbers: dict[Text, int] = {}

    def number(self, text: Text) -> int:
        """The text's, given now if it is new."""
        return self._numbers.setdefault(text, len(self._numbers))

    def packed(self) -> NDArray[np.uint8]:
        """All, to be read with `texts`."""
        return packed_texts(self._numbers)


def packed_keys(keys: Iterable[Hashable]) -> Arrays:
    """Keys in their order: texts, None and integers of 64 bits, and tuples of up to five of them."""
    pool, shapes, parts = Pool(), array("B"), array("q")
    number = pool.number
    for key in keys:
        bare = type(key) is not tuple
        ones: tuple[Any, ...] = (key,) if bare else key  # type: ignore[assignment]
        shape = 1
        for one in ones:
            if type(one) is int:
                shape = 2 * shape + 1
                parts.append(one)
            else:
                shape *= 2
                parts.append(number(one))
        shapes.append(2 * shape + bare)
    return {"shapes": np.array(shapes), "parts": np.array(parts), "pool": pool.packed()}


def keys_of(state: Arrays) -> list[Hashable]:
    """What `packed_keys` was given; equal texts are one object."""
    shapes, pool = state["shapes"], texts(state["pool"])
    width = np.array([max(0, shape.bit_length() - 2) for shape in range(256)])[shapes]
    first = np.cumsum(width) - width
    made = {
        shape: _keys_of_shape(shape, first[shapes == shape], state["parts"], pool)
        for shape in np.flatnonzero(np.bincount(shapes)).tolist()
    }
    return [next(made[shape]) for shape in shapes.tolist()]


def _keys_of_shape(
    shape: int, first: NDArray[np.int64], parts: NDArray[np.int64], pool: list[Text]
) -> Iterator[Hashable]:
    bare, are_numbers = shape & 1, f"{shape >> 1:b}"[1:]
    columns: list[list[Any]] = []
    for position, is_number in enumerate(are_numbers):
        values = parts[first + position].tolist()
        columns.append(values if is_number == "1" else [pool[value] for value in values])
    return iter(columns[0]) if bare else zip(*columns, strict=True)


def sparse(values: NDArray[Any]) -> Arrays:
    """What of it is not zero."""
    at = np.flatnonzero(values)
    return {"at": at.astype(np.int32), "values": values[at]}


def fill(values: NDArray[Any], state: Arrays) -> None:
    """Put what `sparse` told into zeros."""
    values[state["at"]] = state["values"]
