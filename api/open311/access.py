"""Who may ask, and for which jurisdiction."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest

from api.open311.errors import FORBIDDEN, Refusal, missing, not_found
from api.open311.forms import Arguments
from api.open311.settings import Open311Settings

LetsIn = Callable[[str], bool]


def require_access(
    sent: Arguments, settings: Open311Settings, *, write: bool, also: LetsIn = lambda _: False
) -> None:
    """Raises Refusal: 404 or 400 for the jurisdiction, 403 for a key that writing needs. Reading needs none.

    `also`: whether a key that is not in the settings is good enough.
    """
    _require_jurisdiction(sent.one("jurisdiction_id"), settings.jurisdictions)
    if write and settings.keys:
        _require_key(sent.one("api_key"), settings.keys, also)


def sender_of(sent: Arguments) -> str | None:
    """Who says that, as a fingerprint of the key; None without a key."""
    key = sent.one("api_key")
    return sha256(key.encode()).hexdigest()[:12] if key else None


def _require_jurisdiction(named: str | None, served: tuple[str, ...]) -> None:
    if not served:
        return
    if named is None:
        if len(served) > 1:
            raise missing("jurisdiction_id")
    elif named not in served:
        raise not_found("jurisdiction_id", named)


def _require_key(key: str | None, keys: frozenset[str], also: LetsIn) -> None:
    if key is None:
        raise Refusal(FORBIDDEN, "api_key was not provided, and this needs one.")
    matching = [compare_digest(key.encode(), known.encode()) for known in keys]
    if not any(matching) and not also(key):
        raise Refusal(FORBIDDEN, "The api_key received is not valid.")
