"""What follows from an attempt to deliver: when to try again, when to give up, when to leave an endpoint in peace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from router.delivery_ports import Delivery, DeliveryState, Endpoint, Settled

LEASE = timedelta(seconds=3)
"""A worker that is silent for so long is taken for dead; the living renew theirs every second."""
UNDO = timedelta(seconds=10)
"""How long a person's decision waits before it is sent."""
OF_ONE_TICKET = 10_000
"""Deliveries at most: a storm's many callers are many updates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on. After `attempts` a delivery is given up: about an hour.

    An endpoint that failed `failures` times in a row is left in peace from `pause` on, twice as long each time.
    """

    attempts: int = 20
    first: timedelta = timedelta(milliseconds=200)
    longest: timedelta = timedelta(minutes=15)
    failures: int = 5
    pause: timedelta = timedelta(seconds=5)
    longest_pause: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended; `error` None: the unit has it. `final`: to try again is useless.

    `wait`: how long the endpoint asked to be left alone.
    """

    error: str | None = None
    final: bool = False
    wait: timedelta = timedelta()


def settle(
    delivery: Delivery, endpoint: Endpoint, outcome: Outcome, at: datetime, patience: Patience, random: Random
) -> Settled:
    """The delivery's next state. Pure but for `random`."""
    if outcome.error is None:
        return Settled(state=DeliveryState.DELIVERED, at=at, due_at=delivery.due_at)
    failures = endpoint.failures + 1
    given_up = outcome.final or delivery.attempts + 1 >= patience.attempts
    return Settled(
        state=DeliveryState.DEAD if given_up else DeliveryState.PENDING,
        at=at,
        due_at=at + max(backoff(delivery.attempts, patience, random), min(outcome.wait, patience.longest)),
        error=outcome.error,
        failures=failures,
        paused_until=pause_until(failures, at, patience, random),
    )


def backoff(attempts: int, patience: Patience, random: Random) -> timedelta:
    """Full jitter: anything up to a bound that doubles with each attempt.

    M. Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    bound: timedelta = min(patience.longest, patience.first * 2 ** min(attempts, 30))
    return bound * random.random()


def pause_until(failures: int, at: datetime, patience: Patience, random: Random) -> datetime | None:
    """When a failing endpoint is tried again, with one delivery; None while it is not given up."""
    if failures < patience.failures:
        return None
    bound: timedelta = min(
        patience.longest_pause, patience.pause * 2 ** min(failures - patience.failures, 30)
    )
    return at + bound / 2 + bound / 2 * random.random()
