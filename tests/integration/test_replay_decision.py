"""Stored decisions made again from the log, after everything has moved on; and what the commands say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from cli.main import app
from cli.workspace import Workspace
from domain.automation import Scope
from domain.decisions import Policy, Review
from domain.dispatches import Dispatch
from domain.errors import NotFound
from domain.units import Unit
from models.bundle import load_bundle
from router.derived import DerivedAnew
from router.ports import BundleRecord, Store
from router.replay import Replayed, replay
from router.service import RoutingService
from store.bundles import promote
from store.codec import encode
from store.engines import parse_url, writer_engine
from store.sql import open_store
from tests.bundles import START, WORDS, ticket, tiny_bundle
from tests.serving import Clock, a_ticket, furnished, no_bundle

NOW = START + timedelta(days=60)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation with a past, a model, and eight tickets decided between reviews, suspensions and another model."""
    workspace = Workspace(home=tmp_path / "home").create()
    store = open_store(workspace.store_url)
    store.write(lambda session: session.put_units(Unit(unit_id=u, name=u.title()) for u in WORDS))
    past = [ticket(n, unit) for n in range(5) for unit in WORDS]
    log = [Dispatch(ticket=t, unit_id=t.ticket_id.split("-")[0], known_at=t.received_at) for t in past]
    store.write(lambda session: session.append_dispatches(log))
    clock = Clock(NOW)
    first = promoted(store, tiny_bundle(workspace.bundles, seed=1), clock)
    service = RoutingService(store, clock, load_bundle)
    units = list(WORDS)
    for number in range(8):
        clock.move(minutes=5)
        draft = ticket(number, units[number % len(units)])
        service.submit(replace(draft, ticket_id=f"new-{number}", received_at=clock()))
        clock.move(minutes=5)
        if number == 1:
            service.suspend(Scope.ALL, "", by="Li", reason="storm")
        if number == 3:
            service.resume(1, by="Li", reason="over")
            promoted(store, tiny_bundle(workspace.bundles, seed=2), clock)
            service.refresh()
        service.review(Review(ticket_id=f"new-{number}", unit_id=units[0], by="Li", at=clock()))
    assert first == 1
    store.close()
    return workspace.home


def promoted(store: Store, bundle: Path, clock: Clock) -> int:
    record = BundleRecord(version=0, digest=bundle.name, path=str(bundle), registered_at=NOW)
    version = store.write(lambda session: session.add_bundle(record)).version
    promote(store, version, clock())
    return version


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    store = open_store(Workspace(home=home).store_url)
    yield store
    store.close()


def again(store: Store, ticket_id: str) -> Replayed:
    with store.read() as session:
        return replay(ticket_id, session, load_bundle, Policy(), DerivedAnew())


def test_every_decision_is_made_again_to_the_same_bits(store: Store) -> None:
    bundles = set()
    for number in range(8):
        found = again(store, f"new-{number}")
        assert encode(found.again) == encode(found.stored)
        assert found.stored.history_sequence == 10 + number
        bundles.add(found.stored.bundle_digest)
    assert len(bundles) == 2
    assert again(store, "new-2").stored.suspension_ids == again(store, "new-3").stored.suspension_ids == (1,)


def test_a_decision_of_when_more_candidates_were_named_is_made_again(store: Store) -> None:
    fewer = Policy(told_candidates=1)
    with store.read() as session:
        found = replay("new-0", session, load_bundle, fewer, DerivedAnew())
    assert len(found.stored.ranking.candidates) > 1
    assert encode(found.again) == encode(found.stored)


def test_what_changed_since_is_named(store: Store) -> None:
    store.write(lambda session: session.put_units([Unit(unit_id="new", name="New")]))
    found = again(store, "new-0")
    (changed,) = found.changed
    assert changed.startswith("units (event ")


def test_a_decision_without_a_model_is_made_again() -> None:
    store, clock = furnished(), Clock()
    service = RoutingService(store, clock, no_bundle)
    for number in range(3):
        clock.move(minutes=1)
        told = a_ticket(f"t{number}", text="Pothole", address=f"{number} North Road", received_at=clock())
        service.submit(told)
        service.review(Review(ticket_id=told.ticket_id, unit_id="north", by="Li", at=clock()))
    for number in range(3):
        with store.read() as session:
            found = replay(f"t{number}", session, no_bundle, Policy(), DerivedAnew())
        assert encode(found.again) == encode(found.stored)


def test_what_is_not_there_is_told(store: Store) -> None:
    with pytest.raises(NotFound, match="ticket 'nobody'"):
        again(store, "nobody")


def run(*words: str, home: Path) -> tuple[int, str]:
    found = CliRunner().invoke(app, [*words, "--home", str(home)])
    return found.exit_code, found.output


def change(home: Path, statement: str) -> None:
    engine = writer_engine(parse_url(Workspace(home=home).store_url))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_the_commands_say_that_all_is_as_it_was(home: Path) -> None:
    code, told = run("replay", "new-5", home=home)
    assert (code, "The same again" in told) == (0, True)
    code, told = run("audit", "verify", home=home)
    assert code == 0
    head = told.strip().rpartition(" ")[2]
    assert run("audit", "verify", "--expect", head, home=home)[0] == 0


def test_the_commands_say_what_was_changed(home: Path) -> None:
    change(
        home,
        "UPDATE decisions SET body = replace(body, '\"unit_id\":\"', '\"unit_id\":\"x') WHERE ticket_id = 'new-4'",
    )
    code, told = run("replay", "new-4", home=home)
    assert (code, "It is another one: " in told) == (1, True)
    code, told = run("audit", "verify", home=home)
    assert (code, "decided of ticket 'new-4'" in told) == (1, True)
    change(home, "DELETE FROM events WHERE event_id = 9")
    code, told = run("audit", "verify", home=home)
    assert (code, "event 9 was deleted" in told) == (1, True)
