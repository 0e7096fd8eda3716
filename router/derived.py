"""What is worked out from the store and could be again: a port, so that it can be kept from one start to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from features.facts import Facts
from features.schema import HistorySchema
from router.atlas import Atlas
from router.atlas_building import atlas_of
from router.ports import ReadSession


class Derived(Protocol):
    """Keeps atlases, and the facts of dispatches by their sequence numbers; may forget anything at any time."""

    def atlas(self, session: ReadSession, until: int) -> Atlas:
        """Of the session's accounts, addresses and dispatches up to a sequence number."""

    def facts(self, atlas: Atlas, schema: HistorySchema, /) -> Mapping[int, Facts]:
        """What is remembered of dispatches: what each adds to a history of that schema, located by that atlas."""

    def remember(self, atlas: Atlas, schema: HistorySchema, facts: Mapping[int, Facts], /) -> None:
        """Keep more of them."""


class DerivedAnew:
    """Keeps nothing."""

    def atlas(self, session: ReadSession, until: int) -> Atlas:
        """Built in memory."""
        return atlas_of(session, until)

    def facts(self, _atlas: Atlas, _schema: HistorySchema) -> Mapping[int, Facts]:
        """None."""
        return {}

    def remember(self, _atlas: Atlas, _schema: HistorySchema, _facts: Mapping[int, Facts]) -> None:
        """Does nothing."""
