"""The gazetteer's file: opened as written, refused when it is not whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from domain.errors import GazetteerDamaged, NotFound
from domain.places import Address
from features.gazetteer import Gazetteer
from features.gazetteer import sections as sections_module
from features.gazetteer.sections import read, write
from tests.estimators import place


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "city.gazetteer"
    book = [Address(address=f"祖冲之路{i}号", point=place(i)) for i in range(1, 200)]
    Gazetteer.build(written, addresses=book)
    return written


def test_it_opens_as_written(path: Path) -> None:
    gazetteer = Gazetteer.open(path)
    assert len(gazetteer) == 199
    assert gazetteer.point("祖冲之路七号") == place(7)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_one_changed_byte_is_noticed(path: Path) -> None:
    text = "祖冲之路199号".encode()
    damaged = path.read_bytes().replace(text, text[:-4] + b"8" + text[-3:])
    assert damaged != path.read_bytes()
    path.write_bytes(damaged)
    with pytest.raises(GazetteerDamaged, match="digest"):
        Gazetteer.open(path)


@pytest.mark.parametrize("keep", [0, 5, 1_000, -1])
def test_a_file_cut_short_is_refused(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(GazetteerDamaged, match="not a whole gazetteer"):
        Gazetteer.open(path)


def test_another_kind_of_file_is_refused(path: Path) -> None:
    table = pa.table({"a": [1]})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table)
    with pytest.raises(GazetteerDamaged):
        Gazetteer.open(path)


def test_another_format_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections_module, "FORMAT", sections_module.FORMAT + 1)
    with pytest.raises(GazetteerDamaged, match="build it again"):
        Gazetteer.open(path)


def test_no_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Gazetteer.open(tmp_path / "none")


def test_sections_come_back_as_they_were(tmp_path: Path) -> None:
    given: dict[str, NDArray[Any]] = {
        "a": np.arange(5, dtype=np.int32),
        "b": np.empty(0, np.float64),
        "c": np.array([1 << 63], np.uint64),
    }
    version = write(tmp_path / "s", given)
    found, read_version = read(tmp_path / "s")
    assert read_version == version
    for name, array in given.items():
        assert found[name].dtype == array.dtype
        assert found[name].tolist() == array.tolist()
        assert not found[name].flags.writeable


def test_progress_is_told_to_the_end(tmp_path: Path) -> None:
    heard: list[tuple[str, float]] = []
    book = [Address(address="1 elm street")]
    Gazetteer.build(
        tmp_path / "g", addresses=book, progress=lambda stage, share: heard.append((stage, share))
    )
    assert {stage for stage, _ in heard} == {"addresses", "entries", "accounts", "file"}
    assert all(max(s for name, s in heard if name == stage) == 1.0 for stage, _ in heard)
