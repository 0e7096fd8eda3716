"""How well a matcher tells the same place from a part of it and from another, on labelled candidates.

python -m benchmarks.address_matching --train A.jsonl --test B.jsonl [--json FILE]

A line is {"query": …, "candidate": [{"text": …, "label": 完全匹配 | 部分匹配 | 不匹配} …]}. `top1_exact`: among queries
with a 完全匹配 and one other candidate, the share whose best-scored candidate is a 完全匹配; where several score the
same, their share counts. The order of candidates, which may tell the label, is not used.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.address_matcher import EXACT, NONE, PARTIAL, AddressMatcher, MatcherSettings

LABELS = {"不匹配": NONE, "部分匹配": PARTIAL, "完全匹配": EXACT}


class Listed(NamedTuple):
    """A query with its candidates and their labels."""

    query: str
    candidates: list[str]
    labels: list[int]


def read_lists(path: Path) -> list[Listed]:
    """The lists of a file."""
    lists = []
    with path.open(encoding="utf-8") as lines:
        for line in filter(str.strip, lines):
            row = json.loads(line)
            found = row["candidate"]
            labels = [LABELS[candidate["label"]] for candidate in found]
            lists.append(Listed(row["query"], [candidate["text"] for candidate in found], labels))
    return lists


def fit(lists: Sequence[Listed], settings: MatcherSettings | None = None) -> AddressMatcher:
    """A matcher that has learnt from these lists."""
    pairs = [(listed.query, candidate) for listed in lists for candidate in listed.candidates]
    return AddressMatcher.fit(pairs, [label for listed in lists for label in listed.labels], settings)


def top_exact(labels: Sequence[int], scores: NDArray[np.float64]) -> float | None:
    """Share of EXACT among the best-scored; None where there is none to find, or nothing else to choose."""
    if len(labels) < 2 or EXACT not in labels:
        return None
    best = np.asarray(labels)[scores[:, EXACT] >= scores[:, EXACT].max()]
    return float((best == EXACT).mean())


def macro_f1(labels: Sequence[int], found: Sequence[int]) -> float:
    """The mean F1 of the classes that occur."""
    classes = sorted({*labels, *found})
    return float(np.mean([_f1(labels, found, c) for c in classes]))


def _f1(labels: Sequence[int], found: Sequence[int], c: int) -> float:
    right = sum(a == b == c for a, b in zip(labels, found, strict=True))
    return 2 * right / max(1, sum(a == c for a in labels) + sum(b == c for b in found))


def measure(train: Path, test: Path) -> dict[str, Any]:
    """Fit on one file, compare on the other."""
    started = time.perf_counter()
    matcher = fit(read_lists(train))
    fitted = time.perf_counter()
    lists = read_lists(test)
    scored = [matcher.score(listed.query, listed.candidates) for listed in lists]
    done = time.perf_counter()
    labels = [label for listed in lists for label in listed.labels]
    found = [int(c) for scores in scored for c in matcher.classify(scores)]
    tops = [top_exact(listed.labels, scores) for listed, scores in zip(lists, scored, strict=True)]
    counted = [top for top in tops if top is not None]
    return {
        "top1_exact": round(float(np.mean(counted)), 4) if counted else None,
        "three_class_accuracy": round(float(np.mean(np.equal(labels, found))), 4),
        "three_class_macro_f1": round(macro_f1(labels, found), 4),
        "fit_s": round(fitted - started, 1),
        "ms_per_pair": round((done - fitted) / max(1, len(labels)) * 1000, 3),
    }


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = measure(arguments.train, arguments.test)
    for name, value in figures.items():
        print(f"{name:<24}{value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
