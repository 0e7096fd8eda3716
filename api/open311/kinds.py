"""The services of an operator who names none: the kinds of trouble that routing knows."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from api.open311.services import ANYTHING, Catalogue, Service, service_of
from domain.errors import StoreUnavailable
from features.text import normalise
from router.ports import ReadSession, Store

LOOK_BACK = 20_000  # dispatches: what is common now, not all that ever was
MOST_KINDS = 500
LONGEST = 200  # characters; what is longer is no name of a kind
EVERY = timedelta(minutes=1)


class KnownKinds:
    """Kinds of the dispatch log, of territories and of rules, looked up again every minute. Thread-safe."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock
        self._looking = threading.Lock()
        self._spelled: dict[str, Counter[str]] = defaultdict(Counter)
        self._configured: dict[str, str] = {}
        self._sequence = 0
        self._world_version: str | None = None
        self._looked_at: datetime | None = None
        self._catalogue = Catalogue.of([ANYTHING], clock())

    def catalogue(self) -> Catalogue:
        """The services of all kinds, by name; each service keeps its code for good."""
        with self._looking:
            now = self._clock()
            if self._looked_at is None or now - self._looked_at >= EVERY:
                try:
                    self._look_up(now)
                except StoreUnavailable:
                    if self._looked_at is None:
                        raise  # else what was known a minute ago will do
            return self._catalogue

    def _look_up(self, now: datetime) -> None:
        with self._store.read() as session:
            self._look(session)
        self._looked_at = now
        services = self._services()
        if services != list(self._catalogue.services.values()):
            self._catalogue = Catalogue.of(services, now)

    def _look(self, session: ReadSession) -> None:
        last = session.last_sequence()
        for dispatch in session.dispatches(after=max(self._sequence, last - LOOK_BACK)):
            if name := _name(dispatch.ticket.category):
                self._spelled[normalise(name)][name] += 1
        self._sequence = last
        if len(self._spelled) > 4 * MOST_KINDS:
            self._spelled = defaultdict(Counter, {kind: self._spelled[kind] for kind in self._common()})
        if (version := session.world_version()) != self._world_version:
            limits = (kind for territory in session.territories() for kind in sorted(territory.kinds))
            causes = (kind for rule in session.rules() for kind in sorted(rule.categories))
            names = [name for kind in (*limits, *causes) if (name := _name(kind))]
            self._configured = {normalise(name): name for name in names}
            self._world_version = version

    def _services(self) -> list[Service]:
        # the log's own spelling of a kind: rules and territories have it folded
        names = {**self._configured, **{kind: self._usual(kind) for kind in self._common()}}
        services = {service.code: service for service in map(service_of, names.values())}
        return [*sorted(services.values(), key=lambda service: service.name), *_anything(services)]

    def _usual(self, kind: str) -> str:
        return min(self._spelled[kind].items(), key=lambda counted: (-counted[1], counted[0]))[0]

    def _common(self) -> list[str]:
        counted = sorted(self._spelled.items(), key=lambda one: (-one[1].total(), one[0]))
        return [kind for kind, _ in counted[:MOST_KINDS]]


def _name(category: str | None) -> str | None:
    name = " ".join((category or "").split())
    return name if name and len(name) <= LONGEST and normalise(name) else None


def _anything(services: dict[str, Service]) -> list[Service]:
    return [] if ANYTHING.code in services else [ANYTHING]
