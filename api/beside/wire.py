"""What processes that route beside each other say: tickets to decide, and decisions, as the store writes both."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from socket import socket

from domain.decisions import Decision
from domain.tickets import Ticket
from router.beside import Elsewhere, Standpoint
from store.codec import decode, encode

READY = [b"ready"]
TOO_FAR: list[bytes] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Decisions that are asked for: as of when, by whom who stands where, on which tickets."""

    at: datetime
    standpoint: Standpoint
    tickets: tuple[Ticket, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laps:
    seconds: tuple[dict[str, float], ...]


def asked(wanted: Wanted) -> list[bytes]:
    """The message that asks. Raises ValueError for a text that is none (half of a surrogate pair)."""
    return [encode(wanted).encode()]


def wanted_of(message: Sequence[bytes]) -> Wanted:
    """What a message asks for. Raises ValueError."""
    return decode(Wanted, message[0].decode())


def answered(made: Sequence[Elsewhere] | None) -> list[bytes]:
    """The message that answers."""
    if made is None:
        return TOO_FAR
    laps = _Laps(seconds=tuple(one.seconds for one in made))
    return [encode(laps).encode(), *(encode(one.decision).encode() for one in made)]


def elsewhere_of(message: Sequence[bytes]) -> list[Elsewhere] | None:
    """What a message answers. Raises ValueError."""
    if not message:
        return None
    laps = decode(_Laps, message[0].decode()).seconds
    written = (part.decode() for part in message[1:])
    return [
        Elsewhere(decision=decode(Decision, one), seconds=seconds, written=one)
        for one, seconds in zip(written, laps, strict=True)
    ]


def send(channel: socket, message: Sequence[bytes]) -> None:
    """Send a message: how many parts, how long each is, then all. Raises OSError."""
    head = struct.pack(f"<I{len(message)}I", len(message), *map(len, message))
    channel.sendall(b"".join((head, *message)))


def receive(channel: socket) -> list[bytes]:
    """The next message. Raises EOFError where the other end has gone, OSError."""
    (count,) = struct.unpack("<I", _exactly(channel, 4))
    sizes = struct.unpack(f"<{count}I", _exactly(channel, 4 * count))
    whole, start = memoryview(_exactly(channel, sum(sizes))), 0
    parts = []
    for size in sizes:
        parts.append(bytes(whole[start : start + size]))
        start += size
    return parts


def _exactly(channel: socket, size: int) -> bytes:
    found = bytearray(size)
    rest = memoryview(found)
    while len(rest):
        count = channel.recv_into(rest)
        if not count:
            raise EOFError("the other end has gone")
        rest = rest[count:]
    return bytes(found)
