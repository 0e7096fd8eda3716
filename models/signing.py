"""A key that bundles are signed with: who can write their directory but has not the key cannot have one served.

HMAC-SHA256 over the manifest's bytes, which hold the digest of every file. One key of the process: whatever loads or
writes a bundle, for whatever reason, asks for it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager

from domain.errors import InvalidInput

SHORTEST = 32  # bytes
_key: bytes | None = None


def sign_with(key: bytes | None) -> None:
    """From now on bundles are signed with the key, and no other is loaded; None: digests alone count.

    Raises InvalidInput for a key that is too short.
    """
    global _key  # noqa: PLW0603 - one key a process, set where it starts
    if key is not None and len(key) < SHORTEST:
        raise InvalidInput(
            field="bundle key",
            problem=f"shorter than {SHORTEST} bytes",
            mend="openssl rand -hex 32 makes one",
        )
    _key = key


@contextmanager
def signed_with(key: bytes | None) -> Iterator[None]:
    """As `sign_with`, while the context is open."""
    before = _key
    sign_with(key)
    try:
        yield
    finally:
        sign_with(before)


def is_signing() -> bool:
    """Whether there is a key."""
    return _key is not None


def signature_of(manifest: bytes) -> str | None:
    """The manifest's signature; None without a key."""
    return hmac.new(_key, manifest, hashlib.sha256).hexdigest() if _key is not None else None


def objection(manifest: bytes, signature: str | None) -> str | None:
    """What is wrong with the signature; None where it holds, or where none is asked for."""
    wanted = signature_of(manifest)
    if wanted is None:
        return None
    if signature is None:
        return "it has no signature, and this installation takes signed ones alone"
    # bytes: a signature that is not ASCII is a wrong one, not an error
    if not hmac.compare_digest(wanted.encode(), signature.strip().encode()):
        return "its signature does not hold: it was changed, or signed with another key"
    return None
