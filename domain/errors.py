"""The error tree. Errors carry fields, not formatted strings; HTTP statuses are mapped in `api` alone.

GridrouteError
├── InvalidInput            a value that cannot be accepted: field, problem, mend
│   ├── InvalidMapping      a mapping file names an unknown key or column
│   └── InvalidRule         a routing rule cannot be used
├── NotFound                kind, key
├── Conflict
│   ├── AlreadyDecided      a review of a ticket that a person has decided
│   ├── NoLongerTheirs      the ticket is no longer with that unit
│   ├── NothingToUndo       the ticket has no review
│   ├── UndoTooLate         the decision is on its way
│   ├── ClaimedByAnother    somebody else is deciding the ticket
│   ├── NotWaiting          the ticket waits for nobody
│   ├── NotReviewed         no person's word on the ticket is in force
│   ├── IsJoined            the ticket goes with another one
│   ├── NotJoined           the ticket goes with no other
│   ├── CannotJoin          a ticket with itself, or with one that goes with it
│   ├── AlreadyDone         the work of the ticket that another was to go with is done
│   ├── DuplicateTicket     one id with two different contents
│   ├── IdempotencyConflict the key was used with another body
│   ├── RequestInFlight     a request with this key is being worked on
│   ├── BundleOlder         the bundle was registered before the one that serves
│   └── AlreadyAnswered     a request with this key was answered
├── UnitClosed              the unit is not valid at that time
├── BundleDamaged           a file's digest differs from the manifest
├── BundleIncompatible      made by another version of the features
├── GazetteerDamaged        a gazetteer file that cannot be read as one, or is not what it says
├── StoreUnavailable
│   ├── StoreLocked         another process serves this file
│   └── StoreFull           the disk is full
├── TrackingUnavailable     MLflow cannot be reached; nothing depends on it
├── Overloaded              refused before accepting: retry_after seconds
└── NotEnoughData           what is missing for training
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar


@dataclass(kw_only=True, eq=False)
class GridrouteError(Exception):
    """The root: catch this to catch all of ours."""

    message: ClassVar[str] = "gridroute error"

    def __str__(self) -> str:
        return self.message


@dataclass(kw_only=True, eq=False)
class InvalidInput(GridrouteError):
    """A value that cannot be accepted: where it stands, what is wrong, how to mend it."""

    field: str
    problem: str
    mend: str

    def __str__(self) -> str:
        return f"{self.field}: {self.problem}. {self.mend}"


@dataclass(kw_only=True, eq=False)
class InvalidMapping(InvalidInput):
    """A mapping file names an unknown key or a column that the file does not have."""


@dataclass(kw_only=True, eq=False)
class InvalidRule(InvalidInput):
    """A routing rule cannot be used as written."""


@dataclass(kw_only=True, eq=False)
class NotFound(GridrouteError):
    """No such thing."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"no {self.kind} {self.key!r}"


@dataclass(kw_only=True, eq=False)
class Conflict(GridrouteError):
    """The state of things does not allow it."""


@dataclass(kw_only=True, eq=False)
class AlreadyDecided(Conflict):
    """A person has decided this ticket already."""

    ticket_id: str
    unit_id: str

    def __str__(self) -> str:
        return f"ticket {self.ticket_id!r} was already decided for unit {self.unit_id!r}"


@dataclass(kw_only=True, eq=False)
class NoLongerTheirs(Conflict):
    """The ticket is no longer with that unit."""

    ticket_id: str
    unit_id: str

    def __str__(self) -> str:
        return f"ticket {self.ticket_id!r} is no longer with unit {self.unit_id!r}"


@dataclass(kw_only=True, eq=False)
class NothingToUndo(Conflict):
    """The ticket has no review."""

    ticket_id: str

    def __str__(self) -> str:
        return f"ticket {self.ticket_id!r} has no review that could be undone"


@dataclass(kw_only=True, eq=False)
class UndoTooLate(Conflict):
    """The decision may be on its way already."""

    ticket_id: str
    seconds: float

    def __str__(self) -> str:
        return f"the review of ticket {self.ticket_id!r} is older than {self.seconds:g} s and may have been delivered"


@dataclass(kw_only=True, eq=False)
class ClaimedByAnother(Conflict):
    """Somebody else is deciding the ticket, until then at most."""

    ticket_id: str
    claimed_by: str
    claimed_until: datetime

    def __str__(self) -> str:
        until = self.claimed_until.isoformat(timespec="seconds")
        return f"ticket {self.ticket_id!r} is being decided by {self.claimed_by}, until {until}"


@dataclass(kw_only=True, eq=False)
class NotWaiting(Conflict):
    """The ticket does not wait for a person."""

    ticket_id: str
    current: str

    def __str__(self) -> str:
        return f"ticket {self.ticket_id!r} is {self.current}: nobody has to decide it"


@dataclass(kw_only=True, eq=False)
class NotReviewed(Conflict):
    """No person's word on the ticket is in force."""

    ticket_id: str

    def __str__(self) -> str:
        return f"ticket {self.ticket_id!r} has no review: nothing follows from it for others"


