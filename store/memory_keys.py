"""Keys, in memory: of a secret its digest alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.access import Key
from domain.errors import NotFound
from router.event_ports import EventKind
from store.codec import encode
from store.memory_events import MemoryEventReads, MemoryEventWrites


class MemoryKeyReads(MemoryEventReads):
    """Reads of one state."""

    def keys(self) -> Sequence[Key]:
        """All that were ever made, oldest first."""
        return list(self.state.keys.values())

    def keys_by_digest(self) -> Mapping[str, Key]:
        """Those that are not revoked, by the SHA-256 of their secrets."""
        return {digest: key for digest, key in self.state.keys.items() if key.revoked_at is None}


class MemoryKeyWrites(MemoryKeyReads, MemoryEventWrites):
    """Writes to a copy."""

    def add_key(self, key: Key, digest: str) -> None:
        """`digest`: the SHA-256 of its secret."""
        self.state.keys[digest] = key
        self._record("", EventKind.KEY_ISSUED, by=key.made_by, detail=encode(key))

    def revoke_key(self, key_id: str, at: datetime, by: str) -> Key:
        """Answers it as it is then; revoking it again changes nothing. Raises NotFound."""
        found = next((one for one in self.state.keys.items() if one[1].key_id == key_id), None)
        if found is None:
            raise NotFound(kind="key", key=key_id)
        digest, key = found
        if key.revoked_at is None:
            key = self.state.keys[digest] = replace(key, revoked_at=at)
            self._record("", EventKind.KEY_REVOKED, by=by, detail=encode({"key_id": key_id}))
        return key
