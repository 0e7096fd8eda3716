"""Where the errors are: by unit, category, month and cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import h3
import numpy as np
from numpy.typing import NDArray

from training.evaluation import Evaluation

MIN_SUPPORT = 10
_MAX_HEXAGONS = 500
_RESOLUTIONS = (9, 8, 7, 6, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Tickets that share something; `rival` is the unit most often taken for theirs ("" where none was wrong)."""

    name: str
    tickets: int
    wrong: int
    rival: str = ""
    rival_count: int = 0

    @property
    def accuracy(self) -> float:
        """Share right at first."""
        return 1 - self.wrong / self.tickets


def by_unit(evaluation: Evaluation) -> Sequence[Group]:
    """Most errors first: where work on the data or the rules pays most."""
    groups = _grouped(evaluation, evaluation.truth)
    return sorted(groups, key=lambda group: (-group.wrong, -group.tickets, group.name))


def by_category(evaluation: Evaluation) -> Sequence[Group]:
    """Most errors first; empty where no ticket has a category."""
    if not (evaluation.category != "").any():
        return ()
    groups = _grouped(evaluation, evaluation.category)
    return sorted(groups, key=lambda group: (-group.wrong, -group.tickets, group.name))


def by_key(evaluation: Evaluation, keys: NDArray[np.str_]) -> Sequence[Group]:
    """By keys of one's own, one a ticket, most errors first; tickets with an empty one are left out."""
    groups = _grouped(evaluation, keys, skip="")
    return sorted(groups, key=lambda group: (-group.wrong, -group.tickets, group.name))


def by_month(evaluation: Evaluation) -> Sequence[Group]:
    """In order of time, as YYYY-MM."""
    months = np.datetime_as_string(evaluation.received_at.astype("datetime64[M]"))
    return sorted(_grouped(evaluation, months), key=lambda group: group.name)


def by_cell(evaluation: Evaluation) -> Sequence[Group]:
    """Cells coarse enough to be seen on a page; tickets without a place are left out."""
    placed = evaluation.cell[evaluation.cell != ""]
    if not len(placed):
        return ()
    most = min(_MAX_HEXAGONS, 1 + len(placed) // MIN_SUPPORT)
    coarse = _coarsened(np.unique(placed).tolist(), most)
    return _grouped(
        evaluation, np.array([coarse.get(cell, "") for cell in evaluation.cell.tolist()]), skip=""
    )


def worst_cells(evaluation: Evaluation, top: int = 8) -> Sequence[Group]:
    """Cells with at least ten tickets, the highest share of errors first."""
    enough = [group for group in by_cell(evaluation) if group.tickets >= MIN_SUPPORT and group.wrong]
    return sorted(enough, key=lambda group: (group.accuracy, -group.tickets, group.name))[:top]


def _grouped(evaluation: Evaluation, keys: NDArray[np.str_], skip: str | None = None) -> list[Group]:
    tickets, rivals = Counter[str](), dict[str, Counter[str]]()
    for key, predicted, correct in zip(
        keys.tolist(), evaluation.predicted.tolist(), evaluation.correct.tolist(), strict=True
    ):
        if key == skip:
            continue
        tickets[key] += 1
        if not correct:
            rivals.setdefault(key, Counter())[predicted] += 1
    return [_group(key, number, rivals.get(key, Counter())) for key, number in tickets.items()]


def _group(name: str, tickets: int, rivals: Counter[str]) -> Group:
    rival, times = min(rivals.items(), key=lambda item: (-item[1], item[0])) if rivals else ("", 0)
    return Group(name=name, tickets=tickets, wrong=rivals.total(), rival=rival, rival_count=times)


def _coarsened(cells: Sequence[str], most: int) -> dict[str, str]:
    """Each cell's parent at the finest resolution that leaves at most `most` hexagons, or at the coarsest one."""
    parents: dict[str, str] = {}
    for resolution in _RESOLUTIONS:
        parents = {cell: h3.cell_to_parent(cell, min(resolution, h3.get_resolution(cell))) for cell in cells}
        if len(set(parents.values())) <= most:
            break
    return parents
