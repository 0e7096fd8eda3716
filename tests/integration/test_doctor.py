"""`gridroute doctor` on installations with one thing wrong each."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.workspace import Workspace
from domain.access import Key, Role
from domain.dispatches import Dispatch
from domain.tickets import TicketStatus
from domain.units import Unit
from models.bundle import load_bundle, reissued, write_bundle
from models.signing import sign_with
from router.access import Wanted, issue, revoke
from router.checkup import (
    Grade,
    check_age,
    check_certificate,
    check_clock,
    check_labelled,
    check_lag,
    check_room,
    check_wait_policy,
)
from router.delivery_ports import DeliveryKind, DeliveryState, Endpoint, Settled
from router.ports import BundleRecord, Labelled, Store
from store.bundles import promote
from store.clock import utc_now
from store.sql import open_store
from tests.bundles import tiny_bundle
from tests.contract.samples import ticket

NOWHERE = "http://127.0.0.1:9"
NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a unit, a bundle that serves, of a log of one entry, and an admin's key."""
    workspace = Workspace(home=tmp_path / "home").create()
    made = replace(load_bundle(tiny_bundle(tmp_path / "made")), history_sequence=1)
    bundle = write_bundle(reissued(made, utc_now(), utc_now() + timedelta(days=90)), workspace.bundles)
    record = BundleRecord(version=0, digest=bundle.name, path=str(bundle), registered_at=utc_now())
    with closing(open_store(workspace.store_url)) as store:
        store.write(lambda session: session.put_units([Unit(unit_id="roads", name="Roads")]))
        promote(store, store.write(lambda session: session.add_bundle(record)).version, utc_now())
        issue(store, Wanted(name="Li Wei", role=Role.ADMIN), by="root", at=utc_now())
    return workspace.home


def examined(home: Path, code: int, **env: str) -> dict[str, dict[str, Any]]:
    told = CliRunner().invoke(app, ["doctor", "--home", str(home), "--url", NOWHERE, "--json"], env=env)
    assert told.exit_code == code, told.output
    checks = json.loads(told.output)
    assert all(one["mend"] for one in checks if one["grade"] != "good")
    return {one["name"]: one for one in checks}


def on_store(home: Path, work: Callable[[Any], object]) -> None:
    with closing(open_store(Workspace(home=home).store_url)) as store:
        store.write(work)


def test_a_whole_installation_is_well(home: Path) -> None:
    found = examined(home, 0)
    grades = {name: one["grade"] for name, one in found.items() if one["grade"] != "good"}
    assert grades == {
        "bundle key": "warning",  # none is set
        "history": "warning",
        "service": "warning",
        **({"disk": "warning"} if found["disk"]["grade"] == "warning" else {}),
    }
    assert found["schema"]["told"].startswith("form ")
    table = CliRunner().invoke(app, ["doctor", "--home", str(home), "--url", NOWHERE]).output
    assert "checks are good" in table


def test_a_champion_that_learnt_from_old_outcomes_is_told_of(home: Path) -> None:
    one = Dispatch(ticket=ticket("old"), unit_id="roads", known_at=ticket("old").received_at)
    new = replace(one, ticket=ticket("new"), known_at=utc_now())  # which it did not learn from
    on_store(home, lambda session: session.append_dispatches([one, new]))
    age = examined(home, 0)["age of the history"]
    assert age["grade"] == "warning"
    assert age["told"].startswith(f"the newest outcome is of {one.known_at:%Y-%m-%d}")


def test_a_home_without_a_store(tmp_path: Path) -> None:
    found = examined(tmp_path / "nowhere", 1)
    assert (found["store"]["grade"], found["store"]["mend"]) == ("bad", "gridroute import units FILE")
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_no_store(home: Path) -> None:
    Workspace(home=home).store_file.write_bytes(b"no database at all" * 100)
    assert "not a database" in examined(home, 1)["store"]["told"]


def test_a_store_of_another_form_is_told_and_left_alone(home: Path) -> None:
    file = Workspace(home=home).store_file
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0003'")
        connection.commit()
    assert examined(home, 0)["schema"]["grade"] == "warning"
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0003",)]
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    assert "newer gridroute" in examined(home, 1)["schema"]["told"]


def test_a_bundle_that_is_damaged_or_not_signed(home: Path, tmp_path: Path) -> None:
    key = tmp_path / "bundle.key"
    key.write_text("k" * 32)
    key.chmod(0o644)
    try:
        found = examined(home, 1, GRIDROUTE_BUNDLE_KEY_FILE=str(key))
    finally:
        sign_with(None)
    assert "no signature" in found["bundle (champion)"]["told"]
    assert "others may read" in found["bundle key"]["told"]
    (bundle,) = (one for one in Workspace(home=home).bundles.iterdir() if not one.name.startswith("."))
    shutil.rmtree(bundle)
    assert examined(home, 1)["bundle (champion)"]["grade"] == "bad"


