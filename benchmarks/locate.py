"""Where is an address, and in which town: accuracy, distance, confidence and radius.

python -m benchmarks.locate --gazetteer estates.csv --queries Q.csv --towns towns.geojson [--json FILE]
python -m benchmarks.locate --gazetteer estates.csv --split SEED … holds a fifth of the gazetteer back as the queries

When a town is said at all is decided on addresses held back from the gazetteer: overall so that OVERALL of the
answers are right; of the addresses of known roads, ANSWERED are. Confidence is a cautious probability of lying within
1 km: see benchmarks/town_confidence.py.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP

import argparse
import csv
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from benchmarks.town_confidence import CONFIDENT, FAR_M, Answer, TownConfidence, operating_point
from benchmarks.towns import Towns
from domain.places import Address, Place, Point
from features.addresses.parse import parse_address
from features.addresses.parts import AddressParts
from features.gazetteer import Gazetteer
from features.place import distance_m
from models.place import PlaceModel, Rehearsed
from models.place_areas import AreaRanker, Candidates
from models.place_support import Support

OVERALL, ANSWERED = 0.93, 0.965
HELD_BACK = 4000
COVERAGES = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9)

Row = dict[str, str]
Floats = NDArray[np.float64]


class Locator:
    """A gazetteer of some rows, what is learnt from it, and the town that each address gets."""

    def __init__(self, rows: Sequence[Row], towns: Towns, progress: Progress) -> None:
        self.towns = towns
        self.gazetteer = Gazetteer(addresses=[_address(row) for row in rows])
        task = progress.add_task("place model", total=1.0)
        self.model, rehearsed = PlaceModel.rehearse(
            self.gazetteer, lambda share: progress.update(task, completed=share), HELD_BACK
        )
        self._roads: dict[str, set[int]] = {}
        for row in range(len(self.gazetteer)):
            for road in parse_address(self.gazetteer.entry(row).address).roads:
                self._roads.setdefault(road.name, set()).add(row)
        points = self.gazetteer.points
        self._evidence = self.model.evidence(
            self.gazetteer, towns.at(points[:, 1], points[:, 0]), len(towns.names)
        )
        self.held_back = self._rehearse([one for one in rehearsed if one.query.likely], progress)

    def answer(self, parts: AddressParts, truth: str, point: Point) -> Answer:
        """The answer to an address, with how it turned out."""
        places = self.model.places(parts, self.gazetteer)
        candidates = self._candidates(parts, places)
        chances = self._ranker.predict(candidates)
        return self._answer(parts, places, candidates, chances, truth, point)

    def _rehearse(self, rehearsed: Sequence[Rehearsed], progress: Progress) -> list[Answer]:
        """The gazetteer's own addresses as queries that neither belief nor ranker has seen; fits the ranker."""
        points = np.array([(q.query.point.longitude, q.query.point.latitude) for q in rehearsed]).reshape(
            -1, 2
        )
        truth = self.towns.at(points[:, 0], points[:, 1])
        known = [(one, int(town)) for one, town in zip(rehearsed, truth, strict=True) if town >= 0]
        candidates = [
            self._candidates(one.query.parts, one.places, one.query.without)
            for one, _ in progress.track(known, description="held back")
        ]
        self._ranker, apart = AreaRanker.fit(candidates, np.array([town for _, town in known]))
        return [
            self._answer(
                one.query.parts,
                one.places,
                those,
                chances,
                self.towns.names[town],
                one.query.point,
                one.query.without,
            )
            for (one, town), those, chances in zip(known, candidates, apart, strict=True)
        ]

    def _candidates(
        self, parts: AddressParts, places: Sequence[Place], without: frozenset[int] = frozenset()
    ) -> Candidates:
        inside = self.towns.shares(places)
        return self._evidence.candidates(parts, self.model.guesses(places), inside, without)

    def _answer(
        self,
        parts: AddressParts,
        places: tuple[Place, ...],
        candidates: Candidates,
        chances: Floats,
        truth: str,
        point: Point,
        without: frozenset[int] = frozenset(),
    ) -> Answer:
        best = np.argsort(-chances, kind="stable").tolist()
        towns = [(self.towns.names[candidates.areas[i]], float(chances[i])) for i in best]
        return Answer(
            towns=towns,
            places=places,
            support=self.model.support(parts, places[0], self.gazetteer, without) if places else Support(),
            road_known=any(self._roads.get(road.name, set()) - without for road in parts.roads),
            town_right=bool(towns) and towns[0][0] == truth,
            error_m=distance_m(places[0].point, point) if places else np.inf,
        )


