"""MLflow's aliases mirror what the store's pointers name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from router.ports import Store

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
