"""The key that bundles are signed with, as the environment names it."""

from __future__ import annotations

import os
from pathlib import Path

from domain.errors import InvalidInput

KEY, KEY_FILE = "GRIDROUTE_BUNDLE_KEY", "GRIDROUTE_BUNDLE_KEY_FILE"


def bundle_key() -> bytes | None:
    """The key; None where none is named. Raises InvalidInput for a file that cannot be read."""
    if name := os.environ.get(KEY_FILE):
        try:
            return Path(name).read_bytes().strip()
        except OSError as error:
            raise InvalidInput(
                field=KEY_FILE,
                problem=f"{name}: {error.strerror}",
                mend="Name a file that this user may read",
            ) from error
    found = os.environ.get(KEY)
    return found.encode() if found else None


def take_bundle_key() -> None:
    """From now on this process signs, and loads what is signed alone, where a key is named. Raises InvalidInput."""
    if (key := bundle_key()) is not None:
        from models.signing import sign_with

        sign_with(key)
