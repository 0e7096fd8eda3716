"""A trained model as a directory of plain files with digests: LightGBM text, JSON and npz. No pickle anywhere.

    <digest>/
        manifest.json     format, digest, SHA-256 of each file below
        schema.json       history keys; feature fingerprint
        ranker.txt        LightGBM text
        text.npz          softmax on words, kind and place
        words.npz         softmax on words alone
        calibrator.json
        certificate.json  what was certified on which data
        issue.json        when the certificate was issued and expires: not part of the digest

The digest is over the files' digests: training twice with one seed gives one digest.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from domain.decisions import Certificate
from domain.errors import BundleDamaged, BundleIncompatible, NotFound
from features.schema import HistorySchema
from features.table import feature_names, fingerprint
from models.calibration import Calibrator
from models.ranker import Ranker
from models.softmax import Softmax
from models.text import TextModels

FORMAT = 1
ISSUE = "issue.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Everything a ranking needs. `digest` is "" until it is stored."""

    schema: HistorySchema
    ranker: Ranker
    text: TextModels
    calibrator: Calibrator
    certificate: Certificate
    digest: str = ""


def write_bundle(bundle: Bundle, parent: Path) -> Path:
    """Store as `parent/<digest>`, at once or not at all; an equal bundle that is there already is kept."""
    files = _files(bundle)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    digest = _digest_of(digests)
    target = parent / digest
    if target.exists():
        verify_bundle(target)
        return target
    parent.mkdir(parents=True, exist_ok=True)
    manifest = {"format": FORMAT, "digest": digest, "files": digests}
    certificate = bundle.certificate
    issue = {"issued_at": certificate.issued_at.isoformat(), "expires_at": certificate.expires_at.isoformat()}
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=parent))
    try:
        for name, content in {**files, "manifest.json": _json(manifest), ISSUE: _json(issue)}.items():
            (draft / name).write_bytes(content)
        draft.chmod(0o755)
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return target


def digest_of(bundle: Bundle) -> str:
    """The digest that the bundle has, or will have, on disk."""
    return _digest_of({name: hashlib.sha256(content).hexdigest() for name, content in _files(bundle).items()})


def load_bundle(path: Path) -> Bundle:
    """Read a stored bundle; raises NotFound, BundleDamaged or BundleIncompatible."""
    manifest = verify_bundle(path)
    schema_file = json.loads((path / "schema.json").read_bytes())
    schema = HistorySchema(
        **{**schema_file["schema"], "attributes": tuple(schema_file["schema"]["attributes"])}
    )
    if schema_file["fingerprint"] != fingerprint(schema):
        raise BundleIncompatible(
            path=str(path), problem="made with other features; train again with this version"
        )
    calibrator = json.loads((path / "calibrator.json").read_bytes())
    return Bundle(
        schema=schema,
        ranker=Ranker((path / "ranker.txt").read_text()),
        text=TextModels(mixed=_softmax(path / "text.npz"), words=_softmax(path / "words.npz")),
        calibrator=Calibrator(intercept=calibrator["intercept"], weights=tuple(calibrator["weights"])),
        certificate=_certificate(path),
        digest=manifest["digest"],
    )


def verify_bundle(path: Path) -> dict[str, Any]:
    """Check every digest; answers the manifest. Raises NotFound, BundleDamaged or BundleIncompatible."""
    if not path.is_dir():
        raise NotFound(kind="model bundle", key=str(path))
    try:
        manifest: dict[str, Any] = json.loads((path / "manifest.json").read_bytes())
        version, digest, files = manifest["format"], manifest["digest"], manifest["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleDamaged(path=str(path), problem=f"its manifest cannot be read ({error})") from error
    if version != FORMAT:
        raise BundleIncompatible(path=str(path), problem=f"format {version}, this version reads {FORMAT}")
    for name, expected in files.items():
        file = path / name
        if not file.is_file():
            raise BundleDamaged(path=str(path), problem=f"{name} is missing")
        if hashlib.sha256(file.read_bytes()).hexdigest() != expected:
            raise BundleDamaged(path=str(path), problem=f"{name} differs from its digest")
    if _digest_of(files) != digest:
        raise BundleDamaged(path=str(path), problem="its manifest differs from its digest")
    return manifest


def _files(bundle: Bundle) -> dict[str, bytes]:
    certificate = {
        k: v for k, v in asdict(bundle.certificate).items() if k not in ("issued_at", "expires_at")
    }
    schema = {
        "schema": asdict(bundle.schema),
        "fingerprint": fingerprint(bundle.schema),
        "features": feature_names(bundle.schema),
    }
    return {
        "schema.json": _json(schema),
        "ranker.txt": bundle.ranker.text.encode(),
        "text.npz": _npz(bundle.text.mixed.arrays()),
        "words.npz": _npz(bundle.text.words.arrays()),
        "calibrator.json": _json(asdict(bundle.calibrator)),
        "certificate.json": _json(certificate),
    }


def _certificate(path: Path) -> Certificate:
    try:
        issue = json.loads((path / ISSUE).read_bytes())
        issued, expires = (datetime.fromisoformat(issue[name]) for name in ("issued_at", "expires_at"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleDamaged(path=str(path), problem=f"{ISSUE} cannot be read ({error})") from error
    certified = json.loads((path / "certificate.json").read_bytes())
    return Certificate(**certified, issued_at=issued, expires_at=expires)


def _softmax(path: Path) -> Softmax:
    with np.load(path, allow_pickle=False) as arrays:
        return Softmax.from_arrays(dict(arrays))


def _npz(arrays: Mapping[str, Any]) -> bytes:
    """An npz with fixed time stamps: numpy's own writer is not reproducible across versions of zipfile."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for name, array in sorted(arrays.items()):
            content = io.BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), content.getvalue())
    return buffer.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).encode()


def _digest_of(digests: Mapping[str, str]) -> str:
    lines = "\n".join(f"{digest}  {name}" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def reissued(bundle: Bundle, issued_at: datetime, expires_at: datetime) -> Bundle:
    """The same bundle with its certificate's dates set."""
    return replace(
        bundle, certificate=replace(bundle.certificate, issued_at=issued_at, expires_at=expires_at)
    )
