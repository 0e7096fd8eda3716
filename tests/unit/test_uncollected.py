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
    with pytest.raises(ZeroDivisionError), uncollected():
        raise ZeroDivisionError
    assert gc.isenabled()
