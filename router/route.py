"""The way of a ticket in one screenful: parse, locate, retrieve, rank, decide."""

from __future__ import annotations

from domain.decisions import Decision
from domain.dispatches import Dispatch
from domain.tickets import Ticket
from features.facts import facts
from router.decide import decide
from router.ground import contested, grounds
from router.locate import locate
from router.parse import parse
from router.rank import rank
from router.retrieve import retrieve
from router.world import World


def route(ticket: Ticket, world: World) -> Decision:
    """Where the ticket goes and why. Pure: the same ticket and world give the same decision, to the bit."""
    parsed = parse(ticket)
    location = locate(ticket, world.atlas, world.history.callers)
    rules = world.rules.match(ticket, location.point, parsed.text, parsed.account)
    owned = grounds(location, world.territories, parsed.category, ticket.received_at)
    ground = owned[0]
    known = facts(ticket, location, world.history.schema)
    retrieved = retrieve(
        known,
        world.history,
        world.bundle.text if world.bundle else None,
        owners=[territory.unit_id for territory in ground],
        named=[rule.unit_id for rule in rules if rule.unit_id],
        units=world.units,
        at=ticket.received_at,
        limit=world.policy.max_candidates,
    )
    ranking = rank(known, world.history, retrieved, world.bundle, territories=ground, rules=rules)
    outcome = decide(
        at=ticket.received_at,
        location=location,
        ranking=ranking,
        rules=rules,
        territories=ground,
        contested=contested(owned),
        units=world.units,
        certificate=world.bundle.certificate if world.bundle else None,
        policy=world.policy,
    )
    return Decision(
        ticket_id=ticket.ticket_id,
        verdict=outcome.verdict,
        unit_id=outcome.unit_id,
        reasons=outcome.reasons,
        location=location,
        ranking=ranking,
        rule_ids=tuple(rule.rule_id for rule in rules),
        history_sequence=world.history.sequence,
        bundle_digest=world.bundle.digest if world.bundle else None,
        territory_version=world.territories.version,
        atlas_version=world.atlas.version,
    )


def learn(dispatch: Dispatch, world: World) -> None:
    """Fold one confirmed dispatch into the world's history: the next ticket feels it."""
    # by its own records: what callers told meanwhile would make it depend on when it is folded
    location = locate(dispatch.ticket, world.atlas)
    known = facts(dispatch.ticket, location, world.history.schema)
    world.history.fold(known, dispatch.unit_id, dispatch.sequence)
