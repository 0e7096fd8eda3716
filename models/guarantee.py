"""What a bundle promises of automatic dispatches: a certificate for each group of tickets, and when it is revoked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from domain.decisions import Certificate
from models.monitor import Terms
from models.strata import POOLED, Strata, Traits

UNDATED = ("issued_at", "expires_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """`certificates` by group, in the order in which groups apply; together they hold with `confidence`.

    `terms`: those of the monitor that may take automation back.
    """

    strata: Strata
    certificates: Mapping[str, Certificate]
    confidence: float
    terms: Terms = field(default_factory=lambda: Terms(alphas={}))

    @classmethod
    def pooled(cls, certificate: Certificate) -> Guarantee:
        """One certificate for all tickets."""
        strata = Strata(alpha=certificate.alpha)
        return cls(
            strata=strata,
            certificates={POOLED: certificate},
            confidence=certificate.confidence,
            terms=Terms(alphas=strata.alphas),
        )

    def group(self, traits: Traits) -> str:
        """The group that a ticket stands in."""
        return self.strata.group(traits)

    def strictest(self, traits: Sequence[Traits]) -> str:
        """Of the groups that a ticket would stand in as either of these the one that asks most; any that fails does."""
        groups = dict.fromkeys(map(self.group, traits))
        return max(groups, key=self._asked) if len(groups) > 1 else next(iter(groups))

    def _asked(self, group: str) -> float:
        threshold = self.certificates[group].threshold
        return math.inf if threshold is None else threshold

    @property
    def certified(self) -> tuple[str, ...]:
        """The groups in which anything may be dispatched automatically."""
        return tuple(name for name, one in self.certificates.items() if one.threshold is not None)

    @property
    def whole(self) -> Certificate:
        """All groups as one statement: counts of all of them; threshold and dates of the largest certified one."""
        found = [*self.certificates.values()]
        if len(found) == 1:
            return found[0]
        certified = [self.certificates[name] for name in self.certified]
        largest = max(certified or found, key=lambda one: (one.rows, one.calibration_rows))
        rows, tested = sum(one.rows for one in certified), sum(one.calibration_rows for one in found)
        return replace(
            largest,
            alpha=self.strata.alpha,
            confidence=self.confidence,
            rows=rows,
            errors=sum(one.errors for one in certified),
            calibration_rows=tested,
            coverage=rows / tested if tested else 0.0,
        )

    def issued(self, issued_at: datetime, expires_at: datetime) -> Guarantee:
        """The same with all certificates' dates set."""
        dated = {
            name: replace(one, issued_at=issued_at, expires_at=expires_at)
            for name, one in self.certificates.items()
        }
        return replace(self, certificates=dated)

    def to_dict(self) -> dict[str, Any]:
        """For JSON, without the dates: they are no part of what was learnt."""
        undated = {
            name: {key: value for key, value in asdict(one).items() if key not in UNDATED}
            for name, one in self.certificates.items()
        }
        return {
            "confidence": self.confidence,
            "strata": self.strata.to_dict(),
            "certificates": undated,
            "terms": asdict(self.terms),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], issued_at: datetime, expires_at: datetime) -> Guarantee:
        """The inverse of `to_dict`."""
        strata, found = Strata.from_dict(stored["strata"]), stored["certificates"]
        return cls(
            strata=strata,
            certificates={
                name: Certificate(**found[name], issued_at=issued_at, expires_at=expires_at)
                for name in strata.alphas
            },
            confidence=stored["confidence"],
            terms=Terms(**stored["terms"]),
        )
