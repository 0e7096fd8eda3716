"""The vital signs as figures: HTML, so that all of them change at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from console.client import Json
from console.moments import MINUTE, clock_time, span
from console.words import Words

MOST_UNITS = 8
WIDEST_BUDGETS = 3.0  # the scale of the live error's bar, in budgets


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """A figure with its name, a line below it, and where a click leads."""

    name: str
    value: str
    below: str = ""
    tone: str = ""
    link: str = ""
    bar: str = ""


def signs_html(vitals: Json, root: str, words: Words, *, may_list: bool, may_deliver: bool) -> str:
    """All figures."""
    return "".join(map(_tile, signs(vitals, root, words, may_list=may_list, may_deliver=may_deliver)))


def signs(vitals: Json, root: str, words: Words, *, may_list: bool, may_deliver: bool) -> Sequence[Sign]:
    """The figures of the service's vital signs."""
    share, oldest, hours = vitals["automatic_share"], vitals["oldest_minutes"], vitals["hours"]
    waiting = f"{root}/tickets?status=in_review" if may_list else ""
    return (
        Sign(
            name=words("city.sign.received"),
            value=f"{vitals['received']:,}",
            below=words("city.within", span=span(hours * 3_600, words)),
            link=f"{root}/tickets?hours={hours}" if may_list else "",
        ),
        Sign(
            name=words("city.sign.automatic"),
            value="–" if share is None else f"{share:.0%}",
            below=words("city.running" if vitals["running"] else "city.stopped"),
            tone="" if vitals["running"] else "warn",
        ),
        _live_error(vitals, words),
        Sign(name=words("city.sign.waiting"), value=f"{vitals['waiting']:,}", link=waiting),
        Sign(
            name=words("city.sign.oldest"),
            value="–" if oldest is None else span(oldest * MINUTE, words),
            below=words("city.oldest_below"),
        ),
        Sign(
            name=words("city.sign.overdue"),
            value=f"{vitals['overdue']:,}",
            below=words("city.overdue_below"),
            tone="bad" if vitals["overdue"] else "",
            link=f"{root}/tickets?overdue=true" if may_list else "",
        ),
        Sign(
            name=words("city.sign.failures"),
            value=f"{vitals['delivery_failures']:,}",
            below=words("city.failures_below"),
            tone="bad" if vitals["delivery_failures"] else "",
            link=f"{root}/units?tab=deliveries" if may_deliver and vitals["delivery_failures"] else "",
        ),
    )


def loads_html(vitals: Json, root: str, words: Words, *, may_list: bool) -> str:
    """The units with most to do, each with a bar."""
    units = vitals["by_unit"][:MOST_UNITS]
    if not units:
        return f'<p class="gr-quiet gr-flat">{escape(words("city.no_load"))}</p>'
    most = max(one["open"] for one in units) or 1
    return f'<ol class="gr-loads">{"".join(_load(one, most, root, may_list) for one in units)}</ol>'


def latest_html(tickets: Sequence[Json], words: Words) -> str:
    """The newest tickets, a line each."""
    if not tickets:
        return f'<p class="gr-quiet gr-flat">{escape(words("city.no_tickets"))}</p>'
    return f'<ol class="gr-latest">{"".join(_latest(one, words) for one in tickets)}</ol>'


def _live_error(vitals: Json, words: Words) -> Sign:
    found, alpha = vitals["live_error"], vitals["alpha"]
    budget = words("city.no_budget") if alpha is None else words("city.budget", percent=_percent(alpha))
    if not found["n"]:
        return Sign(name=words("city.sign.error"), value="–", below=f"{words('city.no_audits')} · {budget}")
    between = words(
        "city.between", low=_percent(found["low"]), high=_percent(found["high"]), count=found["n"]
    )
    tone = "" if alpha is None or found["low"] <= alpha else "bad"
    return Sign(
        name=words("city.sign.error"),
        value=f"{_percent(found['value'])} %",
        below=f"{between} · {budget}",
        tone=tone,
        bar="" if alpha is None else _bar(found, alpha),
    )


def _bar(found: Json, alpha: float) -> str:
    """The interval, the value in it, and the budget as a mark; the scale ends at some budgets."""
    scale = WIDEST_BUDGETS * alpha
    low, value, high, budget = (
        100 * min(at / scale, 1.0) for at in (found["low"], found["value"], found["high"], alpha)
    )
    return (
        '<span class="gr-interval" aria-hidden="true">'
        f'<span class="gr-interval-span" style="left:{low:.1f}%;width:{max(high - low, 1):.1f}%"></span>'
        f'<span class="gr-interval-at" style="left:{value:.1f}%"></span>'
        f'<span class="gr-interval-budget" style="left:{budget:.1f}%"></span></span>'
    )


def _tile(one: Sign) -> str:
    below = f'<span class="gr-sign-below">{escape(one.below)}</span>' if one.below else ""
    told = (
        f'<span class="gr-sign-name">{escape(one.name)}</span>'
        f'<span class="gr-sign-value gr-tone-{one.tone}">{escape(one.value)}</span>{one.bar}{below}'
    )
    if one.link:
        return f'<li><a class="gr-sign" href="{escape(one.link, quote=True)}">{told}</a></li>'
    return f'<li><div class="gr-sign">{told}</div></li>'


def _load(one: Json, most: int, root: str, may_list: bool) -> str:
    name = escape(one["name"])
    if may_list:
        href = escape(f"{root}/tickets?status=dispatched&unit={one['unit_id']}", quote=True)
        name = f'<a href="{href}">{name}</a>'
    return (
        f'<li><span class="gr-load-name">{name}</span><span class="gr-load-count">{one["open"]:,}</span>'
        f'<span class="gr-load-bar"><span style="width:{100 * one["open"] / most:.0f}%"></span></span></li>'
    )


def _latest(one: Json, words: Words) -> str:
    status = words.either(f"intake.status.{one['status']}", one["status"])
    where = one["unit_name"] if one["status"] == "dispatched" else status
    tone = "gr-dot-good" if one["status"] == "dispatched" else "gr-dot-warn"
    return (
        f'<li><span class="gr-dot {tone}" aria-hidden="true"></span>'
        f"<time>{clock_time(one['received_at'])}</time>"
        f'<span class="gr-latest-title">{escape(one["title"] or one["ticket_id"])}</span>'
        f'<span class="gr-latest-unit">{escape(where or status)}</span></li>'
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")
