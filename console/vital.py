"""The little light in the header: whether tickets are dispatched automatically, and how many wait."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from nicegui import ui

from console.client import Bearer, Json
from console.problems import Refused, ServiceError, Unreachable

if TYPE_CHECKING:
    from console.view import View

EVERY_S = 10.0
FRESH_S = 5.0  # pages of one person ask together
MOST_KEPT = 500

_kept: OrderedDict[str | None, tuple[float, Json]] = OrderedDict()


def watch(view: View, place: ui.element, dot: ui.element, told: ui.label) -> None:
    """Keep the light true while the page is open."""
    words = view.words

    async def look() -> None:
        try:
            found = await _vital(view.service, view.signed.token if view.signed else None)
        except Unreachable:
            state, text = "gr-dot-bad", words("frame.no_service")
        except ServiceError as error:
            if isinstance(error, Refused) and error.status == 401:
                view.tell(error)  # the session has ended: nobody need find out by a click
            state, text = "gr-dot-unknown", ""
        else:
            running = found["running"]
            state = "gr-dot-good" if running else "gr-dot-warn"
            text = words("frame.automatic" if running else "frame.by_hand")
            if found["waiting"] is not None:
                text = f"{text} · {words('frame.waiting_count', count=found['waiting'])}"
        dot.classes(replace=f"gr-dot {state}")
        told.text = text
        place.props(f'title="{text}"')

    ui.timer(EVERY_S, look, immediate=True)


async def _vital(service: Bearer, token: str | None) -> Json:
    at, found = _kept.get(token, (float("-inf"), {}))
    if time.monotonic() - at < FRESH_S:
        return found
    automation = await service.get("/v1/automation")
    found = {"running": automation["running"], "waiting": await _waiting(service)}
    _kept[token] = (time.monotonic(), found)
    _kept.move_to_end(token)
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return found


async def _waiting(service: Bearer) -> int | None:
    try:
        queues = (await service.get("/v1/reviews", {"limit": 1}))["queues"]
    except Unreachable:
        raise
    except ServiceError:
        return None  # not for this role
    return sum(int(one["count"]) for one in queues)
