"""What is made while nothing is collected, and that collecting goes on afterwards."""

from __future__ import annotations

import gc

import pytest

from router.uncollected import uncollected


def test_nothing_is_collected_meanwhile_and_afterwards_it_is() -> None:
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()


def test_of_several_the_last_to_end_lets_it_be_collected_again() -> None:
    first, second = uncollected(), uncollected()
    with first:
        second.__enter__()
    try:
        assert not gc.isenabled()
    finally:
        second.__exit__(None, None, None)
    assert gc.isenabled()


def test_an_error_ends_it_too() -> None:
    with pytest.raises(ZeroDivisionError), uncollected():
        raise ZeroDivisionError
    assert gc.isenabled()
