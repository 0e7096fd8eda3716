"""An installation looked over: what is as it should be, what will soon not be, what has to be mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.access import Key, Right
from domain.errors import GridrouteError
from router.delivery_ports import DeliveryState, Endpoint
from router.ports import BundleRecord, Labelled, ReadSession

SOON = timedelta(days=14)  # what expires by then is told
OLD = timedelta(minutes=5)  # a delivery that waits for so long, to a unit with an endpoint
AHEAD = timedelta(seconds=5)  # of ours may other clocks be
ROOM_LEAST, ROOM_LOW = 200_000_000, 2_000_000_000  # bytes
LAG_LONG = 1_000  # dispatches
AT_MOST = 10_000  # deliveries are looked at, in all and of a unit that fetches them
SHOWN = 5  # of what is wrong alike
FRESH = timedelta(days=30)  # older outcomes do not speak of today's tickets
UNTOLD_LEAST, UNTOLD_SHARE = 300, 0.2  # tickets whose outcome nobody told, and their share


class Grade(StrEnum):
    """How a check came out."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at; `mend` where it is not good."""

    name: str
    grade: Grade
    told: str
    mend: str = ""


def good(name: str, told: str) -> Check:
    """As it should be."""
    return Check(name=name, grade=Grade.GOOD, told=told)


def warning(name: str, told: str, mend: str) -> Check:
    """Works, but somebody should look."""
    return Check(name=name, grade=Grade.WARNING, told=told, mend=mend)


def bad(name: str, told: str, mend: str) -> Check:
    """Has to be mended."""
    return Check(name=name, grade=Grade.BAD, told=told, mend=mend)


def check_form(revision: str | None, head: str | None, *, known: bool, foreign: bool) -> Check:
    """Which form the store's tables have, beside that of this version."""
    if foreign:
        return bad("schema", "it is another program's database", "Name another file or schema")
    if not known:
        mend = "Upgrade gridroute, or open a backup made before the upgrade"
        return bad("schema", f"form {revision}, made by a newer gridroute", mend)
    if revision != head:
        mend = "gridroute serve brings them up to date; make a backup first"
        return warning("schema", f"tables of form {revision or 'none'}, this version's is {head}", mend)
    return good("schema", f"form {revision}")


def check_room(free: int, place: str) -> Check:
    """Disk space, in bytes."""
    told, mend = f"{free / 1e9:.1f} GB free at {place}", "Free some space: a full disk stops all tickets"
    if free < ROOM_LEAST:
        return bad("disk", told, mend)
    return warning("disk", told, mend) if free < ROOM_LOW else good("disk", told)


def check_wait_policy(value: str | None) -> Check:
    """How OpenMP's idle threads wait."""
    if (value or "").lower() == "passive":
        return good("OMP_WAIT_POLICY", "passive")
    told = f"{value or 'not set'}: idle threads spin, and routing waits for them"
    return warning("OMP_WAIT_POLICY", told, "export OMP_WAIT_POLICY=passive, before it is started")


def check_clock(now: datetime, others: Iterable[tuple[str, datetime]]) -> Iterator[Check]:
    """Our clock beside others; what was written cannot be of the future, a server tells the same time."""
    for name, other in others:
        if name == "server" and abs(other - now) > AHEAD:
            told = f"this machine's clock is {(now - other).total_seconds():+.0f} s off the database server's"
            yield bad("clock", told, "Let both follow a time server (chrony, systemd-timesyncd)")
        elif name != "server" and other - now > AHEAD:
            told = f"the latest event is {(other - now).total_seconds():.0f} s ahead of this machine's clock"
            yield bad("clock", told, "Set the clock: due times and leases are counted by it")
        else:
            yield good("clock", f"agrees with the {'server' if name == 'server' else 'latest event'}")


def check_outbox(session: ReadSession, now: datetime) -> Iterator[Check]:
    """Whether deliveries go out."""
    with_endpoint = {one.unit_id: one for one in session.endpoints()}
    pending = session.pending_deliveries(limit=AT_MOST)
    waiting = [one for one in pending if one.unit_id in with_endpoint and one.ready_at <= now]
    oldest = min((one.ready_at for one in waiting), default=now)
    told = f"{len(waiting):,} to be delivered, the oldest for {_minutes(now - oldest)}"
    if now - oldest > OLD:
        yield bad(
            "outbox", told, "See that gridroute deliver (or serve) runs, and that the units' endpoints answer"
        )
    else:
        yield good("outbox", told)
    yield from _paused(with_endpoint.values(), now)
    yield from _unfetched({one.unit_id for one in pending} - with_endpoint.keys(), session, now)
    dead = session.outbox().dead
    if dead:
        mend = "GET /v1/deliveries?state=dead names them; POST /v1/deliveries/NUMBER/retry sends one again"
        yield warning("dead letters", f"{dead:,} deliveries were given up", mend)
    else:
        yield good("dead letters", "none")


def _unfetched(unit_ids: Iterable[str], session: ReadSession, now: datetime) -> Iterator[Check]:
    """Dispatches to these units, which fetch them, and have not."""
    left = [
        one
        for unit_id in unit_ids
        for one in session.handed_deliveries(unit_id, now - OLD, limit=AT_MOST)
        if one.state is DeliveryState.PENDING
    ]
    if left:
        units = sorted({one.unit_id for one in left})
        oldest = min(one.ready_at for one in left)
        told = f"{len(left):,} that no unit has fetched, the oldest for {_minutes(now - oldest)}: "
        mend = (
            "See that these units ask for /v1/units/ID/dispatches and acknowledge, or give them an endpoint"
        )
        yield warning("dispatches", told + ", ".join(units[:SHOWN]), mend)


