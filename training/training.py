"""Training on what a store holds: fit, measure, write the bundle."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.dispatches import Dispatch, parted
from domain.units import Roster, known_then
from features.territories import Territories
from models.bundle import Bundle, issue_of, load_bundle, write_bundle
from router.checkup import SHOWN, Check, check_age, check_labelled, warning
from router.derived import Derived, DerivedAnew
from router.ports import ReadSession, Store
from router.uncollected import uncollected
from store.codec import encode
from training.evaluation import ERROR_TARGETS, Evaluation
from training.fitting import Fitted, Report, Settings, Surroundings, fit, silent
from training.measuring import measured_of
from training.results import TrainingResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a training reads from a store.

    `taken_back`: what stands no longer, each with its retraction; nothing is learnt of it.
    """

    dispatches: Sequence[Dispatch]
    taken_back: Sequence[tuple[Dispatch, Dispatch]]
    surroundings: Surroundings
    digest: str


def read_material(session: ReadSession, derived: Derived | None = None) -> Material:
    """The dispatch log with accounts, addresses, ground, units and rules; `digest` is over all of it."""
    dispatches, taken_back = parted(session.dispatches())
    accounts, addresses = list(session.accounts()), list(session.addresses())
    territories, units, rules = session.territories(), session.units(), session.rules()
    return Material(
        dispatches=dispatches,
        taken_back=taken_back,
        surroundings=Surroundings(
            atlas=(derived or DerivedAnew()).atlas(session, max((d.sequence for d in dispatches), default=0)),
            territories=Territories(territories),
            units={unit.unit_id: unit for unit in units},
            rules=rules,
        ),
        digest=_digest(dispatches, accounts, addresses, territories, units, rules),
    )


def _digest(*parts: Sequence[Any]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        for one in part:
            digest.update(encode(one).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def train(
    store: Store,
    bundles: Path,
    settings: Settings,
    *,
    now: datetime,
    report: Report = silent,
    derived: Derived | None = None,
) -> TrainingResult:
    """Fit on the store's history and keep the bundle as `bundles/<digest>`."""
    with uncollected():
        with store.read() as session:
            material, labelled = read_material(session, derived), session.labelled()
        fitted = fit(
            material.dispatches,
            material.digest,
            material.surroundings,
            settings,
            issued_at=now,
            report=report,
        )
    if derived:
        derived.remember(material.surroundings.atlas, fitted.bundle.schema, fitted.learnt)
    path = write_bundle(fitted.bundle, bundles, measured_of(fitted.evaluation))
    bundle = load_bundle(path)
    return TrainingResult(
        bundle_path=str(path.resolve()),
        bundle_digest=bundle.digest,
        guarantee=bundle.guarantee,
        missing=fitted.missing,
        parameters=_parameters(settings, fitted),
        metrics=_metrics(fitted.evaluation) | {"certificate_coverage": bundle.certificate.coverage},
        data_digest=material.digest,
        evaluation=fitted.evaluation,
        importance=fitted.importance,
        seconds=fitted.seconds,
        issue=bundle.issue,
        issued_now=bundle.issue == issue_of(fitted.bundle),
        doubts=_doubts(
            check_labelled(labelled),
            _check_units(material),
            _check_age(material, bundle),
            _check_issue(bundle, fitted),
        ),
    )


def _doubts(*checks: Check | None) -> tuple[str, ...]:
    return tuple(f"{one.told}. {one.mend}" for one in checks if one is not None)


def _check_units(material: Material) -> Check | None:
    """Whether each past dispatch names a unit of its time; None where all do."""
    units = Roster.of(material.surroundings.units)
    lost = Counter(
        one.unit_id
        for one in material.dispatches
        if known_then(one.unit_id, units, one.ticket.received_at) is None
    )
    if not lost:
        return None
    named = ", ".join(f"{unit_id} {count:,}" for unit_id, count in lost.most_common(SHOWN))
    more = ", …" if len(lost) > SHOWN else ""
    told = (
        f"{lost.total():,} past dispatches count as wrong, for their unit was not open when the ticket came"
    )
    mend = "Give the units' validity as it was, or name the successor where it is one alone"
    return warning("history", f"{told}: {named}{more}", mend)


def _check_age(material: Material, bundle: Bundle) -> Check | None:
    if not bundle.guarantee.certified:
        return None
    newest = max((one.known_at for one in material.dispatches), default=None)
    return check_age(newest, bundle.certificate.issued_at)


def _check_issue(bundle: Bundle, fitted: Fitted) -> Check | None:
    """Whether the certificate is of this training; None where it is, or nothing is certified."""
    if not bundle.guarantee.certified or bundle.issue == issue_of(fitted.bundle):
        return None
    told = f"nothing is new since the training of {bundle.certificate.issued_at:%Y-%m-%d}: its certificate stands"
    until = f"until {bundle.certificate.expires_at:%Y-%m-%d}"
    return warning(
        "certificate", f"{told}, {until}", "Import the tickets that were closed since, and train again"
    )


def _parameters(settings: Settings, fitted: Fitted) -> dict[str, Any]:
    flat = {f"ranker.{name}": value for name, value in asdict(settings.ranker).items()}
    flat |= {f"text.{name}": value for name, value in asdict(settings.text).items()}
    flat |= {f"watch.{name}": value for name, value in asdict(settings.watch).items()}
    nested = ("ranker", "text", "watch")
    own = {name: value for name, value in asdict(settings).items() if name not in nested}
    schema = fitted.bundle.schema
    return {
        **own,
        **flat,
        "schema.attributes": ",".join(schema.attributes),
        "schema.district": schema.district,
    }


def _metrics(evaluation: Evaluation | None) -> dict[str, float]:
    if evaluation is None or not len(evaluation):
        return {}
    return {
        "held_back_tickets": float(len(evaluation)),
        "accuracy": evaluation.accuracy,
        "top3": evaluation.top3,
        "macro_f1": evaluation.macro_f1,
        "candidate_recall": evaluation.recall,
        "calibration_error": evaluation.calibration_error,
        **{f"coverage_at_error_{e}": evaluation.coverage_at_error(e) for e in ERROR_TARGETS},
    }
