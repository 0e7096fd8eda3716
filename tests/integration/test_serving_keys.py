"""`gridroute serve` as processes: the first key of a service that others can reach, and a revocation that all feel."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import httpx
import pytest

from domain.access import Role
from router.access import Wanted, issue, revoke
from store.clock import utc_now
from store.sql import open_store
from tests.contract.conftest import postgres_schema
from tests.integration.test_serving_process import GRIDROUTE

SOON = 20.0  # seconds until a test gives up


@contextmanager
def served(home: Path, until: str) -> Iterator[tuple[int, str]]:
    """A server on all addresses: its port, and what it says first."""
    command = (*GRIDROUTE, "serve", "--home", str(home), "--host", "0.0.0.0", "--port", "0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = ""
            while until not in said:
                line = process.stdout.readline()
                assert line, said
                said += line
            port = re.search(r"http://0\.0\.0\.0:(\d+)", said)
            assert port
            yield int(port[1]), said
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


def test_the_first_start_makes_one_key_and_shows_it_once(tmp_path: Path) -> None:
    with served(tmp_path, "gr_") as (port, said):
        secret = re.search(r"gr_\S+", said.replace("\n", " "))
        assert secret, said
        url = f"http://127.0.0.1:{port}/v1/who"
        assert httpx.get(url, timeout=SOON).status_code == 401
        who = httpx.get(url, headers={"Authorization": f"Bearer {secret[0]}"}, timeout=SOON).json()
        assert (who["name"], who["role"], who["open"]) == ("First admin", "admin", False)
    with served(tmp_path, "Not ready") as (port, said):
        assert "gr_" not in said
        assert httpx.get(f"http://127.0.0.1:{port}/v1/who", timeout=SOON).status_code == 401


@pytest.mark.postgres
def test_a_revocation_is_felt_by_every_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres_schema() as url:
        monkeypatch.setenv("GRIDROUTE_STORE", url)
        store = open_store(url)
        issued = issue(store, Wanted(name="Li", role=Role.ADMIN), by="root", at=utc_now())
        headers = {"Authorization": f"Bearer {issued.secret}"}
        with (
            served(tmp_path / "a", "Not ready") as (first, _),
            served(tmp_path / "b", "Not ready") as (second, _),
        ):
            asked = [f"http://127.0.0.1:{port}/v1/who" for port in (first, second)]
            assert [httpx.get(one, headers=headers, timeout=SOON).status_code for one in asked] == [200, 200]
            revoke(store, issued.key.key_id, by="root", at=utc_now())
            until = monotonic() + SOON
            for one in asked:
                while httpx.get(one, headers=headers, timeout=SOON).status_code != 401:
                    assert monotonic() < until
        store.close()
