"""A decision as the events cover it: with its time, which its body has not."""

from __future__ import annotations

from datetime import UTC, datetime

from router.chain import digest


def decision_record(body: str, at: datetime) -> str:
    """Its JSON; the form is for good, as that of a link."""
    return f'{{"decided_at":"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}","decision":{body}}}'


def decision_marks(body: str, at: datetime) -> frozenset[str]:
    """What an event that tells of it may cover: earlier versions covered the body alone."""
    return frozenset({digest(decision_record(body, at)), digest(body)})
