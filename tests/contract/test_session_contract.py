"""Sessions in every store: found by the digest of their tokens until they are ended, told in the log."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.access import Key, Role
from domain.errors import NotFound
from router.access import SESSION_IDLE, SESSION_LASTS, Wanted, digest_of, issue, revoke, sign_in, sign_out
from router.audit import verify
from router.event_ports import EventKind
from router.ports import Store
from tests.contract.samples import NOW


@pytest.fixture
def key(store: Store) -> Key:
    """An admin's, for a day."""
    return issue(store, Wanted(name="Li", role=Role.ADMIN, days=1), by="root", at=NOW).key


def test_a_session_is_found_by_its_token(store: Store, key: Key) -> None:
    signed_in = sign_in(store, key, at=NOW)
    with store.read() as session:
        assert session.sign_ins() == {digest_of(signed_in.token): signed_in.sign_in}
    made = signed_in.sign_in
    assert (made.key_id, made.expires_at) == (key.key_id, NOW + SESSION_LASTS)
    assert signed_in.token not in repr(signed_in)


def test_a_session_is_over_by_itself(store: Store, key: Key) -> None:
    made = sign_in(store, key, at=NOW).sign_in
    assert made.holds(NOW + SESSION_IDLE - timedelta(seconds=1), SESSION_IDLE)
    assert not made.holds(NOW + SESSION_IDLE, SESSION_IDLE)
    later = NOW + SESSION_LASTS - timedelta(hours=1)
    store.write(lambda session: session.see_sign_in(made.session_id, later))
    with store.read() as session:
        (seen,) = session.sign_ins().values()
    assert seen.seen_at == later
    assert seen.holds(later, SESSION_IDLE)
    assert not seen.holds(NOW + SESSION_LASTS, SESSION_IDLE)


def test_a_session_never_outlives_its_key(store: Store, key: Key) -> None:
    late = NOW + timedelta(hours=20)
    assert sign_in(store, key, at=late).sign_in.expires_at == NOW + timedelta(days=1)


def test_a_session_that_was_ended_is_found_no_more(store: Store, key: Key) -> None:
    ended, kept = (sign_in(store, key, at=NOW) for _ in range(2))
    sign_out(store, ended.sign_in.session_id, by="root")
    with store.read() as session:
        assert list(session.sign_ins()) == [digest_of(kept.token)]
    with pytest.raises(NotFound):
        sign_out(store, ended.sign_in.session_id, by="root")
    store.write(lambda session: session.see_sign_in(ended.sign_in.session_id, NOW))
    with store.read() as session:
        told = [(one.kind, one.by) for one in session.event_log() if "session_id" in one.detail]
        assert told == [(EventKind.SIGNED_IN, "Li")] * 2 + [(EventKind.SIGNED_OUT, "root")]
        assert all(secret not in one.detail for one in session.event_log() for secret in (ended.token,))
        assert verify(session).findings == ()


def test_sessions_that_are_over_are_forgotten(store: Store, key: Key) -> None:
    sign_in(store, key, at=NOW)
    second = sign_in(store, key, at=NOW + SESSION_LASTS)
    with store.read() as session:
        assert list(session.sign_ins().values()) == [second.sign_in]


def test_the_version_of_the_keys_grows_with_each_change(store: Store, key: Key) -> None:
    def version() -> int:
        with store.read() as session:
            return session.keys_version()

    found = [version()]
    other = issue(store, Wanted(name="Wang", role=Role.ADMIN), by="root", at=NOW).key
    found.append(version())
    revoke(store, other.key_id, by="root", at=NOW)
    found.append(version())
    revoke(store, other.key_id, by="root", at=NOW)
    found.append(version())
    sign_in(store, key, at=NOW)
    found.append(version())
    assert found == [found[0], found[0] + 1, *[found[0] + 2] * 3]
