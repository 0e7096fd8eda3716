"""The console as a web application of its own, or mounted in another for tests and the demo."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI
from nicegui import app as pages_app
from nicegui import ui

from console import data, pages, registry, signing
from console.client import Service
from console.security import Protected, SameOrigin
from console.session import Sessions
from console.view import Office

COOKIE = "gridroute_console"
RECONNECT_S = 15.0  # a page whose line broke is kept this long


def build(api_url: str, *, secret: str, sessions: Path | None = None, tiles: str = "") -> FastAPI:
    """The console before the service at that address. `secret` signs the browsers' cookies; `sessions`: a file that
    keeps who is signed in over a restart; `tiles`: the URL template of the operator's own map tiles.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    mount(app, "/", api_url, secret=secret, sessions=sessions, tiles=tiles)
    return app


def mount(
    app: FastAPI, path: str, api_url: str, *, secret: str, sessions: Path | None = None, tiles: str = ""
) -> None:
    """Put the console into an application. Once in a process: the toolkit has one set of pages."""
    service = Service(api_url)
    office = Office(service=service, sessions=Sessions(service, sessions), tiles=tiles)
    pages.load()
    registry.serve(office)
    signing.serve(office)
    data.serve(office)
    assets = files("console").joinpath("assets")
    _dress()
    pages_app.add_middleware(SameOrigin)
    pages_app.add_middleware(Protected, tiles=_origin(tiles))
    pages_app.on_shutdown(service.close)
    ui.run_with(
        app,
        mount_path=path,
        title="gridroute",
        favicon=Path(str(assets.joinpath("favicon.svg"))),
        reconnect_timeout=RECONNECT_S,
        tailwind=False,
        storage_secret=secret,
        session_middleware_kwargs={"session_cookie": COOKIE, "same_site": "lax"},
        show_welcome_message=False,
    )


def _dress() -> None:
    """Our style sheet and scripts on every page; the colours of the toolkit's own parts."""
    assets = files("console").joinpath("assets")
    style = assets.joinpath("console.css").read_text(encoding="utf-8")
    ui.add_head_html(f"<style>{style}</style>", shared=True)
    for name in ("console.js", "drafts.js", "dispatches.js", "city.js"):
        ui.add_body_html(f"<script>{assets.joinpath(name).read_text(encoding='utf-8')}</script>", shared=True)
    pages_app.colors(
        primary="#0b6b62",
        secondary="#3b5b75",
        accent="#7a4fb5",
        dark="#1b2429",
        dark_page="#12181c",
        positive="#1e7a3c",
        negative="#b3261e",
        info="#23629e",
        warning="#8a5300",
    )


def _origin(template: str) -> str:
    """Where tiles come from, as the browser's policy names it."""
    split = urlsplit(template)
    return f"{split.scheme}://{split.netloc.replace('{s}', '*')}" if split.netloc else ""
