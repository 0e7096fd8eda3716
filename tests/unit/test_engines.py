"""Engines of SQLite files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from store.engines import parse_url, writer_engine

AT_ONCE = 8


@pytest.mark.parametrize("time", range(40))  # of 40 about three failed when one refused was not asked again
def test_writers_that_open_a_new_file_at_once_wait_for_each_other(tmp_path: Path, time: int) -> None:
    url, together = parse_url(f"sqlite:///{tmp_path / 'store.db'}"), Barrier(AT_ONCE)

    def write(number: int) -> None:
        engine = writer_engine(url)
        together.wait()
        with closing(engine.raw_connection()) as connection:
            connection.cursor().execute(f"CREATE TABLE t{number} (a)")
        engine.dispose()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(write, range(AT_ONCE)))
