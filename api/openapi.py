"""What FastAPI cannot tell of itself: bodies that are read by hand, and problem details."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api.access import Rule
from api.problems import MEDIA_TYPE, Problem
from api.schemas import (
    ByIn,
    EndpointIn,
    HoldIn,
    JoinIn,
    KeyIn,
    NextIn,
    PlaceIn,
    PromoteIn,
    RejectIn,
    ReplyIn,
    ResumeIn,
    ReviewIn,
    RollbackIn,
    SessionIn,
    SuspendIn,
    TicketIn,
    UndoIn,
)

BODIES = (
    ByIn,
    HoldIn,
    JoinIn,
    NextIn,
    KeyIn,
    SessionIn,
    EndpointIn,
    TicketIn,
    ReviewIn,
    PlaceIn,
    SuspendIn,
    ResumeIn,
    UndoIn,
    ReplyIn,
    RejectIn,
    PromoteIn,
    RollbackIn,
)
SCHEME = "key"
BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key's secret (`gr_…`) or a session's token (`gs_…`).",
}
REF = "#/components/schemas/{model}"


def json_body(model: str, *, many: bool = False) -> dict[str, Any]:
    """The operation's request body: a component, or an array of up to 1,000 of it."""
    one = {"$ref": REF.format(model=model)}
    schema = {"type": "array", "maxItems": 1000, "items": one} if many else one
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The operation's answers that are problem details; 500 may always happen, 408 where a body may be too large."""
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    told = (*statuses, *([408] if 413 in statuses else []), 500)
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in told}


def describe(app: FastAPI) -> None:
    """Give the application an OpenAPI document that has these components."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # the documented way to extend it


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    ours = [*((model, "validation") for model in BODIES), (Problem, "serialization")]
    _, definitions = models_json_schema(ours, ref_template=REF)  # type: ignore[arg-type]
    components = found.setdefault("components", {})
    components.setdefault("schemas", {}).update(definitions["$defs"])
    components["securitySchemes"] = {SCHEME: BEARER}
    for (method, path), rule in app.state.rules.items():
        if not rule.everybody and (operation := found["paths"].get(path, {}).get(method.lower())):
            _secured(operation, rule)
    return found


def _secured(operation: dict[str, Any], rule: Rule) -> None:
    """It needs a key, unless this machine asks and none was made yet."""
    operation["security"] = [{SCHEME: []}, {}]
    if rule.rights:
        rights = " or ".join(f"`{right}`" for right in sorted(rule.rights))
        operation["description"] = f"{operation.get('description', '')}\n\nNeeds the right {rights}.".strip()
    for status, answer in problems(401, *([403] if rule.rights else []), 429).items():
        operation["responses"].setdefault(str(status), answer)
