"""One attempt: the signed message, sent to an address that was checked."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from datetime import datetime, timedelta
from ssl import SSLContext
from types import TracebackType
from typing import Self

import httpx

from api.webhooks.signing import headers
from api.webhooks.targets import TargetRefused, Targets
from domain.errors import InvalidInput
from router.delivery import Outcome
from router.delivery_ports import Endpoint
from router.tracing import current_header

TIMEOUT = 10.0  # seconds, of the whole attempt
GONE = 410  # the specification: the endpoint wants nothing more
USER_AGENT = "gridroute"


class Courier:
    """Sends messages to one unit; entered and used on one event loop."""

    def __init__(self, targets: Targets, tls: SSLContext, timeout: float = TIMEOUT) -> None:
        self._targets = targets
        self._timeout = timeout
        # no proxies from the environment: they would look names up anew, unchecked. Connections are of one unit alone,
        # since two names may share an address and only one of them its certificate
        self._client = httpx.AsyncClient(trust_env=False, verify=tls, timeout=timeout, follow_redirects=False)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def send(self, endpoint: Endpoint, webhook_id: str, body: bytes, at: datetime) -> Outcome:
        """Deliver the message, in the current trace. Whatever goes wrong is the outcome, never an exception."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._send(endpoint, webhook_id, body, at)
        except TimeoutError:
            return Outcome(error=f"no answer in {self._timeout:g} s")
        except (TargetRefused, InvalidInput) as error:
            return Outcome(error=f"refused: {error}", final=True)
        except httpx.HTTPError as error:
            return Outcome(error=f"{type(error).__name__}: {error}"[:500])
        except (OSError, UnicodeError) as error:
            return Outcome(error=f"not reached: {error}"[:500])

    async def _send(self, endpoint: Endpoint, webhook_id: str, body: bytes, at: datetime) -> Outcome:
        url = self._targets.check_url(endpoint.url)
        sent = {
            **headers(webhook_id, math.floor(at.timestamp()), body, endpoint.signing(at)),
            "Host": url.netloc.decode("ascii"),
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
        }
        if (trace := current_header()) is not None:
            sent["traceparent"] = trace
        *others, last = await self._targets.resolve(url)
        # whoever is the last to be tried has time left to answer in
        patience = self._timeout / (len(others) + 2)
        for address in others:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._post(url, address, body, sent, patience)
        return await self._post(url, last, body, sent, self._timeout)

    async def _post(
        self, url: httpx.URL, address: str, body: bytes, sent: dict[str, str], patience: float
    ) -> Outcome:
        """To the address that was checked: the name is not looked up again, but its certificate is asked for.

        `patience`: seconds until it has to be connected.
        """
        name = url.raw_host.decode("ascii").strip("[]")
        request = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers=sent,
            timeout=httpx.Timeout(self._timeout, connect=patience),
            extensions={"sni_hostname": name},
        )
        response = await self._client.send(request, stream=True)  # the body is not read: nobody needs it
        try:
            return _outcome(response)
        finally:
            await response.aclose()


def _outcome(response: httpx.Response) -> Outcome:
    if response.is_success:
        return Outcome()
    told = f"the endpoint answered {response.status_code}"
    wait = response.headers.get("retry-after", "")
    seconds = min(int(wait[:9]), 86_400) if wait.isdecimal() else 0
    return Outcome(error=told, final=response.status_code == GONE, wait=timedelta(seconds=seconds))
