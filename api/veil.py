"""What of people a caller may not see is hidden in what the caller is answered.

`Veiled` does it for every JSON answer, whichever route gave it. Files and streams are written by their handlers, which
ask `text_for` and `ticket_for`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import caller_of
from api.answers import ContentOut, TicketOut
from api.doors import Caller
from api.masking import Veil, numbers_of, veiled
from domain.access import Personal
from domain.tickets import Ticket


def text_for(caller: Caller, text: str, own: Iterable[str] = ()) -> str:
    """The text as the caller may see it; `own`: numbers of the ticket that it tells of, as `numbers_of` has them."""
    return Veil(caller.hidden, own).text(text) if caller.hidden else text


def ticket_for(caller: Caller, ticket: TicketOut) -> TicketOut:
    """The ticket with its content as the caller may see it."""
    if not caller.hidden:
        return ticket
    content = ContentOut(**veiled(ticket.content.model_dump(), caller.hidden))
    return ticket.model_copy(update={"content": content})


def tells_of(request: Request, *tickets: Ticket) -> None:
    """The answer tells of the tickets without their fields: their numbers are to be looked for as well."""
    hidden = caller_of(request).hidden
    own = (number for ticket in tickets for number in numbers_of(ticket, hidden))
    request.state.numbers = [*getattr(request.state, "numbers", ()), *own]


class Veiled:
    """Middleware: JSON answers to callers who may not see everything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        head: Message | None = None
        body = bytearray()

        async def answer(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start":
                caller = state.get("caller")
                if not (isinstance(caller, Caller) and caller.hidden and _is_json(message)):
                    await send(message)
                    return
                head = message
            elif head is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    told = _rewritten(bytes(body), state["caller"].hidden, state.get("numbers", ()))
                    MutableHeaders(raw=head["headers"])["content-length"] = str(len(told))
                    await send(head)
                    await send({"type": "http.response.body", "body": told})

        await self._app(scope, receive, answer)


def _rewritten(body: bytes, hidden: Collection[Personal], own: Iterable[str]) -> bytes:
    if not body:
        return body
    told = veiled(json.loads(body), hidden, own)
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _is_json(message: Message) -> bool:
    headers: Mapping[bytes, bytes] = dict(message["headers"])
    return headers.get(b"content-type", b"").partition(b";")[0].endswith(b"json")