def _paused(endpoints: Iterable[Endpoint], now: datetime) -> Iterator[Check]:
    for one in endpoints:
        if one.paused_until is not None and one.paused_until > now:
            told = f"unit {one.unit_id}: failed {one.failures} times in a row and is left alone for now"
            yield warning("endpoint", told, "Ask whoever runs the endpoint")


def check_keys(keys: Iterable[Key], now: datetime) -> Iterator[Check]:
    """Who is let in, and for how long."""
    made = list(keys)
    if not made:
        told = "none was made: whoever uses this machine may do everything"
        yield warning("keys", told, "gridroute keys create --name NAME --role admin")
        return
    valid = [one for one in made if one.holds(now)]
    if not any(Right.KEYS in one.rights for one in valid):
        yield bad(
            "keys", "nobody's key may make keys any more", "gridroute keys create --name NAME --role admin"
        )
    soon = [one for one in valid if one.expires_at is not None and one.expires_at < now + SOON]
    for one in soon:
        told = f"{one.name!r} expires on {one.expires_at:%Y-%m-%d}"
        yield warning("keys", told, f"gridroute keys create --name {one.name!r} --role {one.role}")
    if valid and not soon:
        yield good("keys", f"{len(valid)} valid")


def check_bundles(
    found: Iterable[tuple[str, BundleRecord, GridrouteError | None]], *, signing: bool
) -> Iterator[Check]:
    """The bundles that the store's pointers name, each with what is wrong with it."""
    none = True
    for role, record, fault in found:
        none = False
        name = f"bundle ({role})"
        if fault is None:
            signed = ", its signature holds" if signing else ""
            yield good(name, f"version {record.version}: every digest holds{signed}")
            continue
        mend = "gridroute models rollback, or train and promote another version"
        told = f"version {record.version}: {fault}"
        yield (
            bad(name, told, mend)
            if role == "champion"
            else warning(name, told, "gridroute train makes another")
        )
    if none:
        yield warning(
            "bundle (champion)", "none is promoted", "gridroute train, then gridroute models promote"
        )
    elif not signing:
        yield warning(
            "bundle key",
            "bundles are checked for damage alone",
            "Set GRIDROUTE_BUNDLE_KEY_FILE, then gridroute models sign VERSION",
        )


def check_certificate(expires_at: datetime | None, now: datetime) -> Check:
    """How long automatic dispatch goes on; None: nothing was certified."""
    if expires_at is None:
        return good("certificate", "nothing is certified: every ticket is seen by a person, but for rules")
    told, mend = f"expires on {expires_at:%Y-%m-%d}", "gridroute train, then gridroute models promote"
    if expires_at <= now:
        return bad("certificate", f"expired on {expires_at:%Y-%m-%d}: nothing is dispatched under it", mend)
    return warning("certificate", told, mend) if expires_at < now + SOON else good("certificate", told)


def check_age(newest: datetime | None, trained_at: datetime) -> Check | None:
    """Whether a certificate speaks of tickets of its own days; None where it does. `newest`: as `newest_outcome`."""
    if newest is None or trained_at - newest <= FRESH:
        return None
    told = (
        f"the newest outcome is of {newest:%Y-%m-%d}, {(trained_at - newest).days:,} days before the training"
    )
    mend = "Import the tickets that were closed since, and train again"
    return warning(
        "age of the history", f"{told}: the certificate speaks of tickets of then, not of today's", mend
    )


def newest_outcome(session: ReadSession, last_sequence: int) -> datetime | None:
    """When the newest of the log's entries up to that one was known; None where there is none."""
    return max((one.known_at for one in session.outcomes() if one.sequence <= last_sequence), default=None)


def check_world(session: ReadSession) -> Iterator[Check]:
    """Whether there is anything to route to, and to learn from."""
    units = {unit.unit_id: unit for unit in session.units()}
    unknown = [
        f"{successor} after {unit.unit_id}"
        for unit in units.values()
        for successor in unit.successors
        if successor not in units
    ]
    if unknown:
        told = f"successors that are not listed: {', '.join(unknown[:SHOWN])}"
        yield warning("units", told, "Correct their names, or list them: gridroute import units FILE")
    elif units:
        yield good("units", f"{len(units):,} known")
    else:
        yield bad("units", "none are known", "gridroute import units FILE")
    if (length := session.last_sequence()) == 0:
        yield warning("history", "the dispatch log is empty", "gridroute import history FILE")
    elif (untold := check_labelled(session.labelled())) is not None:
        yield untold
    else:
        yield good("history", f"{length:,} dispatches")


def check_labelled(found: Labelled) -> Check | None:
    """Whether the log tells of easy tickets too, which nobody reviews; None where it does, or there are few."""
    if found.untold < UNTOLD_LEAST or found.untold < UNTOLD_SHARE * found.dispatched:
        return None
    told = f"the log says nothing of {found.untold:,} of the {found.dispatched:,} tickets that units have"
    mend = "Before you train, import the closed ones (gridroute import history FILE), or let units tell what is done"
    return warning("history", f"{told}: a model of it would see the hard ones alone", mend)


def check_lag(lag: float | None, url: str) -> Check:
    """How far the service there lags behind the dispatch log; None where none answers."""
    if lag is None:
        return warning("service", f"none answers at {url}", "gridroute serve; or name its address with --url")
    told = f"{lag:.0f} dispatches behind the log"
    if lag > LAG_LONG:
        return bad("history lag", told, "Look into the service's log: it cannot follow what is confirmed")
    return good("history lag", told)


def _minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:.1f} min"
