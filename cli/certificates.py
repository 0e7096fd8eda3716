"""How commands tell of certificates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.decisions import Certificate
    from models.guarantee import Guarantee


def certificate_lines(guarantee: Guarantee) -> Iterator[tuple[str, str]]:
    """A name and a line for each group, and which units have no certificate of their own."""
    if len(guarantee.certificates) == 1:
        yield "certificate", certificate_line(guarantee.whole)
    else:
        for group, certificate in guarantee.certificates.items():
            yield f"certificate {group}", certificate_line(certificate)
        terms = f"{guarantee.confidence:.0%} confidence for all of them together"
        yield "all groups", f"{guarantee.whole.coverage:.1%} of tickets dispatched automatically, {terms}"
    if guarantee.certified:
        own = ", ".join(guarantee.strata.units) or "none"
        yield "units with a certificate of their own", f"{own}; {_riding(guarantee)}"


def certificate_line(certificate: Certificate) -> str:
    """The certificate in one line."""
    terms = f"at most {certificate.alpha:.2%} wrong with {100 * certificate.confidence:.4g}% confidence"
    if certificate.threshold is None:
        return f"{terms}: nothing certified, everything goes to review ({_needed(certificate)})"
    seen = f"{certificate.errors} wrong of {certificate.rows:,}"
    share = (
        f"{certificate.coverage:.1%} of tickets dispatched automatically ({seen} on the calibration slice)"
    )
    return f"{terms}: {share}, until {certificate.expires_at:%Y-%m-%d}"


def _needed(certificate: Certificate) -> str:
    if not certificate.calibration_rows:
        return "the calibration slice holds no such ticket"
    if certificate.needed_rows:
        return f"about {certificate.needed_rows:,} more confirmed tickets needed"
    return "not within reach at this error rate"


def _riding(guarantee: Guarantee) -> str:
    riding = len({*guarantee.terms.calm} - {*guarantee.strata.units})
    promise = "any one may be worse than the budget, all together may not"
    return f"{riding} others ride on their group's: {promise}"
