"""What a unit has done was its own: the dispatch log learns it, each ticket once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from domain.dispatches import Dispatch, LabelSource, unretracted
from domain.tickets import Ticket
from router.audit import verify
from router.folding import fold_order
from router.ports import Store
from router.service import RoutingService
from store.importing.importing import ImportReport, import_file
from tests.serving import NOW, Clock

GAS = {"ticket_id": "t1", "text": "Gas leak", "latitude": 31.25, "longitude": 121.45, "account": "310042"}
Said = list[tuple[str, LabelSource, str | None]]


def say(client: TestClient, store: Store, word: str, unit: str) -> None:
    """What the unit says of the ticket that it was handed last."""
    with store.read() as session:
        number = session.deliveries(unit_id=unit, ticket_id="t1", limit=9)[-1].delivery_id
    body = {"by": "crew 7"} | ({"reason": "a private line"} if word == "reject" else {})
    answer = client.post(f"/v1/units/{unit}/dispatches/{number}/{word}", json=body)
    assert answer.status_code == 200, answer.text


def review(client: TestClient, unit: str) -> Any:
    return client.post("/v1/tickets/t1/review", json={"unit": unit, "by": "Li Wei"})


def standing(store: Store) -> Said:
    with store.read() as session:
        assert verify(session).findings == ()
        return [(one.unit_id, one.source, one.by) for one in unretracted(session.dispatches())]


def test_a_dispatch_that_nobody_objected_to_is_learnt_when_its_work_is_done(
    client: TestClient, store: Store, service: RoutingService
) -> None:
    client.post("/v1/tickets", json=GAS)
    for word in ("acknowledge", "accept"):
        say(client, store, word, "gas")
        assert standing(store) == []
    for _ in range(2):
        say(client, store, "done", "gas")
        assert standing(store) == [("gas", LabelSource.DONE, "crew 7")]
    assert service.vitals().lag == 0
    # the next ticket feels it
    other = {**GAS, "ticket_id": "t2", "text": "no gas at all"}
    candidates = client.post("/v1/tickets", json=other).json()["candidates"]
    gas = next(one for one in candidates if one["unit"] == "gas")
    assert "history" in {one["kind"] for one in gas["evidence"]}


def test_a_persons_word_is_not_said_again(client: TestClient, store: Store, clock: Clock) -> None:
    client.post("/v1/tickets", json=GAS)
    review(client, "north")
    clock.move(seconds=10)
    say(client, store, "done", "north")
    assert standing(store) == [("north", LabelSource.REASSIGNMENT, "Li Wei")]


@pytest.mark.parametrize(
    ("unit", "source"), [("gas", LabelSource.CONFIRMATION), ("south", LabelSource.REASSIGNMENT)]
)
def test_a_person_who_comes_after_it_is_believed_until_that_is_undone(
    client: TestClient, store: Store, unit: str, source: LabelSource
) -> None:
    client.post("/v1/tickets", json=GAS)
    say(client, store, "done", "gas")
    assert review(client, unit).status_code == 200
    assert standing(store) == [(unit, source, "Li Wei")]
    undone = client.post("/v1/tickets/t1/undo", json={"by": "Li Wei", "reason": "the wrong line"})
    assert undone.status_code == 200
    assert standing(store) == [("gas", LabelSource.DONE, "crew 7")]


@pytest.mark.parametrize("how", ["review", "reject"])
def test_a_word_that_was_said_by_an_earlier_dispatch_is_replaced_as_well(
    client: TestClient, store: Store, clock: Clock, how: str
) -> None:
    client.post("/v1/tickets", json=GAS)
    client.post("/v1/tickets", json={**GAS, "ticket_id": "t2"})
    say(client, store, "done", "gas")
    for word, body in (("join", {"into": "t2", "by": "Li Wei"}), ("unjoin", {"by": "Li Wei"})):
        assert client.post(f"/v1/tickets/t1/{word}", json=body).status_code == 200
        clock.move(seconds=11)
    assert standing(store) == [("gas", LabelSource.DONE, "crew 7")]
    if how == "review":
        review(client, "south")
        assert standing(store) == [("south", LabelSource.REASSIGNMENT, "Li Wei")]
    else:
        say(client, store, "reject", "gas")
        assert standing(store) == []


def test_a_unit_that_takes_its_word_back_is_not_believed(client: TestClient, store: Store) -> None:
    client.post("/v1/tickets", json=GAS)
    say(client, store, "done", "gas")
    say(client, store, "reject", "gas")
    assert standing(store) == []


def past(unit_id: str, ticket_id: str = "t1") -> Dispatch:
    return Dispatch(
        ticket=Ticket(ticket_id=ticket_id, text="Gas leak", received_at=NOW), unit_id=unit_id, known_at=NOW
    )


@pytest.mark.parametrize("unit", ["gas", "south"])
def test_what_was_imported_is_not_learnt_again(client: TestClient, store: Store, unit: str) -> None:
    client.post("/v1/tickets", json=GAS)
    store.write(lambda session: session.append_dispatches([past(unit)]))
    for word in ("done", "reject"):
        say(client, store, word, "gas")
        assert standing(store) == [(unit, LabelSource.IMPORT, None)]


def imported(store: Store, clock: Clock, folder: Path, *entries: Dispatch) -> ImportReport:
    """What comes of a file of these closed tickets."""
    rows = [f"{one.ticket_id},{one.known_at.isoformat()},{one.unit_id},Gas leak" for one in entries]
    file = folder / "closed.csv"
    file.write_text("\n".join(["ticket_id,received_at,unit,text", *rows]))
    return import_file(store, "history", file, now=clock(), by="importer")


def test_an_import_of_closed_tickets_adds_what_was_not_told(
    client: TestClient, store: Store, clock: Clock, tmp_path: Path
) -> None:
    client.post("/v1/tickets", json=GAS)
    say(client, store, "done", "gas")
    report = imported(store, clock, tmp_path, past("gas"), past("gas", "t2"))
    assert (report.changed, report.overruled, report.bad) == (1, 0, [])
    say(client, store, "reject", "gas")  # nothing stands of it any more
    assert imported(store, clock, tmp_path, past("gas")).changed == 1


def test_an_import_overrules_what_another_unit_told_by_having_done_the_work(
    client: TestClient, store: Store, service: RoutingService, clock: Clock, tmp_path: Path
) -> None:
    client.post("/v1/tickets", json=GAS)
    clock.move(seconds=30)
    say(client, store, "done", "gas")
    clock.move(seconds=30)
    closed = past("south")  # known before the unit told
    report = imported(store, clock, tmp_path, closed)
    assert (report.changed, report.overruled, report.bad) == (1, 1, [])
    assert standing(store) == [("south", LabelSource.IMPORT, None)]
    service.refresh()
    with store.read() as session:
        log = sorted(session.dispatches(), key=fold_order)
    assert [(one.unit_id, one.source) for one in unretracted(log)] == [("south", LabelSource.IMPORT)]
    again = imported(store, clock, tmp_path, closed)
    assert (again.changed, again.overruled) == (0, 0)


def test_what_was_overruled_does_not_come_back_with_an_undone_review(
    client: TestClient, store: Store, clock: Clock, tmp_path: Path
) -> None:
    client.post("/v1/tickets", json=GAS)
    say(client, store, "done", "gas")
    imported(store, clock, tmp_path, past("south"))
    assert review(client, "north").status_code == 200
    undone = client.post("/v1/tickets/t1/undo", json={"by": "Li Wei", "reason": "the wrong line"})
    assert undone.status_code == 200
    assert standing(store) == [("south", LabelSource.IMPORT, None)]


def test_an_import_does_not_overrule_a_person(
    client: TestClient, store: Store, clock: Clock, tmp_path: Path
) -> None:
    client.post("/v1/tickets", json=GAS)
    say(client, store, "done", "gas")
    review(client, "north")
    report = imported(store, clock, tmp_path, past("south"))
    assert report.refused
    problem = "'t1' stands in the dispatch log for unit 'north': Li Wei said so in the running service"
    assert [bad.problem for bad in report.bad] == [problem]
    assert standing(store) == [("north", LabelSource.REASSIGNMENT, "Li Wei")]
