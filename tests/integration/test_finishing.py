"""A service that is told to stop finishes what it has accepted."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.integration.test_serving_process import serving

TICKETS = [{"ticket_id": f"b-{number}", "text": "Pothole"} for number in range(300)]


def test_a_batch_that_is_being_worked_on_is_answered_whole_and_stored(tmp_path: Path) -> None:
    body = json.dumps(TICKETS).encode()
    head = f"POST /v1/tickets/batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with serving(tmp_path) as (process, url):
        assert httpx.post(f"{url}/v1/tickets", json={"text": "Gas leak"}, timeout=60).status_code == 201
        with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=120) as sent:
            sent.sendall(head.encode() + body[:-1])
            process.send_signal(signal.SIGTERM)  # its body is not even whole yet
            sent.sendall(body[-1:])
            answer = b""
            while part := sent.recv(1 << 20):
                answer += part
        assert process.wait(timeout=120) == 0
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (told["accepted"], told["refused"]) == (300, 0)
    with serving(tmp_path) as (_, url):
        for name in ("b-0", "b-299"):
            assert httpx.get(f"{url}/v1/tickets/{name}", timeout=60).status_code == 200