def test_deliveries_that_do_not_go_out(home: Path) -> None:
    long_ago = utc_now() - timedelta(hours=1)

    def queue(session: Any) -> None:
        for name in ("a", "b", "gone on"):
            session.add_ticket(ticket(name))
            session.set_status(name, TicketStatus.DISPATCHED, "roads")
            session.add_delivery(name, "roads", long_ago)
        session.set_status("gone on", TicketStatus.IN_REVIEW, None)
        session.add_delivery("gone on", "roads", long_ago, kind=DeliveryKind.WITHDRAWAL)

    on_store(home, queue)
    found = examined(home, 0)
    assert found["outbox"]["grade"] == "good"  # the unit fetches them
    assert found["dispatches"]["told"].startswith("2 that no unit has fetched, the oldest for 60")
    on_store(
        home,
        lambda session: session.put_endpoint(Endpoint(unit_id="roads", url="https://x.example", secrets=())),
    )
    assert examined(home, 1)["outbox"]["told"].startswith("4 to be delivered, the oldest for 60")

    def give_up(session: Any) -> None:
        one, *_ = session.claim_deliveries("me", utc_now(), utc_now() + timedelta(minutes=1), 1)
        until = utc_now() + timedelta(hours=1)
        gone = Settled(state=DeliveryState.DEAD, at=utc_now(), due_at=until, failures=9, paused_until=until)
        assert session.settle_delivery(one, "me", gone)

    on_store(home, give_up)
    found = examined(home, 1)
    assert found["dead letters"]["told"] == "1 deliveries were given up"
    assert "failed 9 times" in found["endpoint"]["told"]


def test_keys_that_end(home: Path) -> None:
    with closing(open_store(Workspace(home=home).store_url)) as store:
        (first,) = known_keys(store)
        second = issue(store, Wanted(name="Wang", role=Role.ADMIN, days=3), by="root", at=utc_now()).key
        assert "'Wang' expires on" in examined(home, 0)["keys"]["told"]
        for one in (first, second):
            revoke(store, one.key_id, by="root", at=utc_now())
    assert examined(home, 1)["keys"]["grade"] == "bad"


def known_keys(store: Store) -> list[Key]:
    with store.read() as session:
        return list(session.keys())


def test_a_gazetteer_that_is_damaged(home: Path) -> None:
    derived = home / "derived"
    derived.mkdir()
    (derived / "x.places").write_bytes(b"no")
    assert examined(home, 0)["gazetteer"]["grade"] == "warning"


@pytest.mark.parametrize(
    ("untold", "of", "is_told"), [(299, 299, False), (300, 1500, True), (300, 1501, False)]
)
def test_outcomes_that_nobody_told(untold: int, of: int, is_told: bool) -> None:
    assert (check_labelled(Labelled(dispatched=of, untold=untold)) is not None) == is_told


def test_what_is_judged_by_a_number() -> None:
    assert [check_room(free, "/").grade for free in (10**8, 10**9, 10**10)] == [
        Grade.BAD,
        Grade.WARNING,
        Grade.GOOD,
    ]
    assert [check_wait_policy(value).grade for value in (None, "active", "PASSIVE")] == [
        Grade.WARNING,
        Grade.WARNING,
        Grade.GOOD,
    ]
    ends = [None, NOW, NOW + timedelta(days=2), NOW + timedelta(days=60)]
    assert [check_certificate(end, NOW).grade for end in ends] == [
        Grade.GOOD,
        Grade.BAD,
        Grade.WARNING,
        Grade.GOOD,
    ]
    ages = [check_age(newest, NOW) for newest in (None, NOW - timedelta(days=30), NOW - timedelta(days=70))]
    assert [age and (age.grade, "70 days before the training" in age.told) for age in ages] == [
        None,
        None,
        (Grade.WARNING, True),
    ]
    assert [check_lag(lag, "u").grade for lag in (None, 0.0, 5_000.0)] == [
        Grade.WARNING,
        Grade.GOOD,
        Grade.BAD,
    ]
    minute = timedelta(minutes=1)
    for name, off, grade in (
        ("server", minute, Grade.BAD),
        ("server", -minute, Grade.BAD),
        ("event", minute, Grade.BAD),
        ("event", -minute, Grade.GOOD),
    ):
        assert [one.grade for one in check_clock(NOW, [(name, NOW + off)])] == [grade]
