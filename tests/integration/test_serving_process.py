"""`gridroute serve` as a process: what it refuses to start on, and that what it answered survives it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

GRIDROUTE = (sys.executable, "-c", "from cli.main import run; run()")
TICKET = {"ticket_id": "t1", "text": "Pothole"}


@contextmanager
def serving(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running server and its URL; its socket listens before the line that names it is printed."""
    command = (*GRIDROUTE, "serve", "--home", str(home), "--port", "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            assert found
            yield process, found[0]
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


def refused(home: Path, port: int) -> str:
    """What a server says that does not start."""
    command = (*GRIDROUTE, "serve", "--home", str(home), "--port", str(port))
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


def test_what_was_answered_is_there_after_a_kill_and_one_store_has_one_server(tmp_path: Path) -> None:
    with serving(tmp_path) as (process, url):
        assert httpx.post(f"{url}/v1/tickets", json=TICKET, timeout=30).status_code == 201
        assert "already served by process" in refused(tmp_path, 0)
        assert httpx.get(f"{url}/healthz", timeout=60).status_code == 200
        process.kill()
    with serving(tmp_path) as (process, url):
        assert httpx.get(f"{url}/v1/tickets/t1", timeout=30).json()["content"]["text"] == "Pothole"
        assert httpx.post(f"{url}/v1/tickets", json=TICKET, timeout=60).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_a_taken_port_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = refused(tmp_path / "home", taken.getsockname()[1])
    assert "cannot listen on 127.0.0.1" in told
    assert "--port" in told
    assert not (tmp_path / "home").exists()
