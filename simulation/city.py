"""The city: what stands, what was dispatched so far, and the tickets that go on coming."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np

from domain.dispatches import Dispatch
from domain.places import Account, Address, Territory
from domain.tickets import Ticket
from domain.time import require_aware
from domain.units import Unit
from simulation.cases import draw_cases
from simulation.desk import write_tickets
from simulation.founding import found_scene
from simulation.ground import Area
from simulation.offices import territories
from simulation.reorganisation import Change
from simulation.scene import Scene
from simulation.seasons import LOCAL, Day, Storm, forecast, midnight
from simulation.streets import Road

START = datetime(2025, 3, 1, tzinfo=LOCAL)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class City:
    """A seeded city with its past. `dispatches` are in order of `known_at`; `ends` is the end of that past."""

    seed: int
    starts: datetime
    ends: datetime
    dispatches: tuple[Dispatch, ...] = field(repr=False)
    territories: tuple[Territory, ...] = field(repr=False)
    scene: Scene = field(repr=False)

    @property
    def units(self) -> tuple[Unit, ...]:
        """All units there ever were, closed ones with their successors."""
        return self.scene.offices.units

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All customers' accounts."""
        return self.scene.residents.accounts

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The address book."""
        return self.scene.residents.addresses

    @property
    def districts(self) -> tuple[Area, ...]:
        """The districts; no unit's ground follows them."""
        return self.scene.ground.districts

    @property
    def towns(self) -> tuple[Area, ...]:
        """The towns (街道, 镇) that make up the districts."""
        return self.scene.ground.towns

    @property
    def roads(self) -> tuple[Road, ...]:
        """The roads, arterial ones first."""
        return self.scene.streets.roads

    def stream(
        self, seed: int = 0, start: datetime | None = None, storm_from: datetime | None = None
    ) -> Iterator[tuple[Ticket, str]]:
        """New tickets in order of time from `start` (default: `ends`), without end, each with its rightful unit's id.

        `storm_from`: a storm breaks over the city's centre then, and lasts six hours.
        """
        start = self.ends if start is None else start
        require_aware("start", start)
        require_aware("storm_from", storm_from)
        storm = (
            None
            if storm_from is None
            else Storm(begins=storm_from.astimezone(LOCAL), hours=6.0, eye=(0.0, 0.0))
        )
        return self._stream(seed, start.astimezone(LOCAL), storm)

    def reorganised(self, at: datetime, change: Change, kind: str) -> City:
        """The same city with one more change of its offices, after all others; the past stays as it was."""
        scene = replace(self.scene, offices=change(self.scene.offices, kind, at, self.scene.ground))
        return replace(self, scene=scene, territories=territories(scene.offices, scene.ground))

    def _stream(self, seed: int, start: datetime, storm: Storm | None) -> Iterator[tuple[Ticket, str]]:
        on = start.date()
        while True:
            forced = storm if storm is not None and storm.begins.date() == on else None
            day = forecast(self.seed, on, self.scene.troubles, forced)
            rng = np.random.default_rng((self.seed, seed, on.toordinal(), 2))
            usual, stormy = rng.poisson(
                [day.usual.sum() * self.scene.rate, day.stormy.sum() * self.scene.rate]
            )
            cases = draw_cases(self.scene, day, int(usual), int(stormy), rng)
            rand = random.Random(f"{self.seed} {seed} {on.isoformat()}")
            tickets = write_tickets(
                self.scene, cases.happened, _ids(f"N{seed}-", on, len(cases.happened)), rand
            )
            for ticket, owner in zip(tickets, cases.owner.tolist(), strict=True):
                if ticket.received_at >= start:
                    yield ticket, self.units[owner].unit_id
            on += timedelta(days=1)


def build_city(
    seed: int = 0,
    accounts: int = 20_000,
    dispatches: int = 30_000,
    start: datetime = START,
    days: int = 540,
    offices: int | None = None,
) -> City:
    """A city with `accounts` customers, as many address entries, and `dispatches` received in `days` whole local days.

    `offices`: how many units own ground at the beginning (None: the usual number). The same arguments give the same
    city, to the last letter.
    """
    require_aware("start", start)
    first = start.astimezone(LOCAL).date()
    starts, ends = midnight(first), midnight(first + timedelta(days=days))
    scene = found_scene(seed, accounts, starts, ends, offices)
    forecasts = [forecast(seed, first + timedelta(days=i), scene.troubles) for i in range(days)]
    weights = np.array([[day.usual.sum(), day.stormy.sum()] for day in forecasts])
    counts = np.random.default_rng((seed, 1)).multinomial(dispatches, weights.ravel() / weights.sum())
    log = [
        dispatch
        for day, (usual, stormy) in zip(forecasts, counts.reshape(-1, 2).tolist(), strict=True)
        for dispatch in _day_log(scene, day, usual, stormy)
    ]
    log.sort(key=lambda dispatch: (dispatch.known_at, dispatch.ticket.ticket_id))
    return City(
        seed=seed,
        starts=starts,
        ends=ends,
        dispatches=tuple(log),
        territories=territories(scene.offices, scene.ground),
        scene=replace(scene, rate=dispatches / float(weights.sum())),
    )


def _day_log(scene: Scene, day: Day, usual: int, stormy: int) -> list[Dispatch]:
    """The dispatches of the tickets that came in on a day."""
    rng = np.random.default_rng((scene.seed, day.date.toordinal(), 1))
    rand = random.Random(f"{scene.seed} {day.date.isoformat()}")
    cases = draw_cases(scene, day, usual, stormy, rng)
    tickets = write_tickets(scene, cases.happened, _ids("GD", day.date, len(cases.happened)), rand)
    units = scene.offices.units
    return [
        Dispatch(ticket=ticket, unit_id=units[unit].unit_id, known_at=datetime.fromtimestamp(known, LOCAL))
        for ticket, unit, known in zip(tickets, cases.logged.tolist(), cases.known.tolist(), strict=True)
    ]


def _ids(prefix: str, on: date, count: int) -> list[str]:
    return [f"{prefix}{on:%Y%m%d}{number:04d}" for number in range(1, count + 1)]
