"""A ticket tried out before it is submitted: where it would go, how sure that is, and what else would decide it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.decisions import Decision, Reason, Verdict
from domain.tickets import Ticket
from router.live import LiveWorld
from router.missing import Missing, missing_parts, variants_of
from router.ports import Store
from router.receipt import Receipt, receipt
from router.receipt_lines import previewed_lines
from router.route import route
from router.same_trouble import Alike, alike, near_in_time, undone
from router.submission import decided
from router.wording import Wording

ALIKE = 5  # shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would be decided, the receipt of it, the parts that are missing, and tickets of the same trouble."""

    decision: Decision
    receipt: Receipt
    missing: tuple[Missing, ...] = ()
    alike: tuple[Alike, ...] = ()

    @property
    def unit_ids(self) -> frozenset[str]:
        """All units that are named."""
        found = {one.unit_id for one in self.decision.ranking.candidates}
        found |= {unit_id for one in self.missing for unit_id in one.unit_ids}
        return frozenset(found | ({self.decision.unit_id} if self.decision.unit_id else set()))


def preview(ticket: Ticket, store: Store, live: LiveWorld, at: datetime) -> Preview:
    """Route the ticket without storing anything.

    Whether it would be drawn for a blind review is not told. What would go out by itself misses nothing.
    """
    with live.routing() as world:
        decision = undrawn(route(ticket, world, at))
        policy = world.policy
    stored = decided(ticket, decision, at, policy)
    with store.read() as session:
        others = near_in_time(stored, session)
        past = session.dispatches_at(one.sequence for one in decision.ranking.basis.nearest)
    likely = alike(stored, others, live)
    with store.read() as session:
        found = undone(likely, session, ALIKE)
    with live.routing(bulk=True) as world:
        sure = decision.verdict is Verdict.DISPATCH
        told = [dispatch.ticket for dispatch in past.values()]
        variants = {} if sure else variants_of(ticket, decision, world, told)

    def proposed(variant: Ticket) -> str | None:
        with live.routing(bulk=True) as present:  # one at a time: tickets that are submitted go in between
            return route(variant, present, at).unit_id

    return Preview(
        decision=decision,
        receipt=receipt(ticket, decision, past=past),
        missing=missing_parts(decision, variants, proposed),
        alike=tuple(found),
    )


def undrawn(decision: Decision) -> Decision:
    """The decision as it is where the ticket is not drawn for a blind review."""
    if Reason.AUDITED not in decision.reasons:
        return replace(decision, blind=False)
    return replace(decision, blind=False, verdict=Verdict.DISPATCH, reasons=(Reason.CERTIFIED,))


def sentences(found: Preview, names: dict[str, str], words: Wording) -> list[str]:
    """The preview in a few lines of a language; `names`: what units are called."""
    return [
        *previewed_lines(found.receipt, names, words),
        *(missing_sentence(one, names, words) for one in found.missing[:1]),
    ]


def missing_sentence(missing: Missing, names: dict[str, str], words: Wording) -> str:
    """What the part would decide."""
    units = words.either(names.get(unit_id, unit_id) for unit_id in missing.unit_ids)
    return words.line("would_decide", field=words.word("field", missing.part), units=units)
