"""The demo's city: built, written to files, imported and trained on, or as an earlier demo left it."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.metadata import version
from itertools import dropwhile, islice
from typing import TYPE_CHECKING

from cli.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from domain.tickets import Ticket
    from router.ports import Store
    from simulation.city import City
    from training.fitting import Settings
    from training.results import TrainingResult

ALPHA = 0.05
CHANNEL = "simulation"
MARKER = "demo.json"
FIRST_DAY = datetime(2024, 3, 1, tzinfo=UTC)  # for those who want the same city on every day
PAST_DAYS = 540  # as many as `build_city` makes
LAST_KNOWN_DAYS = 7  # the last of the past tickets is settled by then
KEPT_DAYS = 30  # so long a city's past may be over and its new tickets still come in today
FILES = (
    ("units", "units.csv"),
    ("territories", "territories.geojson"),
    ("accounts", "accounts.csv"),
    ("addresses", "addresses.csv"),
    ("rules", "rules.toml"),
    ("history", "history.csv"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a demo is made of; demos with equal plans may share a home."""

    seed: int
    accounts: int
    dispatches: int
    version: str
    first_day: str

    @classmethod
    def of(cls, seed: int, accounts: int, dispatches: int, first_day: date | None = None) -> Plan:
        """The plan of this version of gridroute. `first_day`: of the city's past; the same for all if not given."""
        return cls(
            seed=seed,
            accounts=accounts,
            dispatches=dispatches,
            version=version("gridroute"),
            first_day=(first_day or FIRST_DAY.date()).isoformat(),
        )

    @classmethod
    def until_today(
        cls, workspace: Workspace, seed: int, accounts: int, dispatches: int, today: date
    ) -> Plan:
        """The plan of a city whose past has just ended: of the one that an earlier demo left there, if it will do."""
        fresh = cls.of(seed, accounts, dispatches, today - timedelta(days=PAST_DAYS + LAST_KNOWN_DAYS))
        try:
            begun = date.fromisoformat(str((_marker(workspace) or {}).get("first_day")))
        except ValueError:
            return fresh
        ended = begun + timedelta(days=PAST_DAYS)
        will_do = timedelta(LAST_KNOWN_DAYS) <= today - ended <= timedelta(days=KEPT_DAYS)
        return cls.of(seed, accounts, dispatches, begun) if will_do else fresh

    def build(self) -> City:
        """The city, the same each time."""
        from simulation.city import build_city

        first = datetime.combine(date.fromisoformat(self.first_day), time(), UTC)
        return build_city(self.seed, self.accounts, self.dispatches, start=first, days=PAST_DAYS)

    def is_ready_in(self, workspace: Workspace) -> bool:
        """Whether an earlier demo got as far as a promoted model there, and left it whole."""
        return _marker(workspace) == {**asdict(self), "ready": True} and _champion_is_sound(workspace)

    def mark(self, workspace: Workspace, *, ready: bool) -> None:
        """Note in the home what is being made there."""
        (workspace.home / MARKER).write_text(json.dumps({**asdict(self), "ready": ready}, indent=1) + "\n")

    def settings(self) -> Settings:
        """Lighter than those of `gridroute train`: a first ticket soon, for some two points of accuracy."""
        from models.ranker import RankerSettings
        from models.softmax import SoftmaxSettings
        from training.fitting import Settings

        return Settings(
            alpha=ALPHA,
            seed=self.seed,
            text_blocks=4,
            ranker_tickets=4_000,
            text=SoftmaxSettings(epochs=3, batch=256, rate=0.4, minimum_count=3, seed=self.seed),
            ranker=RankerSettings(trees=80, rate=0.12, seed=self.seed),
        )


def clear(workspace: Workspace) -> bool:
    """Take away what an earlier demo left, and answer whether it had left anything.

    Raises InvalidInput for a directory that holds something else.
    """
    from domain.errors import InvalidInput

    lock = f"{workspace.store_file.name}.lock"  # held by this process
    found = [path for path in workspace.home.iterdir() if path.name != lock]
    if found and _marker(workspace) is None:
        raise InvalidInput(
            field="--home",
            problem=f"{workspace.home} holds other things than a demo",
            mend="Name an empty or a new directory",
        )
    for path in sorted(
        found, key=lambda path: path.name == MARKER
    ):  # the marker last: it says these are ours
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return bool(found)


def import_city(city: City, workspace: Workspace, store: Store, said: Callable[[str], None]) -> None:
    """Write the city as files and import them as `gridroute import` does."""
    from simulation.export import write_city
    from store.clock import utc_now
    from store.importing import import_file, load_mapping

    directory = workspace.home / "city"
    write_city(city, directory)
    for what, name in FILES:
        said(f"importing {name}")
        mapping = None if what == "rules" else load_mapping(directory / "mapping.toml", what)
        report = import_file(store, what, directory / name, mapping, now=utc_now())
        assert not report.refused, f"the simulated {name} has bad rows: {report.bad[:3]}"


def register_model(result: TrainingResult, store: Store) -> int:
    """Register the bundle and let it serve; MLflow hears of it later. Answers its version."""
    from store.clock import utc_now
    from training.registering import keep

    return keep(store, result, tracking=None, now=utc_now(), serve=True).record.version


def upcoming(city: City, store: Store) -> Iterator[tuple[Ticket, str]]:
    """The city's next tickets with their rightful units: those after the last one that was streamed here."""
    from simulation.seasons import LOCAL

    with store.read() as session:
        earlier = (stored.ticket for stored in session.tickets(limit=1_000))
        last = next((ticket.ticket_id for ticket in earlier if ticket.channel == CHANNEL), None)
    if last is None:
        return city.stream()
    day = datetime.strptime(last[-12:-4], "%Y%m%d").replace(tzinfo=LOCAL)  # as the city numbers its tickets
    coming = dropwhile(lambda one: one[0].ticket_id != last, city.stream(start=day))
    return islice(coming, 1, None)


def _marker(workspace: Workspace) -> dict[str, object] | None:
    try:
        found = json.loads((workspace.home / MARKER).read_text())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _champion_is_sound(workspace: Workspace) -> bool:
    from store.bundles import champion
    from store.promoting import fault
    from store.sql import open_store

    if not workspace.store_file.exists():
        return False
    store = open_store(workspace.store_url)
    try:
        record = champion(store)
        return record is not None and fault(record) is None
    finally:
        store.close()