def measure(rows: Sequence[Row], queries: Sequence[Row], towns: Towns, progress: Progress) -> dict[str, Any]:
    """All figures; rows of the gazetteer and queries as the file's columns name them."""
    locator = Locator(rows, towns, progress)
    held = locator.held_back
    judge = TownConfidence.fit(held)
    asked = [row for row in queries if row["town_osm"]]
    parts = [parse_address(row["addr"]) for row in asked]
    seconds = []
    for of in parts:
        started = time.perf_counter()
        locator.model.places(of, locator.gazetteer)
        seconds.append(time.perf_counter() - started)
    answers = [locator.answer(p, row["town_osm"], _point(row)) for p, row in zip(parts, asked, strict=True)]
    known = [answer for answer in answers if answer.road_known]
    unknown = [answer for answer in answers if not answer.road_known]
    overall = _threshold(judge, held, OVERALL)
    return {
        **figures(answers, judge, overall),
        "road_known": figures(known, judge, _answering(judge, [a for a in held if a.road_known], ANSWERED)),
        "road_unknown": figures(unknown, judge, overall),
        "places_ms": round(1000 * float(np.median(seconds)), 3) if seconds else None,
    }


def figures(answers: Sequence[Answer], judge: TownConfidence, threshold: float) -> dict[str, Any]:
    """The figures of some queries; a town is said where P(town right) reaches the threshold."""
    if not answers:
        return {"queries": 0}
    chances, confidence = judge.town_right(answers), judge.confidence(answers)
    right = np.array([answer.town_right for answer in answers])
    placed = np.array([bool(answer.places) for answer in answers])
    error = np.array([answer.error_m for answer in answers])
    said = (chances >= threshold) & (chances > 0)
    sure = confidence >= CONFIDENT
    order = np.argsort(-chances, kind="stable")
    best = {f"{share:g}": _share(right[order][: int(share * len(order))]) for share in COVERAGES}
    inside = [a.error_m <= a.places[0].radius_m for a in answers if a.places]
    return {
        "queries": len(answers),
        "answered": _share(said),
        "town_accuracy_answered": _share(right[said]),
        "town_accuracy_all": _share(right),
        "median_error_m": round(float(np.median(error[placed])), 1) if placed.any() else None,
        "p90_error_m": round(float(np.quantile(error[placed], 0.9)), 1) if placed.any() else None,
        "confident": _share(sure),
        "confident_wrong": _share(sure & (error > FAR_M)),
        "radius_90_contains": _share(np.array(inside)),
        "within_1km": _share(error <= FAR_M),
        "stated_within_1km": round(
            float(np.mean([sum(p.probability for p in a.places[:1]) for a in answers])), 4
        ),
        "town_accuracy_at": best,
        "town_accuracy_at_60": best["0.6"],
    }


def _threshold(judge: TownConfidence, held: Sequence[Answer], target: float) -> float:
    right = np.array([answer.town_right for answer in held])
    return operating_point(judge.town_right(held), right, target)


def _answering(judge: TownConfidence, held: Sequence[Answer], share: float) -> float:
    """The threshold that so many of the held-back addresses reach."""
    return float(np.quantile(judge.town_right(held), 1.0 - share)) if held else 1.0


def _share(flags: NDArray[np.bool_]) -> float | None:
    return round(float(np.mean(flags)), 4) if len(flags) else None


def _point(row: Row) -> Point:
    return Point(latitude=float(row["lat"]), longitude=float(row["lon"]))


def _address(row: Row) -> Address:
    within = f"{row['district']}{row['town']}"
    return Address(address=row["addr"], point=_point(row), district=within or None, name=row["name"] or None)


def _split(rows: Sequence[Row], seed: int) -> tuple[list[Row], list[Row]]:
    """Four fifths and a fifth, at random."""
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    fifth = len(rows) // 5
    return [rows[i] for i in order[fifth:]], [rows[i] for i in order[:fifth]]


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def _print(figures: dict[str, Any]) -> None:
    groups = {"all": figures, "road known": figures["road_known"], "road unknown": figures["road_unknown"]}
    print(f"{'':<26}" + "".join(f"{name:>14}" for name in groups))
    for key, value in figures.items():
        if not isinstance(value, dict) and key != "places_ms":
            print(f"{key:<26}" + "".join(f"{group.get(key, '')!s:>14}" for group in groups.values()))
    curve = ", ".join(f"{share} {value}" for share, value in figures["town_accuracy_at"].items())
    print(f"town accuracy of the most confident share: {curve}")
    print(f"places_ms {figures['places_ms']}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gazetteer", type=Path, required=True)
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--queries", type=Path)
    asked.add_argument("--split", type=int, metavar="SEED")
    parser.add_argument("--towns", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    rows = _read(given.gazetteer)
    rows, queries = _split(rows, given.split) if given.queries is None else (rows, _read(given.queries))
    with Progress(console=Console(file=sys.stderr), transient=True) as progress:
        found = measure(rows, queries, Towns(given.towns), progress)
    _print(found)
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
