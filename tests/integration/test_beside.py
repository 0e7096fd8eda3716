"""Processes that decide beside the one that serves: alike, in one world with it, and done without where they fail."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from api.beside import helpers as beside
from api.beside.helper import _answer
from api.beside.helpers import Helpers
from api.beside.wire import TOO_FAR, Wanted
from cli.helping import command
from cli.workspace import Workspace
from domain.automation import Scope
from domain.decisions import Review
from domain.errors import StoreUnavailable
from domain.tickets import Ticket
from models.bundle import load_bundle
from router.audit import verify
from router.beside import Elsewhere, Standpoint
from router.ports import BundleRecord, Pointers
from router.service import RoutingService
from router.submission import Draft
from store.clock import utc_now
from store.codec import encode
from store.sql import open_store
from tests.bundles import START, WORDS, ticket, tiny_bundle
from tests.contract.conftest import postgres_schema
from tests.contract.samples import decision
from tests.integration.test_serving_process import serving
from tests.integration.test_several_processes import fill

PATIENCE_S = 60.0  # a busy machine is slow, not wrong
FOUNTAIN = "the fountain in the market square is dry"


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service, with a process beside it that is ready."""

    home: Path
    service: RoutingService
    helpers: Helpers

    def elsewhere(self, tickets: Sequence[Ticket]) -> Sequence[Elsewhere] | None:
        """What the process beside it decides."""
        return self.helpers.decide(tickets, self.service.clock(), self.service.live.standpoint)

    def surely_elsewhere(self, tickets: Sequence[Ticket]) -> Sequence[Elsewhere]:
        """The same, once it stands where this process does."""
        found: list[Sequence[Elsewhere]] = []

        def decided() -> bool:
            made = self.elsewhere(tickets)
            found.extend([] if made is None else [made])
            return bool(found)

        soon(decided)
        return found[0]

    @property
    def process(self) -> int:
        """The number of the one beside it."""
        (helper,) = self.helpers._helpers
        return helper.process.pid


def soon(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.05)


def press(helpers: Helpers) -> None:
    """As where far too many tickets wait."""
    for _ in range(20):
        helpers.press(100)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    workspace = Workspace(home=tmp_path).create()
    fill(workspace.store_url, tmp_path)
    helpers = Helpers(command(workspace), 1)
    with closing(open_store(workspace.store_url)) as store, closing(helpers):
        service = RoutingService(store, utc_now, load_bundle)
        service.decider.beside = helpers
        press(helpers)
        soon(lambda: helpers.places == beside.CHANNELS)
        yield Running(home=tmp_path, service=service, helpers=helpers)


def coming(count: int, name: str = "c") -> list[Ticket]:
    """Tickets that nobody has decided yet."""
    texts = [*WORDS.values(), FOUNTAIN]
    return [
        Ticket(ticket_id=f"{name}-{n}", received_at=START + timedelta(days=9, hours=n), text=texts[n % 3])
        for n in range(count)
    ]


def test_none_is_started_while_few_tickets_wait() -> None:
    helpers = Helpers(["/nowhere/gridroute"], 1)
    for _ in range(100):
        helpers.press(1)
        helpers.press(6)  # a burst now and then
        helpers.press(1)
    time.sleep(0.1)
    assert helpers._not_before == 0.0
    assert helpers.places == 0


def test_one_that_cannot_be_started_is_done_without(caplog: pytest.LogCaptureFixture) -> None:
    helpers = Helpers(["/nowhere/gridroute"], 1)
    press(helpers)
    soon(lambda: "could be started" in caplog.text)
    assert helpers.places == 0
    helpers.close()
    press(helpers)
    assert not helpers._helpers


def test_what_is_decided_beside_is_what_is_decided_here(running: Running) -> None:
    tickets, at = coming(12), running.service.clock()
    made = running.helpers.decide(tickets, at, running.service.live.standpoint)
    assert made is not None
    assert [one.decision for one in made] == [
        running.service.decider.decide(Draft(ticket=one)).stored.decision for one in tickets
    ]
    assert all({"locate", "rank", "decide"} <= set(one.seconds) for one in made)
    assert [one.written for one in made] == [encode(one.decision) for one in made]
    odd = Ticket(ticket_id="odd", received_at=START, text="half of a pair: \ud83d")
    assert running.elsewhere([odd]) is None  # no text that can be sent; and the next one is answered
    assert running.elsewhere(tickets[:1]) is not None


def test_what_cannot_be_decided_there_is_left_to_who_asked(caplog: pytest.LogCaptureFixture) -> None:
    def away(*_: object) -> None:
        raise StoreUnavailable(problem="no answer", mend="start it")

    there = SimpleNamespace(decider=SimpleNamespace(decide_for=away))
    at = Standpoint(world_version="", pointers=Pointers(), bundle=None, sequence=0, suspended=())
    wanted = Wanted(at=START, standpoint=at, tickets=tuple(coming(2)))
    assert _answer(cast("RoutingService", there), wanted) == TOO_FAR
    assert "2 tickets" in caplog.text

    known = decision(
        "c-0", rule_ids=("half of a pair: \ud83d",)
    )  # as a file of rules may have it: cannot be sent
    there.decider.decide_for = lambda *_: [Elsewhere(decision=known, seconds={})]
    assert _answer(cast("RoutingService", there), wanted) == TOO_FAR


def test_who_stands_elsewhere_is_not_asked_to_decide() -> None:
    here = Standpoint(
        world_version="1", pointers=Pointers(champion=1), bundle="a", sequence=7, suspended=(3,)
    )
    assert here.covers(here)
    assert here.covers(replace(here, sequence=6))
    for other in (
        replace(here, sequence=8),
        replace(here, world_version="2"),
        replace(here, pointers=Pointers(champion=2)),
        replace(here, bundle=None),
        replace(here, suspended=()),
    ):
        assert not here.covers(other)


