"""Signing in and out: plain forms, so that the browser gets a new cookie each time."""

from __future__ import annotations

from urllib.parse import quote, urlsplit
from uuid import uuid4

from fastapi import Form, Request
from nicegui import app, ui
from nicegui.client import Client
from starlette.responses import RedirectResponse

from console.frame import other_language
from console.problems import Refused, ServiceError, Unreachable
from console.registry import dress, reader
from console.session import NAME
from console.view import Office

LONGEST = 500


def serve(office: Office) -> None:
    """Answer for the sign-in page and the two forms."""

    @ui.page("/sign-in")
    def page(
        client: Client,
        next: str = "/",  # noqa: A002
        failed: str = "",
        expired: str = "",
        keyed: str = "",
    ) -> None:
        words, dark = reader(client)
        dress(client, words, dark, words("frame.title", page=words("sign_in.title")))
        root = client.request.scope.get("root_path", "")
        with ui.element("form").classes("gr-alone").props(f'method=post action="{root}/sign-in"'):
            ui.label("gridroute").classes("gr-brand-large")
            ui.label(words("sign_in.title")).props("role=heading aria-level=1").classes("gr-h1")
            told = "keyed" if keyed else "expired" if expired else ""
            told = failed if failed in {"wrong", "many", "unreachable"} else told
            if told:
                ui.label(words(f"sign_in.{told}")).props("role=alert").classes("gr-alert")
            ui.label(words("sign_in.how")).classes("gr-quiet")
            box = ui.input(words("sign_in.secret"), password=True).classes("gr-wide")
            box.props('outlined autofocus name=secret autocomplete="current-password" maxlength=200')
            ui.element("input").props(f'type=hidden name=next value="{_own(next)}"')
            ui.button(words("sign_in.enter")).props("type=submit unelevated no-caps").classes("gr-wide")
            other_language(words)

    @app.post("/sign-in", include_in_schema=False)
    async def sign_in(
        request: Request,
        secret: str = Form("", max_length=LONGEST),
        next: str = Form("/"),  # noqa: A002
    ) -> RedirectResponse:
        root, back = request.scope.get("root_path", ""), _own(next)
        try:
            handle = await office.sessions.open(secret.strip())
        except ServiceError as error:
            return _to(f"{root}/sign-in?failed={_why(error)}&next={quote(back)}")
        _renew(request)
        request.session[NAME] = handle
        return _to(f"{root}{back}")

    @app.post("/sign-out", include_in_schema=False)
    async def sign_out(request: Request) -> RedirectResponse:
        await office.sessions.close(request.session.get(NAME))
        _renew(request)
        return _to(f"{request.scope.get('root_path', '')}/sign-in")


def _renew(request: Request) -> None:
    """A new cookie: one that was planted before is worth nothing."""
    request.session.clear()
    request.session["id"] = str(uuid4())


def _own(path: str) -> str:
    """A path of ours, never another site's address."""
    split = urlsplit(path)
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not split.netloc
    return path if is_ours and path.isprintable() and not set(path) & set("\"'<>\\ ") else "/"


def _why(error: ServiceError) -> str:
    if isinstance(error, Refused):
        return "many" if error.status == 429 else "wrong"
    return "unreachable" if isinstance(error, Unreachable) else "wrong"


def _to(url: str) -> RedirectResponse:
    return RedirectResponse(url, status_code=303)
