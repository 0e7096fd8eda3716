"""Requests made from the OpenAPI description, sound and unsound, by several callers: no 5xx, none beyond its schema.

python -m benchmarks.api_fuzz --cases 20000 [--store memory|sqlite|postgresql] [--seed 0] [--json FILE]

In process, against a small office. Each finding is printed once, with a request that shows it; then the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from rich.console import Console
from rich.progress import track
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.app import create_app
from api.settings import Settings
from benchmarks.served_city import store_url
from domain.access import Area, Role
from router.access import Wanted, issue
from router.ports import Store
from router.service import RoutingService
from store.clock import utc_now
from store.memory import MemoryStore
from store.sql import open_store
from tests.serving import a_ticket, furnished, no_bundle

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SETTINGS = Settings(stream_seconds=0.0, poll_seconds=0.01)  # a stream that is asked for ends at once
OPEN = "open"  # nobody in particular, before any key is made; then nobody, and a key of each role
CALLERS = (OPEN, "nobody", *map(str, Role))
UNSOUND = 0.4  # of the cases
MOST_CASES = 1_000_000
SAYS_503 = "/readyz"  # its way to say that something is missing
KNOWN = {
    "ticket_id": ("f-0", "f-1", "f-2", "f-3"),
    "unit_id": ("north", "gas", "old"),
    "delivery_id": (1, 2, 3),
    "version": (1,),
    "key_id": (1, 2),
}
"""Of what stands in paths: guesses never meet what there is."""


@dataclass(slots=True)
class Found:
    """How many cases, the statuses by caller, and each failure with a request that shows it."""

    cases: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)


def fuzz(
    store: Store,
    cases: int,
    start: int = 0,
    progress: Callable[[list[Any]], Any] = lambda one: one,
) -> Found:
    """Ask the service on that store, which is furnished and filled for it."""
    app = create_app(RoutingService(furnished(store), utc_now, no_bundle), SETTINGS)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations: list[Any] = [one.ok() for one in schema.get_all_operations()]  # type: ignore[union-attr]
    found = Found()
    _fill(store)
    keys: dict[str, dict[str, str]] = {}
    each = max(1, round(cases / len(CALLERS) / len(operations)))
    for name, operation in progress([(name, one) for name in CALLERS for one in operations]):
        if name != OPEN and not keys:
            keys = _issued(store)
        for mode, count in _shares(each):
            _ask(_Asking(operation, mode, count, name, keys.get(name, {}), start), found)
    return found


def _shares(each: int) -> Iterator[tuple[Any, int]]:
    unsound = round(each * UNSOUND)
    yield schemathesis.GenerationMode.POSITIVE, each - unsound
    yield schemathesis.GenerationMode.NEGATIVE, unsound


def _issued(store: Store) -> dict[str, dict[str, str]]:
    """A key for each role; from now on nobody is let in without."""
    made = {}
    for role in Role:
        area = Area(units=frozenset({"north"})) if role in (Role.UNIT, Role.REVIEWER) else Area()
        wanted = Wanted(name=f"The {role}", role=role, area=area, per_minute=10_000_000)
        made[str(role)] = {"Authorization": f"Bearer {issue(store, wanted, by='fuzz', at=utc_now()).secret}"}
    return made


@dataclass(frozen=True, slots=True)
class _Asking:
    """One operation, asked so often in one mode by one caller."""

    operation: Any
    mode: Any
    count: int
    name: str
    headers: dict[str, str]
    start: int


def _ask(asking: _Asking, found: Found) -> None:
    if asking.count == 0:
        return
    known = {key: cycle(values) for key, values in KNOWN.items()}

    @seed(asking.start)
    @settings(
        max_examples=asking.count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(asking.operation.as_strategy(asking.mode))
    def one(case: Any) -> None:
        found.cases += 1
        if found.cases % 2:
            for key in set(case.path_parameters or ()) & set(known):
                case.path_parameters[key] = next(known[key])
        _check(case, asking.name, asking.headers, found)

    with suppress(Unsatisfiable):  # nothing about it can be unsound
        one()


def _check(case: Any, name: str, headers: dict[str, str], found: Found) -> None:
    label = case.operation.label
    try:
        answer = case.call(headers=headers)
    except Exception as error:  # noqa: BLE001 - what the service did not catch is what is looked for
        found.statuses[f"{name} raised"] += 1
        found.failures.setdefault(f"{label}: {type(error).__name__}: {error}", _shown(case))
        return
    found.statuses[f"{name} {answer.status_code}"] += 1
    checks = CHECKS[1:] if case.operation.path == SAYS_503 and answer.status_code == 503 else CHECKS
    try:
        case.validate_response(answer, checks=checks)
    except FailureGroup as group:
        for failure in group.exceptions:
            _note(failure, case, answer, found)
    except Failure as failure:
        _note(failure, case, answer, found)


def _note(failure: BaseException, case: Any, answer: Any, found: Found) -> None:
    title = getattr(failure, "title", type(failure).__name__)
    told = str(getattr(failure, "validation_message", "") or failure).splitlines()
    name = f"{case.operation.label}: {answer.status_code}: {title}: {told[0] if told else ''}"
    found.failures.setdefault(name, f"{_shown(case)}\n    -> {answer.text[:400]}")


def _shown(case: Any) -> str:
    return f"{case.method} {case.formatted_path} query={case.query!r} headers={case.headers!r} body={case.body!r}"[
        :1500
    ]


def _fill(store: Store) -> None:
    """Tickets in several states, and deliveries."""
    service = RoutingService(store, utc_now, no_bundle)
    for number, text in enumerate(("Gas leak", "Pothole", "newspaper", "Gas leak")):
        service.submit(a_ticket(f"f-{number}", text=text, received_at=utc_now()))


@contextmanager
def opened(kind: str) -> Iterator[Store]:
    """An empty store of that kind."""
    if kind == "memory":
        yield MemoryStore()
        return
    with (
        tempfile.TemporaryDirectory() as directory,
        store_url(kind, Path(directory)) as url,
        closing(open_store(url)) as store,
    ):
        yield store


def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--store", choices=("memory", "sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given_ = parser.parse_args()
    if not 0 < given_.cases <= MOST_CASES:
        sys.exit(f"--cases: up to {MOST_CASES}")
    console = Console(stderr=True)
    with opened(given_.store) as store:
        found = fuzz(
            store,
            given_.cases,
            given_.seed,
            lambda work: track(work, "requests", console=console, transient=True),
        )
    server_errors = sum(n for name, n in found.statuses.items() if name.split()[1] in ("500", "raised"))
    figures = {
        "cases": found.cases,
        "server_errors": server_errors,
        "findings": len(found.failures),
        "statuses": dict(sorted(found.statuses.items())),
        "failures": sorted(found.failures),
    }
    for name, shown in sorted(found.failures.items()):
        print(f"{name}\n    {shown}")
    for name in ("cases", "server_errors", "findings"):
        print(f"{name:18} {figures[name]}")
    if given_.json:
        given_.json.write_text(json.dumps(figures) + "\n")
    sys.exit(1 if found.failures else 0)


if __name__ == "__main__":
    main()
