"""The bundle on disk: the same decisions after a round trip, and no damage that goes unseen."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from domain.errors import BundleDamaged, BundleIncompatible, NotFound
from features.schema import HistorySchema
from models.bundle import (
    FILES,
    Statement,
    digest_of,
    load_bundle,
    read_statement,
    reissued,
    verify_bundle,
    write_bundle,
)
from models.guarantee import Guarantee
from models.monitor import Terms
from router.route import learn, route
from simulation.city import City
from tests.bundles import tiny_bundle
from tests.estimators import surroundings_of, world_of
from tests.evaluations import evaluation
from training.fitting import Fitted
from training.measuring import measured_of

EVERY_FILE = (*FILES, "issue.json", "manifest.json")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that no test changes."""
    return tiny_bundle(tmp_path_factory.mktemp("bundles"))


@pytest.fixture
def copy(stored: Path, tmp_path: Path) -> Path:
    """One to damage."""
    return Path(shutil.copytree(stored, tmp_path / stored.name))


def test_a_round_trip_gives_the_same_decisions(city: City, fitted: Fitted, tmp_path: Path) -> None:
    path = write_bundle(fitted.bundle, tmp_path)
    loaded = load_bundle(path)
    assert loaded.digest == path.name == digest_of(fitted.bundle) == digest_of(loaded)
    assert (loaded.certificate, loaded.schema) == (fitted.bundle.certificate, fitted.bundle.schema)
    around = surroundings_of(city)
    one, other = world_of(around, fitted.bundle), world_of(around, loaded)
    for dispatch in city.dispatches[:60]:
        decision = route(dispatch.ticket, other)
        assert decision.bundle_digest == path.name
        assert replace(decision, bundle_digest="") == route(dispatch.ticket, one)
        learn(dispatch, one)
        learn(dispatch, other)


def test_how_it_did_goes_with_the_bundle_and_is_no_part_of_its_digest(stored: Path, tmp_path: Path) -> None:
    assert read_statement(stored).measured is None
    bundle, measured = load_bundle(stored), measured_of(evaluation(300))
    path = write_bundle(bundle, tmp_path, measured)
    assert path.name == stored.name
    assert read_statement(path) == Statement(guarantee=bundle.guarantee, measured=measured)
    assert load_bundle(path).digest == bundle.digest
    file = path / "evaluation.json"
    file.write_text(file.read_text().replace('"tickets": 300', '"tickets": 30'))
    with pytest.raises(BundleDamaged, match=r"evaluation\.json differs"):
        read_statement(path)
    file.unlink()
    with pytest.raises(BundleDamaged, match=r"evaluation\.json is missing"):
        load_bundle(path)


def test_there_is_nothing_to_unpickle(stored: Path) -> None:
    assert sorted(file.name for file in stored.iterdir()) == sorted(EVERY_FILE)
    for file in stored.iterdir():
        with (
            pytest.raises((pickle.UnpicklingError, ValueError, KeyError, EOFError, IndexError)),
            file.open("rb") as f,
        ):
            pickle.load(f)
        if file.suffix == ".npz":
            with np.load(file, allow_pickle=False) as arrays:
                assert {array.dtype.kind for array in arrays.values()} <= {"U", "i", "f"}


@pytest.mark.parametrize("name", EVERY_FILE)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_a_flipped_bit_is_found(copy: Path, name: str, share: float) -> None:
    content = bytearray((copy / name).read_bytes())
    content[int(share * (len(content) - 1))] ^= 1
    (copy / name).write_bytes(content)
    for read in (verify_bundle, load_bundle):
        with pytest.raises(BundleDamaged):
            read(copy)


def test_no_bit_of_the_manifest_can_be_flipped_unseen(copy: Path) -> None:
    manifest = (copy / "manifest.json").read_bytes()
    for position in range(len(manifest)):
        changed = bytearray(manifest)
        changed[position] ^= 1 << position % 7
        (copy / "manifest.json").write_bytes(changed)
        with pytest.raises((BundleDamaged, BundleIncompatible)):
            verify_bundle(copy)