@dataclass(kw_only=True, eq=False)
class IsJoined(Conflict):
    """The ticket goes with another one: what is done with that one is done with it."""

    ticket_id: str
    into: str

    def __str__(self) -> str:
        return f"ticket {self.ticket_id!r} is joined to {self.into!r}; unjoin it first, or use that one"


@dataclass(kw_only=True, eq=False)
class NotJoined(Conflict):
    """The ticket goes with no other."""

    ticket_id: str

    def __str__(self) -> str:
        return f"ticket {self.ticket_id!r} is not joined to another"


@dataclass(kw_only=True, eq=False)
class CannotJoin(Conflict):
    """A ticket cannot go with itself, or with one that goes with it."""

    ticket_id: str
    into: str

    def __str__(self) -> str:
        return (
            f"ticket {self.ticket_id!r} cannot be joined to {self.into!r}, which is the same or goes with it"
        )


@dataclass(kw_only=True, eq=False)
class AlreadyDone(Conflict):
    """The unit that has the ticket told that its work is done: nobody goes there for another caller."""

    ticket_id: str

    def __str__(self) -> str:
        return f"the work of ticket {self.ticket_id!r} is done: who calls now tells of something new"


@dataclass(kw_only=True, eq=False)
class TransitionRefused(Conflict):
    """The ticket's status does not allow this change."""

    ticket_id: str
    current: str
    wanted: str

    def __str__(self) -> str:
        return f"ticket {self.ticket_id!r} is {self.current} and cannot become {self.wanted}"


@dataclass(kw_only=True, eq=False)
class DuplicateTicket(Conflict):
    """One ticket id with two different contents."""

    ticket_id: str

    def __str__(self) -> str:
        return f"ticket {self.ticket_id!r} exists with other contents"


@dataclass(kw_only=True, eq=False)
class IdempotencyConflict(Conflict):
    """The idempotency key was used with another body."""

    key: str

    def __str__(self) -> str:
        return f"idempotency key {self.key!r} was used with another body"


@dataclass(kw_only=True, eq=False)
class RequestInFlight(Conflict):
    """A request with this key is being worked on."""

    key: str

    def __str__(self) -> str:
        return f"a request with idempotency key {self.key!r} is being worked on; ask again for its answer"


@dataclass(kw_only=True, eq=False)
class AlreadyAnswered(Conflict):
    """A request with this key was answered; the store has the answer."""

    key: str

    def __str__(self) -> str:
        return f"the request with idempotency key {self.key!r} was answered"


@dataclass(kw_only=True, eq=False)
class BundleOlder(Conflict):
    """The bundle was registered before the one that serves."""

    version: int
    champion: int

    def __str__(self) -> str:
        return (
            f"version {self.version} is older than version {self.champion}, which serves; "
            "gridroute models rollback goes one step back, gridroute models promote --older further"
        )


@dataclass(kw_only=True, eq=False)
class UnitClosed(GridrouteError):
    """The unit is not valid at that time."""

    unit_id: str
    successors: tuple[str, ...] = ()

    def __str__(self) -> str:
        hint = f"; its successors are {', '.join(self.successors)}" if self.successors else ""
        return f"unit {self.unit_id!r} is closed{hint}"


@dataclass(kw_only=True, eq=False)
class BundleDamaged(GridrouteError):
    """A file of the model bundle does not have the digest its manifest states."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"model bundle {self.path}: {self.problem}"


@dataclass(kw_only=True, eq=False)
class BundleIncompatible(GridrouteError):
    """The bundle was made by another version of the features or of the format."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"model bundle {self.path}: {self.problem}"


@dataclass(kw_only=True, eq=False)
class GazetteerDamaged(GridrouteError):
    """The file is not a gazetteer, is of another format version, or its content has another digest than it states."""

    path: str
    problem: str

    def __str__(self) -> str:
        return f"gazetteer {self.path}: {self.problem}"


@dataclass(kw_only=True, eq=False)
class StoreUnavailable(GridrouteError):
    """The store cannot be used."""

    problem: str
    mend: str

    def __str__(self) -> str:
        return f"{self.problem}. {self.mend}"


@dataclass(kw_only=True, eq=False)
class StoreLocked(StoreUnavailable):
    """Another process serves this store."""


@dataclass(kw_only=True, eq=False)
class StoreFull(StoreUnavailable):
    """The disk is full; nothing was accepted."""


@dataclass(kw_only=True, eq=False)
class TrackingUnavailable(GridrouteError):
    """MLflow cannot be reached. Nothing depends on it: say so and go on."""

    place: str
    problem: str

    def __str__(self) -> str:
        return f"MLflow at {self.place} cannot be used: {self.problem}"


@dataclass(kw_only=True, eq=False)
class Overloaded(GridrouteError):
    """Refused before accepting."""

    retry_after: float

    def __str__(self) -> str:
        return f"overloaded; try again in {self.retry_after:g} s"


@dataclass(kw_only=True, eq=False)
class NotEnoughData(GridrouteError):
    """Too little data to train on."""

    missing: tuple[str, ...]

    def __str__(self) -> str:
        return "not enough data to train: " + "; ".join(self.missing)
