"""Wire bodies that come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Literal, Self
from uuid import uuid4

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic import BeforeValidator as Before
from pydantic import model_validator as model_check

from api.faults import refusal
from api.webhooks.signing import is_secret
from domain.access import Right, Role
from domain.decisions import Review, ReviewReason
from domain.errors import InvalidInput
from domain.places import Point
from domain.tickets import GIVEN_COORDINATES, Ticket
from features.coordinates import LatLon, bd09_to_wgs84, gcj02_to_wgs84, only_exchanged
from router.submission import Draft

CLOCK_SKEW = timedelta(minutes=5)  # clocks of callers run ahead; a ticket is not lost for seconds
UNNAMED = "unnamed"  # who says nothing of himself, where that is allowed
NOWHERE_DEG = 1e-4  # forms write 0, 0 where nobody gave a place; the import takes it the same way
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
TO_WGS84: dict[str, Callable[[float, float], LatLon]] = {"gcj02": gcj02_to_wgs84, "bd09": bd09_to_wgs84}


def no_nul(text: str) -> str:
    """Refuse NUL characters: they end texts early in other systems, and PostgreSQL cannot store them."""
    if "\0" in text:
        raise refusal("contains a NUL character", "Remove it.")
    return text


def printable(text: str) -> str:
    """Refuse ids that a person could not read, type or find again."""
    if not text.isprintable() or text != text.strip():
        raise refusal("contains control characters or outer blanks", "Give an id of printable characters.")
    return text


def aware_time(value: object) -> datetime | None:
    """A time with its zone, from ISO 8601 text."""
    if value is None:
        return None
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        time = None
    example = "For example 2024-05-01T09:30:00+08:00."
    if time is None:
        raise refusal("not an ISO 8601 time", example)
    if time.tzinfo is None:
        raise refusal("has no time zone", f"Write the offset. {example}")
    if time < EARLIEST:
        raise refusal("before 1970", "Give the time when the ticket came in.")
    return time


def in_utc(time: datetime) -> datetime:
    """The same moment in UTC; refuses one that the calendar has only in another zone."""
    try:
        return time.astimezone(UTC)
    except OverflowError as error:
        raise refusal("beyond the calendar", "For example 2024-05-01T09:30:00+08:00.") from error


Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]


def countable(number: int) -> int:
    """Refuse what no store numbers anything by."""
    if not 0 < number < 2**31:
        raise refusal("not a number that is in use", "GET /v1/automation lists them.")
    return number


def secret(value: str) -> str:
    """Refuse what cannot sign."""
    if not is_secret(value):
        raise refusal("not a secret", "Give whsec_ and 24 to 64 bytes in base64, or leave it out.")
    return value


Id = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(printable)]
Short = Annotated[str, StringConstraints(max_length=200), AfterValidator(no_nul)]
Long = Annotated[str, StringConstraints(max_length=2_000), AfterValidator(no_nul)]
Text = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(no_nul)]
Said = Annotated[
    str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True), AfterValidator(no_nul)
]
By = Annotated[
    str,
    StringConstraints(max_length=500, strip_whitespace=True),
    AfterValidator(no_nul),
    Field(description="Who says it. With a key it is the key's name, whatever stands here."),
]
Number = Annotated[int, Field(strict=True), AfterValidator(countable)]
# up to 180: exchanged with the longitude it is recognised, and flagged
Latitude = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-180, le=180)]
Longitude = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-180, le=180)]
Time = Annotated[
    datetime | None,
    Before(aware_time),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}),
]


class PlaceIn(BaseModel):
    """What a ticket says of its place: at least one of text, account, phone, address, coordinates."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"account": "310042", "address": "1 North Road"}]}
    )
    TELLING: ClassVar[tuple[str, ...]] = ("text", "account", "phone", "address")

    text: Text | None = None
    account: Short | None = None
    phone: Short | None = None
    address: Long | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    crs: Literal["wgs84", "gcj02", "bd09"] = "wgs84"
    attributes: Annotated[dict[Short, Long], Field(max_length=50)] = Field(default_factory=dict)

    @model_check(mode="after")
    def _whole(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            lone = "longitude" if self.longitude is None else "latitude"
            raise refusal("is missing", "Give latitude and longitude, or neither.", lone)
        if self.latitude is not None and abs(self.latitude) > 90 and not self._exchanged():
            raise refusal(
                "greater than 90", "Give degrees; latitude and longitude may be swapped.", "latitude"
            )
        if not any((getattr(self, name) or "").strip() for name in self.TELLING) and self.latitude is None:
            raise refusal("says nothing", f"Give {', '.join(self.TELLING)} or coordinates.", "text")
        return self

    def ticket(self, now: datetime) -> Ticket:
        """A ticket that says this, for a question that is not stored."""
        return Ticket(
            ticket_id="question",
            received_at=now.astimezone(UTC),
            text=self.text or "",
            account=self.account or None,
            phone=self.phone or None,
            address=self.address or None,
            point=self._point(),
            attributes={**self.attributes, **self._given()},
        )

    def _point(self) -> Point | None:
        if self.latitude is None or self.longitude is None:
            return None
        if max(abs(self.latitude), abs(self.longitude)) < NOWHERE_DEG:
            return None
        given = self.latitude, self.longitude
        if self._exchanged():
            given = given[::-1]
        latitude, longitude = TO_WGS84[self.crs](*given) if self.crs in TO_WGS84 else given
        return Point(latitude=latitude, longitude=longitude)

    def _exchanged(self) -> bool:
        if self.latitude is None or self.longitude is None:
            return False
        return only_exchanged(self.latitude, self.longitude)

    def _given(self) -> dict[str, str]:
        return {GIVEN_COORDINATES: f"{self.latitude}, {self.longitude}"} if self._exchanged() else {}


class TicketIn(PlaceIn):
    """A ticket to route: at least one of text, category, account, address, coordinates.

    The first line of `text` is its title.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"text": "Water main burst\nThe road is flooded.", "account": "310042"}]
        },
    )
    TELLING: ClassVar[tuple[str, ...]] = ("text", "category", "account", "address")

    ticket_id: Id | None = Field(default=None, description="Yours, or made here. The same id again: once.")
    received_at: Time = Field(default=None, description="With a zone. Left out: now.")
    category: Short | None = None
    channel: Annotated[str, StringConstraints(min_length=1, max_length=50), AfterValidator(no_nul)] = "api"

    def draft(self, now: datetime, otherwise: str | None = None) -> Draft:
        """The ticket as the service takes it, its id `otherwise` where it has none. Raises InvalidInput for a time to
        come.
        """
        if self.received_at and self.received_at > now + CLOCK_SKEW:
            raise InvalidInput(
                field="received_at",
                problem=f"lies in the future (it is {now.isoformat(timespec='seconds')} here)",
                mend="Check the offset and the clock.",
            )
        ticket = replace(
            self.ticket(self.received_at or now),
            ticket_id=self.ticket_id or otherwise or uuid4().hex,
            category=self.category or None,
            channel=self.channel,
        )
        return Draft(ticket=ticket, stamped=self.received_at is None)


class ReviewIn(BaseModel):
    """A person's word: the unit that owns the ticket, be it the proposed one (confirm) or another (reassign)."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"unit": "water-north", "by": "Li Wei"}]}
    )

    unit: Id
    by: By = ""
    comment: Long = ""
    reason: ReviewReason | None = Field(default=None, description="Why another unit than the proposed one.")

    def review(self, ticket_id: str, by: str, now: datetime) -> Review:
        """The review as the service takes it, in the name of `by`."""
        return Review(
            ticket_id=ticket_id,
            unit_id=self.unit,
            by=by,
            at=now,
            comment=self.comment,
            reason=self.reason,
        )


