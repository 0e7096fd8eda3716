"""Who asks, whether they may, what of people they see, and for which jurisdiction."""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest

from fastapi import Request
from starlette.exceptions import HTTPException

from api.access import doors_of
from api.doors import USUAL_PER_MINUTE, Caller
from api.open311.errors import FORBIDDEN, Refusal, missing, not_found
from api.open311.forms import Arguments
from api.open311.settings import Open311Settings
from domain.access import Personal, Right
from router.access import PREFIX, SESSION_PREFIX

UNNAMED_PER_MINUTE = 600
"""Of one address without a key: a platform that reads along asks less, and so does a street's worth of phones."""


OURS = (f"{PREFIX}_", f"{SESSION_PREFIX}_")
UNKNOWN = 401  # what the doors say of a secret that lets nobody in


async def let_in(
    sent: Arguments, request: Request, settings: Open311Settings, *, write: bool
) -> Caller | None:
    """Whose key it is; None: one of the settings' or nobody's, which will do for reading.

    Raises Refusal 403 where writing needs a key, HTTPException 429 for who asks too often.
    """
    key, doors = sent.one("api_key"), doors_of(request)
    if write or key is not None:
        await doors.look()
    if key is not None and _is_one_of(settings.keys, key):
        doors.pace(f"open311 {_fingerprint(key)}", USUAL_PER_MINUTE)
        return None
    needed = write and (bool(settings.keys) or doors.closed)
    if key is not None and (needed or key.startswith(OURS)):
        if caller := await _bearer(key, request):
            if write:
                _require_submit(caller)
            return caller
        if needed:
            raise Refusal(FORBIDDEN, "The api_key received is not valid.")
    doors.pace_unnamed(request, UNNAMED_PER_MINUTE)
    if needed and not settings.without_key:
        raise Refusal(FORBIDDEN, "api_key was not provided, and this needs one.")
    return None


def hidden_from(caller: Caller | None) -> frozenset[Personal]:
    """What of people is not told: all of it, but to a key that sees it in every ticket elsewhere too.

    Which tickets are of a key's area is not asked here, where all of the channel are told.
    """
    if caller is None or caller.area.is_limited or Right.READ not in caller.rights:
        return frozenset(Personal)
    return caller.hidden


def sender_of(sent: Arguments) -> str | None:
    """Who says that, as a fingerprint of the key; None without a key."""
    key = sent.one("api_key")
    return _fingerprint(key) if key else None


def require_jurisdiction(sent: Arguments, served: tuple[str, ...]) -> None:
    """Raises Refusal: 404 for one that is not served, 400 where one of several has to be named and none is."""
    named = sent.one("jurisdiction_id")
    if not served:
        return
    if named is None:
        if len(served) > 1:
            raise missing("jurisdiction_id")
    elif named not in served:
        raise not_found("jurisdiction_id", named)


def jurisdiction_of(sent: Arguments, served: tuple[str, ...]) -> str | None:
    """The jurisdiction that is meant; None where none are told apart."""
    return (sent.one("jurisdiction_id") or served[0]) if served else None


async def _bearer(key: str, request: Request) -> Caller | None:
    try:
        return await doors_of(request).bearer(key, request)
    except HTTPException as error:
        if error.status_code == UNKNOWN:
            return None
        raise


def _require_submit(caller: Caller) -> None:
    if Right.SUBMIT not in caller.rights:
        raise Refusal(FORBIDDEN, "The api_key received is not one that may submit.")


def _is_one_of(keys: frozenset[str], key: str) -> bool:
    matching = [compare_digest(key.encode(), known.encode()) for known in keys]
    return any(matching)


def _fingerprint(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:12]
