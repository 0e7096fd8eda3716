"""Decided tickets that wait to be added together: each as if it had been added by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, event

from domain.decisions import Policy, Verdict
from domain.errors import DuplicateTicket
from domain.safety import Priority
from router.audit import verify
from router.idempotency import KeptAnswer, RequestKey
from router.ports import Addition, Store, StoredTicket, WriteSession
from router.submission import decided
from store.memory import MemoryStore
from store.sql import open_store
from tests.contract.conftest import clock
from tests.contract.samples import NOW, decision, ticket
from tests.contract.test_store_contract import told_of
from tests.unit.test_store_writer import WAIT, errors
from tests.unit.test_store_writer import together as waiting_together


def decided_like(ticket_id: str, verdict: Verdict = Verdict.DISPATCH, text: str = "no water") -> StoredTicket:
    one = replace(ticket(ticket_id), text=text)
    made = replace(decision(ticket_id, verdict=verdict), priority=Priority.HIGH)
    return decided(one, made, NOW, Policy())


def together(store: Store, *works: Callable[[WriteSession], Any]) -> list[Future[Any]]:
    """Submit the works while the store is held up, so that they wait together; one in memory never waits."""
    if isinstance(store, MemoryStore):
        return [store.submit(work) for work in works]
    return waiting_together(store, *works)


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are executed meanwhile, anywhere in this process."""
    found: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        found.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_of_many_stands_as_if_it_had_been_added_by_itself(store: Store, verdict: Verdict) -> None:
    store.write(Addition(decided_like("alone", verdict)))
    futures = together(store, *(Addition(decided_like(name, verdict)) for name in "abc"))
    assert [future.result(WAIT).ticket.ticket_id for future in futures] == ["a", "b", "c"]
    with store.read() as session:
        assert all(told_of(session, name) == told_of(session, "alone") for name in "abc")
        assert verify(session).findings == ()


def test_tickets_alone_need_no_savepoint_and_one_at_fault_has_its_own(url: str) -> None:
    with closing(open_store(url, clock)) as store:
        with statements() as good:
            together(store, *(Addition(decided_like(name)) for name in "abc"))[-1].result(WAIT)
        bad = Addition(decided_like("d", text="\ud800"))  # half a character: no database takes it
        with statements() as with_bad:
            futures = together(store, Addition(decided_like("e")), bad, Addition(decided_like("f")))
            assert [error is None for error in errors(futures)] == [True, False, True]
        # the first savepoint is of the work that holds the store up
        assert [sum(one.startswith("SAVEPOINT") for one in told) for told in (good, with_bad)] == [1, 4]
        with store.read() as session:
            assert sorted(one.ticket.ticket_id for one in session.tickets()) == ["a", "b", "c", "e", "f"]
            assert verify(session).findings == ()


def test_what_is_told_is_kept_to_the_character(store: Store) -> None:
    texts = ['he said "off" \\ / \\u0000 \\n', "停电 🔥 e\u0301\x07\t\r\n", "null", "{}[];--'", ""]
    futures = together(store, *(Addition(decided_like(f"t{i}", text=text)) for i, text in enumerate(texts)))
    assert errors(futures) == [None] * len(texts)
    with store.read() as session:
        found = {one.ticket.ticket_id: one.ticket.text for one in session.tickets()}
        assert found == {f"t{i}": text for i, text in enumerate(texts)}
        assert verify(session).findings == ()


def test_of_one_id_the_first_is_added_and_the_others_hear_of_it(store: Store) -> None:
    store.write(Addition(decided_like("known")))
    texts = {"a": "the first", "b": "alone"}
    works = [Addition(decided_like(name, text=text)) for name, text in texts.items()]
    works += [Addition(decided_like(name, text="another")) for name in ("a", "known", "a")]
    assert errors(together(store, *works)) == [None, None, *[DuplicateTicket] * 3]
    with store.read() as session:
        found = {one.ticket.ticket_id: one.ticket.text for one in session.tickets()}
        assert found == texts | {"known": "no water"}
        assert [len(session.deliveries(ticket_id=name)) for name in ("a", "b", "known")] == [1, 1, 1]
        assert verify(session).findings == ()


def test_other_works_keep_their_place_between_them(store: Store) -> None:
    def seen(session: WriteSession) -> set[str]:
        return {one.ticket.ticket_id for one in session.tickets()}

    request = RequestKey(scope="key:1", key="k", fingerprint="f")
    answer = KeptAnswer(request=request, at=NOW, status=201, body=b"{}")
    futures = together(
        store,
        Addition(decided_like("a")),
        Addition(decided_like("b")),
        seen,
        Addition(decided_like("c"), answer),
        Addition(decided_like("d")),
        Addition(decided_like("e")),
        seen,
    )
    assert futures[2].result(WAIT) == {"a", "b"}
    assert futures[-1].result(WAIT) == {"a", "b", "c", "d", "e"}
    with store.read() as session:
        assert session.answer(request.scope, request.key, NOW.replace(year=2000)) == answer


def test_one_that_cannot_be_stored_fails_alone(url: str) -> None:
    works = [Addition(decided_like(name)) for name in "abc"]
    works[1] = Addition(decided_like("b", text="half a pair: \ud800"))
    with closing(open_store(url, clock)) as store:
        assert errors(together(store, *works)) == [None, UnicodeEncodeError, None]
        with store.read() as session:
            assert {one.ticket.ticket_id for one in session.tickets()} == {"a", "c"}
            assert {one.ticket_id for one in session.event_log()} == {"a", "c"}
            assert verify(session).findings == ()


def test_many_take_as_many_statements_as_two(url: str) -> None:
    with closing(open_store(url, clock)) as store:
        counted = []
        for names in ("ab", "cdefghijklmnop"):
            works = [Addition(decided_like(name)) for name in names]
            with statements() as told:
                assert errors(together(store, *works)) == [None] * len(works)
            counted.append(sum(one.startswith("INSERT") for one in told))
        assert counted[0] == counted[1] > 0
