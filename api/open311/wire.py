"""One answer in two forms: XML, and JSON by the Spark convention (a container of one kind of element is an array)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal
from xml.etree import ElementTree

from fastapi import Response

Format = Literal["xml", "json"]

MEDIA_TYPES: Mapping[Format, str] = {
    "xml": "text/xml; charset=utf-8",
    "json": "application/json; charset=utf-8",
}
ITEMS: Mapping[str, str] = {  # what stands in each container
    "attributes": "attribute",
    "endpoints": "endpoint",
    "errors": "error",
    "formats": "format",
    "service_request_updates": "request_update",
    "service_requests": "request",
    "services": "service",
    "values": "value",
}
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
# XML 1.0 has no way to write these, escaped or not
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def rendered(
    root: str, value: Any, form: Format, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer: in XML an element `root`, in JSON what stands in it."""
    body = xml(root, value) if form == "xml" else json.dumps(value, ensure_ascii=False).encode()
    told = {**(headers or {}), "Content-Type": MEDIA_TYPES[form]}
    return Response(body, status_code=status, headers=told)


def xml(root: str, value: Any) -> bytes:
    """The document; characters that XML does not have are left out.

    UTF-8, of which only ASCII is used: there are clients that decode it twice, and references survive that.
    """
    body: bytes = ElementTree.tostring(_element(root, value), encoding="us-ascii", xml_declaration=False)
    return DECLARATION + body


def format_of(path: str) -> Format:
    """The form that the path asks for; XML where it asks for none, as that is the required one."""
    return "json" if path.endswith(".json") else "xml"


def _element(name: str, value: Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(value, Mapping):
        element.extend(_element(key, part) for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        element.extend(_element(ITEMS[name], part) for part in value)
    elif value is not None:
        element.text = _text(value)
    return element


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return NOT_IN_XML.sub("", str(value))
