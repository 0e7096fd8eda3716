"""Bundles that are signed: who has not the key cannot have another one served."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from domain.errors import BundleDamaged, InvalidInput
from models.bundle import SIGNATURE, load_bundle, sign_bundle, verify_bundle
from models.signing import is_signing, signed_with
from tests.bundles import tiny_bundle

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[Path]:
    """A signed bundle, and a process that has the key."""
    with signed_with(KEY):
        yield tiny_bundle(tmp_path)


def test_a_signed_bundle_is_loaded_with_the_key_and_without_any(signed: Path) -> None:
    assert load_bundle(signed).digest == signed.name
    with signed_with(None):
        assert load_bundle(signed).digest == signed.name


def remove(path: Path) -> None:
    (path / SIGNATURE).unlink()


def garble(path: Path) -> None:
    (path / SIGNATURE).write_bytes(b"\xff\xfe")


def forge(path: Path) -> None:
    """Everything fits together, but for the signature: another threshold, and digests made anew."""
    certificate = path / "certificate.json"
    certificate.write_bytes(certificate.read_bytes() + b" ")
    manifest = json.loads((path / "manifest.json").read_bytes())
    manifest["files"]["certificate.json"] = sha256(certificate.read_bytes()).hexdigest()
    lines = "\n".join(f"{digest}  {name}" for name, digest in sorted(manifest["files"].items()))
    manifest["digest"] = sha256(lines.encode()).hexdigest()
    (path / "manifest.json").write_text(json.dumps(manifest))


def sign_with_another(path: Path) -> None:
    with signed_with(OTHER):
        sign_bundle(path)


@pytest.mark.parametrize("tamper", [remove, garble, forge, sign_with_another])
def test_what_is_not_signed_with_the_key_is_refused(signed: Path, tamper: Callable[[Path], None]) -> None:
    tamper(signed)
    for read in (verify_bundle, load_bundle):
        with pytest.raises(BundleDamaged, match="signature"):
            read(signed)
    with signed_with(None):
        load_bundle(signed)  # its digests hold: the signature alone tells


def test_a_bundle_from_before_there_was_a_key_is_signed_or_made_anew(tmp_path: Path) -> None:
    path = tiny_bundle(tmp_path)
    assert not (path / SIGNATURE).exists()
    with signed_with(KEY):
        with pytest.raises(BundleDamaged, match="no signature"):
            load_bundle(path)
        sign_bundle(path)
        load_bundle(path)
        remove(path)
        assert tiny_bundle(tmp_path) == path
        load_bundle(path)


def test_what_is_damaged_is_not_signed(tmp_path: Path) -> None:
    path = tiny_bundle(tmp_path)
    (path / "ranker.txt").write_text("")
    with signed_with(KEY), pytest.raises(BundleDamaged, match=r"ranker\.txt"):
        sign_bundle(path)
    assert not (path / SIGNATURE).exists()


def test_a_short_key_is_refused() -> None:
    with pytest.raises(InvalidInput, match="32 bytes"), signed_with(b"short"):
        pass
    assert not is_signing()
