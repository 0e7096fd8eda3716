"""Certificates on the wire."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from domain.decisions import Certificate


class CertificateOut(BaseModel):
    """At most `alpha` misrouted among automatic dispatches; `threshold` null: nothing is dispatched automatically.

    Of `calibration_rows` tickets `rows` reached the threshold, `errors` of them wrong; `needed_rows` more confirmed
    tickets are needed where nothing was certified, as far as that can be told.
    """

    alpha: float
    confidence: float
    threshold: float | None
    coverage: float
    rows: int
    errors: int
    calibration_rows: int
    needed_rows: int | None
    data_digest: str
    issued_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, certificate: Certificate) -> CertificateOut:
        """The certificate on the wire."""
        return cls(**{name: getattr(certificate, name) for name in cls.model_fields})
