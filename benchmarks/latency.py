"""How long a ticket takes from submission to decision, in one process and in two, beside the booster alone.

python -m benchmarks.latency --history N --units U [--queries 3000] [--seed 1] [--json FILE]

A simulated city with N past dispatches and U units; the default bundle, trained on the first 30,000 of them. Tickets
are routed one by one, each in turn with the booster on its candidates' rows, and a few at a time in turn on a world of
10,000 dispatches and on that of all N. Then a batch by two processes.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import argparse
import gc
import json
import resource
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.latency_world import Grown, Report, grow_city, grow_world, queries, teach
from domain.tickets import Ticket
from features.table import feature_names
from models.ranker import Floats, Floats32, Ranker
from router import route as way
from router.forked import forked
from router.route import route
from router.uncollected import settle
from router.world import World

YOUNG = 10_000
WARM = 200  # queries that are not counted
BLOCK = 20  # tickets that one world is asked before it is the other's turn
CORES = 2
STAGES = {
    "parse": ("parse", "facts"),
    "locate": ("locate", "grounds"),
    "retrieve": ("retrieve",),
    "rank": ("rank",),
    "decide": ("decide", "warrant_of"),
}


class Keeping(Ranker):
    """A ranker that keeps the rows it was asked to score, so that the booster can be timed on the same."""

    rows: Floats32 | None = None

    def scores(self, rows: Floats32) -> Floats:
        """As the ranker's."""
        self.rows = rows
        return super().scores(rows)

    def again(self) -> float:
        """Seconds LightGBM itself needs to score the rows; 0 where there were none."""
        if self.rows is None:
            return 0.0
        started = time.perf_counter()
        super().scores_of_lightgbm(self.rows)
        took, self.rows = time.perf_counter() - started, None
        return took


@dataclass(slots=True, kw_only=True)
class Laps:
    """Seconds of each ticket: by the clock, of the processor, and of the booster alone."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    booster: list[float] = field(default_factory=list)


def ask(tickets: Sequence[Ticket], world: World, laps: Laps) -> None:
    """Route tickets one by one, each in turn with the booster."""
    for ticket in tickets:
        busy, started = time.thread_time(), time.perf_counter()
        route(ticket, world)
        laps.clock.append(time.perf_counter() - started)
        laps.processor.append(time.thread_time() - busy)
        laps.booster.append(_ranker(world).again())


def _ranker(world: World) -> Keeping:
    assert world.bundle is not None
    assert isinstance(world.bundle.ranker, Keeping)
    return world.bundle.ranker


def in_turn(tickets: Sequence[Ticket], young: World, grown: World) -> tuple[Laps, Laps]:
    """The same tickets in both worlds, a few in the one, then in the other."""
    of_young, of_grown = Laps(), Laps()
    for first in range(0, len(tickets), BLOCK):
        ask(tickets[first : first + BLOCK], grown, of_grown)
        ask(tickets[first : first + BLOCK], young, of_young)
    return of_young, of_grown


@contextmanager
def stopwatches() -> Iterator[dict[str, float]]:
    """While open, `route`'s stages add their seconds to the dictionary, by stage."""
    seconds = dict.fromkeys(STAGES, 0.0)
    own = {name: getattr(way, name) for names in STAGES.values() for name in names}

    def timed(function: Any, stage: str) -> Any:
        @wraps(function)
        def run(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            answer = function(*arguments, **named)
            seconds[stage] += time.perf_counter() - started
            return answer

        return run

    try:
        for stage, names in STAGES.items():
            for name in names:
                setattr(way, name, timed(own[name], stage))
        yield seconds
    finally:
        for name, function in own.items():
            setattr(way, name, function)


def by_stage(tickets: Sequence[Ticket], world: World) -> dict[str, float]:
    """Median milliseconds of each stage; parse with the facts, locate with the owners of the ground."""
    laps: dict[str, list[float]] = {stage: [] for stage in STAGES}
    with stopwatches() as seconds:
        for ticket in tickets:
            route(ticket, world)
            for stage, took in seconds.items():
                laps[stage].append(took)
                seconds[stage] = 0.0
    return {stage: _ms(statistics.median(took)) for stage, took in laps.items()}


def in_batch(tickets: Sequence[Ticket], world: World) -> dict[str, Any]:
    """Tickets a second by two processes, and how much longer a ticket takes there than the booster on its rows."""

    def timed(ticket: Ticket) -> tuple[float, float]:
        started = time.perf_counter()
        route(ticket, world)
        return time.perf_counter() - started, _ranker(world).again()

    def verdict(ticket: Ticket) -> str:
        return route(ticket, world).verdict.value

    with forked(verdict, CORES) as routed:
        started = time.perf_counter()
        done = sum(1 for _ in routed(tickets))
        took = time.perf_counter() - started
    with forked(timed, CORES) as pairs:
        routing, boosting = np.array(list(pairs(tickets))).sum(axis=0)
    return {
        "batch_tickets_per_s": round(done / took),
        "batch_ratio_to_booster": round(float(routing / boosting), 2),
    }


def measure(history: int, units: int, asked: int, seed: int, report: Report) -> dict[str, Any]:
    """Grow the city, train, ask."""
    report("city", 0.0)
    city = grow_city(history, units, seed)
    bundle = teach(city, report)
    bundle = replace(bundle, ranker=Keeping(bundle.ranker.text))
    every = iter(queries(city, WARM + 3 * asked, seed))
    warm, turns, staged = (list(islice(every, count)) for count in (WARM, asked, asked // 2))
    batch = list(every)
    young = grow_world(city, bundle, min(YOUNG, history), report)
    grown = grow_world(city, bundle, history, report)
    named = len(city.units)
    del city
    gc.collect()
    settle()  # as a server does once its world stands
    report("asking", 0.0)
    in_turn(warm, young.world, grown.world)
    of_young, of_grown = in_turn(turns, young.world, grown.world)
    report("asking", 0.5)
    stages = by_stage(staged, grown.world)
    report("asking", 0.7)
    batched = in_batch(batch, grown.world)
    return {
        "history": history,
        "units": named,
        "trees": bundle.ranker.trees,
        "features": len(feature_names(bundle.schema)),
        "queries": asked,
        **_told(of_young, of_grown),
        "stages_ms": stages,
        **batched,
        **_built(grown),
        "load": round(os.getloadavg()[0], 1),
    }


def _told(young: Laps, grown: Laps) -> dict[str, Any]:
    p50, booster = statistics.median(grown.clock), statistics.median(grown.booster)
    return {
        "p50_ms": _ms(p50),
        "p99_ms": _ms(float(np.quantile(grown.clock, 0.99))),
        "p50_cpu_ms": _ms(statistics.median(grown.processor)),
        "p99_cpu_ms": _ms(float(np.quantile(grown.processor, 0.99))),
        "booster_only_ms": _ms(booster),
        "ratio_to_booster": round(p50 / booster, 2),
        "p50_growth_10k_to_n": round(p50 / statistics.median(young.clock), 2),
    }


def _built(grown: Grown) -> dict[str, Any]:
    return {
        "index_build_s": round(grown.fold_s, 1),
        "atlas_build_s": round(grown.atlas_s, 1),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 4)


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--history", type=int, default=1_000_000, help="past dispatches")
    parser.add_argument("--units", type=int, default=300)
    parser.add_argument("--queries", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    from cli.progress import stages

    with stages() as report:
        figures = measure(arguments.history, arguments.units, arguments.queries, arguments.seed, report)
    for name, value in figures.items():
        print(f"{name:<26}{value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
