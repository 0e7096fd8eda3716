"""The gazetteer's file: named numpy arrays in one Arrow IPC file, opened without a copy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain.errors import GazetteerDamaged, NotFound

FORMAT = 1  # a change of what stands in the sections, or of how keys and sounds are made, is another format

Sections = Mapping[str, NDArray[Any]]

_FLOATS = {"float": np.float32, "double": np.float64}
_FORMAT, _VERSION = b"gridroute.gazetteer.format", b"gridroute.gazetteer.version"


def digest(sections: Sections) -> str:
    """The version: SHA-256 of the format and of every section's name, type and content."""
    total = hashlib.sha256(str(FORMAT).encode())
    for name in sorted(sections):
        array = np.ascontiguousarray(sections[name])
        total.update(f"\0{name}\0{array.dtype.str}\0{array.size}\0".encode())
        total.update(array.view(np.uint8).data if array.size else b"")
    return total.hexdigest()


def write(path: Path, sections: Sections) -> str:
    """Write the file in one step, replacing what stood there; its version."""
    version = digest(sections)
    columns = {name: _one_row(array) for name, array in sorted(sections.items())}
    fields = [pa.field(name, column.type) for name, column in columns.items()]
    schema = pa.schema(fields, {_FORMAT: str(FORMAT).encode(), _VERSION: version.encode()})
    unfinished = path.with_name(path.name + ".part")
    with pa.OSFile(str(unfinished), "wb") as sink, pa.ipc.new_file(sink, schema) as file:
        file.write_batch(pa.record_batch(list(columns.values()), schema=schema))
    unfinished.replace(path)
    return version


def read(path: Path, *, verify: bool = True) -> tuple[dict[str, NDArray[Any]], str]:
    """The sections, memory-mapped and read-only, and the version.

    `verify` reads the whole file once to compare its digest. Raises NotFound, GazetteerDamaged.
    """
    if not path.is_file():
        raise NotFound(kind="gazetteer", key=str(path))
    try:
        batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
        batch.validate()
    except (pa.ArrowException, OSError) as error:
        raise GazetteerDamaged(path=str(path), problem=f"not a whole gazetteer file ({error})") from error
    said = batch.schema.metadata or {}
    found = said.get(_FORMAT, b"none").decode(errors="replace")
    if found != str(FORMAT):
        problem = f"format {found}, this version reads {FORMAT}: build it again"
        raise GazetteerDamaged(path=str(path), problem=problem)
    sections = {name: _array(batch.column(name)) for name in batch.schema.names}
    version = said.get(_VERSION, b"").decode(errors="replace")
    if verify and digest(sections) != version:
        raise GazetteerDamaged(path=str(path), problem="its content does not have the digest that it states")
    return sections, version


def _one_row(array: NDArray[Any]) -> pa.LargeListArray:
    return pa.LargeListArray.from_arrays(pa.array([0, array.size], pa.int64()), pa.array(array.ravel()))


def _array(column: pa.LargeListArray) -> NDArray[Any]:
    # to_numpy, and to ask Arrow for numpy's type, would import pandas, which takes a quarter of a second, and flatten
    # would import what computes with Arrow's arrays, a tenth
    first, end = column.offsets[0].as_py(), column.offsets[1].as_py()
    values = column.values.slice(first, end - first)
    name = str(values.type)
    dtype = np.dtype(_FLOATS.get(name, name))
    return np.ndarray(len(values), dtype, values.buffers()[1] or b"", values.offset * dtype.itemsize)
