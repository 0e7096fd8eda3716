"""Training on a store: one seed one digest, what was measured, and a bundle even of nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from domain.decisions import Policy
from domain.dispatches import Dispatch
from domain.errors import BundleDamaged
from domain.places import Account
from domain.rules import Rule
from domain.tickets import TicketStatus
from domain.time import Validity
from domain.units import Unit
from models.bundle import load_bundle
from router.live import LiveWorld, load_champion
from router.ports import Store, WriteSession
from router.route import route
from store.memory import MemoryStore
from store.promoting import fault
from tests.estimators import QUICK, START, a_ticket, easy_log, place
from tests.serving import square
from training.fitting import Settings
from training.registering import keep
from training.results import TrainingResult
from training.training import read_material, train

SETTINGS = replace(QUICK, alpha=0.05, certificate_share=0.6, calibration_share=0.1)


def store_with(log: Sequence[Dispatch]) -> Store:
    """A store that holds the log."""
    store = MemoryStore()
    store.write(lambda session: session.append_dispatches([replace(d, sequence=0) for d in log]))
    return store


def train_on(store: Store, parent: Path, days: float = 0, settings: Settings = SETTINGS) -> TrainingResult:
    """Train so many days after START."""
    return train(store, parent, settings, now=START + timedelta(days=days))


def test_training_twice_gives_one_digest_and_keeps_the_first_dates(tmp_path: Path) -> None:
    store = store_with(easy_log(300))
    first, later = train_on(store, tmp_path), train_on(store, tmp_path, days=5)
    assert first.bundle_digest == later.bundle_digest
    assert [path.name for path in tmp_path.iterdir()] == [first.bundle_digest]
    assert later.certificate == first.certificate == load_bundle(Path(first.bundle_path)).certificate
    elsewhere = train_on(store_with(easy_log(300)), tmp_path / "other", days=9)
    assert elsewhere.bundle_digest == first.bundle_digest
    assert elsewhere.certificate.issued_at > first.certificate.issued_at


def test_a_log_that_tells_nothing_of_most_tickets_is_doubted(tmp_path: Path) -> None:
    store, log = store_with(easy_log(300)), easy_log(301)
    assert train_on(store, tmp_path).doubts == ()

    def hand_out(session: WriteSession) -> None:
        for number in range(301):
            ticket = replace(log[0].ticket, ticket_id=f"live-{number}")
            session.add_ticket(ticket)
            session.set_status(ticket.ticket_id, TicketStatus.DISPATCHED, log[0].unit_id)

    store.write(hand_out)
    (doubt,) = train_on(store, tmp_path).doubts
    assert doubt.startswith("the log says nothing of 301 of the 301 tickets that units have")
    closed = [replace(log[0].ticket, ticket_id=f"live-{number}") for number in range(2)]
    told = [replace(log[0], ticket=ticket, sequence=0) for ticket in closed]
    store.write(lambda session: session.append_dispatches(told))
    assert train_on(store, tmp_path).doubts == ()  # 299 are few


def test_what_was_measured_and_how_it_was_set(tmp_path: Path) -> None:
    result = train_on(store_with(easy_log(600)), tmp_path)
    assert result.missing == ()
    assert result.metrics["held_back_tickets"] == 360
    assert result.metrics["accuracy"] > 0.95
    assert result.metrics["certificate_coverage"] == result.certificate.coverage > 0.5
    assert result.parameters["ranker.trees"] == SETTINGS.ranker.trees
    assert result.parameters["text.epochs"] == SETTINGS.text.epochs
    assert result.parameters["alpha"] == 0.05
    assert result.parameters["schema.attributes"] == "side"
    assert result.evaluation is not None
    assert set(result.seconds) == {"text", "features", "fit"}


def test_the_data_digest_tells_everything_that_is_learnt_from() -> None:
    def digest(store: Store) -> str:
        with store.read() as session:
            return read_material(session).digest

    log = easy_log(5)
    digests = [digest(store_with(log)), digest(store_with(log[:4]))]
    assert digest(store_with(log)) == digests[0]
    store = store_with(log)
    store.write(lambda session: session.put_units([Unit(unit_id="a", name="A")]))
    digests.append(digest(store))
    store.write(lambda session: session.put_rules([Rule(rule_id="r", unit_id="a")]))
    digests.append(digest(store))
    store.write(lambda session: session.put_territories([square("t", "a", 31.2)]))
    digests.append(digest(store))
    store.write(lambda session: session.put_accounts([Account(account_id="7", point=place(0))]))
    digests.append(digest(store))
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize("log", [[], easy_log(1), easy_log(40)], ids=["none", "one", "forty"])
def test_of_too_little_a_bundle_is_made_that_serves_and_automates_nothing(
    log: list[Dispatch], tmp_path: Path
) -> None:
    store = store_with(log)
    result = train_on(store, tmp_path)
    assert result.missing
    assert result.certificate.threshold is None
    kept = keep(store, result, tracking=None, now=START, serve=True)
    assert kept.untracked is None
    live = LiveWorld(store, load_bundle)
    assert live.champion is not None
    assert live.champion.problem is None
    decision = route(a_ticket(1, "street lamp", hours=1e5), live.world)
    assert decision.bundle_digest == result.bundle_digest
    assert (decision.unit_id is None) == (log == [])


def test_a_trained_bundle_waits_as_challenger_unless_it_is_to_serve(tmp_path: Path) -> None:
    store = store_with(easy_log(40))
    one = keep(store, train_on(store, tmp_path), tracking=None, now=START)
    again = keep(store, train_on(store, tmp_path), tracking=None, now=START)
    assert one.record == again.record
    with store.read() as session:
        assert (session.pointers().champion, session.pointers().challenger) == (None, 1)
    other = replace(SETTINGS, ranker=replace(SETTINGS.ranker, seed=5))
    keep(store, train_on(store, tmp_path, settings=other), tracking=None, now=START, serve=True)
    with store.read() as session:
        assert session.pointers().champion == 2


def test_a_certificate_of_old_tickets_or_of_an_earlier_training_is_doubted(tmp_path: Path) -> None:
    store = store_with(easy_log(500))  # 21 days of tickets
    assert train_on(store, tmp_path / "fresh", days=50).doubts == ()
    (old,) = train_on(store, tmp_path / "old", days=150).doubts
    assert old.startswith("the newest outcome is of 2025-01-26, 129 days before the training")
    (kept,) = train_on(store, tmp_path / "fresh", days=51).doubts
    assert kept.startswith("nothing is new since the training of 2025-02-25: its certificate stands, until")


def test_records_of_units_that_were_not_open_are_doubted_by_name(tmp_path: Path) -> None:
    log = easy_log(300)
    later = Validity(valid_from=log[-1].known_at)
    store = store_with(log)
    store.write(lambda session: session.put_units([Unit(unit_id="pipe-north", name="", validity=later)]))
    (doubt,) = train_on(store, tmp_path).doubts
    count = sum(one.unit_id == "pipe-north" and one.ticket.received_at < log[-1].known_at for one in log)
    lost = "past dispatches count as wrong, for their unit was not open when the ticket came: pipe-north"
    assert doubt.startswith(f"{count} {lost} {count}. Give the units' validity")


def prolong(bundle: Path) -> None:
    """As somebody does who may write the files, and has no key to sign them."""
    dates = json.loads((bundle / "issue.json").read_bytes()) | {"expires_at": "2099-01-01T00:00:00+00:00"}
    (bundle / "issue.json").write_text(json.dumps(dates))
    digest = sha256((bundle / "issue.json").read_bytes()).hexdigest()
    manifest = json.loads((bundle / "manifest.json").read_bytes()) | {"issue": digest}
    (bundle / "manifest.json").write_text(json.dumps(manifest))


def test_a_certificate_that_was_prolonged_in_its_files_is_refused(tmp_path: Path) -> None:
    store = store_with(easy_log(40))
    result = train_on(store, tmp_path)
    record = keep(store, result, tracking=None, now=START, serve=True).record
    assert fault(record) is None
    path = Path(result.bundle_path)
    prolong(path)
    assert load_bundle(path).certificate.expires_at.year == 2099  # every digest holds
    assert isinstance(fault(record), BundleDamaged)
    assert isinstance(load_champion(record, load_bundle).problem, BundleDamaged)
    assert fault(replace(record, issue=None)) is None  # registered by an earlier version
    with pytest.raises(
        BundleDamaged, match="dates"
    ):  # the files that are there are no word against the record's
        keep(store, train_on(store, tmp_path), tracking=None, now=START, serve=True)
    shutil.rmtree(path)
    mended = keep(store, train_on(store, tmp_path), tracking=None, now=START).record
    assert fault(mended) is None


def test_training_again_in_place_of_a_damaged_bundle_issues_anew(tmp_path: Path) -> None:
    store = store_with(easy_log(40))
    first = train_on(store, tmp_path)
    record = keep(store, first, tracking=None, now=START, serve=True).record
    (Path(first.bundle_path) / "ranker.txt").write_text("")
    again = train_on(store, tmp_path, days=900)
    assert again.bundle_digest == first.bundle_digest
    reissued = keep(store, again, tracking=None, now=START).record
    assert reissued.issue != record.issue
    assert (reissued.version, fault(reissued)) == (record.version, None)


def test_serving_asks_for_as_many_candidates_as_training_did() -> None:
    assert Settings().max_candidates == Policy().max_candidates


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    found = CliRunner().invoke(
        app, ["train", "--no-track", "--promote", "--home", str(tmp_path)], env={"COLUMNS": "200"}
    )
    assert found.exit_code == 0, found.output
    assert "no history" in found.output
    assert "nothing certified" in found.output
    bundles = list((tmp_path / "bundles").iterdir())
    assert len(bundles) == 1
    assert load_bundle(bundles[0]).certificate.threshold is None
