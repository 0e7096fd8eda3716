"""What the store keeps of keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from domain.access import Key, SignIn


class KeyReads(Protocol):
    """The part of a reading session that tells of them."""

    def keys(self) -> Sequence[Key]:
        """All that were ever made, oldest first."""
        ...

    def keys_version(self) -> int:
        """Grows whenever a key is added or revoked; cheap to ask."""
        ...

    def keys_by_digest(self) -> Mapping[str, Key]:
        """Those that are not revoked, by the SHA-256 of their secrets."""
        ...

    def sign_ins(self) -> Mapping[str, SignIn]:
        """Those that were not ended, by the SHA-256 of their tokens, oldest first; some may be over."""
        ...


class KeyWrites(KeyReads, Protocol):
    """The part of a writing session that changes them."""

    def add_key(self, key: Key, digest: str) -> None:
        """`digest`: the SHA-256 of its secret."""
        ...

    def revoke_key(self, key_id: str, at: datetime, by: str) -> Key:
        """Answers it as it is then; revoking it again changes nothing. Raises NotFound."""
        ...

    def add_sign_in(self, sign_in: SignIn, digest: str, by: str) -> None:
        """`digest`: the SHA-256 of its token. Those that are over by then are forgotten."""
        ...

    def see_sign_in(self, session_id: str, at: datetime) -> None:
        """It was used. Nothing happens where it was ended."""
        ...

    def end_sign_in(self, session_id: str, by: str) -> None:
        """Raises NotFound where there is none."""
        ...
