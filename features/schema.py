"""Which keys history is counted by: fixed when a bundle is trained, and part of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from features.place import RESOLUTIONS

DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySchema:
    """Keys of the history index.

    `attributes`: ticket attributes that are counted by, in order. `district`: the one that names an area, if any.
    `half_life_days` of decayed counts; `text_half_life_days` of similar tickets.
    """

    attributes: tuple[str, ...] = ()
    district: str | None = None
    half_life_days: float = 40.0
    text_half_life_days: float = 180.0

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the history keys, broadest first; a key that does not apply to a ticket is None there."""
        return _keys(self.attributes, self.district)

    @property
    def of_place_alone(self) -> list[int]:
        """Positions of the keys that say nothing of the kind of trouble."""
        of_kind = {"category", *(key for key in self.keys if key.startswith("category*"))}
        return [position for position, key in enumerate(self.keys) if key not in of_kind]


@lru_cache
def _keys(attributes: tuple[str, ...], district: str | None) -> tuple[str, ...]:
    return (
        "category",
        *(f"category*h3_{resolution}" for resolution in RESOLUTIONS),
        "h3_6",
        "h3_8",
        "h3_10",
        *(f"category*{name}" for name in attributes),
        *([district, f"{district}*h3_7"] if district else []),
        "street",
        "category*street",
        "address",
        "category*address",
        "account",
        "category*account",
    )
