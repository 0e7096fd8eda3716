"""The demo's web pages: `gridroute console` as a process of its own, begun once tickets flow."""

from __future__ import annotations

import subprocess
import sys

from cli.demo_service import HOST, listen_near
from cli.workspace import Workspace

STOPS_WITHIN_S = 10.0


class Pages:
    """The console before the demo's service. What it says goes to a file in the demo's home."""

    def __init__(self, workspace: Workspace, api: str, port: int) -> None:
        with listen_near(port) as listener:
            self._port = int(listener.getsockname()[1])
        self._home = workspace.home
        self._api = api
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The city page, for the last hour."""
        return f"http://{HOST}:{self._port}/city?hours=1"

    def start(self) -> None:
        """Begin to serve the pages; they are there some seconds later."""
        words = ("console", "--api", self._api, "--port", str(self._port), "--home", str(self._home))
        with (self._home / "console.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- this program itself
                [sys.executable, "-m", "cli", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> None:
        """End them."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
