"""The way of a ticket in one screenful: parse, locate, retrieve, rank, decide."""

from __future__ import annotations

from datetime import datetime

from domain.decisions import Decision
from domain.dispatches import Dispatch
from domain.tickets import Ticket
from features.facts import Facts, facts
from features.schema import HistorySchema
from router.atlas import Atlas
from router.decide import decide
from router.ground import believed, contested, grounds, taking
from router.locate import locate
from router.observing import Watch, unwatched
from router.parse import parse
from router.rank import rank
from router.retrieve import retrieve
from router.warrant import warrant_of
from router.world import World


def route(ticket: Ticket, world: World, now: datetime | None = None, watch: Watch = unwatched) -> Decision:
    """Where the ticket goes and why. Pure: the same ticket, world and time give the same decision, to the bit.

    `now`: when it is decided, by units that are open then and certificates that hold then; default: when the ticket
    came. `watch` hears of stages.
    """
    at = now or ticket.received_at
    parsed = parse(ticket)
    watch("parse")
    location = locate(ticket, world.atlas, world.history.callers)
    rules = world.rules.match(ticket, location.point, parsed.text, parsed.account)
    of_any_kind = grounds(location, world.territories, None, ticket.received_at)
    owned = taking(parsed.category, of_any_kind, world.territories)
    ground, believed_in = owned[0], believed(location, owned, world.territories)
    watch("locate")
    known = facts(ticket, location, world.history.schema)
    watch("facts")
    retrieved = retrieve(
        known,
        world.history,
        world.bundle.text if world.bundle else None,
        owners=believed_in.owners,
        spot=believed_in.spot,
        named=[rule.unit_id for rule in rules if rule.unit_id],
        units=world.units,
        at=at,
        limit=world.policy.max_candidates,
    )
    watch("retrieve")
    ranking = rank(
        known,
        world.history,
        retrieved,
        world.bundle,
        territories=ground,
        rules=rules,
        told=world.policy.told_candidates,
    )
    watch("rank")
    warrant = warrant_of(parsed, location, ranking, world, at)
    outcome = decide(
        at=at,
        location=location,
        ranking=ranking,
        rules=rules,
        territories=ground,
        contested=contested(owned),
        precedent=world.history.precedent(known),
        units=world.units,
        warrant=warrant,
        policy=world.policy,
    )
    watch("decide")
    return Decision(
        ticket_id=ticket.ticket_id,
        verdict=outcome.verdict,
        unit_id=outcome.unit_id,
        reasons=outcome.reasons,
        location=location,
        ranking=ranking,
        rule_ids=tuple(rule.rule_id for rule in rules),
        group=None if rules else warrant.group,
        suspension_ids=outcome.suspension_ids,
        blind=outcome.blind,
        priority=parsed.priority,
        signals=parsed.signals,
        history_sequence=world.history.sequence,
        bundle_digest=world.bundle.digest if world.bundle else None,
        territory_version=world.territories.version,
        atlas_version=world.atlas.version,
        grounds=tuple(sorted({one.territory_id for ground in of_any_kind for one in ground})),
    )


def learn(dispatch: Dispatch, world: World) -> None:
    """Fold one confirmed dispatch into the world's history: the next ticket feels it."""
    known = facts_alone(dispatch.ticket, world.atlas, world.history.schema)
    world.history.fold(known, dispatch.unit_id, dispatch.sequence, dispatch.source)


def facts_alone(ticket: Ticket, atlas: Atlas, schema: HistorySchema) -> Facts:
    """What a ticket's dispatch adds to the history.

    By the ticket's own records: what callers told meanwhile would make it depend on when it is folded.
    """
    return facts(ticket, locate(ticket, atlas), schema)
