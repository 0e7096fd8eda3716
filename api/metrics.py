"""`/metrics`: what a Prometheus server scrapes. Counted since the process started; states are as of the scrape."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from functools import cache
from math import nan

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import may
from api.openapi import problems
from domain.access import Right
from domain.decisions import Decision, Verdict
from domain.errors import StoreUnavailable
from router.service import RoutingService
from router.vitals import Vitals

routes = APIRouter(tags=["health"])

LATEST = 1_000
STAGE_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5)
REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Meters:
    """One application's metrics; what routing tells, and what the store and the world are asked at each scrape."""

    def __init__(self, service: RoutingService) -> None:
        self.registry = CollectorRegistry()
        # one look-up a name: labels() reads the environment each time
        stage = Histogram(
            "gridroute_stage_seconds",
            "How long a stage of a ticket's way took; store: until the decision was durable.",
            ["stage"],
            buckets=STAGE_SECONDS,
            registry=self.registry,
        )
        self._stage = cache(stage.labels)
        decisions = Counter(
            "gridroute_decisions",
            "Tickets that were routed, by verdict and priority.",
            ["verdict", "priority"],
            registry=self.registry,
        )
        self._decisions = cache(decisions.labels)
        requests = Histogram(
            "gridroute_http_request_seconds",
            "How long requests took, by path template and status.",
            ["method", "path", "status"],
            buckets=REQUEST_SECONDS,
            registry=self.registry,
        )
        self.request = cache(requests.labels)
        self._latest: deque[bool] = deque(maxlen=LATEST)
        coverage = Gauge(
            "gridroute_coverage",
            f"Share dispatched automatically of the latest {LATEST:,} tickets that this process routed.",
            registry=self.registry,
        )
        coverage.set_function(self._coverage)
        self.registry.register(_States(service))

    def routed(self, decision: Decision, seconds: dict[str, float]) -> None:
        """Count a ticket that was routed."""
        self._decisions(decision.verdict.value, decision.priority.value).inc()
        self._latest.append(decision.verdict is Verdict.DISPATCH)
        for stage, took in seconds.items():
            self._stage(stage).observe(took)

    def _coverage(self) -> float:
        latest = tuple(self._latest)
        return sum(latest) / len(latest) if latest else nan


class Timed:
    """Middleware that times requests by the template of their path: paths themselves hold ticket ids."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, answer)
        finally:
            path = getattr(scope.get("route"), "path", "none")
            timer = self._meters.request(scope["method"], path, str(status))
            timer.observe(time.perf_counter() - began)


class _States:
    """A collector of what is the case now."""

    def __init__(self, service: RoutingService) -> None:
        self._service = service

    def describe(self) -> list[Metric]:
        """Nothing beforehand: the registry would ask the store before anything serves."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The vital signs; where the store is away, few of them."""
        places = self._service.decider.beside.places
        yield _gauge(
            "gridroute_beside_places", "Groups of tickets that other processes decide at once.", places
        )
        try:
            found = self._service.vitals()
        except StoreUnavailable:
            yield _gauge("gridroute_store_up", "Whether the store answers.", 0.0)
            return
        yield _gauge("gridroute_store_up", "Whether the store answers.", 1.0)
        yield from _families(found)


def _families(found: Vitals) -> Iterator[Metric]:
    yield _gauge("gridroute_ready", "Whether nothing is missing for automatic dispatch.", float(found.ready))
    waiting = GaugeMetricFamily(
        "gridroute_waiting_tickets", "Tickets that wait for a person.", labels=["priority"]
    )
    oldest = GaugeMetricFamily(
        "gridroute_waiting_oldest_seconds", "How long the first of them has waited.", labels=["priority"]
    )
    for queue in found.queues:
        waiting.add_metric([queue.priority.value], queue.count)
        oldest.add_metric([queue.priority.value], max((found.at - queue.since).total_seconds(), 0.0))
    yield from (waiting, oldest)
    outbox = found.outbox
    age = max((found.at - outbox.since).total_seconds(), 0.0) if outbox.since else 0.0
    yield _gauge("gridroute_outbox_pending", "Deliveries that are still to be made.", outbox.pending)
    yield _gauge("gridroute_outbox_oldest_seconds", "How long the oldest of them has waited.", age)
    yield _gauge("gridroute_outbox_dead", "Deliveries that were given up.", outbox.dead)
    yield _gauge(
        "gridroute_history_lag", "Dispatches in the log that this process has not folded yet.", found.lag
    )
    yield _gauge("gridroute_history_sequence", "Dispatches that this process has folded.", found.sequence)
    yield _gauge(
        "gridroute_suspensions", "Suspensions of automatic dispatch that are active.", found.suspended
    )
    live = found.live_error  # how many wait is not told: who reviews may read along
    yield _gauge("gridroute_audited_tickets", "Blind reviews of would-be automatic dispatches.", live.rows)
    share = GaugeMetricFamily(
        "gridroute_live_error",
        "Share of wrong automatic dispatches by blind reviews: as found, and the ends of its 95 % confidence sequence.",
        labels=["bound"],
    )
    if live.rows:
        share.add_metric(["found"], live.errors / live.rows)
    share.add_metric(["low"], live.low)
    share.add_metric(["high"], live.high)
    yield share


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)


@routes.get(
    "/metrics",
    dependencies=[may(Right.WATCH, here=True)],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **problems()},
)
def metrics(request: Request) -> Response:
    """Counters and states in the Prometheus text format."""
    meters = request.app.state.meters
    assert isinstance(meters, Meters)
    return Response(generate_latest(meters.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)
