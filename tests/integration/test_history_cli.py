"""`gridroute history audit` as a person runs it."""

import csv
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from domain.dispatches import Dispatch, LabelSource
from domain.errors import InvalidInput
from store.sql import open_store
from tests.estimators import easy_log

WRONG = "lamp-north"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of 300 plain tickets, of which one about a pipe was given to the lamps' unit."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    log = easy_log(300)
    position = next(i for i, one in enumerate(log) if i > 100 and one.unit_id == "pipe-north")
    log[position] = replace(log[position], unit_id=WRONG)
    (tmp_path / "wrong").write_text(log[position].ticket.ticket_id)
    (tmp_path / "home").mkdir()
    store = open_store(f"sqlite:///{tmp_path / 'home' / 'gridroute.db'}")
    store.write(lambda session: session.append_dispatches([replace(one, sequence=0) for one in log]))
    store.close()
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["history", "audit", *arguments, "--home", "home"])


def test_the_wrong_one_is_first_with_its_reason(folder: Path) -> None:
    wrong = (folder / "wrong").read_text()
    told = run("--limit", "1")
    assert told.exit_code == 0
    row = told.output.splitlines()[1].split()
    assert row[:3] == [wrong, WRONG, "pipe-north"]
    assert "a model that did not see it gives pipe-north" in told.output
    assert "300 tickets" in told.output
    assert "of the records are estimated to be wrong" in told.output


@pytest.mark.parametrize("name", ["found.csv", "found.jsonl"])
def test_all_findings_go_to_a_file(folder: Path, name: str) -> None:
    assert run("--out", name, "--limit", "0").exit_code == 0
    with (folder / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file)) if name.endswith("csv") else [json.loads(line) for line in file]
    assert rows[0]["ticket_id"] == (folder / "wrong").read_text()
    assert (rows[0]["recorded"], rows[0]["suggested"]) == (WRONG, "pipe-north")
    suspicions = [float(row["suspicion"]) for row in rows]
    assert suspicions == sorted(suspicions, reverse=True)


def test_only_the_latest_are_looked_at(folder: Path) -> None:
    assert "60 tickets" in run("--latest", "60").output


def test_an_empty_store_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = run()
    assert told.exit_code == 0
    assert "0 tickets, 0 look wrong." in told.output


def test_an_unknown_format_is_refused(folder: Path) -> None:
    refused = run("--out", "found.xlsx")
    assert isinstance(refused.exception, InvalidInput)


def test_a_ticket_that_a_running_service_sent_to_and_fro_is_found(folder: Path) -> None:
    store = open_store(f"sqlite:///{folder / 'home' / 'gridroute.db'}")
    with store.read() as session:
        at = max(one.known_at for one in session.dispatches())
    ticket = replace(easy_log(1)[0].ticket, ticket_id="sent back", received_at=at)
    sent, taken = LabelSource.REASSIGNMENT, LabelSource.RETRACTION
    chain = [("lamp-north", sent), ("lamp-north", taken), ("pipe-north", sent), ("pipe-north", taken)]
    said = [
        Dispatch(ticket=ticket, unit_id=unit, known_at=at + timedelta(minutes=5 * i), source=source)
        for i, (unit, source) in enumerate([*chain, ("lamp-north", sent)])
    ]
    store.write(lambda session: session.append_dispatches(said))
    store.close()
    told = run("--limit", "300").output
    assert "ticket sent back went lamp-north → pipe-north → lamp-north within 1 days" in told
