"""A trained model as a directory of plain files with digests: LightGBM text, JSON and npz. No pickle anywhere.

    <digest>/
        manifest.json     format, digest, SHA-256 of each file below
        schema.json       history keys; feature fingerprint; how far the history was read
        ranker.txt        LightGBM text
        text.npz          softmax on words, kind and place
        words.npz         softmax on words alone
        families.npz      families of units, softmax on words and kind
        calibrator.json
        certificate.json  what was certified on which data
        issue.json        when the certificate was issued and expires
        evaluation.json   how it did on tickets kept from its learning (models.measured); not in every bundle
        manifest.sig      signature of the manifest, where there is a key (models.signing)

The digest is over the files' digests, without issue.json: training twice with one seed gives one digest. The store's
record of the bundle has that file's digest, so that nobody prolongs a certificate by its files. Without evaluation.json
too: what was measured is not what serves.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from domain.decisions import Certificate
from domain.errors import BundleDamaged, BundleIncompatible, NotFound
from features.schema import HistorySchema
from features.table import feature_names, fingerprint
from models.calibration import Calibrator
from models.families import Families
from models.guarantee import Guarantee
from models.measured import Measured
from models.ranker import Ranker
from models.signing import objection, signature_of
from models.softmax import Softmax
from models.text import TextModels

FORMAT = 6
FILES = (
    "schema.json",
    "ranker.txt",
    "text.npz",
    "words.npz",
    "families.npz",
    "calibrator.json",
    "certificate.json",
)
ISSUE = "issue.json"
EVALUATION = "evaluation.json"
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Everything a ranking needs. `digest` is "" until it is stored, as is `issue`, the SHA-256 of issue.json.

    `history_sequence`: of the last dispatch it learnt from; known places are taken from the log up to there.
    """

    schema: HistorySchema
    ranker: Ranker
    text: TextModels
    calibrator: Calibrator
    guarantee: Guarantee
    history_sequence: int = 0
    digest: str = ""
    issue: str = field(default="", compare=False)

    @property
    def certificate(self) -> Certificate:
        """The guarantee as one statement over all groups."""
        return self.guarantee.whole


def write_bundle(bundle: Bundle, parent: Path, measured: Measured | None = None) -> Path:
    """Store as `parent/<digest>`, at once or not at all.

    An equal bundle that is there already is kept, with its dates, unless it is damaged or not signed as it has to be:
    then this one takes its place.
    """
    files, issue = _files(bundle), _issue(bundle.certificate)
    digests = {name: _sha256(content) for name, content in files.items()}
    digest = _digest_of(digests)
    target = parent / digest
    if target.exists():
        try:
            verify_bundle(target)
        except (BundleDamaged, BundleIncompatible):
            shutil.rmtree(target)
        else:
            return target
    parent.mkdir(parents=True, exist_ok=True)
    listed = {"format": FORMAT, "digest": digest, "files": digests, "issue": _sha256(issue)}
    evaluation = {}
    if measured is not None:
        evaluation = {EVALUATION: _json(measured.to_dict())}
        listed["evaluation"] = _sha256(evaluation[EVALUATION])
    manifest = _json(listed)
    signature = signature_of(manifest)
    signed = {} if signature is None else {SIGNATURE: signature.encode()}
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=parent))
    try:
        for name, content in {**files, **evaluation, MANIFEST: manifest, ISSUE: issue, **signed}.items():
            (draft / name).write_bytes(content)
        draft.chmod(0o755)
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return target


def digest_of(bundle: Bundle) -> str:
    """The digest that the bundle has, or will have, on disk."""
    return _digest_of({name: _sha256(content) for name, content in _files(bundle).items()})


