"""The service beside a `POST /stored` that validates and commits the same ticket without routing it.

python -m benchmarks.http_server --home DIR --store URL --port N [--beside N]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import argparse
from contextlib import closing
from pathlib import Path

import uvicorn
from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from api.app import create_app
from api.beside.helpers import Helpers
from api.bodies import parse_json, read_body, validated
from api.desk import Desk, desk_of
from api.schemas import TicketIn
from cli.helping import command
from cli.workspace import STORE_VARIABLE, Workspace
from models.bundle import load_bundle
from router.forked import processors
from router.ports import WriteSession
from router.service import RoutingService
from router.uncollected import settle
from store.clock import utc_now
from store.sql import open_store


async def stored(request: Request) -> Response:
    """As `POST /v1/tickets`, without a decision."""
    desk = desk_of(request)
    with desk.admitted():
        body = await read_body(request, desk.settings.max_ticket_bytes)
        return await run_in_threadpool(_store, desk, body)


def _store(desk: Desk, body: bytes) -> Response:
    ticket = validated(TicketIn, parse_json(body)).draft(desk.service.clock()).ticket

    def work(session: WriteSession) -> None:
        session.add_ticket(ticket)

    desk.service.store.write(work)
    return Response(body, status_code=201, media_type="application/json")


def main() -> None:
    """Serve until the process is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--beside", type=int, default=processors() - 1)
    given = parser.parse_args()
    os.environ[STORE_VARIABLE] = given.store
    workspace = Workspace.of(given.home)
    helpers = Helpers(command(workspace), given.beside)
    with closing(open_store(given.store)) as store, closing(helpers):
        service = RoutingService(store, utc_now, load_bundle, derived=workspace.derived(), built=settle)
        service.decider.beside = helpers
        app = create_app(service)
        app.add_api_route("/stored", stored, methods=["POST"], include_in_schema=False)
        uvicorn.run(app, host="127.0.0.1", port=given.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
