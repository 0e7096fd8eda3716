"""What the store keeps of keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.access import Key


class KeyReads(Protocol):
    """The part of a reading session that tells of them."""

    def keys(self) -> Sequence[Key]:
        """All that were ever made, oldest first."""
        ...

    def keys_by_digest(self) -> Mapping[str, Key]:
        """Those that are not revoked, by the SHA-256 of their secrets."""
        ...


class KeyWrites(KeyReads, Protocol):
    """The part of a writing session that changes them."""

    def add_key(self, key: Key, digest: str) -> None:
        """`digest`: the SHA-256 of its secret."""
        ...

    def revoke_key(self, key_id: str, at: datetime, by: str) -> Key:
        """Answers it as it is then; revoking it again changes nothing. Raises NotFound."""
        ...
