"""The writer thread: what shares a commit, what fails alone, what fails together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.pool import NullPool

from domain.errors import StoreFull, StoreUnavailable
from router.ports import Store
from store.engines import parse_url, writer_engine
from store.writer import MAX_BULK, Writer

WAIT = 30  # seconds after which a test gives up; never waited when all is well


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database with one table of names and one whose rows must name one of them."""
    engine = writer_engine(parse_url(f"sqlite:///{tmp_path / 'w.db'}"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE names (name TEXT PRIMARY KEY)"))
        connection.execute(
            text("CREATE TABLE uses (name TEXT REFERENCES names DEFERRABLE INITIALLY DEFERRED)")
        )
    yield engine
    engine.dispose()


class Bare:
    """A session that is no more than its connection, and a list of what its works kept in it."""

    def __init__(self, connection: Connection) -> None:
        self.execute = connection.execute
        self.kept: list[str] = []

    def mark(self) -> list[str]:
        return list(self.kept)

    def go_back(self, mark: list[str]) -> None:
        self.kept = mark

    def finish(self) -> None:
        for name in self.kept:
            self.execute(text("INSERT INTO names VALUES (:name)"), {"name": name})


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    """A writer whose works are given bare sessions."""
    writer = Writer(engine, Bare, "w.db")  # type: ignore[arg-type]
    yield writer
    writer.close()


def run(sql: str, **values: object) -> Callable[[Any], None]:
    """A work of one statement."""

    def work(connection: Connection) -> None:
        connection.execute(text(sql), values)

    return work


def add(name: str) -> Callable[[Any], None]:
    return run("INSERT INTO names VALUES (:name)", name=name)


def together(writer: Writer | Store, *works: Callable[[Any], Any]) -> list[Future[Any]]:
    """Submit the works while the thread is held up, so that they wait together."""
    held, go = Event(), Event()

    def hold(_: object) -> None:
        held.set()
        assert go.wait(WAIT)

    writer.submit(hold)
    assert held.wait(WAIT)
    futures = [writer.submit(work) for work in works]
    go.set()
    return futures


def names(engine: Engine) -> set[str]:
    # the engine's only connection is the writer's
    with create_engine(engine.url, poolclass=NullPool).connect() as connection:
        return set(connection.scalars(text("SELECT name FROM names")))


def errors(futures: list[Future[Any]]) -> list[type | None]:
    found = [future.exception(WAIT) for future in futures]
    return [None if error is None else type(error) for error in found]


def test_works_that_wait_together_share_one_commit(writer: Writer, engine: Engine) -> None:
    commits: list[Connection] = []
    event.listen(engine, "commit", commits.append)
    assert errors(together(writer, *(add(str(i)) for i in range(20)))) == [None] * 20
    assert len(commits) == 2  # one for the work that held the thread up
    assert len(names(engine)) == 20


def test_what_works_keep_is_written_once_without_what_failed(writer: Writer, engine: Engine) -> None:
    def keep(name: str, then: Callable[[], object] = lambda: None) -> Callable[[Any], None]:
        def work(session: Bare) -> None:
            session.kept.append(name)
            then()

        return work

    def fail() -> None:
        raise ValueError("no")

    assert errors(together(writer, keep("a"), keep("b", fail), keep("c"))) == [None, ValueError, None]
    assert names(engine) == {"a", "c"}


def test_none_is_done_where_what_they_keep_cannot_be_written(writer: Writer, engine: Engine) -> None:
    def keep(session: Bare) -> None:
        session.kept.append("a")

    assert errors(together(writer, add("a"), keep, add("b"))) == [IntegrityError] * 3
    assert names(engine) == set()


def test_no_future_is_answered_before_the_commit(writer: Writer) -> None:
    first: list[Future[Any]] = []
    started = Event()

    def write_first(connection: Any) -> None:
        assert started.wait(WAIT)
        add("a")(connection)

    seen = []
    futures = together(writer, write_first, lambda _: seen.append(first[0].done()))
    first.append(futures[0])
    started.set()
    assert errors(futures) == [None, None]
    assert seen == [False]


def test_a_failing_work_takes_nobody_with_it(writer: Writer, engine: Engine) -> None:
    def half(connection: Connection) -> None:
        add("half")(connection)
        raise KeyError("broken")

    futures = together(writer, add("a"), half, add("a"), run("SELECT nonsense"), add("b"))
    kinds = errors(futures)
    assert [kind.__name__ if kind else None for kind in kinds] == [
        None,
        "KeyError",
        "IntegrityError",
        "OperationalError",
        None,
    ]
    assert names(engine) == {"a", "b"}


def test_a_failing_commit_fails_all_and_stores_nothing(writer: Writer, engine: Engine) -> None:
    dangling = run("INSERT INTO uses VALUES ('nobody')")  # checked only at the commit
    assert errors(together(writer, add("a"), dangling, add("b"))) == [IntegrityError] * 3
    assert names(engine) == set()
    assert writer.submit(add("c")).exception(WAIT) is None
    assert names(engine) == {"c"}


@pytest.mark.parametrize("gone", [(True,), (False,), (True, True), (True, False)])
def test_a_transaction_that_cannot_be_begun_is_not_left_open(
    writer: Writer, engine: Engine, gone: tuple[bool, ...]
) -> None:
    """`gone`: of each refusal, whether the connection is lost; of one that was lost another is tried once."""
    writer.submit(add("before")).result(WAIT)
    refusals = [OperationalError("BEGIN", {}, Exception("no"), connection_invalidated=lost) for lost in gone]

    def refuse(_: Connection) -> None:
        if refusals:
            raise refusals.pop(0)

    event.listen(engine, "begin", refuse)  # after it has begun
    (error,) = errors([writer.submit(add("a"))])
    assert (error is None) == (gone == (True,))
    assert not refusals
    writer.submit(add("b")).result(WAIT)
    assert names(engine) == {"before", "b"} | ({"a"} if error is None else set())


def test_a_full_disk_fails_all_and_stores_nothing(writer: Writer, engine: Engine) -> None:
    def allow(pages: int) -> Callable[[Any], None]:
        return run(f"PRAGMA max_page_count={pages}")

    assert writer.submit(allow(20)).exception(WAIT) is None
    futures = together(writer, add("a"), add("x" * 200_000), add("b"))
    assert errors(futures) == [StoreFull] * 3
    assert "disk is full" in str(futures[0].exception(WAIT))
    assert names(engine) == set()
    assert errors([writer.submit(allow(1_000_000)), writer.submit(add("c"))]) == [None, None]
    assert names(engine) == {"c"}


def test_a_cancelled_work_is_not_done(writer: Writer, engine: Engine) -> None:
    held, go = Event(), Event()
    holding = writer.submit(lambda _: held.set() or go.wait(WAIT))  # type: ignore[func-returns-value]
    assert held.wait(WAIT)
    cancelled, other = writer.submit(add("a")), writer.submit(add("b"))
    assert cancelled.cancel()
    go.set()
    assert errors([holding, other]) == [None, None]
    assert names(engine) == {"b"}


def test_closing_finishes_what_waits(writer: Writer, engine: Engine) -> None:
    futures = [writer.submit(add(str(i))) for i in range(600)]  # more than one group
    writer.close()
    assert all(future.done() for future in futures)
    assert len(names(engine)) == 600
    with pytest.raises(StoreUnavailable, match="closed"):
        writer.submit(add("late"))


def test_a_work_that_would_wait_for_itself_is_refused(writer: Writer) -> None:
    outer = writer.submit(lambda _: writer.submit(add("a")).result())
    with pytest.raises(RuntimeError, match="session it was given"):
        outer.result(WAIT)


def test_what_comes_in_bulk_lets_the_others_go_first(writer: Writer) -> None:
    done: list[str] = []
    held, go = Event(), Event()
    writer.submit(lambda _: held.set() or go.wait(WAIT))  # type: ignore[func-returns-value]
    assert held.wait(WAIT)
    many = [writer.submit(lambda _: done.append("bulk"), bulk=True) for _ in range(3 * MAX_BULK)]
    single = writer.submit(lambda _: done.append("single"))
    go.set()
    assert errors([single, *many]) == [None] * (3 * MAX_BULK + 1)
    assert done[0] == "single"


def test_a_single_work_waits_for_one_part_of_the_bulk_at_most(writer: Writer) -> None:
    done: list[str] = []
    held, came = Event(), Event()

    def first(_: object) -> None:
        held.set()
        assert came.wait(WAIT)
        done.append("bulk")

    many = [writer.submit(first, bulk=True)]
    many += [writer.submit(lambda _: done.append("bulk"), bulk=True) for _ in range(3 * MAX_BULK)]
    assert held.wait(WAIT)
    single = writer.submit(lambda _: done.append("single"))
    came.set()
    assert errors([single, *many]) == [None] * (3 * MAX_BULK + 2)
    assert done.index("single") <= MAX_BULK
