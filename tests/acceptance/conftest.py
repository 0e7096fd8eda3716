"""The installed wheel and a small simulated city, made once a run."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulation.city import build_city
from simulation.export import write_city
from tests.acceptance.installation import Installation
from tests.wheels import install_wheel

BEGINNING = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A directory that all workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def installation(shared: Path) -> Installation:
    """The wheel in an environment of its own."""
    place = _once(shared / "wheel", install_wheel)
    (shared / "elsewhere").mkdir(exist_ok=True)
    return Installation(programs=place / "installed" / "bin", directory=shared / "elsewhere")


@pytest.fixture(scope="session")
def city_files(shared: Path) -> Path:
    """The files of a city with 1,000 accounts and 3,000 past dispatches, that ended before today."""
    return _once(
        shared / "city", lambda place: write_city(build_city(0, 1_000, 3_000, start=BEGINNING), place)
    )


@pytest.fixture(scope="session")
def village_files(shared: Path) -> Path:
    """The files of a place with 600 accounts and 1,000 past dispatches: quick to learn from, too small to certify."""
    return _once(
        shared / "village", lambda place: write_city(build_city(0, 600, 1_000, start=BEGINNING), place)
    )


@pytest.fixture(scope="session")
def trained_home(shared: Path, installation: Installation, city_files: Path) -> Path:
    """A home with that city and a promoted model; tests that write to it use the API alone."""

    def make(home: Path) -> None:
        installation.import_city(city_files, home)
        installation.run("train", "--alpha", "0.1", "--home", home)
        installation.run("models", "promote", "1", "--home", home)

    return _once(shared / "home", make)


def _once(place: Path, make: Callable[[Path], object]) -> Path:
    """`place`, filled by the first worker that comes; the others wait for it."""
    place.mkdir(exist_ok=True)
    done = place.with_name(f"{place.name}.done")
    with place.with_name(f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(place)
            done.touch()
    return place