def issue_of(bundle: Bundle) -> str:
    """The SHA-256 that issue.json has where the bundle is written with its own dates."""
    return _sha256(_issue(bundle.certificate))


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
        ranker=Ranker((path / "ranker.txt").read_text(encoding="utf-8")),
        text=TextModels(
            mixed=Softmax.from_arrays(_arrays(path / "text.npz")),
            words=Softmax.from_arrays(_arrays(path / "words.npz")),
            families=Families.from_arrays(_arrays(path / "families.npz")),
        ),
        calibrator=Calibrator(intercept=calibrator["intercept"], weights=tuple(calibrator["weights"])),
        guarantee=_guarantee(path),
        history_sequence=schema_file["history_sequence"],
        digest=manifest["digest"],
        issue=manifest["issue"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a bundle says of itself: what it promises, and how it did (None: that was not kept with it)."""

    guarantee: Guarantee
    measured: Measured | None


def read_statement(path: Path) -> Statement:
    """The bundle's word of itself, without loading what it ranks by; raises as `verify_bundle` does."""
    manifest, measured = verify_bundle(path), None
    if "evaluation" in manifest:
        measured = Measured.from_dict(json.loads((path / EVALUATION).read_bytes()))
    return Statement(guarantee=_guarantee(path), measured=measured)


def verify_bundle(path: Path) -> dict[str, Any]:
    """Check the signature, where there is a key, and every digest; answers the manifest.

    Raises NotFound, BundleDamaged or BundleIncompatible.
    """
    content = _manifest_bytes(path)
    if (problem := objection(content, _signature(path))) is not None:
        raise BundleDamaged(path=str(path), problem=problem)
    return _verify(path, content)


def sign_bundle(path: Path) -> None:
    """Sign a stored bundle whose every digest holds, with the process's key. Raises as `verify_bundle` does."""
    content = _manifest_bytes(path)
    _verify(path, content)
    signature = signature_of(content)
    if signature is not None:
        draft = path / f".{SIGNATURE}"
        draft.write_text(signature, encoding="ascii")
        draft.replace(path / SIGNATURE)


def _verify(path: Path, content: bytes) -> dict[str, Any]:
    manifest = _manifest(path, content)
    evaluation = {EVALUATION: manifest["evaluation"]} if "evaluation" in manifest else {}
    for name, expected in {**manifest["files"], ISSUE: manifest["issue"], **evaluation}.items():
        try:
            content = (path / name).read_bytes()
        except FileNotFoundError as error:
            raise BundleDamaged(path=str(path), problem=f"{name} is missing") from error
        except OSError as error:
            raise BundleDamaged(path=str(path), problem=f"{name} cannot be read ({error})") from error
        if _sha256(content) != expected:
            raise BundleDamaged(path=str(path), problem=f"{name} differs from its digest")
    if _digest_of(manifest["files"]) != manifest["digest"]:
        raise BundleDamaged(path=str(path), problem="its manifest differs from its digest")
    return manifest


def _manifest_bytes(path: Path) -> bytes:
    if not path.is_dir():
        raise NotFound(kind="model bundle", key=str(path))
    try:
        return (path / MANIFEST).read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> BundleDamaged:
    return BundleDamaged(path=str(path), problem=f"its manifest cannot be read ({error})")


def _signature(path: Path) -> str | None:
    try:
        return (path / SIGNATURE).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _manifest(path: Path, content: bytes) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(content)
        version = manifest["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, error) from error
    if version != FORMAT:
        raise BundleIncompatible(path=str(path), problem=f"format {version}, this version reads {FORMAT}")
    files = manifest.get("files")
    if not isinstance(files, dict) or {*files} != {*FILES} or not {"issue", "digest"} <= {*manifest}:
        raise BundleDamaged(path=str(path), problem="its manifest does not list the files of a bundle")
    return manifest


def _files(bundle: Bundle) -> dict[str, bytes]:
    schema = {
        "schema": asdict(bundle.schema),
        "fingerprint": fingerprint(bundle.schema),
        "features": feature_names(bundle.schema),
        "history_sequence": bundle.history_sequence,
    }
    return {
        "schema.json": _json(schema),
        "ranker.txt": bundle.ranker.text.encode(),
        "text.npz": _npz(bundle.text.mixed.arrays()),
        "words.npz": _npz(bundle.text.words.arrays()),
        "families.npz": _npz(bundle.text.families.arrays()),
        "calibrator.json": _json(asdict(bundle.calibrator)),
        "certificate.json": _json(bundle.guarantee.to_dict()),
    }


def _issue(certificate: Certificate) -> bytes:
    dates = {"issued_at": certificate.issued_at, "expires_at": certificate.expires_at}
    return _json({name: date.isoformat() for name, date in dates.items()})


def _guarantee(path: Path) -> Guarantee:
    dates, certified = (json.loads((path / name).read_bytes()) for name in (ISSUE, "certificate.json"))
    issued_at, expires_at = (datetime.fromisoformat(dates[name]) for name in ("issued_at", "expires_at"))
    return Guarantee.from_dict(certified, issued_at, expires_at)


def _arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


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


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_of(digests: Mapping[str, str]) -> str:
    lines = "\n".join(f"{digest}  {name}" for name, digest in sorted(digests.items()))
    return _sha256(lines.encode())


def reissued(bundle: Bundle, issued_at: datetime, expires_at: datetime) -> Bundle:
    """The same bundle with its certificates' dates set."""
    return replace(bundle, guarantee=bundle.guarantee.issued(issued_at, expires_at))
