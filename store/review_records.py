"""A review as the events cover it."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC
from typing import Any

from sqlalchemy import Row

from domain.decisions import Review, ReviewReason
from store.codec import encode


def review_of(row: Row[*tuple[Any, ...]]) -> Review:
    """The review that the row holds."""
    found = dict(row._mapping)
    reason = found["reason"]
    return Review(**{**found, "reason": None if reason is None else ReviewReason(reason)})


def review_record(review: Review) -> str:
    """Its JSON; without a reason where it has none: reviews were written so before there were reasons."""
    told = {part.name: getattr(review, part.name) for part in fields(review)}
    told["at"] = review.at.astimezone(UTC)
    if review.reason is None:
        del told["reason"]
    return encode(told)
