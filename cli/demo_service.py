"""The demo's HTTP service: the same application as `gridroute serve` runs, in a thread of this process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.serving import listen
from cli.workspace import Workspace

if TYPE_CHECKING:
    from router.ports import Store

HOST = "127.0.0.1"


def listen_near(port: int) -> socket.socket:
    """A listening socket at that port of this machine, or at a free one where it is taken."""
    from domain.errors import InvalidInput

    try:
        return listen(HOST, port)
    except InvalidInput:
        return listen(HOST, 0)


@contextmanager
def served(store: Store, listener: socket.socket, workspace: Workspace) -> Iterator[str]:
    """The URL under which the store is served while the context is open."""
    import uvicorn

    from api.app import create_app
    from api.server import Server
    from models.bundle import load_bundle
    from router.service import RoutingService
    from store.clock import utc_now

    with listener:
        app = create_app(RoutingService(store, utc_now, load_bundle, derived=workspace.derived()))
        server = Server(uvicorn.Config(app, log_level="warning", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="gridroute-serve")
        thread.start()
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
