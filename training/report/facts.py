"""What a backtest says in words and in a few rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import methodcaller

from training.evaluation import COVERAGES, ERROR_TARGETS, Evaluation
from training.report.wording import count, of_hundred, percent, plain_percent
from training.results import BacktestResult

BASELINE_NAMES = {
    "majority": "always the largest unit",
    "category": "the category's usual unit",
    "category_cell": "the category's usual unit in the cell",
    "signalen": "Signalen's recipe (text only)",
    "linear_text_place": "linear model of text and place",
}

_MEASURES: Mapping[str, Callable[[Evaluation], float]] = {
    "Right at first": lambda e: e.accuracy,
    "Among the first three": lambda e: e.top3,
    "Among the candidates at all": lambda e: e.recall,
    "Macro F1 over units": lambda e: e.macro_f1,
    "Expected calibration error": lambda e: e.calibration_error,
    **{f"Automatic at {plain_percent(t)} error": methodcaller("coverage_at_error", t) for t in ERROR_TARGETS},
    **{
        f"Right among the surest {plain_percent(s)}": methodcaller("precision_at_coverage", s)
        for s in COVERAGES
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateWords:
    """The certificate in one sentence, and what it came to."""

    issued: bool
    promise: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number and what it is."""

    value: str
    name: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """One measure with labels at once and with labels late (None: not measured)."""

    name: str
    value: float
    delayed: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRow:
    """One way of routing and its accuracy (None: it does not apply or was not run)."""

    name: str
    accuracy: float | None
    ours: bool = False


def headline(result: BacktestResult) -> str:
    """The answer in one plain sentence: what the certificate lets go, never what hindsight would have."""
    if not len(result.evaluation):
        return "There was no ticket to test on"
    error = plain_percent(result.outcome.certificate.alpha)
    if result.outcome.certificate.threshold is None:
        right = of_hundred(result.evaluation.accuracy)
        return f"People decide every ticket; of 100 tickets, the first suggestion is right for {right}"
    automatic = of_hundred(result.outcome.coverage)
    return (
        f"Of 100 tickets, {automatic} can be dispatched automatically with at most {error} of those misrouted"
    )


def certificate_words(result: BacktestResult) -> CertificateWords:
    """What was promised before the test part was seen, and what became of it; plainly so where nothing was promised."""
    certificate = result.outcome.certificate
    level, error = plain_percent(certificate.confidence), plain_percent(certificate.alpha)
    if certificate.threshold is None:
        return CertificateWords(
            issued=False,
            promise=f"Nothing could be certified at {error} error with {level} confidence.",
            outcome=_what_is_missing(result),
        )
    return CertificateWords(
        issued=True,
        promise=f"Certified: with {level} confidence, at most {error} of the automatic dispatches are misrouted.",
        outcome=(
            f"{_threshold(result)} are dispatched: of "
            f"{count(certificate.rows)} such tickets in the latest part of training, "
            f"{count(certificate.errors)} were wrong. "
            f"On the test part it let {percent(result.outcome.coverage)} of the tickets through; "
            f"{_realised(result)}"
        ),
    )


def tiles(result: BacktestResult) -> Sequence[Tile]:
    """The numbers to look at first."""
    evaluation = result.evaluation
    if not len(evaluation):
        return ()
    beaten = [b for b in result.baselines.values() if b is not None]
    note = f"best baseline {percent(max(beaten))}" if beaten else "no baseline was run"
    alpha = plain_percent(result.outcome.certificate.alpha)
    automatic = evaluation.coverage_at_error(result.outcome.certificate.alpha)
    return (
        Tile(value=percent(evaluation.accuracy), name="right at first", note=note),
        Tile(value=percent(evaluation.top3), name="among the first three", note="what a reviewer is shown"),
        Tile(
            value=percent(automatic),
            name=f"automatic at {alpha} error",
            note="found in hindsight, on the test part",
        ),
        Tile(
            value=percent(result.outcome.coverage),
            name="automatic under the certificate",
            note="promised beforehand",
        ),
        Tile(
            value=percent(evaluation.calibration_error),
            name="calibration error",
            note="stated against observed",
        ),
        Tile(
            value=_noise(result), name="of the record wrong", note="estimated; no method can be right there"
        ),
    )


def _noise(result: BacktestResult) -> str:
    low, high = result.noise.low, result.noise.high
    return "–" if low is None or high is None else f"{100 * low:.1f} to {percent(high)}"


def figure_rows(result: BacktestResult) -> Sequence[FigureRow]:
    """The published measures, each beside the replay with late labels."""
    if not len(result.evaluation):
        return ()
    late = result.delayed.evaluation if result.delayed else None
    return [
        FigureRow(name=name, value=measure(result.evaluation), delayed=measure(late) if late else None)
        for name, measure in _MEASURES.items()
    ]


def baseline_rows(result: BacktestResult) -> Sequence[BaselineRow]:
    """Every baseline and gridroute, worst first; those without a figure come before."""
    if not len(result.evaluation):
        return ()
    rows = [
        BaselineRow(name=BASELINE_NAMES.get(name, name), accuracy=a) for name, a in result.baselines.items()
    ]
    rows.append(BaselineRow(name="gridroute", accuracy=result.evaluation.accuracy, ours=True))
    return sorted(rows, key=lambda row: -1.0 if row.accuracy is None else row.accuracy)


def importance_shares(result: BacktestResult, top: int = 15) -> Sequence[tuple[str, float]]:
    """The features that matter most, each with its share of the whole."""
    total = sum(result.importance.values())
    ranked = sorted(result.importance.items(), key=lambda item: (-item[1], item[0]))
    return [(name, weight / total) for name, weight in ranked[:top] if total > 0]


def _threshold(result: BacktestResult) -> str:
    if result.outcome.groups > 1:
        return f"Tickets at or above the threshold of their group (there are {result.outcome.groups})"
    return f"Tickets with a confidence of {result.outcome.certificate.threshold:.4g} or more"


def _realised(result: BacktestResult) -> str:
    error, alpha = result.outcome.realised_error, result.outcome.certificate.alpha
    if error is None:
        return "there is no error to tell of."
    told = f"{percent(error, 2)} of those were misrouted"
    return (
        f"{told}, more than promised: by chance, or because the world moved on."
        if error > alpha
        else f"{told}."
    )


def _what_is_missing(result: BacktestResult) -> str:
    certificate = result.outcome.certificate
    had = f"The certificate's slice held {count(certificate.calibration_rows)} confirmed tickets"
    if certificate.needed_rows is None:
        return f"{had}; even among the surest of them more were wrong than that, which more tickets will not mend."
    return f"{had}; about {count(certificate.needed_rows)} more are needed at the present share of errors."
