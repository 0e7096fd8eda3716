"""Pieces of the review page as HTML: one element each, so that a new ticket is there at once. All words are escaped."""

from __future__ import annotations

from html import escape

from console.client import Json
from console.moments import since, span
from console.pages.review.case import Badge, Case
from console.words import Words

MORE = ""  # in place of a ticket's id, which is never empty


def queue_html(found: Json, current: str | None, words: Words) -> str:
    """The queue: a button a ticket. What is proposed stands nowhere, for any of them."""
    lines = "".join(_line(one, current, words) for one in found["reviews"])
    more = sum(int(one["count"]) for one in found["queues"]) - len(found["reviews"])
    told = escape(words("review.more", count=more))
    rest = f'<button type="button" class="gr-more" data-ticket="{MORE}">{told}</button>' if more > 0 else ""
    return f'<ol class="gr-queue">{lines}</ol>{rest}'


def head_html(case: Case) -> str:
    """The ticket's own words, large, and its badges."""
    badges = "".join(_badge(one) for one in case.badges)
    text = f'<p class="gr-told" tabindex="0">{escape(case.text)}</p>' if case.text else ""
    return f'<div class="gr-badges">{badges}</div><h2 class="gr-title">{escape(case.title)}</h2>{text}'


def facts_html(case: Case) -> str:
    """What is known of the ticket, by name."""
    told = "".join(f"<div><dt>{escape(n)}</dt><dd>{escape(v)}</dd></div>" for n, v in case.facts)
    return f'<dl class="gr-facts">{told}</dl>'


def lines_html(case: Case) -> str:
    """The evidence, a sentence a line."""
    return f'<ul class="gr-lines">{"".join(f"<li>{escape(one)}</li>" for one in case.lines)}</ul>'


def counts_html(found: Json, words: Words) -> str:
    """How much of each priority waits, and for how long the first has."""
    told = (
        f'<span class="gr-badge {"gr-badge-bad" if one["priority"] == "urgent" else ""}">'
        f"{escape(words.either('review.priority.' + one['priority'], one['priority']))} {one['count']} · "
        f"{escape(words('review.oldest', span=span(one['oldest_s'], words)))}</span>"
        for one in found["queues"]
    )
    return " ".join(told)


def without(found: Json, ticket_id: str) -> Json:
    """The queue after a decision on that ticket, before the service is asked again."""
    gone = [one for one in found["reviews"] if one["ticket_id"] == ticket_id]
    less = {one["priority"] for one in gone}
    return {
        **found,
        "reviews": [one for one in found["reviews"] if one["ticket_id"] != ticket_id],
        "queues": [
            {**one, "count": one["count"] - 1} if one["priority"] in less else one for one in found["queues"]
        ],
    }


def _line(one: Json, current: str | None, words: Words) -> str:
    here = one["ticket_id"] == current
    due, tone = one.get("due_at"), ""
    if one.get("overdue"):
        left, tone = words("review.overdue"), "gr-badge-bad"
    else:
        left = words("review.due", span=span(since(due), words)) if due else ""
    urgent = "gr-urgent" if one["priority"] == "urgent" else ""
    by = one.get("claimed_by")
    lock = (
        f'<span class="gr-badge">{escape(words("review.held_by", name=by))}</span>' if by and not here else ""
    )
    return (
        f'<li><button type="button" class="gr-waiting {urgent}" data-ticket="{escape(one["ticket_id"], quote=True)}"'
        f"{' aria-current=true' if here else ''}>"
        f'<span class="gr-waiting-title">{escape(one["title"] or words("review.untitled"))}</span>'
        f'<span class="gr-waiting-more"><span class="gr-badge {tone}">{escape(left)}</span>'
        f"{lock}<span>{escape(one['address'] or one['category'] or '')}</span></span></button></li>"
    )


def _badge(one: Badge) -> str:
    tone = f" gr-badge-{one.tone}" if one.tone else ""
    return f'<span class="gr-badge{tone}">{escape(one.text)}</span>'
