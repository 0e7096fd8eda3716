"""Keys in every store: found by the digest of their secrets, revoked for good, told in the log."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from domain.access import Area, Right, Role
from domain.errors import InvalidInput, NotFound
from router.access import Issued, Wanted, digest_of, issue, issue_first, revoke
from router.audit import verify
from router.event_ports import EventKind
from router.ports import Store
from store.codec import encode
from store.memory import MemoryStore
from store.sql import open_store
from tests.contract.samples import NOW, ROADS, TERRITORY, WATER

CREW = Wanted(name="Crew 1", role=Role.UNIT, area=Area(units=frozenset({"water-1"})), days=30)


@pytest.fixture
def office(store: Store) -> Store:
    """A store with two units and a territory."""
    store.write(lambda session: session.put_units([WATER, ROADS]))
    store.write(lambda session: session.put_territories([TERRITORY]))
    return store


def test_a_key_is_found_by_its_secret(office: Store) -> None:
    issued = issue(office, CREW, by="root", at=NOW)
    with office.read() as session:
        assert session.keys_by_digest() == {digest_of(issued.secret): issued.key}
        assert session.keys() == [issued.key]
    assert issued.key.expires_at == NOW + timedelta(days=30)
    assert issued.key.holds(NOW + timedelta(days=29))
    assert not issued.key.holds(NOW + timedelta(days=30))


def test_keys_keep_their_order_and_what_they_are_narrowed_to(office: Store) -> None:
    wanted = Wanted(
        name="Desk",
        role=Role.REVIEWER,
        area=Area(territories=frozenset({"T1"})),
        only=frozenset({Right.READ}),
        days=None,
    )
    made = [issue(office, one, by="root", at=NOW).key for one in (wanted, CREW, wanted)]
    with office.read() as session:
        assert session.keys() == made
    assert made[0].rights == {Right.READ}
    assert made[0].expires_at is None


def test_a_revoked_key_is_found_no_more_but_listed(office: Store) -> None:
    key, kept = (issue(office, CREW, by="root", at=NOW) for _ in range(2))
    later = NOW + timedelta(hours=1)
    revoked = revoke(office, key.key.key_id, by="Li", at=later)
    assert revoked.revoked_at == later
    assert revoke(office, key.key.key_id, by="Li", at=later + timedelta(hours=1)) == revoked
    with office.read() as session:
        assert list(session.keys_by_digest()) == [digest_of(kept.secret)]
        assert session.keys() == [revoked, kept.key]
        told = [
            one for one in session.event_log() if one.kind in (EventKind.KEY_ISSUED, EventKind.KEY_REVOKED)
        ]
        assert [(one.kind, one.by) for one in told] == [
            (EventKind.KEY_ISSUED, "root"),
            (EventKind.KEY_ISSUED, "root"),
            (EventKind.KEY_REVOKED, "Li"),
        ]
        assert verify(session).findings == ()
    with pytest.raises(NotFound):
        revoke(office, "nobody", by="Li", at=later)


def test_a_secret_is_stored_nowhere(office: Store) -> None:
    issued = issue(office, CREW, by="root", at=NOW)
    with office.read() as session:
        kept = encode(
            [session.keys(), [one.detail for one in session.event_log()], list(session.keys_by_digest())]
        )
    assert issued.secret.split("_", 2)[2] not in kept
    assert issued.secret not in repr(issued)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(name=" ", role=Role.ADMIN),
        Wanted(name="x", role=Role.UNIT),
        Wanted(name="x", role=Role.ADMIN, area=Area(units=frozenset({"roads"}))),
        Wanted(
            name="x", role=Role.UNIT, area=Area(units=frozenset({"roads"}), territories=frozenset({"T1"}))
        ),
        Wanted(name="x", role=Role.CALL_CENTRE, only=frozenset({Right.REVIEW})),
        Wanted(name="x", role=Role.CALL_CENTRE, only=frozenset()),
        Wanted(name="x", role=Role.ADMIN, days=0),
        Wanted(name="x", role=Role.ADMIN, per_minute=0),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(office: Store, wanted: Wanted) -> None:
    with pytest.raises(InvalidInput):
        issue(office, wanted, by="root", at=NOW)
    with office.read() as session:
        assert session.keys() == []


@pytest.mark.parametrize("area", [Area(units=frozenset({"x"})), Area(territories=frozenset({"x"}))])
def test_an_area_has_to_be_known(office: Store, area: Area) -> None:
    with pytest.raises(NotFound):
        issue(office, Wanted(name="x", role=Role.REVIEWER, area=area), by="root", at=NOW)


def test_every_secret_is_another(office: Store) -> None:
    secrets = {issue(office, CREW, by="root", at=NOW).secret for _ in range(5)}
    assert len(secrets) == 5
    assert all(len(secret.split("_", 2)[2]) >= 40 for secret in secrets)


ADMIN = Wanted(name="First admin", role=Role.ADMIN)
STARTING = 6


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def starting(request: pytest.FixtureRequest) -> Iterator[list[Store]]:
    """As many processes open one empty store, each for itself where stores can be opened."""
    with ExitStack() as stack:
        if request.param == "memory":
            yield [MemoryStore()] * STARTING
        else:
            url = request.getfixturevalue("renewed_schema" if request.param == "postgres" else "sqlite_url")
            yield [stack.enter_context(closing(open_store(url))) for _ in range(STARTING)]


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


def test_of_several_that_start_at_once_one_alone_makes_the_first_key(starting: list[Store]) -> None:
    together = Barrier(STARTING)

    def start(store: Store) -> Issued | None:
        together.wait()
        return issue_first(store, ADMIN, by="first start", at=NOW)

    with ThreadPoolExecutor(STARTING) as pool:
        (made,) = filter(None, pool.map(start, starting))
    with starting[0].read() as session:
        assert session.keys_by_digest() == {digest_of(made.secret): made.key}
    revoke(starting[0], made.key.key_id, by="root", at=NOW)
    assert issue_first(starting[0], ADMIN, by="first start", at=NOW) is None  # whoever revoked it meant it
