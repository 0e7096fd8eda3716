"""Keys and the sessions that they began, in memory: of a secret its digest alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from domain.access import Key, SignIn
from domain.errors import NotFound
from router.event_ports import EventKind
from store.codec import encode
from store.keys import told
from store.memory_events import MemoryEventReads, MemoryEventWrites


class MemoryKeyReads(MemoryEventReads):
    """Reads of one state."""

    def keys(self) -> Sequence[Key]:
        """All that were ever made, oldest first."""
        return list(self.state.keys.values())

    def keys_by_digest(self) -> Mapping[str, Key]:
        """Those that are not revoked, by the SHA-256 of their secrets."""
        return {digest: key for digest, key in self.state.keys.items() if key.revoked_at is None}

    def keys_version(self) -> int:
        """Grows whenever a key is added or revoked."""
        keys = self.state.keys.values()
        return len(keys) + sum(key.revoked_at is not None for key in keys)

    def sign_ins(self) -> Mapping[str, SignIn]:
        """Those that were not ended, by the SHA-256 of their tokens, oldest first; some may be over."""
        return dict(self.state.sign_ins)


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

    def add_sign_in(self, sign_in: SignIn, digest: str, by: str) -> None:
        """`digest`: the SHA-256 of its token. Those that are over by then are forgotten."""
        kept = {key: one for key, one in self.state.sign_ins.items() if one.expires_at > sign_in.made_at}
        self.state.sign_ins = {**kept, digest: sign_in}
        self._record("", EventKind.SIGNED_IN, by=by, detail=told(sign_in))

    def see_sign_in(self, session_id: str, at: datetime) -> None:
        """It was used. Nothing happens where it was ended."""
        for digest, one in self.state.sign_ins.items():
            if one.session_id == session_id:
                self.state.sign_ins[digest] = replace(one, seen_at=at)

    def end_sign_in(self, session_id: str, by: str) -> None:
        """Raises NotFound where there is none."""
        found = next((one for one in self.state.sign_ins.items() if one[1].session_id == session_id), None)
        if found is None:
            raise NotFound(kind="session", key=session_id)
        digest, sign_in = found
        del self.state.sign_ins[digest]
        self._record("", EventKind.SIGNED_OUT, by=by, detail=told(sign_in))
