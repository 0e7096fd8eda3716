"""Arguments from query strings and form bodies, in UTF-8, bounded; whatever is wrong with them is a Refusal."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote_to_bytes

from fastapi import Request
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from api.bodies import in_time
from api.open311.errors import BAD, Refusal, missing
from api.settings import Settings

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MOST_FIELDS = MOST_LISTED = 1_000
# attribute[code]=value, attribute[code][]=value
ATTRIBUTE = re.compile(r"attribute\[([^\[\]]{1,100})\](?:\[\d*\])?")
CHARSET = re.compile(r";\s*charset\s*=[^;]*", re.IGNORECASE)

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Arguments:
    """What was sent, by name. Empty values count as not sent; so the specification wants it.

    `files` counts the files that came along; they are not kept.
    """

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: int = 0

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]], files: int = 0) -> Self:
        """The pairs' values by name. Raises Refusal for texts that could not be stored or sent on."""
        found: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            if "\0" in name or "\0" in value:
                raise Refusal(BAD, f"{_shown(name)} contains a NUL character.")
            if value.strip():
                found[name] = (*found.get(name, ()), value)
        return cls(found, files)

    def over(self, other: Arguments) -> Arguments:
        """These, and the other's where these do not have the name."""
        return Arguments({**other.values, **self.values}, self.files + other.files)

    def one(self, name: str, longest: int = 500) -> str | None:
        """The value; None where there is none. Raises Refusal for two different ones and for one that is too long."""
        given = set(self.values.get(name, ()))
        if len(given) > 1:
            raise Refusal(BAD, f"{name} was provided more than once, with different values.")
        value = given.pop().strip() if given else None
        if value is not None and len(value) > longest:
            raise Refusal(BAD, f"{name} is longer than {longest:,} characters.")
        return value

    def required(self, name: str) -> str:
        """The value. Raises Refusal where there is none."""
        value = self.one(name)
        if value is None:
            raise missing(name)
        return value

    def listed(self, name: str) -> frozenset[str] | None:
        """The values of a comma delimited argument, which may be declared several times; None where there is none."""
        parts = (part.strip() for value in self.values.get(name, ()) for part in value.split(","))
        found = frozenset(part for part in parts if part)
        if len(found) > MOST_LISTED:
            raise Refusal(BAD, f"{name} names more than {MOST_LISTED:,}.")
        return found or None

    def attributes(self) -> dict[str, tuple[str, ...]]:
        """The values of attribute[code] by code, in the order sent."""
        found: dict[str, tuple[str, ...]] = {}
        for name, values in self.values.items():
            if match := ATTRIBUTE.fullmatch(name):
                found[match[1]] = (*found.get(match[1], ()), *values)
        return found


def query_of(request: Request) -> Arguments:
    """The arguments in the URL."""
    return Arguments.of(_pairs(request.scope["query_string"]))


async def form_of(request: Request, settings: Settings) -> Arguments:
    """The arguments in the body, and those in the URL that the body does not have."""
    declared = request.headers.get("content-type", URLENCODED)
    kind = declared.partition(";")[0].strip().lower()
    if kind == MULTIPART:
        form = await _multipart(request, CHARSET.sub("", declared), settings.max_batch_bytes)
    elif kind == URLENCODED:
        chunks = [chunk async for chunk in _bounded(request, settings.max_ticket_bytes)]
        form = Arguments.of(_pairs(b"".join(chunks)))
    else:
        raise Refusal(BAD, f"Send the form as Content-Type: {URLENCODED}; charset=utf-8.", code=415)
    return form.over(query_of(request))


def _pairs(encoded: bytes) -> Pairs:
    parts = [part for part in encoded.split(b"&") if part]
    if len(parts) > MOST_FIELDS:
        raise Refusal(BAD, f"There are more than {MOST_FIELDS:,} fields.")
    found = []
    for part in parts:
        name, _, value = part.replace(b"+", b" ").partition(b"=")
        found.append(_field(unquote_to_bytes(name), unquote_to_bytes(value)))
    return found


def _field(name: bytes, value: bytes) -> tuple[str, str]:
    told = _decoded(name, "A field's name")
    return told, _decoded(value, _shown(told))


def _decoded(encoded: bytes, what: str) -> str:
    try:
        return encoded.decode()
    except UnicodeDecodeError as error:
        raise Refusal(BAD, f"{what} is not encoded as UTF-8.") from error


async def _multipart(request: Request, declared: str, limit: int) -> Arguments:
    """Some clients send forms this way, with pictures in them."""
    # bytes as they are: the parser itself would take what is not UTF-8 for Latin-1, and nobody would hear of it
    headers = Headers({"content-type": f"{declared}; charset=latin-1"})
    parser = MultiPartParser(headers, _bounded(request, limit), max_files=20, max_fields=MOST_FIELDS)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise Refusal(BAD, f"The form cannot be read. {error.message}") from error
    fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    files = len(form.multi_items()) - len(fields)
    await form.close()
    pairs = [_field(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    return Arguments.of(pairs, files)


async def _bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in in_time(request):
        size += len(chunk)
        if size > limit:
            raise Refusal(BAD, f"The form is larger than {limit:,} bytes.", code=413)
        yield chunk


def _shown(name: str) -> str:
    return repr(name[:50])
