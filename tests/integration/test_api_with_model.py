"""The HTTP API on the SQL store with a real, tiny bundle: promotion, damage, mending, learning."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from domain.dispatches import Dispatch
from domain.units import Unit
from models.bundle import load_bundle
from router.ports import BundleRecord, Store
from router.service import RoutingService
from router.uncollected import uncollected
from store.bundles import promote
from store.sql import open_store
from tests.bundles import START, WORDS, ticket, tiny_bundle
from tests.serving import Clock
from tests.stores import new_sqlite

NOW = START + timedelta(days=60)


@dataclass
class Office:
    """A running API, its store and where its bundles are."""

    client: TestClient
    service: RoutingService
    store: Store
    bundles: Path

    def champion(self, bundle: Path) -> int:
        """Register and promote the bundle."""
        record = BundleRecord(version=0, digest=bundle.name, path=str(bundle), registered_at=NOW)
        version = self.store.write(lambda session: session.add_bundle(record)).version
        promote(self.store, version, NOW)
        return version


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    store = open_store(new_sqlite(tmp_path / "gridroute.db"))
    store.write(lambda session: session.put_units(Unit(unit_id=u, name=u.title()) for u in WORDS))
    past = [ticket(n, unit) for n in range(5) for unit in WORDS]
    log = [Dispatch(ticket=t, unit_id=t.ticket_id.split("-")[0], known_at=t.received_at) for t in past]
    store.write(lambda session: session.append_dispatches(log))
    service = RoutingService(store, Clock(NOW), load_bundle)
    with TestClient(create_app(service)) as client:
        yield Office(client, service, store, tmp_path / "bundles")
    store.close()


def test_a_promotion_is_picked_up_without_a_restart(office: Office) -> None:
    assert office.client.get("/readyz").status_code == 503
    assert office.client.get("/v1/models/current").status_code == 404
    digests = []
    for seed in (1, 2):
        bundle = tiny_bundle(office.bundles, seed=seed)
        version = office.champion(bundle)
        office.service.refresh()
        model = office.client.get("/v1/models/current").json()
        answer = office.client.post("/v1/tickets", json={"text": WORDS["pipes"]}).json()
        assert (model["version"], model["digest"]) == (version, bundle.name)
        assert answer["bundle"] == {"version": version, "digest": bundle.name}
        digests.append(bundle.name)
    assert len(set(digests)) == 2
    assert office.client.get("/readyz").json() == {"ready": True, "units": 2, "history_sequence": 10}


def test_a_world_that_was_replaced_goes_without_the_collector(office: Office) -> None:
    """Those that serve are kept from being collected: what held itself would stay for good."""
    office.champion(tiny_bundle(office.bundles))
    built: list[str] = []
    service = RoutingService(office.store, Clock(NOW), load_bundle, built=lambda: built.append("a world"))
    with uncollected():
        service.submit(ticket(9, "pipes"))
        world = service.live.world
        assert world.bundle is not None
        before = [weakref.ref(one) for one in (world.history, world.territories, world.bundle.ranker)]
        del world
        office.champion(tiny_bundle(office.bundles, seed=2))
        service.refresh()
        assert [one() for one in before] == [None, None, None]
    assert built == ["a world", "a world"]


def test_a_ranked_ticket_has_calibrated_probabilities_and_evidence(office: Office) -> None:
    office.champion(tiny_bundle(office.bundles))
    office.service.refresh()
    answer = office.client.post("/v1/tickets", json={"text": WORDS["pipes"]}).json()
    assert (answer["unit"], answer["unit_name"]) == ("pipes", "Pipes")
    assert 0 < answer["probability"] < 1
    assert answer["candidates"][0]["probability"] == answer["probability"]
    assert answer["candidates"][0]["evidence"]
    assert office.client.get(f"/v1/tickets/{answer['ticket_id']}").json() == answer


def test_a_review_is_evidence_for_the_very_next_ticket(office: Office) -> None:
    office.champion(tiny_bundle(office.bundles))
    office.service.refresh()

    def ask() -> tuple[str, int, list[tuple[str, float]]]:
        answer = office.client.post("/v1/tickets", json={"text": WORDS["pipes"], "category": "water"}).json()
        found = [
            (c["unit"], e["hits"])
            for c in answer["candidates"]
            for e in c["evidence"]
            if e["key"] == "category"
        ]
        return answer["ticket_id"], answer["history_sequence"], found

    ticket_id, sequence, before = ask()
    assert (sequence, before) == (10, [])
    assert office.client.post(f"/v1/tickets/{ticket_id}/review", json={"unit": "lamps"}).status_code == 200
    assert ask()[1:] == (11, [("lamps", 1.0)])


def test_a_damaged_bundle_is_named_and_a_mended_one_serves_again(office: Office) -> None:
    bundle = tiny_bundle(office.bundles)
    office.champion(bundle)
    ranker = bundle / "ranker.txt"
    whole = ranker.read_text()
    ranker.write_text(whole.replace("leaf", "laef", 1))
    office.service.refresh()
    problems = office.client.get("/readyz").json()["problems"]
    assert [(p["code"], "ranker.txt" in p["problem"]) for p in problems] == [("bundle_damaged", True)]
    answer = office.client.post("/v1/tickets", json={"text": WORDS["pipes"]})
    assert (answer.status_code, answer.json()["verdict"]) == (201, "review")
    ranker.write_text(whole)
    office.service.refresh()
    assert office.client.get("/readyz").status_code == 200


def test_a_missing_bundle_is_named(office: Office) -> None:
    bundle = tiny_bundle(office.bundles)
    office.champion(bundle)
    bundle.rename(bundle.with_name("elsewhere"))
    office.service.refresh()
    assert [p["code"] for p in office.client.get("/readyz").json()["problems"]] == ["bundle_missing"]


def test_the_running_application_refreshes_by_itself(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    refreshed = threading.Event()
    monkeypatch.setattr(office.service, "refresh", refreshed.set)
    with TestClient(create_app(office.service, Settings(refresh_seconds=0.01))):
        assert refreshed.wait(timeout=30)


def test_no_mistake_is_made_twice(office: Office) -> None:
    """One correction outweighs everything else for the same trouble, until a person says otherwise."""
    office.champion(tiny_bundle(office.bundles))
    office.service.refresh()
    trouble = {"text": WORDS["pipes"], "category": "water", "address": "12 Main Street"}

    def ask(**fields: str) -> dict[str, Any]:
        answer: dict[str, Any] = office.client.post("/v1/tickets", json=trouble | fields).json()
        return answer

    def give(ticket_id: str, unit: str) -> None:
        asked = {"unit": unit, "by": "Li Wei"}
        assert office.client.post(f"/v1/tickets/{ticket_id}/review", json=asked).status_code == 200

    first = ask()
    other = next(unit for unit in WORDS if unit != first["unit"])
    give(first["ticket_id"], other)
    again = ask(text=f"again: {WORDS['pipes']}")
    assert again["unit"] == other
    assert again["candidates"][0]["unit"] == first["unit"]  # what the model says is shown as it is
    assert "corrected_before" in again["reasons"]
    assert again["status"] == "in_review"
    assert ask(address="99 Other Street")["unit"] == first["unit"]
    give(again["ticket_id"], first["unit"])
    assert ask()["unit"] == first["unit"]


def test_an_undone_correction_is_no_precedent(office: Office) -> None:
    office.champion(tiny_bundle(office.bundles))
    office.service.refresh()
    trouble = {"text": WORDS["pipes"], "category": "water", "address": "12 Main Street"}
    first = office.client.post("/v1/tickets", json=trouble).json()
    other = next(unit for unit in WORDS if unit != first["unit"])
    path = f"/v1/tickets/{first['ticket_id']}"
    assert office.client.post(f"{path}/review", json={"unit": other, "by": "Li Wei"}).status_code == 200
    assert office.client.post("/v1/tickets", json=trouble).json()["unit"] == other
    asked = {"by": "Li Wei", "reason": "the wrong line"}
    assert office.client.post(f"{path}/undo", json=asked).status_code == 200
    office.service.refresh()
    again = office.client.post("/v1/tickets", json=trouble).json()
    assert again["unit"] == first["unit"]
    assert "corrected_before" not in again["reasons"]
