"""The HTTP server: uvicorn, which tells the streams to end before it waits for what is open."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI


class Server(uvicorn.Server):
    """Serves an application that `create_app` made."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then wait for what is still being answered."""
        app = self.config.app
        if isinstance(app, FastAPI):
            app.state.feed.stop()
        await super().shutdown(sockets)
