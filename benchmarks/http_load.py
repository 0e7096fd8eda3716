"""Load on one HTTP server: connections that are kept alive, each with one request at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

HEAD = "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"


@dataclass(slots=True)
class Answers:
    """How long each accepted request took, in seconds, and how often each other status came."""

    seconds: list[float] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)
    elapsed: float = 0.0

    @property
    def per_second(self) -> float:
        """Accepted requests a second."""
        return len(self.seconds) / self.elapsed if self.elapsed else 0.0

    def add(self, other: Answers) -> None:
        """Take in another measurement."""
        self.seconds += other.seconds
        self.elapsed += other.elapsed
        for status, count in other.refused.items():
            self.refused[status] = self.refused.get(status, 0) + count


def load(port: int, path: str, bodies: Iterator[bytes], *, connections: int, seconds: float) -> Answers:
    """Post the bodies, each once, for so long."""
    return asyncio.run(_load(port, path, bodies, connections, seconds))


async def _load(port: int, path: str, bodies: Iterator[bytes], connections: int, seconds: float) -> Answers:
    answers = Answers()
    began = time.perf_counter()
    until = began + seconds
    await asyncio.gather(*(_connection(port, path, bodies, until, answers) for _ in range(connections)))
    answers.elapsed = time.perf_counter() - began
    return answers


async def _connection(port: int, path: str, bodies: Iterator[bytes], until: float, answers: Answers) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 26)
    try:
        while (sent := time.perf_counter()) < until:
            body = next(bodies)
            writer.write(HEAD.format(path=path, length=len(body)).encode() + body)
            status = await _answer(reader)
            if status < 300:
                answers.seconds.append(time.perf_counter() - sent)
            else:
                answers.refused[status] = answers.refused.get(status, 0) + 1
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    await reader.readexactly(int(length))
    return int(head[9:12])
