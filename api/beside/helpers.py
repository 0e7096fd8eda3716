"""The end of the wire that asks: processes that are started once there is much to decide."""

from __future__ import annotations

import logging
import socket
import subprocess
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Thread

from api.beside.wire import READY, Wanted, asked, elsewhere_of, receive, send
from domain.tickets import Ticket
from router.beside import Elsewhere, Standpoint

log = logging.getLogger("gridroute.beside")

CHANNELS = 3  # to each process: the next group waits there while the last one's decisions are taken in
MANY = 4.0  # tickets that wait, in the mean of lately: then there is more to do than one process does
LATELY = 0.1  # how much each time counts
AGAIN_S = 30.0  # after one was lost
LONGEST_S = 15.0  # that a group may take: then the process hangs


@dataclass(frozen=True, slots=True, eq=False)
class _Helper:
    process: subprocess.Popen[bytes]
    channels: tuple[socket.socket, ...]


class Helpers:
    """Up to `count` processes that `command` starts; it is given --channel with each file descriptor.

    One that ends, hangs or cannot be started is done without: what it was asked is decided here.
    """

    def __init__(self, command: Sequence[str], count: int) -> None:
        self._command = tuple(command)
        self._count = count
        self._lock = Lock()
        self._helpers: set[_Helper] = set()
        self._free: deque[tuple[_Helper, socket.socket]] = deque()
        self._ready: set[_Helper] = set()  # those that have built their world
        self._begins = False
        self._waiting = 0.0
        self._not_before = 0.0
        self._closed = False

    @property
    def places(self) -> int:
        """How many groups of tickets they take at once now."""
        return CHANNELS * len(self._ready)

    def press(self, waiting: int, /) -> None:
        """As router.beside.Beside."""
        self._waiting += LATELY * (waiting - self._waiting)
        if self._waiting < MANY or self._begins or self._closed or len(self._helpers) >= self._count:
            return
        self._begins, self._waiting = True, 0.0  # what it brings is to be felt before the next
        Thread(target=self._one_more, name="gridroute-beside", daemon=True).start()

    def decide(
        self, tickets: Sequence[Ticket], at: datetime, standpoint: Standpoint, /
    ) -> Sequence[Elsewhere] | None:
        """As router.beside.Beside."""
        with self._lock:
            taken = self._free.popleft() if self._free else None
        if taken is None:
            return None
        helper, channel = taken
        try:
            message = asked(Wanted(at=at, standpoint=standpoint, tickets=tuple(tickets)))
        except ValueError:
            self._give_back(helper, channel)
            return None
        try:
            send(channel, message)
            found = elsewhere_of(receive(channel))
        except (OSError, EOFError, ValueError) as error:
            self._lose(helper, error)
            return None
        self._give_back(helper, channel)
        return found

    def close(self) -> None:
        """Let them end."""
        with self._lock:
            self._closed = True
            helpers = tuple(self._helpers)
            self._forget(*helpers)
        for helper in helpers:
            _end(helper)

    def _one_more(self) -> None:
        try:
            with self._lock:
                if self._closed or time.monotonic() < self._not_before:
                    return
                try:
                    helper = self._start()
                except OSError as error:
                    self._not_before = time.monotonic() + AGAIN_S
                    log.warning("no process to route beside this one could be started: %s", error)
                    return
                self._helpers.add(helper)
            log.info("process %d begins to route beside this one", helper.process.pid)
            self._welcome(helper)
        finally:
            self._begins = False

    def _start(self) -> _Helper:
        pairs = [socket.socketpair() for _ in range(CHANNELS)]
        theirs = [other.fileno() for _, other in pairs]
        channels = [part for number in theirs for part in ("--channel", str(number))]
        try:
            process = subprocess.Popen(  # noqa: S603 - our own command
                [*self._command, *channels], stdin=subprocess.DEVNULL, pass_fds=theirs
            )
        except OSError:
            for own, _ in pairs:
                own.close()
            raise
        finally:
            for _, other in pairs:
                other.close()
        return _Helper(process, tuple(own for own, _ in pairs))

    def _welcome(self, helper: _Helper) -> None:
        """Wait until it has built its world: only then is it asked."""
        try:
            for channel in helper.channels:
                if receive(channel) != READY:
                    raise EOFError("it speaks another language")
                channel.settimeout(LONGEST_S)
        except (OSError, EOFError) as error:
            self._lose(helper, error)
            return
        with self._lock:
            if helper in self._helpers:
                self._free.extend((helper, channel) for channel in helper.channels)
                self._ready.add(helper)

    def _give_back(self, helper: _Helper, channel: socket.socket) -> None:
        with self._lock:
            if helper in self._helpers:
                self._free.append((helper, channel))

    def _lose(self, helper: _Helper, error: Exception) -> None:
        with self._lock:
            if helper not in self._helpers:
                return
            self._forget(helper)
            self._not_before = time.monotonic() + AGAIN_S
        log.warning("process %d routes beside this one no more: %s", helper.process.pid, error)
        _end(helper)

    def _forget(self, *helpers: _Helper) -> None:
        self._helpers.difference_update(helpers)
        self._free = deque(one for one in self._free if one[0] in self._helpers)
        self._ready &= self._helpers


def _end(helper: _Helper) -> None:
    for channel in helper.channels:
        with suppress(OSError):  # who waits there hears of it: closing alone would not wake them
            channel.shutdown(socket.SHUT_RDWR)
        channel.close()
    helper.process.kill()  # it has nothing that could be lost
    helper.process.wait()
