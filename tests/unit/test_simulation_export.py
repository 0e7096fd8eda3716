"""The exported city is what `gridroute import` reads back, and the same seed writes the same bytes."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.tickets import Ticket
from simulation.city import City, build_city
from simulation.desk import PLACEHOLDER
from simulation.export import write_city
from store.importing import import_file, load_mapping
from store.memory import MemoryStore

TABLES = ("units", "territories", "accounts", "addresses", "history")
EXPORT = """
import sys
from pathlib import Path
from simulation.city import build_city
from simulation.export import write_city
write_city(build_city(5, accounts=600, dispatches=500, days=100), Path(sys.argv[1]))
"""


def small_city(seed: int) -> City:
    return build_city(seed, accounts=600, dispatches=500, days=100)


@pytest.fixture(scope="module")
def city() -> City:
    return small_city(5)


def digest(paths: list[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(paths))).hexdigest()


def as_imported(ticket: Ticket) -> Ticket:
    return replace(ticket, point=None if ticket.point == PLACEHOLDER else ticket.point, channel="import")


def test_everything_comes_back(city: City, tmp_path: Path) -> None:
    files = {path.stem: path for path in write_city(city, tmp_path / "city")}
    store = MemoryStore()
    for what in (*TABLES, "rules"):
        mapping = None if what == "rules" else load_mapping(files["mapping"], what)
        report = import_file(store, what, files[what], mapping, now=datetime.now(UTC))
        assert not report.bad
        assert not report.new_units
    with store.read() as session:
        assert {u.unit_id: u for u in session.units()} == {u.unit_id: u for u in city.units}
        assert {a.account_id: a for a in session.accounts()} == {a.account_id: a for a in city.accounts}
        assert {a.address: a for a in session.addresses()} == {a.address: a for a in city.addresses}
        assert {(t.territory_id, t.unit_id, t.kinds, t.validity) for t in session.territories()} == {
            (t.territory_id, t.unit_id, t.kinds, t.validity) for t in city.territories
        }
        assert {rule.rule_id for rule in session.rules()} == {"gas-leak", "people-in-danger", "key-customers"}
        log = list(session.dispatches())
    assert [(d.ticket, d.unit_id, d.known_at) for d in log] == [
        (as_imported(d.ticket), d.unit_id, d.known_at) for d in city.dispatches
    ]


def test_one_seed_one_city_in_any_process(city: City, tmp_path: Path) -> None:
    here = digest(write_city(city, tmp_path / "here"))
    for hash_seed in ("1", "2"):
        there = tmp_path / hash_seed
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", EXPORT, str(there)], check=True, env=environment)
        assert digest(list(there.iterdir())) == here


def test_another_seed_is_another_city(city: City, tmp_path: Path) -> None:
    other = small_city(6)
    assert digest(write_city(city, tmp_path / "a")) != digest(write_city(other, tmp_path / "b"))
