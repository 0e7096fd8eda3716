"""What people do about deliveries: set a unit's endpoint, change its secrets, send a dead letter again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from domain.errors import NotFound
from router.clocks import ALERT_HOOK
from router.delivery_ports import Endpoint, Secret
from router.ports import ReadSession, Store, WriteSession

OVERLAP = timedelta(hours=24)
"""How long the secret before goes on signing, so that the receiver can change at leisure."""


def set_endpoint(
    store: Store,
    unit_id: str,
    url: str,
    secrets: Sequence[str],
    new_secret: Callable[[], str],
    by: str = "gridroute",
) -> tuple[Endpoint, str | None]:
    """The unit's endpoint, and the secret where one was made: it has `secrets`, else those it had, else a new one.

    Raises NotFound for a unit that the store does not have.
    """

    def work(session: WriteSession) -> tuple[Endpoint, str | None]:
        _require_unit(unit_id, session)
        before = session.endpoint(unit_id)
        made = None if secrets or before else new_secret()
        given = tuple(Secret(value=one) for one in ([made] if made else secrets))
        kept = before.secrets if before else ()
        endpoint = Endpoint(unit_id=unit_id, url=url, secrets=given or kept)
        session.put_endpoint(endpoint, by)
        return endpoint, made

    return store.write(work)


def rotate_secret(store: Store, unit_id: str, secret: str, at: datetime, by: str = "gridroute") -> Endpoint:
    """Sign by `secret` from now on, and by those before for a day. Raises NotFound without an endpoint."""

    def work(session: WriteSession) -> Endpoint:
        before = endpoint_of(unit_id, session)
        ending = (replace(one, until=one.until or at + OVERLAP) for one in before.secrets)
        kept = tuple(one for one in ending if one.until is None or one.until > at)
        endpoint = replace(before, secrets=(Secret(value=secret), *kept))
        session.put_endpoint(endpoint, by)
        return endpoint

    return store.write(work)


def endpoint_of(unit_id: str, session: ReadSession) -> Endpoint:
    """The unit's. Raises NotFound."""
    found = session.endpoint(unit_id)
    if found is None:
        raise NotFound(kind="endpoint of unit", key=unit_id)
    return found


def _require_unit(unit_id: str, session: ReadSession) -> None:
    if unit_id != ALERT_HOOK and all(unit.unit_id != unit_id for unit in session.units()):
        raise NotFound(kind="unit", key=unit_id)
