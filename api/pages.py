"""The one page a browser gets: what can be asked here. It loads nothing from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

routes = APIRouter(include_in_schema=False)

POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>gridroute</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; color-scheme: light dark }}
body {{ max-width: 52rem; margin: 3rem auto; padding: 0 1rem }}
td {{ padding: .3rem 1rem .3rem 0; vertical-align: top }} code {{ font-size: .95em; white-space: nowrap }}
</style></head><body><h1>gridroute</h1><p>Routes repair and complaint tickets to the unit that owns them.</p>
<table>{rows}</table>
<p>The full description for programs: <a href="/openapi.json">/openapi.json</a></p></body></html>
"""


@routes.get("/")
@routes.get("/docs")
async def index(request: Request) -> HTMLResponse:
    """The endpoints, each with a line on what it does."""
    rows = "".join(_rows(request.app.openapi()))
    return HTMLResponse(PAGE.format(rows=rows), headers=POLICY)


def _rows(document: dict[str, Any]) -> Iterator[str]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            call = f"{method.upper()} {path}"
            shown = escape(call)
            if method == "get" and "{" not in path:
                shown = f'<a href="{escape(path)}">{shown}</a>'
            yield f"<tr><td><code>{shown}</code></td><td>{escape(operation.get('description', ''))}</td></tr>"
