"""Some hundred requests made from the OpenAPI description; `benchmarks.api_fuzz` asks many more."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from benchmarks.api_fuzz import CALLERS, fuzz
from store.sql import open_store


def test_no_answer_is_a_server_error_or_beyond_its_schema(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'store.db'}")) as store:
        found = fuzz(store, 500, start=20)
    assert found.failures == {}
    assert found.cases >= 400
    asked = {name.split()[0] for name in found.statuses}
    assert asked == set(CALLERS)
    assert found.statuses["admin 200"] > 10
    assert set(found.statuses) & {"nobody 200", "nobody 401"} == {"nobody 200", "nobody 401"}
