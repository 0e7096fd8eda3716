"""Batches are decided beside the server, and by it too while no single ticket would wait for that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Event, get_ident

import pytest

from domain.tickets import Ticket
from router import deciding
from router.beside import Elsewhere, NobodyBeside, Standpoint
from router.deciding import TOGETHER, Decider
from router.submission import Draft, Routed
from tests.serving import a_ticket, serve

PARTS = 6
DRAFTS = [Draft(ticket=a_ticket(f"t{number}")) for number in range(PARTS * TOGETHER)]


class Busy(NobodyBeside):
    """Has one place, and keeps its first group until it may go; whoever asks decides for themselves."""

    places = 1

    def __init__(self) -> None:
        self.go, self.all_asked = Event(), Event()
        self.threads: list[int] = []

    def decide(
        self, _tickets: Sequence[Ticket], _at: datetime, _standpoint: Standpoint, /
    ) -> Sequence[Elsewhere] | None:
        """Nothing."""
        self.threads.append(get_ident())
        if len(self.threads) == PARTS:
            self.all_asked.set()
        if len(self.threads) == 1:
            assert self.go.wait(30)
        return None


@pytest.fixture
def decider() -> Decider:
    """Of the small office."""
    return serve().decider


def ids(parts: Iterator[list[Routed | Exception]]) -> list[str]:
    """Of what was decided, in the order of the answers."""
    return [one.draft.ticket.ticket_id for part in parts for one in part if isinstance(one, Routed)]


def test_while_no_single_ticket_comes_a_batch_is_decided_here_too(decider: Decider) -> None:
    decider.beside = beside = Busy()
    with ThreadPoolExecutor(1) as caller:
        told = caller.submit(lambda: ids(decider.in_parts(DRAFTS)))
        assert beside.all_asked.wait(30)  # though the one place beside has its first part yet
        beside.go.set()
        assert told.result(30) == [draft.ticket.ticket_id for draft in DRAFTS]
    assert len(set(beside.threads)) == 2


def test_no_single_ticket_waits_for_a_batch_that_is_decided_here(
    decider: Decider, monkeypatch: pytest.MonkeyPatch
) -> None:
    decider.beside = beside = Busy()
    beside.go.set()
    monkeypatch.setattr(deciding, "QUIET_S", 3600.0)
    decider.decide(Draft(ticket=a_ticket("single")))
    assert ids(decider.in_parts(DRAFTS)) == [draft.ticket.ticket_id for draft in DRAFTS]
    assert len(set(beside.threads)) == 1


def test_a_part_that_fails_fails_in_its_place(decider: Decider, monkeypatch: pytest.MonkeyPatch) -> None:
    decider.beside = beside = Busy()
    beside.go.set()
    decide_all = decider.decide_all

    def fails(drafts: Sequence[tuple[Draft, None]], *, bulk: bool) -> list[Routed | Exception]:
        if drafts[0][0] is DRAFTS[TOGETHER]:
            raise OSError("no more threads")
        return decide_all(drafts, bulk=bulk)

    monkeypatch.setattr(decider, "decide_all", fails)
    parts = decider.in_parts(DRAFTS)
    assert len(next(parts)) == TOGETHER
    with pytest.raises(OSError, match="no more threads"):
        next(parts)
