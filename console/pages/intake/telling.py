"""What a caller is told of a ticket: no figures, no insides, one or two sentences."""

from __future__ import annotations

from console.client import Json
from console.moments import clock_time
from console.words import Words


def told_of(ticket: Json, words: Words) -> list[str]:
    """The ticket's number and where it stands. A proposal is nobody's yet: the caller does not hear of it."""
    values = {
        "unit": ticket.get("unit_name") or ticket.get("unit") or "",
        "due": clock_time(ticket["due_at"]) if ticket.get("due_at") else "",
        "joined": ticket.get("joined_into") or "",
    }
    status = str(ticket["status"])
    key = f"intake.tell.{status}"
    if status == "in_review" and values["due"]:
        key = "intake.tell.in_review_by"
    lines = [words("intake.tell.number", number=ticket["ticket_id"])]
    text = words.either(key, words("intake.tell.received"))
    lines.append(text.format_map(values))
    if ticket.get("priority") == "urgent":
        lines.insert(0, words("intake.tell.urgent"))
    return lines


def status_of(line: Json, words: Words) -> str:
    """Where a ticket stands, in a word or two."""
    return words.either(f"intake.status.{line['status']}", str(line["status"]))
