"""A TCP proxy before a database server, which can be cut off and let through again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Passes bytes on while `up`; `hang`: takes connections and says nothing, as a server that was cut off."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self.up = True
        self.hang = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self, *, hang: bool = False) -> None:
        """Break every connection and take none."""
        with self._lock:
            self.up, self.hang = False, hang
            broken, self._open = self._open, []
        for one in broken:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def mend(self) -> None:
        """Pass on again."""
        self.cut()
        with self._lock:
            self.up = True

    def close(self) -> None:
        """For good."""
        self.cut()
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._take(near)

    def _take(self, near: socket.socket) -> None:
        with self._lock:
            if not self.up:
                if self.hang:
                    self._open.append(near)
                else:
                    near.close()
                return
            far = socket.create_connection(self._target)
            self._open += [near, far]
        for one, other in ((near, far), (far, near)):
            threading.Thread(target=_pass_on, args=(one, other), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while said := one.recv(65_536):
            other.sendall(said)
    for end in (one, other):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(host: str, port: int) -> Iterator[Proxy]:
    """A proxy before that server."""
    proxy = Proxy(host, port)
    try:
        yield proxy
    finally:
        proxy.close()
