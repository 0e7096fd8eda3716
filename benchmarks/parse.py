"""How well labelled addresses are taken apart by a tagger that learnt from others.

python -m benchmarks.parse --train A.txt --test B.txt [--json FILE]

A line is a token and its label (B-road, I-road …), an empty line stands between addresses. Spans count as found
when part, start and end are right; `span_f1` is over the parts that routing needs, `span_f1_all` over all.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from models.address_tagger import AddressTagger, Labelled, Span

NEEDED = ("district", "town", "road", "roadno", "poi")


def read_labelled(path: Path) -> list[Labelled]:
    """Addresses with their spans; labels in lower case, for subRoad and subroad are one part."""
    return [_labelled(block) for block in _blocks(path) if block]


def _blocks(path: Path) -> Iterator[list[tuple[str, str]]]:
    block: list[tuple[str, str]] = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if fields := line.split():
                block.append(("".join(fields[:-1]), fields[-1]))
            else:
                yield block
                block = []
    yield block


def _labelled(block: Sequence[tuple[str, str]]) -> Labelled:
    text = ""
    spans: list[Span] = []
    previous = ""
    for token, label in block:
        start, text = len(text), text + token
        begins, part = label[0] != "I", label[2:].lower()
        if not begins and part == previous:
            spans[-1] = (part, spans[-1][1], len(text))
        elif part:
            spans.append((part, start, len(text)))
        previous = part
    return text, spans


def span_f1(gold: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]], parts: Collection[str]) -> float:
    """Micro F1 of exact spans of these parts."""
    right = said = there = 0
    for wanted, answered in zip(gold, found, strict=True):
        want = {span for span in wanted if span[0] in parts}
        answer = {span for span in answered if span[0] in parts}
        right, said, there = right + len(want & answer), said + len(answer), there + len(want)
    return 2 * right / (said + there) if said + there else 0.0


def measure(train: Path, test: Path) -> dict[str, Any]:
    """Fit on one file, compare on the other."""
    started = time.perf_counter()
    tagger = AddressTagger.fit(read_labelled(train))
    fitted = time.perf_counter()
    rows = read_labelled(test)
    found = [tagger.parse(text) for text, _ in rows]
    parsed = time.perf_counter()
    gold = [spans for _, spans in rows]
    everything = {span[0] for spans in [*gold, *found] for span in spans}
    return {
        "span_f1": round(span_f1(gold, found, NEEDED), 4),
        "by_part": {part: round(span_f1(gold, found, (part,)), 4) for part in NEEDED},
        "span_f1_all": round(span_f1(gold, found, everything), 4),
        "fit_s": round(fitted - started, 1),
        "ms_per_address": round((parsed - fitted) / max(1, len(rows)) * 1000, 3),
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
        print(f"{name:<18}{value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
