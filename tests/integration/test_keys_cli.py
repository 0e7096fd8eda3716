"""`gridroute keys`: made, listed, revoked; the secret shown once."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.workspace import Workspace
from router.access import digest_of
from store.sql import open_store
from tests.serving import furnished


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation."""
    workspace = Workspace(home=tmp_path / "home").create()
    furnished(open_store(workspace.store_url)).close()
    return workspace.home


def run(*words: str, home: Path, code: int = 0) -> str:
    found = CliRunner().invoke(app, ["keys", *words, "--home", str(home)], env={"COLUMNS": "200"})
    assert found.exit_code == code, found.output
    return found.output


def test_a_key_is_made_listed_and_revoked(home: Path) -> None:
    assert "No key was made yet" in run("list", home=home)
    told = run("create", "--name", "Crew", "--role", "unit", "--unit", "north", "--days", "30", home=home)
    secret = told.strip().splitlines()[-1]
    store = open_store(Workspace(home=home).store_url)
    with store.read() as session:
        (key,) = session.keys_by_digest().values()
        assert list(session.keys_by_digest()) == [digest_of(secret)]
    store.close()
    listed = run("list", home=home)
    assert all(word in listed for word in (key.key_id, "Crew", "unit", "north", "valid"))
    assert secret not in listed
    assert "Crew" in run("revoke", key.key_id, home=home)
    assert "revoked" in run("list", home=home)


def test_a_key_that_makes_no_sense_is_refused(home: Path) -> None:
    run("create", "--name", "Crew", "--role", "unit", home=home, code=1)
    run("create", "--name", "Crew", "--role", "unit", "--unit", "nobody", home=home, code=1)
    run("create", "--name", "Crew", "--role", "king", home=home, code=2)
    run("revoke", "nobody", home=home, code=1)
