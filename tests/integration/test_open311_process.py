"""Open311 by `gridroute serve`: its services file and keys, and that what it answered survives it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.integration.test_serving_process import refused, serving
from tests.open311 import BASE, GOOD, SERVICES


def test_what_was_answered_is_there_after_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "services.toml").write_text(SERVICES, "utf-8")
    monkeypatch.setenv("GRIDROUTE_OPEN311_KEYS", "xyz")
    monkeypatch.setenv("GRIDROUTE_OPEN311_JURISDICTIONS", "city.gov")
    with serving(tmp_path) as (process, url):
        path = f"{url}{BASE}/requests.json"
        assert httpx.post(path, data=GOOD, timeout=30).status_code == 403
        sent = httpx.post(path, data={**GOOD, "api_key": "xyz", "jurisdiction_id": "city.gov"})
        request_id = sent.json()[0]["service_request_id"]
        update = {"service_request_id": request_id, "update_id": "1", "status": "OPEN", "api_key": "xyz"}
        update |= {"updated_datetime": "2024-05-01T09:00:00Z", "description": "Still there"}
        assert httpx.post(f"{url}{BASE}/servicerequestupdates.xml", data=update).status_code == 200
        process.kill()
    with serving(tmp_path) as (_, url):
        (found,) = httpx.get(f"{url}{BASE}/requests.json", timeout=30).json()
        assert (found["service_request_id"], found["service_name"]) == (request_id, "Cans left out 24x7")
        (told,) = httpx.get(f"{url}{BASE}/servicerequestupdates.json").json()
        assert told["description"] == "Still there"


def test_a_services_file_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "services.toml").write_text('[[service]]\ncode = "a"\nnmae = "Pothole"')
    told = refused(tmp_path, 0)
    assert "services.toml" in told
    assert "service, number 1, name" in told
