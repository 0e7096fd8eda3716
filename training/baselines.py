"""What simple and published methods reach on the same split: the figures a ranking has to beat."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import OneHotEncoder

from features.place import RESOLUTIONS
from training.replay import Case

Floats = NDArray[np.float64]

FAST = ("majority", "category", "category_cell", "linear_text_place")
ALL = (*FAST, "signalen")
CELL = RESOLUTIONS.index(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineAnswers:
    """Predicted units and how sure the method is of each; both of shape (test tickets,)."""

    predicted: NDArray[np.str_]
    confidence: Floats


def names(which: str) -> tuple[str, ...]:
    """The baselines of `none`, `fast` (all but the published text-only recipe, which takes minutes) or `all`."""
    return {"none": (), "fast": FAST, "all": ALL}[which]


def run_baseline(
    name: str, train: Sequence[Case], test: Sequence[Case], seed: int = 0
) -> BaselineAnswers | None:
    """Fit on the training part, answer the test part; None where the baseline does not apply."""
    if not train or not test:
        return None
    return _METHODS[name](train, test, seed)


def accuracy(answers: BaselineAnswers, test: Sequence[Case]) -> float:
    """Share answered right."""
    return float(np.mean(answers.predicted == _units(test)))


def _units(cases: Sequence[Case]) -> NDArray[np.str_]:
    return np.array([case.dispatch.unit_id for case in cases], np.str_)


def _majority(train: Sequence[Case], test: Sequence[Case], _: int) -> BaselineAnswers:
    return _by_keys(train, test, [])


def _category(train: Sequence[Case], test: Sequence[Case], _: int) -> BaselineAnswers | None:
    return _by_keys(train, test, [_kind]) if any(_kind(case) for case in train) else None


def _category_cell(train: Sequence[Case], test: Sequence[Case], _: int) -> BaselineAnswers | None:
    if not any(case.facts.cells and case.facts.category for case in train):
        return None
    return _by_keys(train, test, [_kind_and_cell, _kind])


def _kind(case: Case) -> Hashable | None:
    return case.facts.category


def _kind_and_cell(case: Case) -> Hashable | None:
    return (case.facts.category, case.facts.cells[CELL]) if case.facts.cells and case.facts.category else None


def _all(_: Case) -> Hashable | None:
    return "all"


def _by_keys(
    train: Sequence[Case], test: Sequence[Case], keys: Sequence[Callable[[Case], Hashable | None]]
) -> BaselineAnswers:
    """The commonest unit at the first key that is known, else overall; its share is the confidence."""
    tables: list[dict[Hashable, Counter[str]]] = []
    ladder = (*keys, _all)
    for key in ladder:
        table: dict[Hashable, Counter[str]] = defaultdict(Counter)
        for case in train:
            table[key(case)][case.dispatch.unit_id] += 1
        table.pop(None, None)
        tables.append(table)
    predicted, confidence = [], []
    for case in test:
        counts = next(t[k] for t, key in zip(tables, ladder, strict=True) if (k := key(case)) in t)
        unit, hits = min(counts.items(), key=lambda item: (-item[1], item[0]))
        predicted.append(unit)
        confidence.append(hits / (counts.total() + 1.0))
    return BaselineAnswers(predicted=np.array(predicted, np.str_), confidence=np.array(confidence))


def _texts(cases: Sequence[Case]) -> list[str]:
    return [case.dispatch.ticket.text for case in cases]


def _finds_words(vectorizer: CountVectorizer, texts: Sequence[str]) -> bool:
    """Whether it can be fitted at all: scikit-learn refuses an empty vocabulary."""
    analyse = vectorizer.build_analyzer()
    return any(analyse(text) for text in texts)


def _signalen(train: Sequence[Case], test: Sequence[Case], seed: int) -> BaselineAnswers | None:
    """Amsterdam's recipe: word uni- and bigram counts, term frequency, L1 logistic regression, text only."""
    counts = CountVectorizer(ngram_range=(1, 2), max_features=50_000)
    if not _finds_words(counts, _texts(train)) or len(set(_units(train))) < 2:
        return None
    frequency = TfidfTransformer(use_idf=False)
    X = frequency.fit_transform(counts.fit_transform(_texts(train)))
    model = OneVsRestClassifier(
        LogisticRegression(l1_ratio=1.0, solver="liblinear", random_state=seed), n_jobs=2
    ).fit(X, _units(train))
    return _answers(model, frequency.transform(counts.transform(_texts(test))))


def _linear_text_place(train: Sequence[Case], test: Sequence[Case], seed: int) -> BaselineAnswers | None:
    """Character 2-4-gram TF-IDF of all words, one-hot H3 6-9, log-loss SGD."""
    words = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 4), max_features=200_000, sublinear_tf=True, dtype=np.float32
    )
    places = OneHotEncoder(handle_unknown="ignore", dtype=np.float32)
    has_words, has_places = _finds_words(words, _all_words(train)), any(case.facts.cells for case in train)
    if not (has_words or has_places) or len(set(_units(train))) < 2:
        return None
    encoders: list[tuple[Any, Callable[[Sequence[Case]], Any]]] = [(places, _cells)]
    if has_words:
        encoders.insert(0, (words, _all_words))
    X = sparse.hstack([encoder.fit_transform(read(train)) for encoder, read in encoders]).tocsr()
    model = SGDClassifier(loss="log_loss", alpha=1e-6, random_state=seed, n_jobs=2, max_iter=12, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # twelve rounds are part of the recipe
        model.fit(X, _units(train))
    return _answers(model, sparse.hstack([encoder.transform(read(test)) for encoder, read in encoders]))


def _all_words(cases: Sequence[Case]) -> list[str]:
    tickets = [case.dispatch.ticket for case in cases]
    return ["\n".join((t.text, t.category or "", *t.attributes.values(), t.address or "")) for t in tickets]


def _cells(cases: Sequence[Case]) -> NDArray[np.int64]:
    nowhere = (0,) * len(RESOLUTIONS)
    return np.array([(case.facts.cells or nowhere)[:4] for case in cases], np.int64)


def _answers(model: SGDClassifier | OneVsRestClassifier, X: sparse.csr_matrix) -> BaselineAnswers:
    scores = np.asarray(model.predict_proba(X.tocsr()))
    first = scores.argmax(axis=1)
    confidence = scores[np.arange(len(first)), first]
    return BaselineAnswers(predicted=np.asarray(model.classes_)[first].astype(np.str_), confidence=confidence)


_METHODS: dict[str, Callable[[Sequence[Case], Sequence[Case], int], BaselineAnswers | None]] = {
    "majority": _majority,
    "category": _category,
    "category_cell": _category_cell,
    "signalen": _signalen,
    "linear_text_place": _linear_text_place,
}
