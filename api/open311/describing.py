"""The Open311 operations in the OpenAPI document: arguments and answers are read and written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from api.open311.forms import MULTIPART, URLENCODED
from api.openapi import problems

TEXT: dict[str, Any] = {"type": "string"}
TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
MAYBE: dict[str, Any] = {"type": ["string", "null"]}
DEGREES: dict[str, Any] = {"type": ["number", "null"]}
TRUTH: dict[str, Any] = {"type": "boolean"}
PUBLIC = {"type": "string", "enum": ["open", "closed"]}
SPAN = {"start_date": "The earliest time, in W3C format with a zone.", "end_date": "The latest time."}
JURISDICTION = {"jurisdiction_id": "Needed where several jurisdictions are served."}
KEY = {"api_key": "Needed where the service needs one, unless who has none is welcome."}
READ_KEY = {"api_key": "Not needed; one that may see phone and account numbers is told them."}
PATHS = {
    "service_code": "As in the list of services.",
    "service_request_id": "As it was answered when the request was sent.",
    "token": "As it was answered when the request was sent.",
}
REQUEST_FORM = {
    **KEY,
    **JURISDICTION,
    "service_code": "What it is.",
    "lat": "Latitude, WGS-84.",
    "long": "Longitude, WGS-84.",
    "address_string": "Where it is, in words. One of coordinates, address_string and address_id is needed.",
    "address_id": "Where it is, by a number of yours.",
    "description": "At most 4,000 characters; the first line is the title.",
    "attribute[CODE]": "An answer to what the service's definition asks.",
    **dict.fromkeys(
        ("email", "device_id", "account_id", "first_name", "last_name", "phone"), "Who reports it."
    ),
    "media_url": "A picture of it.",
}
UPDATE_FORM = {
    **KEY,
    **JURISDICTION,
    "update_id": "Your number of the update.",
    "service_request_id": "The request that it is of.",
    "status": "OPEN, CLOSED, or one of the extended states.",
    "updated_datetime": "When it was made, in W3C format with a zone.",
    "description": "What is new.",
    "media_url": "A picture.",
}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


ENDPOINT = _object(
    {"specification": TEXT, "url": TEXT, "changeset": TEXT, "type": TEXT, "formats": _array(TEXT)}
)
DISCOVERY = {"changeset": TEXT, "contact": TEXT, "key_service": TEXT, "endpoints": _array(ENDPOINT)}
SERVICE = {
    **dict.fromkeys(("service_code", "service_name", "type"), TEXT),
    **dict.fromkeys(("description", "keywords", "group"), MAYBE),
    "metadata": TRUTH,
}
ATTRIBUTE = {
    **dict.fromkeys(("code", "datatype", "description"), TEXT),
    **dict.fromkeys(("variable", "required"), TRUTH),
    "datatype_description": MAYBE,
    "order": {"type": "integer"},
}
DEFINITION = {"service_code": TEXT, "attributes": _array(_object(ATTRIBUTE))}
REQUEST = {
    **dict.fromkeys(("service_request_id", "service_name", "service_code"), TEXT),
    **dict.fromkeys(("requested_datetime", "updated_datetime"), TIME),
    **dict.fromkeys(("status_notes", "description", "agency_responsible", "service_notice"), MAYBE),
    **dict.fromkeys(("expected_datetime", "address", "address_id", "zipcode", "media_url"), MAYBE),
    **dict.fromkeys(("lat", "long"), DEGREES),
    "status": PUBLIC,
}
UPDATE = {
    **dict.fromkeys(("update_id", "service_request_id", "status", "updated_datetime"), TEXT),
    **dict.fromkeys(("description", "media_url"), MAYBE),
}
ERRORS = _array(_object({"code": {"type": "integer"}, "description": TEXT}))

ANSWERS: Mapping[str, dict[str, Any]] = {
    "discovery": _object(DISCOVERY),
    "services": _array(_object(SERVICE)),
    "definition": _object(DEFINITION),
    "report": _array(_object({"service_request_id": TEXT, "service_notice": MAYBE, "account_id": MAYBE})),
    "token": _array(_object({"service_request_id": TEXT, "token": TEXT})),
    "requests": _array(_object(REQUEST)),
    "request": _array(_object(REQUEST)),
    "updates": _array(_object(UPDATE)),
    "update": _array(_object({"update_id": TEXT})),
}
IN_PATH = {"definition": "service_code", "token": "token", "request": "service_request_id"}
IN_QUERY: Mapping[str, Mapping[str, str]] = {
    "services": JURISDICTION,
    "definition": JURISDICTION,
    "token": JURISDICTION,
    "requests": {
        **JURISDICTION,
        "service_request_id": "Which ones, comma delimited; then nothing else counts.",
        "service_code": "Of which services, comma delimited.",
        **SPAN,
        "status": "open, closed or both, comma delimited.",
        "page": "From 1.",
        "page_size": "At most 1,000.",
        "extensions": "true: with the answers that are public.",
        **READ_KEY,
    },
    "request": {**JURISDICTION, "extensions": "true: with the answers that are public.", **READ_KEY},
    "updates": {
        **JURISDICTION,
        **SPAN,
        "api_key": f"Yours: what you sent yourself is left out. {READ_KEY['api_key']}",
    },
}
NEEDED = {
    "report": ("service_code",),
    "update": ("update_id", "service_request_id", "status", "updated_datetime"),
}
FORMS = {"report": REQUEST_FORM, "update": UPDATE_FORM}


def described(operation: str) -> dict[str, Any]:
    """What the route of this operation says of itself."""
    parameters = [
        {
            "name": "form",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "enum": ["xml", "json"]},
        },
        *_path(operation),
        *_query(IN_QUERY.get(operation, {})),
    ]
    found: dict[str, Any] = {
        "responses": {
            200: {"description": "Done", "content": _content(ANSWERS[operation])},
            **{
                status: {"description": HTTPStatus(status).phrase, "content": _content(ERRORS)}
                for status in (400, 403, 404, *([408] if operation in FORMS else []), 429)
            },
            **problems(),
        },
        "openapi_extra": {"parameters": parameters, **_form(operation)},
        "response_model": None,
    }
    return found


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"text/xml": {}, "application/json": {"schema": schema}}


def _path(operation: str) -> Iterable[dict[str, Any]]:
    if name := IN_PATH.get(operation):
        yield {"name": name, "in": "path", "required": True, "description": PATHS[name], "schema": TEXT}


def _query(arguments: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    for name, description in arguments.items():
        yield {"name": name, "in": "query", "required": False, "description": description, "schema": TEXT}


def _form(operation: str) -> dict[str, Any]:
    if operation not in FORMS:
        return {}
    fields = {name: {**TEXT, "description": text} for name, text in FORMS[operation].items()}
    schema = {"type": "object", "properties": fields, "required": list(NEEDED[operation])}
    content = {kind: {"schema": schema} for kind in (URLENCODED, MULTIPART)}
    return {"requestBody": {"required": True, "content": content}}
