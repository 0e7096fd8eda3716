"""What every store promises of answers to requests with an idempotency key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import AlreadyAnswered, DuplicateTicket
from router.idempotency import LIFETIME, KeptAnswer, RequestKey
from router.ports import Store, WriteSession
from store.sql import open_store
from tests.contract.samples import NOW, ticket

REQUEST = RequestKey(scope="POST /v1/tickets", key="k", fingerprint="ab" * 32)
ANSWER = KeptAnswer(request=REQUEST, at=NOW, status=201, body="派工 {}".encode() * 100)


def keep(store: Store, answer: KeptAnswer) -> None:
    store.write(lambda session: session.keep_answer(answer))


def kept(store: Store, scope: str = REQUEST.scope, key: str = "k", since: timedelta = LIFETIME) -> object:
    with store.read() as session:
        return session.answer(scope, key, since=NOW - since)


def test_an_answer_comes_back_as_it_was(store: Store) -> None:
    assert kept(store) is None
    keep(store, ANSWER)
    assert kept(store) == ANSWER
    assert kept(store, scope="POST /v1/tickets/batch") is None
    assert kept(store, key="K") is None


def test_a_key_has_one_answer_while_it_lives(store: Store) -> None:
    keep(store, ANSWER)
    for later in (timedelta(), LIFETIME - timedelta(seconds=1)):
        with pytest.raises(AlreadyAnswered):
            keep(store, replace(ANSWER, at=NOW + later, status=200))
    assert kept(store) == ANSWER


def test_an_answer_that_outlived_its_time_is_gone(store: Store) -> None:
    keep(store, ANSWER)
    assert kept(store, since=timedelta()) is None
    newer = replace(ANSWER, at=NOW + LIFETIME, status=200)
    keep(store, newer)
    assert kept(store) == newer


def test_a_key_that_is_taken_takes_its_ticket_along(store: Store) -> None:
    keep(store, ANSWER)

    def work(session: WriteSession) -> None:
        session.add_ticket(ticket())
        session.keep_answer(ANSWER)

    with pytest.raises(AlreadyAnswered):
        store.write(work)
    with store.read() as session:
        assert session.ticket("1") is None


def test_of_two_processes_one_works(url: str) -> None:
    first, second = open_store(url), open_store(url)

    def work(session: WriteSession) -> None:
        session.keep_answer(ANSWER)

    def attempt(number: int) -> bool:
        try:
            (first, second)[number % 2].write(work)
        except AlreadyAnswered:
            return False
        return True

    try:
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(attempt, range(16))) == 1
    finally:
        first.close()
        second.close()


def test_of_two_processes_one_stores_the_ticket(url: str) -> None:
    first, second = open_store(url), open_store(url)

    def attempt(number: int) -> bool:
        try:
            (first, second)[number % 2].write(lambda session: session.add_ticket(ticket()))
        except DuplicateTicket:
            return False
        return True

    try:
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(attempt, range(16))) == 1
    finally:
        first.close()
        second.close()
