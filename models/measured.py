"""How a bundle did on the tickets that were kept from its learning: what is drawn and told of it where it serves.

It stands beside the bundle's files as `evaluation.json`, bounded in size whatever it was measured on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPoint:
    """When the most confident `coverage` of the tickets are dispatched, those of at least `confidence`, `error` are
    wrong.
    """

    coverage: float
    error: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReliabilityPoint:
    """Of a `share` of the tickets `predicted` was said to be right in the mean, and `observed` was."""

    share: float
    predicted: float
    observed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupErrors:
    """Of the `tickets` of a unit, kind or cell `wrong` were given to others, most often to `rival` ("": to none)."""

    key: str
    tickets: int
    wrong: int
    rival: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """`since` and `until` (ISO 8601): when the first and the last of the tickets came.

    `unit`, `kind` ("": none was told) and `cell` (H3, resolution 7): most errors first, some may be left out.
    """

    tickets: int
    since: str
    until: str
    risk_coverage: tuple[RiskPoint, ...]
    reliability: tuple[ReliabilityPoint, ...]
    unit: tuple[GroupErrors, ...] = ()
    kind: tuple[GroupErrors, ...] = ()
    cell: tuple[GroupErrors, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Measured:
        """The inverse of `to_dict`."""
        kinds: dict[str, type[Any]] = {"risk_coverage": RiskPoint, "reliability": ReliabilityPoint}
        kinds |= dict.fromkeys(("unit", "kind", "cell"), GroupErrors)
        parts = {name: tuple(kind(**one) for one in stored[name]) for name, kind in kinds.items()}
        return cls(tickets=stored["tickets"], since=stored["since"], until=stored["until"], **parts)
