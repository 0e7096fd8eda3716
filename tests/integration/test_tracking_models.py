"""`gridroute models`: the pointer in the store, its mirror in MLflow, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.workspace import Workspace
from domain.errors import BundleDamaged, GridrouteError, NotFound, TrackingUnavailable
from router.ports import BundleRecord, Pointers, Store
from store import promoting
from store.bundles import champion
from store.memory import MemoryStore
from store.sql import open_store
from tests.bundles import tiny_bundle, training_result
from training import promotion
from training.promotion import Disagreement
from training.tracking import ModelRegistry, track

NOW = datetime(2025, 8, 1, tzinfo=UTC)


@dataclass
class Aliases:
    """An alias registry in memory."""

    named: dict[str, str] = field(default_factory=dict)

    def aliases(self) -> dict[str, str]:
        return dict(self.named)

    def point(self, alias: str, model_version: str | None) -> None:
        self.named.pop(alias, None)
        if model_version is not None:
            self.named[alias] = model_version


def add(store: Store, path: Path, mlflow_version: str | None = None) -> BundleRecord:
    """Register a bundle in the store."""
    record = BundleRecord(
        version=0,
        digest=path.name,
        path=str(path),
        registered_at=NOW,
        metrics=(("accuracy", 0.9),),
        mlflow_version=mlflow_version,
    )
    return store.write(lambda session: session.add_bundle(record))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    parent = tmp_path_factory.mktemp("bundles")
    return [tiny_bundle(parent, seed=seed) for seed in range(3)]


@pytest.fixture
def store(bundles: list[Path]) -> MemoryStore:
    """Versions 1, 2, 3 are MLflow's 11, 12 and unknown there."""
    made = MemoryStore()
    for path, mlflow_version in zip(bundles, ("11", "12", None), strict=True):
        add(made, path, mlflow_version)
    return made


def pointers(store: Store) -> Pointers:
    with store.read() as session:
        return session.pointers()


def test_the_mirror_follows_promotion_challenge_and_rollback(store: MemoryStore) -> None:
    registry = Aliases({"champion": "99", "mine": "7"})
    steps: list[tuple[Callable[[], Pointers], dict[str, str]]] = [
        (lambda: promoting.promote(store, 1, NOW), {"champion": "11"}),
        (lambda: promoting.challenge(store, 2), {"champion": "11", "challenger": "12"}),
        (lambda: promoting.promote(store, 2, NOW), {"champion": "12"}),
        (lambda: promoting.rollback(store, NOW), {"champion": "11"}),
        (lambda: promoting.promote(store, 3, NOW), {}),
    ]
    for step, expected in steps:
        step()
        promotion.mirror(store, registry)
        assert registry.named == expected | {"mine": "7"}
        assert promotion.disagreements(store, registry) == []


def test_a_disagreement_is_told_and_mended_the_stores_way(store: MemoryStore) -> None:
    promoting.promote(store, 1, NOW)
    registry = Aliases({"champion": "12", "challenger": "12"})
    found = [
        Disagreement(alias="champion", store="11", mlflow="12"),
        Disagreement(alias="challenger", store=None, mlflow="12"),
    ]
    assert promotion.disagreements(store, registry) == found
    assert promotion.mirror(store, registry) == found
    assert registry.named == {"champion": "11"}
    assert pointers(store).champion == 1


@pytest.mark.parametrize("damage", ["changed", "missing", "no manifest", "another bundle", "no directory"])
def test_a_damaged_bundle_is_never_pointed_at(tmp_path: Path, damage: str) -> None:
    sound, damaged = tiny_bundle(tmp_path, seed=1), tiny_bundle(tmp_path, seed=2)
    store = MemoryStore()
    add(store, sound)
    add(store, damaged)
    promoting.promote(store, 1, NOW)
    match damage:
        case "changed":
            (damaged / "ranker.txt").write_text((damaged / "ranker.txt").read_text() + " ")
        case "missing":
            (damaged / "text.npz").unlink()
        case "no manifest":
            (damaged / "manifest.json").unlink()
        case "another bundle":
            for file in damaged.iterdir():
                file.write_bytes((sound / file.name).read_bytes())
        case "no directory":
            damaged.rename(tmp_path / "elsewhere")
    before = pointers(store)
    expected = NotFound if damage == "no directory" else BundleDamaged
    with pytest.raises(expected):
        promoting.promote(store, 2, NOW)
    with pytest.raises(expected):
        promoting.challenge(store, 2)
    assert pointers(store) == before


def test_rollback_to_a_damaged_bundle_is_refused(tmp_path: Path) -> None:
    store = MemoryStore()
    for seed in (1, 2):
        add(store, tiny_bundle(tmp_path, seed=seed))
        promoting.promote(store, seed, NOW)
    first = next(iter(store_records(store)))
    (Path(first.path) / "ranker.txt").write_text("")
    with pytest.raises(BundleDamaged):
        promoting.rollback(store, NOW)
    assert pointers(store).champion == 2


def store_records(store: Store) -> list[BundleRecord]:
    with store.read() as session:
        return list(session.bundles())


