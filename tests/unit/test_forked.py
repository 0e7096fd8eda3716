"""Work by several processes: the same answers in the same order, of what cannot be sent to another process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from router.forked import CHUNK, forked


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, CHUNK, 5 * CHUNK + 1])
@pytest.mark.parametrize("chunk", [CHUNK, 7])
def test_the_same_in_the_same_order(workers: int, count: int, chunk: int) -> None:
    held = threading.Lock()  # cannot be pickled

    def work(number: int) -> int:
        with held:
            return number * number

    with forked(work, workers, chunk) as squares:
        assert list(squares(range(count))) == [number * number for number in range(count)]
        assert list(squares([7])) == [49]


def test_other_processes_do_it_and_change_nothing_here() -> None:
    seen: list[int] = []

    def work(number: int) -> int:
        seen.append(number)
        return os.getpid()

    with forked(work, 2) as pids:
        found = set(pids(range(20 * CHUNK)))
    assert os.getpid() not in found
    assert seen == []
    with forked(work, 1) as pids:
        assert set(pids([1])) == {os.getpid()}


def test_it_streams() -> None:
    taken = 0

    def numbers() -> Iterator[int]:
        nonlocal taken
        for number in range(1_000 * CHUNK):
            taken = number
            yield number

    with forked(abs, 2) as found:
        answers = found(numbers())
        assert next(answers) == 0
        assert taken < 10 * CHUNK


def test_an_error_is_told_here() -> None:
    def work(divisor: int) -> float:
        return 1 / divisor

    with forked(work, 2) as found, pytest.raises(ZeroDivisionError):
        list(found([1, 0, 1]))


@pytest.mark.parametrize("workers", [1, 3])
def test_what_a_process_keeps_moves_forward(workers: int) -> None:
    kept = [-1]

    def work(number: int) -> bool:
        ahead = number > kept[-1]
        kept.append(number)
        return ahead

    with forked(work, workers, chunk=3) as ahead:
        assert all(ahead(range(100)))
