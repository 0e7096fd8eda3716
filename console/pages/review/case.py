"""What a reviewer is shown of a ticket. A ticket that is reviewed blind looks like any that nobody is proposed for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from console.client import Json
from console.moments import clock_time, since, span
from console.words import Words

MOST_CHOICES = 9  # there is a key for each
ALWAYS_SHOWN, LEAST_LIKELY = 3, 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A unit that a key picks; `probability` where it is a candidate, `near` of `near_all` past tickets near by."""

    unit: str
    name: str
    probability: float | None = None
    near: int = 0
    near_all: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """A word that stands out."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A ticket before its reviewer."""

    ticket_id: str
    title: str
    text: str
    badges: tuple[Badge, ...]
    facts: tuple[tuple[str, str], ...]
    proposal: Choice | None
    choices: tuple[Choice, ...]
    lines: tuple[str, ...]


def case_of(
    ticket: Json, receipt: Json | None, nearby: Sequence[Json], names: dict[str, str], words: Words
) -> Case:
    """The ticket as it is shown; `receipt` and `nearby` may come later."""
    content = ticket["content"]
    title, _, rest = str(content["text"]).partition("\n")
    choices = candidates_of(ticket) or near_units(nearby, names)
    proposal = next((one for one in candidates_of(ticket) if one.unit == ticket["unit"]), None)
    if proposal is None and ticket["unit"] and ticket["candidates"]:  # a rule named it, the ranking did not
        proposal = Choice(unit=ticket["unit"], name=ticket["unit_name"] or ticket["unit"])
        choices = (proposal, *choices)[:MOST_CHOICES]
    return Case(
        ticket_id=ticket["ticket_id"],
        title=title or words("review.untitled"),
        text=rest.strip(),
        badges=tuple(_badges(ticket, words)),
        facts=tuple(_facts(ticket, words)),
        proposal=proposal,
        choices=choices,
        lines=_lines(receipt) if receipt is not None and proposal is not None else (),
    )


def candidates_of(ticket: Json) -> tuple[Choice, ...]:
    """The candidates that are worth a key, likeliest first; none for a blind review."""
    made = [
        Choice(unit=one["unit"], name=one["unit_name"] or one["unit"], probability=one["probability"])
        for one in ticket["candidates"]
    ]
    likely = [
        one
        for place, one in enumerate(made)
        if place < ALWAYS_SHOWN or (one.probability or 0.0) >= LEAST_LIKELY or one.unit == ticket["unit"]
    ]
    return tuple(likely[:MOST_CHOICES])


def near_units(nearby: Sequence[Json], names: dict[str, str]) -> tuple[Choice, ...]:
    """The units of past tickets near by, the most frequent first: what a person sees on the map anyway."""
    counted = Counter(str(one["unit_id"]) for one in nearby)
    return tuple(
        Choice(unit=unit, name=names.get(unit, unit), near=count, near_all=len(nearby))
        for unit, count in counted.most_common(MOST_CHOICES)
    )


def _badges(ticket: Json, words: Words) -> list[Badge]:
    found = []
    if ticket["priority"] != "normal":
        name = words.either(f"review.priority.{ticket['priority']}", ticket["priority"])
        found.append(Badge(text=name, tone="bad"))
    found += [
        Badge(text=words.either(f"review.danger.{one['kind']}", one["kind"]), tone="bad")
        for one in ticket["signals"]
    ]
    if ticket.get("overdue"):
        found.append(Badge(text=words("review.overdue"), tone="bad"))
    elif ticket.get("due_at"):
        left = -since(ticket["due_at"])
        found.append(
            Badge(text=words("review.due", span=span(left, words)), tone="warn" if left < 300 else "")
        )
    if ticket["content"]["category"]:
        found.append(Badge(text=ticket["content"]["category"]))
    return found


def _facts(ticket: Json, words: Words) -> list[tuple[str, str]]:
    content, place = ticket["content"], ticket["location"] or {}
    told = {
        "address": content["address"] or "",
        "believed": _believed(place, words) if place.get("address") else "",
        "account": content["account"] or "",
        "phone": content["phone"] or "",
        "channel": words.either(f"review.channels.{content['channel']}", content["channel"]),
        "received": f"{clock_time(ticket['received_at'])} · {span(since(ticket['received_at']), words)}",
        "number": ticket["ticket_id"],
    }
    return [(words(f"review.fact.{name}"), value) for name, value in told.items() if value]


def _believed(place: Json, words: Words) -> str:
    radius = place.get("radius_m")
    return str(place["address"]) + (words("review.within", metres=round(radius)) if radius else "")


def _lines(receipt: Json) -> tuple[str, ...]:
    return tuple(receipt["lines"][1:])  # the first says what is proposed: the bars do that
