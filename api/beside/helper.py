"""The end of the wire that decides: a process with a service of its own, which stores nothing."""

from __future__ import annotations

import logging
import os
import select
from collections.abc import Sequence
from selectors import EVENT_READ, DefaultSelector
from socket import socket
from threading import Event, Thread

from api.beside.wire import READY, TOO_FAR, Wanted, answered, receive, send, wanted_of
from router.service import RoutingService
from router.submission import Draft

log = logging.getLogger("gridroute.beside")

WARMING = 8  # tickets


def end_with(other_end: socket) -> None:
    """From now on this process ends when the other end of the channel has gone, whatever it is doing."""

    def watch() -> None:
        poll = select.poll()
        poll.register(other_end, 0)  # hanging up is always told
        poll.poll()
        os._exit(0)

    Thread(target=watch, name="gridroute-other-end", daemon=True).start()


def warm_up(service: RoutingService) -> None:
    """Decide the latest dispatches' tickets: what is loaded when it is first needed is there then."""
    with service.store.read() as session:
        latest = list(session.dispatches(after=max(0, session.last_sequence() - WARMING)))
    for dispatch in latest:
        service.decider.decide(Draft(ticket=dispatch.ticket))


def help_out(service: RoutingService, channels: Sequence[socket]) -> None:
    """Decide what is asked on the channels until the other end has gone."""
    behind = Event()
    Thread(target=_keep_up, args=(service, behind), name="gridroute-refresh", daemon=True).start()
    by_number = {channel.fileno(): channel for channel in channels}
    with DefaultSelector() as selector:
        for channel in channels:
            selector.register(channel, EVENT_READ)
            send(channel, READY)
        while True:
            for key, _ in selector.select():
                channel = by_number[key.fd]
                try:
                    wanted = wanted_of(receive(channel))
                except EOFError:
                    return
                answer = _answer(service, wanted)
                if answer == TOO_FAR:
                    behind.set()
                send(channel, answer)


def _answer(service: RoutingService, wanted: Wanted) -> list[bytes]:
    try:
        return answered(service.decider.decide_for(wanted.tickets, wanted.at, wanted.standpoint))
    except Exception as error:  # noqa: BLE001 - whoever asked decides each by itself, and hears what is wrong with which
        log.warning("%d tickets were not decided beside the server: %s", len(wanted.tickets), error)
        return TOO_FAR


def _keep_up(service: RoutingService, behind: Event) -> None:
    """Build the next world beside the present one: who asks meanwhile decides by itself."""
    while behind.wait():
        behind.clear()
        try:
            service.refresh()
        except Exception as error:  # noqa: BLE001 - the thread outlives any one failure: it is asked again
            log.warning("could not refresh: %s", error)