@pytest.mark.postgres
def test_it_begins_on_a_database_server_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres_schema() as url:
        monkeypatch.setenv("GRIDROUTE_STORE", url)
        fill(url, tmp_path)
        helpers = Helpers(command(Workspace.of(tmp_path).create()), 1)
        with closing(open_store(url)) as store, closing(helpers):
            service = RoutingService(store, utc_now, load_bundle)
            press(helpers)
            soon(lambda: helpers.places == beside.CHANNELS)
            assert helpers.decide(coming(3), service.clock(), service.live.standpoint) is not None


def test_a_batch_is_decided_beside_and_stored_here(running: Running) -> None:
    tickets = coming(40, "b")
    lost = ticket(0, "lamps")
    answers = running.service.submit_batch([Draft(ticket=one) for one in (*tickets, tickets[0], lost)])
    assert [getattr(one, "created", None) for one in answers] == [*[True] * 40, False, True]
    with running.service.store.read() as session:
        stored = [session.ticket(one.ticket_id) for one in tickets]
        assert verify(session).findings == ()
    assert all(one is not None and one.decision is not None for one in stored)
    assert running.helpers.places == beside.CHANNELS


def test_a_correction_a_stop_and_a_promotion_are_felt_there_before_the_next_ticket(running: Running) -> None:
    service, fountain = running.service, coming(3)[2:]
    before = running.elsewhere(fountain)
    assert before is not None
    units = {one.unit_id for one in before[0].decision.ranking.candidates}
    assert "newcomers" not in units
    service.submit(fountain[0])
    service.review(Review(ticket_id=fountain[0].ticket_id, unit_id="newcomers", by="Li", at=service.clock()))
    (felt,) = running.elsewhere(fountain) or ()
    assert felt.decision.history_sequence == service.live.standpoint.sequence
    assert "newcomers" in {one.unit_id for one in felt.decision.ranking.candidates}

    service.suspend(Scope.ALL, "", by="Li", reason="storm")
    (stopped,) = running.elsewhere(coming(1)) or ()
    assert stopped.decision.suspension_ids

    bundle = tiny_bundle(running.home / "bundles", seed=1)
    record = BundleRecord(version=0, digest=bundle.name, path=str(bundle), registered_at=START)
    service.store.write(
        lambda session: session.set_pointers(Pointers(champion=session.add_bundle(record).version))
    )
    (old,) = running.elsewhere(fountain) or ()
    assert old.decision.bundle_digest != bundle.name  # neither has heard of it
    service.refresh()
    (new,) = running.surely_elsewhere(fountain)
    assert new.decision.bundle_digest == bundle.name
    assert new.decision == service.decider.decide(Draft(ticket=fountain[0])).stored.decision


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_one_that_ends_or_hangs_is_done_without_and_another_is_started(
    running: Running, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    monkeypatch.setattr(beside, "AGAIN_S", 0.0)
    for _, channel in running.helpers._free:
        channel.settimeout(0.5)
    first = running.process
    os.kill(first, how)
    tickets = coming(4)
    made = running.service.decider.decide_all([(Draft(ticket=one), None) for one in tickets])
    assert not [one for one in made if isinstance(one, Exception)]
    assert running.helpers.places == 0
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    press(running.helpers)
    soon(lambda: running.helpers.places == beside.CHANNELS)
    assert running.process != first
    assert running.elsewhere(tickets) is not None


def test_it_ends_with_the_process_that_it_helps(running: Running) -> None:
    (helper,) = running.helpers._helpers
    for channel in helper.channels:
        channel.close()  # as the system does with those of a process that was killed
    assert helper.process.wait(timeout=PATIENCE_S) == 0


def test_many_callers_at_once_have_their_tickets_decided_beside_the_server(tmp_path: Path) -> None:
    home = Workspace(home=tmp_path).create()
    fill(home.store_url, tmp_path)
    numbers, enough = iter(range(1_000_000)), threading.Event()
    with serving(tmp_path) as (process, url), httpx.Client(base_url=url, timeout=60) as client:

        def call(_: int) -> list[Any]:
            told = []
            while not enough.is_set():
                body = {"ticket_id": f"m-{next(numbers)}", "text": FOUNTAIN}
                told.append(client.post("/v1/tickets", json=body))
            return told

        with ThreadPoolExecutor(12) as callers:
            calls = [callers.submit(call, n) for n in range(12)]
            try:
                soon(lambda: bool(children_of(process.pid)))
                time.sleep(3.0)  # it builds its world, and then is asked
                for child in children_of(process.pid):
                    os.kill(child, signal.SIGKILL)  # while it decides
                time.sleep(0.5)
            finally:
                enough.set()
            answers = [one for told in calls for one in told.result()]
        assert {one.status_code for one in answers} == {201}
        found = client.get("/v1/tickets", params={"limit": 1}).json()
        assert found
    with closing(open_store(home.store_url)) as store, store.read() as session:
        ids = {one.json()["ticket_id"] for one in answers}
        assert len(ids) == len(answers)
        assert all(session.ticket(number) is not None for number in ids)


def children_of(process: int) -> list[int]:
    """The processes that one has started."""
    told = Path(f"/proc/{process}/task/{process}/children")
    if not told.exists():
        pytest.skip("this system does not tell which processes one has started")
    every = Path(f"/proc/{process}/task").glob("*/children")  # each of its threads may have
    return [int(number) for one in every for number in one.read_text().split()]