def test_a_later_expiry_written_by_hand_is_found(copy: Path) -> None:
    dates = json.loads((copy / "issue.json").read_bytes())
    (copy / "issue.json").write_text(json.dumps(dates | {"expires_at": "2099-01-01T00:00:00+00:00"}))
    with pytest.raises(BundleDamaged, match=r"issue\.json"):
        load_bundle(copy)


@pytest.mark.parametrize("name", EVERY_FILE)
@pytest.mark.parametrize(
    "replace_by", [Path.unlink, lambda p: (p.unlink(), p.mkdir())], ids=["gone", "folder"]
)
def test_a_missing_file_is_found(copy: Path, name: str, replace_by: Callable[[Path], object]) -> None:
    replace_by(copy / name)
    with pytest.raises(BundleDamaged):
        load_bundle(copy)


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"3",
        b"null",
        b'"format"',
        b"{}",
        b'{"format": 6}',
        b'{"format": 6, "files": [], "issue": "", "digest": ""}',
        b'{"format": 6, "files": {}, "issue": "", "digest": ""}',
        b'{"format": 6, "files": {"../../secret": ""}, "issue": "", "digest": ""}',
    ],
)
def test_a_foreign_manifest_is_found(copy: Path, manifest: bytes) -> None:
    (copy / "manifest.json").write_bytes(manifest)
    with pytest.raises(BundleDamaged):
        load_bundle(copy)


@pytest.mark.parametrize("version", [1, 3, "3", None])
def test_another_format_is_named(copy: Path, version: object) -> None:
    manifest = json.loads((copy / "manifest.json").read_bytes())
    (copy / "manifest.json").write_text(json.dumps({"format": version, "files": manifest["files"]}))
    with pytest.raises(BundleIncompatible, match=f"format {version}"):
        load_bundle(copy)


def test_other_features_are_named(stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.bundle.fingerprint", lambda schema: "other")
    with pytest.raises(BundleIncompatible, match="train again"):
        load_bundle(stored)


def test_no_bundle_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        load_bundle(tmp_path / "none")


def test_the_digest_tells_contents_not_dates(stored: Path, tmp_path: Path) -> None:
    bundle = load_bundle(stored)
    issued = bundle.certificate.issued_at + timedelta(days=9)
    later = reissued(bundle, issued, issued + timedelta(days=90))
    assert digest_of(later) == bundle.digest
    others = [
        replace(bundle, guarantee=Guarantee.pooled(replace(bundle.certificate, threshold=0.5))),
        replace(bundle, guarantee=replace(bundle.guarantee, terms=Terms(alphas={}))),
        replace(bundle, schema=HistorySchema(half_life_days=1)),
        replace(bundle, calibrator=replace(bundle.calibrator, intercept=0.1)),
    ]
    assert len({bundle.digest, *map(digest_of, others)}) == 1 + len(others)
    written = load_bundle(write_bundle(later, tmp_path))
    assert written.certificate == later.certificate


def test_an_equal_bundle_that_is_there_keeps_its_dates(copy: Path) -> None:
    bundle = load_bundle(copy)
    issued = bundle.certificate.issued_at + timedelta(days=9)
    assert write_bundle(reissued(bundle, issued, issued), copy.parent) == copy
    assert load_bundle(copy).certificate == bundle.certificate


def test_writing_it_again_mends_a_damaged_bundle(stored: Path, copy: Path) -> None:
    (copy / "ranker.txt").write_bytes(b"tree")
    assert write_bundle(load_bundle(stored), copy.parent) == copy
    assert verify_bundle(copy) == verify_bundle(stored)


def test_where_nothing_can_be_written_nothing_is_left(
    stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="No space"):
        write_bundle(load_bundle(stored), tmp_path)
    assert list(tmp_path.iterdir()) == []
