"""Options by which an operator says what errors are allowed, shared by the commands that certify."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.strata import Budget

AlphaOption = Annotated[
    float,
    typer.Option(
        min=0.0001, max=0.5, help="Error budget: the share of automatic dispatches that may be wrong."
    ),
]
ConfidenceOption = Annotated[
    float, typer.Option(min=0.5, max=0.9999, help="Confidence of the certificates, all together.")
]
StrictOption = Annotated[
    list[str] | None,
    typer.Option(
        "--strict",
        metavar="KIND=ALPHA",
        help="A smaller budget for a category or danger, as gas_leak=0.002; may be given again.",
    ),
]
ByUnitOption = Annotated[
    bool, typer.Option("--by-unit", help="Hold each large unit to the budget by itself (costs coverage).")
]
ByPlaceOption = Annotated[
    bool,
    typer.Option(
        "--by-place", help="Hold each way of knowing the place to the budget by itself (costs coverage)."
    ),
]


def budget_of(
    *, alpha: float, confidence: float, strict: Sequence[str] | None, by_place: bool, by_unit: bool
) -> Budget:
    """What the options say. Raises InvalidInput."""
    from domain.errors import InvalidInput
    from models.strata import Budget

    kinds = dict(_strict(one) for one in strict or ())
    try:
        return Budget(alpha=alpha, confidence=confidence, kinds=kinds, by_place=by_place, by_unit=by_unit)
    except ValueError as error:
        raise InvalidInput(field="--strict", problem=str(error), mend="Give it a smaller budget") from error


def _strict(given: str) -> tuple[str, float]:
    from domain.errors import InvalidInput

    kind, _, alpha = given.rpartition("=")
    try:
        if not kind.strip():
            raise ValueError(given)
        return kind.strip(), float(alpha)
    except ValueError as error:
        raise InvalidInput(
            field="--strict",
            problem=f"{given!r} is not KIND=ALPHA",
            mend="For example --strict gas_leak=0.002",
        ) from error
