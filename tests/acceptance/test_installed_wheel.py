"""The way of a ticket with the installed wheel: import, train, promote, serve, POST, review; the next one changes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.demo_stream import body
from simulation.city import build_city
from tests.acceptance.conftest import BEGINNING
from tests.acceptance.installation import Installation

ENOUGH, MOST = 5, 600  # wrong proposals that tell something; further tickets that are tried to find them

Json = dict[str, Any]


@pytest.fixture
def client(installation: Installation, trained_home: Path) -> Iterator[httpx.Client]:
    """A client of the trained city's service. One test uses it: a store has one server."""
    with installation.serving(trained_home) as client:
        yield client


def post(client: httpx.Client, ticket: Json) -> Json:
    answered = client.post("/v1/tickets", json=ticket)
    assert answered.status_code == 201, answered.text
    answer: Json = answered.json()
    return answer


def chance(answer: Json, unit: str) -> float:
    """The probability that the answer gives a unit; 0 where it is no candidate."""
    return next((c["probability"] for c in answer["candidates"] if c["unit"] == unit), 0.0)


def test_from_files_to_a_ticket_that_feels_the_review_before_it(client: httpx.Client) -> None:
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True), ready.text
    assert client.get("/v1/models/current").json()["version"] == 1

    # new tickets: some go out by themselves, and those are right far more often than not
    coming = build_city(0, 1_000, 3_000, start=BEGINNING).stream()
    answers = [(post(client, body(ticket)), truth) for ticket, truth in islice(coming, 150)]
    automatic = [(answer, truth) for answer, truth in answers if answer["verdict"] == "dispatch"]
    assert len(automatic) >= 40
    assert sum(answer["unit"] == truth for answer, truth in automatic) >= 0.8 * len(automatic)

    # where the proposal is wrong a person says whose it is, and the next such ticket feels it
    wrong = [(answer, truth) for answer, truth in answers if waits(answer) and answer["unit"] != truth]
    for ticket, truth in islice(coming, MOST):
        if len(wrong) >= ENOUGH:
            break
        answer = post(client, body(ticket))
        if waits(answer) and answer["unit"] != truth:
            wrong.append((answer, truth))
    changes = [correct(client, answer, truth) for answer, truth in wrong]
    assert len(changes) >= ENOUGH
    assert all(after["history_sequence"] == before["history_sequence"] + 1 for before, after in changes)
    felt = [
        chance(after, unit) > chance(before, unit)
        for (before, after), (_, unit) in zip(changes, wrong, strict=True)
    ]
    assert sum(felt) > len(felt) / 2
    assert any(after["unit"] == unit for (_, after), (_, unit) in zip(changes, wrong, strict=True))


def waits(answer: Json) -> bool:
    """Whether a person is asked because the model is not sure enough."""
    return answer["verdict"] == "review" and "below_threshold" in answer["reasons"]


def correct(client: httpx.Client, waiting: Json, truth: str) -> tuple[Json, Json]:
    """Give a waiting ticket to its rightful unit; answers what the same trouble gets before and after that."""
    words = {
        name: waiting["content"][name] for name in ("text", "category", "account", "address", "attributes")
    }
    point = {name: waiting["content"][name] for name in ("latitude", "longitude")}
    same = words | point | {"received_at": waiting["received_at"]}
    review = {"unit": truth, "by": "Li Wei"}
    before = post(client, same)
    reviewed = client.post(f"/v1/tickets/{waiting['ticket_id']}/review", json=review)
    assert (reviewed.status_code, reviewed.json()["status"]) == (200, "dispatched")
    assert client.post(f"/v1/tickets/{waiting['ticket_id']}/review", json=review).status_code == 409
    return before, post(client, same)
