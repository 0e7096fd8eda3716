"""Every estimator behind one face, so that one suite of checks can be asked of all."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from domain.decisions import RankedCandidate
from domain.dispatches import Dispatch
from domain.places import Address, Point, Precision
from features.addresses.parse import parse_address
from features.gazetteer import Gazetteer
from models.address_matcher import EXACT, NONE, PARTIAL, AddressMatcher, MatcherSettings
from models.address_tagger import AddressTagger, Labelled
from models.blocks import mixed_blocks
from models.bundle import digest_of
from models.families import Families
from models.place import PlaceModel
from models.place_areas import AreaRanker, Candidates
from models.place_belief import PlaceBelief, believe
from models.place_spots import Spot
from models.softmax import Softmax, SoftmaxSettings
from models.text import TextModels, fit_words
from router.route import route
from router.world import World
from tests.estimators import QUICK, START, easy_log, facts_of, place
from training.fitting import Fitted, Surroundings, fit, known_units

Row = Any
Model = Any
Floats = NDArray[np.float64]
OFTEN = SoftmaxSettings(epochs=2)


def as_they_are(rows: Sequence[Row]) -> Sequence[Row]:
    """For estimators whose rows have nothing that could come in another order."""
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimator:
    """How to fit it on rows with a seed, what of it is stored, and what it answers to a row (all finite numbers).

    `unheard`: rows of categories, words or places that it was not fitted on. `without`: rows from which one column is
    taken away. `reordered`: the same rows with their columns in another order. `answers`: chances lie in [0, 1].
    """

    name: str
    rows: Sequence[Row]
    fit: Callable[[Sequence[Row], int], Model]
    stored: Callable[[Model], bytes]
    ask: Callable[[Model, Row], Floats]
    unheard: Sequence[Row]
    without: Mapping[str, Callable[[Row], Row]] = field(default_factory=dict)
    reordered: Callable[[Sequence[Row]], Sequence[Row]] = as_they_are
    answers: Literal["chances", "numbers"] = "chances"
    seeded: bool = True

    def __str__(self) -> str:
        return self.name


def estimators() -> list[Estimator]:
    """All of them."""
    return [*_of_tickets(), _matcher(), _tagger(), _places(), _areas(), _belief()]


# --- of tickets


@dataclass(frozen=True, slots=True, kw_only=True)
class _Routing:
    """A fitted bundle in a world that knows every outcome it was fitted on."""

    fitted: Fitted
    world: World

    @classmethod
    def fit(cls, rows: Sequence[Dispatch], seed: int) -> _Routing:
        settings = replace(
            QUICK, ranker=replace(QUICK.ranker, seed=seed), text=replace(QUICK.text, seed=seed)
        )
        fitted = fit(rows, "ab" * 32, Surroundings(), settings, issued_at=START)
        history = known_units(fitted.bundle.schema, Surroundings(), fitted.bundle.text)
        for row in rows:
            history.fold(fitted.learnt[row.sequence], row.unit_id, row.sequence)
        return cls(fitted=fitted, world=World(history=history, bundle=fitted.bundle))

    def candidates(self, row: Dispatch) -> tuple[RankedCandidate, ...]:
        return route(row.ticket, self.world).ranking.candidates

    def scores(self, row: Dispatch) -> Floats:
        return np.array([one.score for one in self.candidates(row)])

    def probabilities(self, row: Dispatch) -> Floats:
        return np.array([one.probability for one in self.candidates(row)], float)


def _unheard() -> list[Dispatch]:
    first = easy_log(1)[0]
    changes: list[dict[str, Any]] = [
        {"category": "meteor"},
        {"text": "Метеорит упал\nна крышу 隕石が落ちた"},
        {"attributes": {"side": "west", "colour": "blue"}},
        {"point": Point(latitude=-33.9, longitude=18.4)},
        {"text": "", "category": None, "attributes": {}, "point": None},
    ]
    return [replace(first, ticket=replace(first.ticket, **change)) for change in changes]


def _lacking(**fields: Any) -> Callable[[Dispatch], Dispatch]:
    return lambda row: replace(row, ticket=replace(row.ticket, **fields))


def _widened(row: Dispatch) -> Dispatch:
    """With two attributes, and twice as many units: enough for several families."""
    shift = "early" if row.sequence % 2 else "late"
    attributes = {**row.ticket.attributes, "shift": shift}
    ticket = replace(row.ticket, attributes=attributes)
    return replace(row, ticket=ticket, unit_id=f"{row.unit_id}-{shift}")


def _attributes_turned(rows: Sequence[Dispatch]) -> list[Dispatch]:
    return [
        replace(row, ticket=replace(row.ticket, attributes=dict(list(row.ticket.attributes.items())[::-1])))
        for row in rows
    ]


def _arrays(model: Softmax | Families) -> bytes:
    return b"".join(name.encode() + array.tobytes() for name, array in sorted(model.arrays().items()))


def _of_tickets() -> list[Estimator]:
    common: dict[str, Any] = {
        "rows": [_widened(row) for row in easy_log(300, errors=0.1)],
        "unheard": _unheard(),
        "without": {
            "text": _lacking(text=""),
            "category": _lacking(category=None),
            "point": _lacking(point=None),
            "attributes": _lacking(attributes={}),
        },
        "reordered": _attributes_turned,
    }

    def taught(rows: Sequence[Dispatch]) -> tuple[list[Any], list[str]]:
        return [facts_of(row.ticket) for row in rows], [row.unit_id for row in rows]

    def softmax(rows: Sequence[Dispatch], seed: int) -> Softmax:
        known, units = taught(rows)
        return Softmax.fit([mixed_blocks(one) for one in known], units, replace(OFTEN, seed=seed))

    def families(rows: Sequence[Dispatch], seed: int) -> Families:
        known, units = taught(rows)
        own = replace(OFTEN, seed=seed)
        return Families.fit(known, units, fit_words(known, units, own), own)

    def text(rows: Sequence[Dispatch], seed: int) -> TextModels:
        return TextModels.fit(*taught(rows), replace(OFTEN, seed=seed))

    def said(models: TextModels, row: Dispatch) -> Floats:
        answers = models.answer(facts_of(row.ticket))
        return np.concatenate([answers.mixed, answers.words, answers.family])

    return [
        Estimator(
            name="ranker",
            fit=_Routing.fit,
            stored=lambda model: model.fitted.bundle.ranker.text.encode(),
            ask=_Routing.scores,
            answers="numbers",
            **common,
        ),
        Estimator(
            name="calibrator",
            fit=_Routing.fit,
            stored=lambda model: repr(model.fitted.bundle.calibrator).encode(),
            ask=_Routing.probabilities,
            **common,
        ),
        Estimator(
            name="bundle",
            fit=_Routing.fit,
            stored=lambda model: digest_of(model.fitted.bundle).encode(),
            ask=_Routing.probabilities,
            **common,
        ),
        Estimator(
            name="softmax",
            fit=softmax,
            stored=_arrays,
            ask=lambda model, row: model.predict(mixed_blocks(facts_of(row.ticket))),
            **common,
        ),
        Estimator(
            name="families",
            fit=families,
            stored=_arrays,
            ask=lambda model, row: model.predict(facts_of(row.ticket)),
            **common,
        ),
        Estimator(
            name="text models",
            fit=text,
            stored=lambda model: _arrays(model.mixed) + _arrays(model.words) + _arrays(model.families),
            ask=said,
            **common,
        ),
    ]


# --- of addresses

_ROADS = ("海丰路", "滨康路", "文汇街", "宏远路", "天童北路", "将军路")
_ESTATES = ("翡翠花园", "万里小区", "春江苑", "先科大院")


def _matcher() -> Estimator:
    rows = []
    for i, road in enumerate(_ROADS):
        for estate in _ESTATES:
            other = _ROADS[(i + 1) % len(_ROADS)]
            found = {f"{road}17号{estate}": EXACT, f"{road}19号": PARTIAL, f"{other}66号永辉超市": NONE}
            rows.append((f"宁波市{road}17号{estate}", found))

    def fitted(rows: Sequence[Row], seed: int) -> AddressMatcher:
        pairs = [(query, one) for query, found in rows for one in sorted(found)]
        labels = [found[one] for query, found in rows for one in sorted(found)]
        settings = MatcherSettings(trees=15, minimum_rows=5, folds=2, seed=seed)
        return AddressMatcher.fit(pairs, labels, settings)

    def ask(model: AddressMatcher, row: Row) -> Floats:
        query, found = row
        scores = dict(zip(found, model.score(query, list(found)), strict=True))
        return np.concatenate([scores[one] for one in sorted(found)])

    return Estimator(
        name="address matcher",
        rows=rows,
        fit=fitted,
        stored=lambda model: _folder(model.save),
        ask=ask,
        unheard=[("東京都千代田区", {"Main Street 5": NONE, "": NONE}), ("", {"海丰路": NONE})],
        without={
            "city": lambda row: (row[0].removeprefix("宁波市"), row[1]),
            "estate": lambda row: (row[0].partition("号")[0] + "号", row[1]),
        },
        reordered=lambda rows: [(query, dict(reversed(found.items()))) for query, found in rows],
    )


def _tagger() -> Estimator:
    def labelled(*parts: tuple[str, str]) -> Labelled:
        text, spans = "", []
        for part, words in parts:
            spans.append((part, len(text), len(text) + len(words)))
            text += words
        return text, spans

    def without(part: str) -> Callable[[Labelled], Labelled]:
        return lambda row: labelled(*((p, row[0][a:b]) for p, a, b in row[1] if p != part))

    def ask(model: AddressTagger, row: Labelled) -> Floats:
        return np.array([(a, b) for _, a, b in model.parse(row[0])], float).ravel()

    return Estimator(
        name="address tagger",
        rows=[
            labelled(("city", city), ("road", road), ("roadno", f"{n + 7}号"), ("poi", estate))
            for city in ("宁波市", "杭州市")
            for n, road in enumerate(_ROADS)
            for estate in _ESTATES
        ],
        fit=lambda rows, _seed: AddressTagger.fit(rows, iterations=20),
        stored=lambda model: _folder(model.save),
        ask=ask,
        unheard=[("", []), ("Main Street 5", []), ("東京都千代田区１−１", []), ("\u0000", [])],
        without={part: without(part) for part in ("city", "road", "roadno", "poi")},
        reordered=lambda rows: [(text, spans[::-1]) for text, spans in rows],
        answers="numbers",
        seeded=False,
    )


def _folder(save: Callable[[Path], None]) -> bytes:
    with tempfile.TemporaryDirectory() as home:
        save(Path(home))
        return b"".join(path.read_bytes() for path in sorted(Path(home).iterdir()))


# --- of places


def _book() -> list[Address]:
    random = np.random.default_rng(2)
    found = []
    for i in range(30):
        name = f"{'安平和兴康泰'[i % 6]}{'宁华庆丰祥'[i // 6]}路"
        north, east = random.uniform(0, 15_000, 2)
        for n in sorted(random.choice(600, 9, replace=False) + 1):
            point = place(north + random.normal(0, 40), east + 2.0 * n)
            found.append(
                Address(address=f"{name}{n}弄", point=point, district=f"{i % 3}区", name=f"{name[:2]}{n}苑")
            )
    return found


def _places() -> Estimator:
    def fitted(rows: Sequence[Address], _seed: int) -> tuple[Gazetteer, PlaceModel]:
        gazetteer = Gazetteer(addresses=rows)
        return gazetteer, PlaceModel.fit(gazetteer)

    def ask(model: tuple[Gazetteer, PlaceModel], row: Address) -> Floats:
        found = model[1].places(parse_address(row.address), model[0])
        return np.array([one.probability for one in found])

    return Estimator(
        name="place model",
        rows=_book(),
        fit=fitted,
        stored=lambda model: model[1].to_json().encode(),
        ask=ask,
        unheard=[Address(address=text) for text in ("无人路5号", "Main Street 5", "東京都", "5")],
        without={
            "district": lambda row: replace(row, district=None),
            "name": lambda row: replace(row, name=None),
            "point": lambda row: replace(row, point=None),
        },
        seeded=False,
    )


def _areas() -> Estimator:
    random = np.random.default_rng(4)

    def query() -> tuple[Candidates, int]:
        rows = random.normal(size=(4, 6))
        return Candidates(areas=np.arange(4), rows=rows), int(rows[:, 0].argmax())

    def turned(row: tuple[Candidates, int]) -> tuple[Candidates, int]:
        return Candidates(areas=row[0].areas[::-1], rows=row[0].rows[::-1]), row[1]

    def ask(ranker: AreaRanker, row: tuple[Candidates, int]) -> Floats:
        return ranker.predict(row[0])[np.argsort(row[0].areas)]

    def lacking(row: tuple[Candidates, int]) -> tuple[Candidates, int]:
        rows = row[0].rows.copy()
        rows[:, 1] = np.nan
        return Candidates(areas=row[0].areas, rows=rows), row[1]

    def fitted(rows: Sequence[tuple[Candidates, int]], _seed: int) -> AreaRanker:
        return AreaRanker.fit([one for one, _ in rows], np.array([truth for _, truth in rows]))[0]

    return Estimator(
        name="area ranker",
        rows=[query() for _ in range(60)],
        fit=fitted,
        stored=lambda ranker: ranker._booster.model_to_string().encode(),
        ask=ask,
        unheard=[(Candidates(areas=np.array([7, 9]), rows=np.full((2, 6), 1e9)), 7)],
        without={"a source": lacking},
        reordered=lambda rows: [turned(row) for row in rows],
        seeded=False,
    )


def _belief() -> Estimator:
    random = np.random.default_rng(5)

    def query() -> tuple[list[Spot], Point]:
        spots = [_spot(random) for _ in range(3)]
        return spots, place(0)

    def fitted(rows: Sequence[tuple[list[Spot], Point]], _seed: int) -> PlaceBelief:
        guesses = [believe(spots) for spots, _ in rows]
        errors = [[float(np.hypot(g.x, g.y)) for g in found] for found in guesses]
        return PlaceBelief.fit(guesses, errors)[0]

    def ask(belief: PlaceBelief, row: tuple[list[Spot], Point]) -> Floats:
        return np.array([probability for _, probability, _ in belief.weigh(believe(row[0]))])

    return Estimator(
        name="place belief",
        rows=[query() for _ in range(200)],
        fit=fitted,
        stored=lambda belief: json.dumps(belief.to_dict()).encode(),
        ask=ask,
        unheard=[([], place(0)), ([replace(_spot(random), scale_m=1e7, gap_m=1e9, count=10**6)], place(0))],
        without={"witnesses but the first": lambda row: (row[0][:1], row[1])},
        reordered=lambda rows: [(spots[::-1], point) for spots, point in rows],
        seeded=False,
    )


def _spot(random: np.random.Generator) -> Spot:
    wide = float(random.uniform(50, 3_000))
    x, y = random.normal(0, wide, 2).tolist()
    precision = Precision.NEAREST if wide > 500 else Precision.INTERPOLATED
    return Spot(x=x, y=y, scale_m=wide, precision=precision, witness=int(random.integers(4)))
