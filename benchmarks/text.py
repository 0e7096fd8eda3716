"""How well the text model that routes tells what a text is about, beside a linear SVM on character 1- to 3-grams.

python -m benchmarks.text --train A.parquet --test B.parquet [--json FILE]

Both files have the columns `tokens` (words between spaces; two spaces or more part the title from the rest) and
`category`.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from domain.places import UNKNOWN_LOCATION
from domain.tickets import Ticket
from features.facts import Facts, facts
from features.schema import HistorySchema
from models.blocks import word_blocks
from models.text import fit_words

_HAN = r"\u3400-\u9fff"
_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}]) +(?=[{_HAN}])")
_PARTS = re.compile(r"\s{2,}")
MOMENT = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Texts as they were cut into words, and what each is about; both of length n."""

    tokens: Sequence[str]
    categories: Sequence[str]


def read(path: Path) -> Labelled:
    """A Parquet file's texts and categories."""
    table = pq.read_table(path, columns=["tokens", "category"])
    return Labelled(tokens=table["tokens"].to_pylist(), categories=table["category"].to_pylist())


def as_written(tokens: str) -> str:
    """The text as a ticket has it: a title, a new line, the rest; no spaces between Han words."""
    title, *rest = _PARTS.split(tokens.strip(), maxsplit=1)
    parts = [title, *(" ".join(_PARTS.split(one)) for one in rest)]
    return "\n".join(_BETWEEN_HAN.sub("", part) for part in parts)


def measure(train: Labelled, test: Labelled) -> dict[str, Any]:
    """Fit both on `train`, ask both about `test`."""
    started = time.perf_counter()
    model = fit_words([_facts(text) for text in train.tokens], train.categories)
    fitted = time.perf_counter() - started
    blocks = [word_blocks(_facts(text)) for text in test.tokens]
    started = time.perf_counter()
    predicted = [model.classes[int(np.argmax(model.predict(one)))] for one in blocks]
    asked = time.perf_counter() - started
    arrays = model.arrays()
    return {
        **_figures(test.categories, predicted),
        "linear_svc": _figures(test.categories, linear_svc(train, test)),
        "train_rows": len(train.tokens),
        "test_rows": len(test.tokens),
        "fit_s": round(fitted, 2),
        "predict_us": round(1e6 * asked / max(len(blocks), 1), 1),
        "features": len(arrays["hashes"]),
        "model_mb": round(sum(array.nbytes for array in arrays.values()) / 1e6, 2),
    }


def linear_svc(train: Labelled, test: Labelled) -> list[str]:
    """What TF-IDF of character 1- to 3-grams and a linear SVM with the library's defaults say of `test`."""
    pipeline = make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(1, 3)), LinearSVC())
    pipeline.fit(train.tokens, train.categories)
    return [str(category) for category in pipeline.predict(test.tokens)]


def _facts(tokens: str) -> Facts:
    ticket = Ticket(ticket_id="-", received_at=MOMENT, text=as_written(tokens))
    return facts(ticket, UNKNOWN_LOCATION, HistorySchema())


def _figures(truth: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    return {
        "accuracy": round(float(accuracy_score(truth, predicted)), 4),
        "macro_f1": round(float(f1_score(truth, predicted, average="macro")), 4),
    }


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--train", type=Path, required=True, help="Parquet with tokens and category")
    parser.add_argument("--test", type=Path, required=True, help="another such file")
    parser.add_argument("--json", type=Path, help="write the figures there")
    arguments = parser.parse_args()
    figures = measure(read(arguments.train), read(arguments.test))
    for name, value in figures.items():
        print(f"{name:<14}{value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
