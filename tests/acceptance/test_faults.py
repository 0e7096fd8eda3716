"""`kill -9` of the API and the worker under load: nothing lost, nothing doubled, nothing stuck."""

from __future__ import annotations

import pytest
from rich.console import Console

from benchmarks.faults import run

pytestmark = pytest.mark.slow
KILLS = 20


def test_nothing_is_lost_doubled_or_stuck_by_twenty_kills() -> None:
    found = run(KILLS, "sqlite", 1, Console(quiet=True), size=(200, 600), longest=0.5)
    assert (found["lost"], found["effects_doubled"], found["stuck"]) == (0, 0, 0), found["reasons"]
    assert found["accepted"] > KILLS
    assert found["delivered"] > 0
