"""A receipt in a few lines of a language."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from domain.decisions import Evidence, EvidenceKind, Reason, Verdict
from domain.places import Location, Place, PlaceWitness
from router.receipt import START, PastTicket, Receipt, Rival
from router.wording import Wording

CARRIED, ELSEWHERE, DECISIVE = 5, 2, 3  # shown
LEAST = 0.05  # log odds that are worth a word


def receipt_lines(receipt: Receipt, names: Mapping[str, str], words: Wording) -> list[str]:
    """A thing a line: the decision, where, what found the unit, past tickets, what carried it, what would change it.

    `names`: what units are called.
    """
    return [
        *_decided(receipt, names, words),
        *_where(receipt.location, words),
        *_found(receipt, words),
        *_past(receipt, names, words),
        *_carried(receipt, words),
        *_changed(receipt, names, words),
    ]


def previewed_lines(receipt: Receipt, names: Mapping[str, str], words: Wording) -> list[str]:
    """The same of a ticket that is not submitted yet, in short: where it would go, why, where it is, what found it."""
    unit = _name(receipt.unit_id, names)
    sent = receipt.verdict is Verdict.DISPATCH
    name = "would_stay" if receipt.unit_id is None else "would_go" if sent else "would_be_proposed"
    return [
        words.line(name, unit=unit),
        *_reasoned(receipt, words),
        *_where(receipt.location, words),
        *_found(receipt, words),
        *_past(receipt, names, words),
    ]


def _decided(receipt: Receipt, names: Mapping[str, str], words: Wording) -> Iterator[str]:
    sent = receipt.verdict is Verdict.DISPATCH
    name = (
        "blind" if receipt.blind else "nobody" if receipt.unit_id is None else "sent" if sent else "proposed"
    )
    yield words.line(name, ticket=receipt.ticket_id, unit=_name(receipt.unit_id, names))
    if receipt.review is not None:
        review = receipt.review
        day = f"{review.at:%Y-%m-%d}"
        yield words.line("reviewed", by=review.by, unit=_name(review.unit_id, names), day=day)
    if receipt.held is not None:
        yield words.line("held", by=receipt.held.by, reason=receipt.held.detail)
    if receipt.refusals:
        told = words.phrases(
            words.line("refusal", unit=_name(one.unit_id, names), reason=one.reason)
            for one in receipt.refusals
        )
        yield words.line("sent_back", refusals=told)
    yield from _reasoned(receipt, words)


def _reasoned(receipt: Receipt, words: Wording) -> Iterator[str]:
    if receipt.signals:
        yield words.line("danger", dangers=words.words("danger", (one.kind for one in receipt.signals)))
    if receipt.reasons:
        yield words.line("why", reasons=words.words("reason", receipt.reasons))
    if receipt.rules:
        yield words.line("rules", rules=words.listed(receipt.rules))
    if receipt.probability is not None:
        yield words.line("likely", probability=words.percent(receipt.probability))


def _where(location: Location, words: Wording) -> Iterator[str]:
    known = location.point is not None and bool(location.places)
    if known:
        top = location.places[0]
        yield words.line(
            "where",
            place=location.address or words.at(top.point),
            radius=f"{top.radius_m:.0f}",
            probability=words.percent(top.probability),
            sources=words.words("source", top.sources),
        )
    else:
        yield words.line("where_unknown")
    others = location.places[1 : 1 + ELSEWHERE] if known else location.places[:ELSEWHERE]
    if others:
        told = (f"{_place(one, location, words)} {words.percent(one.probability)}" for one in others)
        yield words.line("elsewhere", places=words.phrases(told))
    repaired = {f"{r.field}_{'corrected' if r.given else 'filled'}" for r in location.repairs}
    doubts = [reason for reason in location.reasons if reason not in repaired]  # told in a line of their own
    if doubts:
        yield words.line("about_place", doubts=words.words("doubt", doubts))
    if any(doubt.endswith("_disagree") for doubt in doubts):
        yield words.line("told", witnesses=words.phrases(_witness(one, words) for one in location.witnesses))
    if location.repairs:
        repairs = (
            words.line(
                "repair",
                field=words.word("field", one.field),
                given=one.given or words.line("nothing"),
                value=one.value,
            )
            for one in location.repairs
        )
        yield words.line("filled", repairs=words.phrases(repairs))


def _place(place: Place, location: Location, words: Wording) -> str:
    """Another place, by what tells it from the first."""
    return words.at(place.point) if place.address in (None, location.address) else str(place.address)


def _witness(witness: PlaceWitness, words: Wording) -> str:
    told = witness.text or words.at(witness.point)
    return words.line("witness", source=words.word("source", witness.source), place=told)


def _found(receipt: Receipt, words: Wording) -> Iterator[str]:
    if receipt.evidence:
        told = words.phrases(_told(one, words) for one in receipt.evidence)
        yield words.line("found_by", evidence=told)


def _told(evidence: Evidence, words: Wording) -> str:
    key = words.key(evidence.key) if evidence.kind is EvidenceKind.HISTORY else evidence.key
    return words.line(
        f"evidence_{evidence.kind}",
        key=key,
        share=words.share(evidence.hits, evidence.total),
        hits=f"{evidence.hits:.0f}",
        total=f"{evidence.total:.0f}",
    )


def _past(receipt: Receipt, names: Mapping[str, str], words: Wording) -> Iterator[str]:
    if receipt.nearest:
        yield words.line("nearest", tickets=words.phrases(_one(one, names, words) for one in receipt.nearest))


def _one(past: PastTicket, names: Mapping[str, str], words: Wording) -> str:
    distance = "" if past.metres is None else words.line("distance", metres=f"{past.metres:.0f}")
    return words.line(
        "past" if past.title else "past_untitled",
        ticket=past.ticket_id,
        day=past.day.isoformat(),
        distance=distance,
        unit=_name(past.unit_id, names),
        title=past.title,
    )


def _carried(receipt: Receipt, words: Wording) -> Iterator[str]:
    """The strongest groups, the rest in one, and where the score begins: what is told sums to it."""
    if not receipt.explained:
        refused = Reason.REFUSED in receipt.reasons
        yield words.line("unexplained_after_refusal" if refused else "unexplained")
    if receipt.score is None:
        return
    start = sum(value for name, value in receipt.carried if name == START)
    shown = [(name, value) for name, value in receipt.carried if name != START and abs(value) >= LEAST][
        :CARRIED
    ]
    rest = receipt.score - start - sum(value for _, value in shown)
    parts = [*shown, ("rest", rest), (START, start)]
    rounded = _adding_up([value for _, value in parts])
    told = words.listed(
        _part(name, value, words)
        for (name, _), value in zip(parts, rounded, strict=True)
        if name != "rest" or value
    )
    yield words.line("carried", parts=told, score=f"{sum(rounded):+.2f}")


def _adding_up(values: Sequence[float]) -> list[float]:
    """The values in two decimals, which add up to their sum in two decimals: by largest remainders."""
    floors = [math.floor(100.0 * value) for value in values]
    lacking = round(100.0 * sum(values)) - sum(floors)
    by_remainder = sorted(range(len(values)), key=lambda i: floors[i] - 100.0 * values[i])
    up = set(by_remainder[:lacking])
    return [(floor + (i in up)) / 100.0 for i, floor in enumerate(floors)]


def _changed(receipt: Receipt, names: Mapping[str, str], words: Wording) -> Iterator[str]:
    if receipt.needed is not None:
        yield words.line("needed", needed=words.percent(receipt.needed))
    if receipt.rival is not None:
        yield from _rival(receipt.rival, names, words)
    elif receipt.unit_id is not None:
        yield words.line("alone")
    if receipt.missing:
        yield words.line("missing", fields=words.words("field", receipt.missing))


def _rival(rival: Rival, names: Mapping[str, str], words: Wording) -> Iterator[str]:
    likely = (
        "" if rival.probability is None else words.line("bracketed", told=words.percent(rival.probability))
    )
    behind = "" if rival.behind is None or rival.ahead else words.line("behind", gap=f"{rival.behind:.2f}")
    name = "rival_ahead" if rival.ahead else "rival"
    yield words.line(name, unit=_name(rival.unit_id, names), likely=likely, behind=behind)
    if len(rival.decisive) > DECISIVE:
        yield words.line("turned_by_little")
    elif rival.decisive:
        parts = words.listed(_part(name, value, words) for name, value in rival.decisive)
        yield words.line("turned_by", parts=parts)


def _part(name: str, value: float, words: Wording) -> str:
    return words.line("part", name=words.word("group", name), value=f"{value:+.2f}")


def _name(unit_id: str | None, names: Mapping[str, str]) -> str:
    return names.get(unit_id or "", unit_id or "")
