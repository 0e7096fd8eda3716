"""What is worked out from the store and could be again: a port, so that it can be kept from one start to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from features.facts import Facts
from features.history import History
from features.schema import HistorySchema
from router.atlas import Atlas
from router.atlas_building import atlas_of
from router.ports import ReadSession


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptHistory:
    """A history as it was after `count` dispatches of the log, of which `log` is a digest.

    `open` reads it; None where it turns out to be damaged.
    """

    count: int
    log: str
    open: Callable[[], History | None]


class Derived(Protocol):
    """Keeps atlases, facts of dispatches by their sequence numbers, and histories; may forget anything at any time."""

    def atlas(self, session: ReadSession, until: int) -> Atlas:
        """Of the session's accounts, addresses and dispatches up to a sequence number."""

    def facts(self, atlas: Atlas, schema: HistorySchema, /) -> Mapping[int, Facts]:
        """What is remembered of dispatches: what each adds to a history of that schema, located by that atlas."""

    def remember(self, atlas: Atlas, schema: HistorySchema, facts: Mapping[int, Facts], /) -> None:
        """Keep more of them."""

    def histories(self, atlas: Atlas, schema: HistorySchema, /) -> Sequence[KeptHistory]:
        """Those that are kept of that schema, their dispatches located by that atlas; the longest first."""

    def keep(self, atlas: Atlas, history: History, log: str, /) -> None:
        """Keep a history as it is now."""


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

    def histories(self, _atlas: Atlas, _schema: HistorySchema) -> Sequence[KeptHistory]:
        """None."""
        return ()

    def keep(self, _atlas: Atlas, _history: History, _log: str) -> None:
        """Does nothing."""