class SuspendIn(BaseModel):
    """Stop automatic dispatch of everything, of a kind of trouble (a category or a danger), or of a unit."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"scope": "unit", "key": "water-1", "by": "Li Wei", "reason": "merged with water-2"}]
        },
    )

    scope: Literal["all", "kind", "unit"]
    key: Short = Field(default="", description="The kind or the unit; left out for all.")
    new: bool = Field(default=False, description="Stop the kind though no ticket was of it yet.")
    by: By = ""
    reason: Said


class UndoIn(BaseModel):
    """Take a review back while it waits to be delivered."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"by": "Li Wei", "reason": "the wrong line"}]}
    )

    by: By = ""
    reason: Said


class NextIn(BaseModel):
    """Who wants to decide the next ticket, and which ones not."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"by": "Li Wei", "skip": ["2024-0815"]}]}
    )

    by: By = ""
    skip: Annotated[list[Id], Field(max_length=200)] = Field(default_factory=list)


class ByIn(BaseModel):
    """Who does it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"by": "Li Wei"}]})

    by: By = ""


class HoldIn(BaseModel):
    """Why a ticket cannot be decided yet."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"by": "Li Wei", "reason": "the caller rings back"}]}
    )

    by: By = ""
    reason: Said


class JoinIn(BaseModel):
    """The ticket that tells of the same trouble, and is dispatched for both."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"into": "2024-0815", "by": "Li Wei"}]}
    )

    into: Id
    by: By = ""


class ReplyIn(BaseModel):
    """Who of the unit says it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"by": "crew 7"}]})

    by: By = ""


class RejectIn(BaseModel):
    """Why a ticket is not the unit's."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"by": "crew 7", "reason": "a private line"}]}
    )

    by: By = ""
    reason: Said


class ResumeIn(BaseModel):
    """Lift a suspension; `suspension` is its number in GET /v1/automation."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"suspension": 3, "by": "Li Wei", "reason": "the new desk answers"}]},
    )

    suspension: Number
    by: By = ""
    reason: Said


class RollbackIn(BaseModel):
    """Let the champion before this one serve again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"by": "Li Wei", "reason": "more came back"}]}
    )

    by: By = ""
    reason: Said


class PromoteIn(BaseModel):
    """Let a bundle serve. `older`: though it was registered before the one that serves."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"by": "Li Wei", "reason": "fewer reviews"}]}
    )

    by: By = ""
    reason: Said
    older: Annotated[bool, Field(strict=True)] = False


class EndpointIn(BaseModel):
    """Where a unit takes its deliveries. Without `secrets` those before go on, or one is made and shown once."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"url": "https://water.example/dispatches"}]}
    )

    url: Long
    secrets: Annotated[list[Annotated[str, AfterValidator(secret)]], Field(max_length=5)] = Field(
        default_factory=list, description="All of them sign each message; the newest first."
    )


class SessionIn(BaseModel):
    """Sign in with a key."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"secret": "gr_7kx2m9qa_…"}]})

    secret: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class KeyIn(BaseModel):
    """A key to make. `only` grants some of the role's rights; `days` null: it does not expire."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "Li Wei", "role": "reviewer", "units": ["water-north"]}]},
    )

    name: Annotated[
        str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True), AfterValidator(no_nul)
    ]
    role: Role
    units: Annotated[list[Id], Field(max_length=1_000)] = Field(default_factory=list)
    territories: Annotated[list[Id], Field(max_length=1_000)] = Field(default_factory=list)
    only: Annotated[list[Right], Field(max_length=20)] = Field(default_factory=list)
    days: Annotated[float | None, Field(allow_inf_nan=False)] = 365
    per_minute: Annotated[int | None, Field(strict=True, le=10_000_000)] = None
