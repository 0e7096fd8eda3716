"""Several serving processes on one PostgreSQL store: what is decided through one is felt by all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.dispatches import Dispatch
from domain.units import Unit
from router.ports import BundleRecord, Pointers
from store.sql import open_store
from tests.bundles import START, WORDS, ticket, tiny_bundle
from tests.contract.conftest import postgres_schema
from tests.integration.test_serving_process import serving

pytestmark = pytest.mark.postgres
PATIENCE_S = 20.0  # far more than the second it takes: machines are busy


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_schema() as url:
        yield url


@pytest.fixture
def both(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Two servers on one store with two units and a model."""
    fill(url, tmp_path)
    monkeypatch.setenv("GRIDROUTE_STORE", url)
    with serving(tmp_path / "a") as (_, first), serving(tmp_path / "b") as (_, second):
        yield httpx.Client(base_url=first, timeout=30), httpx.Client(base_url=second, timeout=30)


def fill(url: str, directory: Path) -> None:
    bundle = tiny_bundle(directory / "bundles")
    record = BundleRecord(version=0, digest=bundle.name, path=str(bundle), registered_at=START)
    past = [ticket(n, unit) for n in range(5) for unit in WORDS]
    log = [Dispatch(ticket=t, unit_id=t.ticket_id.split("-")[0], known_at=t.received_at) for t in past]
    with closing(open_store(url)) as store:
        store.write(lambda session: session.put_units(Unit(unit_id=u, name=u) for u in (*WORDS, "newcomers")))
        store.write(lambda session: session.append_dispatches(log))
        store.write(
            lambda session: session.set_pointers(Pointers(champion=session.add_bundle(record).version))
        )


def submit(client: httpx.Client, ticket_id: str) -> dict[str, Any]:
    text = {
        "ticket_id": ticket_id,
        "text": "the fountain in the market square is dry",
        "address": "1 Market Square",
    }
    answer = client.post("/v1/tickets", json=text)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def soon(happened: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if happened():
            return True
        time.sleep(0.1)
    return False


def test_a_correction_through_one_is_felt_by_the_other(both: tuple[httpx.Client, httpx.Client]) -> None:
    first, second = both
    told = submit(first, "f-1")
    assert "newcomers" not in {one["unit"] for one in told["candidates"]}
    reviewed = first.post("/v1/tickets/f-1/review", json={"unit": "newcomers", "by": "Li Wei"})
    assert reviewed.status_code == 200
    assert second.get("/v1/tickets/f-1").json()["review"]["unit"] == "newcomers"
    numbers = iter(range(2, 1_000))

    def felt() -> bool:
        answer = submit(second, f"f-{next(numbers)}")
        return "newcomers" in {one["unit"] for one in answer["candidates"]}

    assert soon(felt)
    again = second.post("/v1/tickets/f-1/review", json={"unit": "lamps", "by": "Wang"})
    assert again.status_code == 409


def test_a_stop_through_one_stops_the_other_and_so_does_letting_it_go_on(
    both: tuple[httpx.Client, httpx.Client],
) -> None:
    first, second = both
    told = submit(second, "s-0")
    body = {"scope": "all", "by": "Li Wei", "reason": "storm"}
    assert first.post("/v1/automation/suspend", json=body).status_code == 200
    assert soon(lambda: bool(second.get("/v1/automation").json()["suspensions"]))
    numbers = iter(range(1, 1_000))

    def suspended() -> list[str]:
        found: list[str] = submit(second, f"s-{next(numbers)}")["suspensions"]
        return found

    assert not told["suspensions"]
    assert soon(lambda: bool(suspended()))
    (active,) = second.get("/v1/automation").json()["suspensions"]
    number = active["suspension"]
    lifted = first.post("/v1/automation/resume", json={"suspension": number, "by": "Li", "reason": "over"})
    assert lifted.status_code == 200, lifted.text
    assert soon(lambda: not second.get("/v1/automation").json()["suspensions"])
    assert soon(lambda: not suspended())


def test_a_promotion_is_picked_up_by_both(
    both: tuple[httpx.Client, httpx.Client], url: str, tmp_path: Path
) -> None:
    bundle = tiny_bundle(tmp_path / "bundles", seed=1)
    record = BundleRecord(
        version=0, digest=bundle.name, path=str(bundle), registered_at=START + timedelta(days=1)
    )
    with closing(open_store(url)) as store:
        store.write(
            lambda session: session.set_pointers(Pointers(champion=session.add_bundle(record).version))
        )
    for client in both:
        assert soon(lambda client=client: client.get("/v1/models/current").json()["digest"] == bundle.name)  # type: ignore[misc]


def test_labels_through_both_at_once_keep_the_order_of_time(
    both: tuple[httpx.Client, httpx.Client], url: str
) -> None:
    first, second = both
    for number in range(10):
        for client in both:
            submit(client, f"o-{number}-{client.base_url.port}")
    for number in range(10):
        for client, other in ((first, second), (second, first)):
            name = f"o-{number}-{client.base_url.port}"
            body = {"unit": "lamps", "by": "Li Wei"}
            assert other.post(f"/v1/tickets/{name}/review", json=body).status_code == 200
    with closing(open_store(url)) as store, store.read() as session:
        known = [entry.known_at for entry in session.dispatches()]
    assert known == sorted(known)
    assert len(known) == 30
