"""Which bundle serves: the store's pointer decides, MLflow's aliases mirror it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from domain.errors import BundleDamaged, BundleIncompatible, GridrouteError, NotFound
from models.bundle import load_bundle
from router.ports import BundleRecord, Pointers, Store
from store import bundles

ALIASES = ("champion", "challenger")


class AliasRegistry(Protocol):
    """Aliases of the registered model, as `training.tracking.ModelRegistry` keeps them."""

    def aliases(self) -> Mapping[str, str]: ...
    def point(self, alias: str, model_version: str | None) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """An alias that names another version (MLflow's numbers; None: none) than the store's pointer does."""

    alias: str
    store: str | None
    mlflow: str | None


def find(store: Store, version: int) -> BundleRecord:
    """The record of a version. Raises NotFound."""
    with store.read() as session:
        found = [record for record in session.bundles() if record.version == version]
    if not found:
        raise NotFound(kind="model version", key=str(version))
    return found[0]


def fault(record: BundleRecord) -> GridrouteError | None:
    """Why the bundle must not serve: missing, damaged, or made by another version; None where it may."""
    try:
        loaded = load_bundle(Path(record.path))
    except (NotFound, BundleDamaged, BundleIncompatible) as error:
        return error
    if loaded.digest != record.digest:
        return BundleDamaged(
            path=record.path, problem=f"holds {loaded.digest[:12]}, not {record.digest[:12]}"
        )
    return None


def promote(store: Store, version: int, at: datetime) -> Pointers:
    """Let `version` serve, after its digests were checked. Raises what `fault` finds, and NotFound."""
    _require_sound(find(store, version))
    return bundles.promote(store, version, at)


def challenge(store: Store, version: int) -> Pointers:
    """Let `version` wait as the challenger, after its digests were checked."""
    _require_sound(find(store, version))
    return bundles.set_challenger(store, version)


def rollback(store: Store, at: datetime) -> Pointers:
    """Let the previous champion serve again, after its digests were checked. Raises NotFound where there is none."""
    with store.read() as session:
        previous = session.pointers().previous
    if previous is not None:
        _require_sound(find(store, previous))
    return bundles.rollback(store, at)


def is_tracked(store: Store) -> bool:
    """Whether any bundle is registered in MLflow."""
    with store.read() as session:
        return any(record.mlflow_version for record in session.bundles())


def disagreements(store: Store, registry: AliasRegistry) -> Sequence[Disagreement]:
    """Aliases that do not name what the store names."""
    named, wanted = registry.aliases(), _wanted(store)
    return [
        Disagreement(alias=alias, store=wanted[alias], mlflow=named.get(alias))
        for alias in ALIASES
        if wanted[alias] != named.get(alias)
    ]


def mirror(store: Store, registry: AliasRegistry) -> Sequence[Disagreement]:
    """Set the aliases to what the store names; answers what had to be mended."""
    found = disagreements(store, registry)
    for disagreement in found:
        registry.point(disagreement.alias, disagreement.store)
    return found


def _wanted(store: Store) -> Mapping[str, str | None]:
    with store.read() as session:
        registered = {record.version: record.mlflow_version for record in session.bundles()}
        pointers = session.pointers()
    named = {"champion": pointers.champion, "challenger": pointers.challenger}
    return {alias: None if number is None else registered.get(number) for alias, number in named.items()}


def _require_sound(record: BundleRecord) -> None:
    found = fault(record)
    if found is not None:
        raise found
