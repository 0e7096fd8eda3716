"""Bundles as an operator meets them: the same seed gives the same digest, and a damaged file is found and survived."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.installation import Installation

KINDS = {"lamps": "the street lamp is dark", "pipes": "water runs out of a burst pipe"}
START = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.fixture
def home(installation: Installation, tmp_path: Path) -> Path:
    """A home with 300 past dispatches of two units: enough to learn from, too few to automate anything."""
    history = tmp_path / "history.csv"
    with history.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("ticket_id", "received_at", "text", "latitude", "longitude", "unit"))
        for number in range(300):
            unit = sorted(KINDS)[number % 7 % 2]
            received_at = START + timedelta(hours=number)
            place = 31.2 + number % 5 / 100, 121.4 + number % 3 / 100
            rows.writerow((number, received_at.isoformat(), KINDS[unit], *place, unit))
    home = tmp_path / "home"
    installation.run("import", "history", history, "--home", home)
    return home


def digests(home: Path) -> set[str]:
    return {path.name for path in (home / "bundles").iterdir()}


def test_training_twice_with_one_seed_gives_one_digest(installation: Installation, home: Path) -> None:
    for hash_seed in ("1", "2"):  # Python's own hashing differs from process to process
        installation.run("train", "--no-track", "--home", home, env={"PYTHONHASHSEED": hash_seed})
    assert len(digests(home)) == 1
    installation.run("train", "--no-track", "--seed", "7", "--home", home)
    assert len(digests(home)) == 2
    listed = installation.run("models", "list", "--home", home)
    assert re.findall(r"^ *(\d+) ", listed, re.MULTILINE) == ["1", "2"]


def test_a_flipped_byte_is_found_and_tickets_are_taken_all_the_same(
    installation: Installation, home: Path
) -> None:
    told = installation.run("train", "--no-track", "--promote", "--home", home)
    assert "calibration tickets" in told  # what is missing for automation
    assert "every digest holds" in installation.run("models", "verify", "--home", home)
    ranker = home / "bundles" / digests(home).pop() / "ranker.txt"
    content = bytearray(ranker.read_bytes())
    content[len(content) // 2] ^= 1
    ranker.write_bytes(content)

    assert "ranker.txt differs from its digest" in installation.run(
        "models", "verify", "--home", home, code=1
    )
    assert "ranker.txt" in installation.run("models", "promote", "1", "--home", home, code=1)
    with installation.serving(home) as client:
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert [problem["code"] for problem in ready.json()["problems"]] == ["bundle_damaged"]
        answered = client.post(
            "/v1/tickets", json={"text": KINDS["pipes"], "latitude": 31.2, "longitude": 121.4}
        )
        assert answered.status_code == 201
        assert (answered.json()["verdict"], answered.json()["unit"]) == ("review", "pipes")