@pytest.mark.parametrize("version", [0, 4])
def test_an_unknown_version_is_not_found(store: MemoryStore, version: int) -> None:
    with pytest.raises(NotFound):
        promoting.promote(store, version, NOW)


class Office:
    """A home with two tracked bundles, driven by the command."""

    def __init__(self, home: Path) -> None:
        self.workspace = Workspace(home=home).create()
        store = open_store(self.workspace.store_url)
        for seed in (1, 2):
            path = tiny_bundle(self.workspace.bundles, seed=seed)
            tracked = track(
                training_result(path),
                tracking_uri=self.workspace.mlflow_uri,
                artifact_root=self.workspace.mlflow_artifacts,
            )
            add(store, path, tracked.model_version)
        store.close()

    def run(self, *arguments: str) -> Result:
        """`gridroute models …`; our own errors are left in `exception`, as the entry point gets them."""
        return CliRunner().invoke(app, ["models", *arguments, "--home", str(self.workspace.home)])

    def champion(self) -> int | None:
        """What serving would read."""
        store = open_store(self.workspace.store_url)
        found = champion(store)
        store.close()
        return found.version if found else None

    @property
    def registry(self) -> ModelRegistry:
        return ModelRegistry(tracking_uri=self.workspace.mlflow_uri)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("home"))


def test_promote_and_rollback_move_the_pointer_and_the_alias(office: Office) -> None:
    for arguments, version in ((["promote", "1"], 1), (["promote", "2"], 2), (["rollback"], 1)):
        result = office.run(*arguments)
        assert result.exit_code == 0, result.output
        assert office.champion() == version
        assert office.registry.aliases()["champion"] == str(version)


def test_list_and_show_tell_of_the_bundles(office: Office) -> None:
    office.run("promote", "2")
    listed = office.run("list").output
    assert [line.split()[:2] for line in listed.splitlines() if "champion" in line] == [["2", "champion"]]
    shown = office.run("show", "2").output
    for told in ("champion", "accuracy", "0.9000", "sound", "at most 1.00% wrong with 95% confidence"):
        assert told in shown


def test_a_strange_alias_is_shown_and_mended(office: Office) -> None:
    office.run("promote", "1", "--older")
    office.registry.point("champion", "2")
    for arguments in (["verify"], ["list", "--check"]):
        assert "the store names MLflow version 1, MLflow's alias 2" in office.run(*arguments).output
    assert office.run("verify").exit_code == 1
    mended = office.run("verify", "--mend")
    assert mended.exit_code == 0
    assert office.registry.aliases()["champion"] == "1"
    assert office.run("verify").exit_code == 0


def test_verify_names_the_damaged_bundle(office: Office) -> None:
    office.run("promote", "1", "--older")
    (damaged,) = [r for r in _records(office) if r.version == 2]
    file = Path(damaged.path) / "calibrator.json"
    kept = file.read_bytes()
    file.write_bytes(kept + b" ")
    try:
        verified = office.run("verify")
        assert verified.exit_code == 1
        assert "calibrator.json differs from its digest" in verified.output
        assert "Version 1: every digest holds" in verified.output
        refused = office.run("promote", "2")
        assert isinstance(refused.exception, BundleDamaged)
        assert office.champion() == 1
        assert "calibrator.json" in office.run("show", "2").output
    finally:
        file.write_bytes(kept)


def _records(office: Office) -> list[BundleRecord]:
    store = open_store(office.workspace.store_url)
    records = store_records(store)
    store.close()
    return records


def test_mlflow_being_away_is_a_warning(office: Office) -> None:
    office.run("promote", "1", "--older")
    database = office.workspace.home / "mlflow.db"
    kept = database.read_bytes()
    database.write_bytes(b"not a database, though it is long enough to be taken for one" * 20)
    try:
        with pytest.raises(TrackingUnavailable):
            office.registry.aliases()
        promoted = office.run("promote", "2")
        assert promoted.exit_code == 0
        assert "The store's pointer is set" in promoted.output
        assert office.champion() == 2
    finally:
        database.write_bytes(kept)


@pytest.mark.parametrize("arguments", [["list"], ["show", "1"], ["promote", "1"]])
def test_a_home_without_a_store_is_named(tmp_path: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(app, ["models", *arguments, "--home", str(tmp_path)])
    assert isinstance(result.exception, GridrouteError)
    assert str(tmp_path) in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_neither_list_nor_the_champions_pointer_imports_mlflow(office: Office) -> None:
    """Serving and listing read the store alone."""
    script = """
import sys
from typer.testing import CliRunner
from cli.main import app
from store.bundles import champion
from store.sql import open_store
home = sys.argv[1]
assert CliRunner().invoke(app, ["models", "list", "--home", home]).exit_code == 0
assert champion(open_store(f"sqlite:///{home}/gridroute.db")) is not None
assert not [name for name in sys.modules if name.partition(".")[0] == "mlflow"]
"""
    office.run("promote", "1", "--older")
    subprocess.run([sys.executable, "-c", script, str(office.workspace.home)], check=True)
