"""What protects a page from other pages: a policy for the browser, and a look at who sent a request."""

from __future__ import annotations

import re
from secrets import token_urlsafe
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = (
    "default-src 'self'; "
    # Vue compiles templates in the browser, and the toolkit runs its messages by eval
    "script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; "  # Vue and Leaflet set styles on elements
    "img-src 'self' data: blob:{tiles}; font-src 'self' data:; connect-src 'self' {socket}; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), payment=(), usb=()",
}
SCRIPT = re.compile(rb"<script(?=[\s>])")


class SameOrigin:
    """Refuses what another site's page sends: any changing request, and the socket, whose Origin is not ours."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it pass or refuse it."""
        if scope["type"] not in {"http", "websocket"} or not _is_foreign(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "another origin"})
        else:
            await PlainTextResponse("This came from another site.", status_code=403)(scope, receive, send)


class Protected:
    """Adds the security headers; scripts of a page run only with the nonce that this answer alone has."""

    def __init__(self, app: ASGIApp, tiles: str = "") -> None:
        self.app = app
        self.tiles = f" {tiles}" if tiles else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the answer on, with its headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(scope, send, self.tiles)
        await self.app(scope, receive, answer.send)


class _Answer:
    """One answer on its way; a page is held back until it is whole, as its length changes."""

    def __init__(self, scope: Scope, send: Send, tiles: str) -> None:
        self._scope, self._send, self._tiles = scope, send, tiles
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        """Take the next piece."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if headers.get("content-type", "").startswith("text/html"):
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_page()
            return
        await self._send(message)

    async def _send_page(self) -> None:
        assert self._start is not None
        nonce = token_urlsafe(16)
        body = SCRIPT.sub(f'<script nonce="{nonce}"'.encode(), self._body)
        headers = MutableHeaders(scope=self._start)
        headers["content-length"] = str(len(body))
        headers["content-security-policy"] = POLICY.format(
            nonce=nonce, tiles=self._tiles, socket=_socket(self._scope)
        )
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})


def _is_foreign(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    is_socket = scope["type"] == "websocket" or "/_nicegui_ws/" in scope["path"]
    if not origin or not (is_socket or scope["method"] not in SAFE_METHODS):
        return False
    return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _socket(scope: Scope) -> str:
    """The socket's address: older browsers do not take it for 'self'."""
    host = Headers(scope=scope).get("host", "")
    is_plain = re.fullmatch(r"[A-Za-z0-9.:\[\]_-]+", host) is not None
    return f"ws://{host} wss://{host}" if is_plain else ""
