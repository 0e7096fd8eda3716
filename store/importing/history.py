"""Past tickets with the unit that owned them: a file becomes dispatches in the order their outcomes were known."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.dispatches import Dispatch
from domain.tickets import Ticket
from store.importing.faults import BadRow, Fault
from store.importing.mapping import Mapping
from store.importing.rows import Progress
from store.importing.tables import open_table
from store.importing.tickets import read_ticket
from store.importing.validation import RowCheck

CHANNEL = "import"
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFile:
    """What a history holds: `dispatches` by known_at, and the rows set aside, counted by their first fault.

    `digest` is of the dispatches alone: the same tickets in another order or format have the same one. `whole_days`: no
    `received_at` has a time of day. `lines`: where each ticket stands.
    """

    dispatches: list[Dispatch]
    rejected: MappingOf[str, int]
    bad_rows: list[BadRow]
    rows: int
    digest: str
    attribute_names: tuple[str, ...]
    whole_days: bool
    known_at_given: bool
    repeated: int
    lines: MappingOf[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PastTicket:
    """A good row. `known_at` None: the file does not say."""

    ticket: Ticket
    unit_id: str
    known_at: datetime | None

    def content(self) -> bytes:
        """Digest of all that the row says."""
        ticket = self.ticket
        point = ticket.point and (ticket.point.latitude, ticket.point.longitude)
        known = self.known_at and self.known_at.isoformat()
        texts = (ticket.ticket_id, ticket.text, ticket.category, ticket.account, ticket.phone, ticket.address)
        content = (
            *texts,
            ticket.received_at.isoformat(),
            point,
            dict(ticket.attributes),
            self.unit_id,
            known,
        )
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).digest()


@dataclass(slots=True)
class _Collected:
    """The rows read so far.

    `early`: rows whose outcome is told at the midnight before their ticket came; good where that stands for the whole
    day. `clocked`: a `known_at` had a time of day.
    """

    zone: ZoneInfo
    past: dict[str, _PastTicket] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    bad_rows: list[BadRow] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    early: list[tuple[RowCheck, _PastTicket]] = field(default_factory=list)
    clocked: bool = False
    rows: int = 0
    repeated: int = 0

    def add(self, check: RowCheck, now: datetime) -> None:
        """Read one row; keep it, or what is wrong with it."""
        self.rows += 1
        found = _past_ticket(check, now)
        if found is not None and found.known_at is not None:
            self.clocked = self.clocked or not _is_midnight(found.known_at, self.zone)
        if found is not None and self._is_early(found):
            self.early.append((check, found))
        else:
            self._settle(check, found)

    def finish(self) -> None:
        """Keep the early rows where outcomes are told by whole days, else set them aside."""
        for check, found in self.early:
            if self.clocked:
                _known_too_early(check)
            self._settle(check, None if self.clocked else found)
        self.bad_rows.sort(key=lambda bad: bad.line)

    def _is_early(self, found: _PastTicket) -> bool:
        return found.known_at is not None and found.known_at < found.ticket.received_at

    def _settle(self, check: RowCheck, found: _PastTicket | None) -> None:
        if found is not None:
            self._keep(check, found)
        if check.faults:
            self.bad_rows += check.faults
            self.rejected[check.faults[0].reason.value] += 1

    def _keep(self, check: RowCheck, found: _PastTicket) -> None:
        ticket_id, content = found.ticket.ticket_id, found.content()
        if ticket_id not in self.past:
            self.past[ticket_id], self.contents[ticket_id] = found, content
            self.lines[ticket_id] = check.row.line
        elif self.contents[ticket_id] == content:
            self.repeated += 1
        else:
            check.conflict("ticket_id", ticket_id, f"line {self.lines[ticket_id]}")


def read_history(
    path: Path,
    mapping: Mapping,
    *,
    now: datetime,
    progress: Progress | None = None,
    label_delay: timedelta = timedelta(0),
    tolerant: bool = False,
) -> HistoryFile:
    """Every row of the file as a dispatch, or set aside with its reason; a bad row never stops the rest.

    `tolerant`: a row whose coordinates cannot be used is kept without them, as a backtest wants it.
    """
    table = open_table(path, mapping.encoding)
    mapping = mapping.bound(table.columns)
    collected = _Collected(mapping.timezone)
    for row in table.watched(progress):
        collected.add(RowCheck(row, mapping, tolerant=tolerant), now)
    collected.finish()
    past = collected.past.values()
    whole_days = bool(past) and all(_is_midnight(one.ticket.received_at, mapping.timezone) for one in past)
    days = _Days(zone=mapping.timezone, received=whole_days, known=not collected.clocked)
    dispatches = sorted((_dispatch(one, label_delay, days) for one in past), key=_order)
    return HistoryFile(
        dispatches=dispatches,
        rejected=dict(collected.rejected),
        bad_rows=collected.bad_rows,
        rows=collected.rows,
        digest=_digest(dispatches, collected.contents),
        attribute_names=tuple(sorted({name for one in past for name in one.ticket.attributes})),
        whole_days=whole_days,
        known_at_given="known_at" in mapping.columns,
        repeated=collected.repeated,
        lines=collected.lines,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Days:
    """Which columns tell whole days alone, as midnights in `zone`."""

    zone: ZoneInfo
    received: bool
    known: bool

    def known_at(self, past: _PastTicket) -> datetime:
        """When the outcome was known; of a day its last moment: a ticket of the next midnight comes after it."""
        told = past.known_at or past.ticket.received_at
        if not (self.received if past.known_at is None else self.known):
            return told
        tomorrow = told.astimezone(self.zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), tzinfo=self.zone).astimezone(UTC) - MOMENT


def _past_ticket(check: RowCheck, now: datetime) -> _PastTicket | None:
    ticket_id = check.required("ticket_id", Fault.MISSING_ID)
    received_at = check.time("received_at", missing=Fault.MISSING_TIME, not_after=now)
    unit_id = check.required("unit", Fault.MISSING_UNIT)
    known_at = check.time("known_at", not_after=now)
    if received_at and known_at and not _on_one_day_or_later(known_at, received_at, check.mapping.timezone):
        _known_too_early(check)
    ticket = read_ticket(check, ticket_id, received_at, CHANNEL)
    return None if ticket is None else _PastTicket(ticket=ticket, unit_id=unit_id, known_at=known_at)


def _known_too_early(check: RowCheck) -> None:
    check.fail("known_at", Fault.BAD_PERIOD, "known before the ticket was received", "Mend one of the times.")


def _on_one_day_or_later(known_at: datetime, received_at: datetime, zone: ZoneInfo) -> bool:
    """Whether the outcome may be known after the ticket came: a midnight may stand for all of its day."""
    if known_at >= received_at:
        return True
    same_day = known_at.astimezone(zone).date() == received_at.astimezone(zone).date()
    return same_day and _is_midnight(known_at, zone)


def _dispatch(past: _PastTicket, delay: timedelta, days: _Days) -> Dispatch:
    known_at = days.known_at(past)
    if past.known_at is None:
        known_at += delay
    return Dispatch(ticket=past.ticket, unit_id=past.unit_id, known_at=known_at)


def _is_midnight(moment: datetime, zone: ZoneInfo) -> bool:
    return moment.astimezone(zone).time() == time()


def _order(entry: Dispatch) -> tuple[datetime, datetime, str]:
    return entry.known_at, entry.ticket.received_at, entry.ticket.ticket_id


def _digest(dispatches: list[Dispatch], contents: MappingOf[str, bytes]) -> str:
    digest = hashlib.sha256()
    for entry in dispatches:
        digest.update(contents[entry.ticket.ticket_id])
        digest.update(entry.known_at.isoformat().encode())
    return digest.hexdigest()
