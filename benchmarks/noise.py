"""How well and how fast the gazetteer finds addresses that were misheard, mistyped or half said.

python -m benchmarks.noise --addresses N [--queries 500] [--seed 1] [--json FILE]

A simulated book of N Chinese and Latin addresses; its texts are asked for again as people write them. A query is right
where the address it was made from is the answer's first, or one of those the answer lists as equally likely first.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from benchmarks.noise_book import Book, Said
from benchmarks.noise_queries import KINDS
from features.addresses.parse import parse_address
from features.gazetteer import Gazetteer

WORKERS = 2
TYPED = (1, 2, 3, 5, 8, 13, 200)  # characters
BESIDE = 150  # queries that extractOne answers too: it takes its time


def ask(gazetteer: Gazetteer, query: str, truth: str) -> tuple[bool, float, float]:
    """Whether the answer to the query is right, the seconds it took and those of the processor, parsing included."""
    started, working = time.perf_counter(), time.thread_time()
    matches = gazetteer.search(parse_address(query))
    worked, seconds = time.thread_time() - working, time.perf_counter() - started
    best = [match.entry.address for match in matches if match.likelihood > matches[0].likelihood - 1e-9]
    return truth in best, seconds, worked


def type_ahead(gazetteer: Gazetteer, said: Sequence[Said]) -> dict[str, float]:
    """Milliseconds of one answer to what a call-taker has typed so far, of the clock and of the processor."""
    times: list[float] = []
    worked: list[float] = []
    for address in said:
        for typed in dict.fromkeys(address.text[:length] for length in TYPED):
            started, working = time.perf_counter(), time.thread_time()
            gazetteer.complete(typed, 8)
            worked.append(time.thread_time() - working)
            times.append(time.perf_counter() - started)
    return {
        "p50_ms": round(statistics.median(times) * 1e3, 3),
        "p99_ms": round(_p99(times) * 1e3, 3),
        "p50_cpu_ms": round(statistics.median(worked) * 1e3, 3),
        "p99_cpu_ms": round(_p99(worked) * 1e3, 3),
    }


def queries(said: Sequence[Said], seed: int) -> dict[str, list[tuple[str, str]]]:
    """(query, truth) for each kind of noise; an address to which a kind cannot be done is left out of it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for kind, make in KINDS.items():
        chance = random.Random(f"{seed} {kind}")
        pairs = ((make(address, chance), address.text) for address in said)
        found[kind] = [(query, truth) for query, truth in pairs if query]
    return found


def measure(count: int, asked: int, seed: int, folder: Path, report: Callable[[str], None]) -> dict[str, Any]:
    """Build the book's gazetteer in `folder`, open it and ask."""
    book = Book(count, seed)
    path, started = folder / "noise.gazetteer", time.perf_counter()
    reading_mb = 0

    def progress(stage: str, share: float) -> None:
        nonlocal reading_mb
        report(f"{stage} {share:.0%}")
        if stage == "addresses":
            reading_mb = _most_mb(resource.RUSAGE_SELF)

    Gazetteer.build(path, addresses=book, progress=progress, workers=WORKERS)
    build_s = time.perf_counter() - started
    # the processes that read the addresses, each as large as the largest, end before the sections are made
    rss_mb = max(reading_mb + WORKERS * _most_mb(resource.RUSAGE_CHILDREN), _most_mb(resource.RUSAGE_SELF))
    gazetteer = Gazetteer.open(path)
    pairs = queries(book.sample(asked, seed), seed)
    hits, wrong = {}, {}
    times: list[float] = []
    worked: list[float] = []
    for kind, some in pairs.items():
        report(kind)
        answers = [ask(gazetteer, query, truth) for query, truth in some]
        hits[kind] = sum(right for right, _, _ in answers) / len(answers)
        times += [seconds for _, seconds, _ in answers]
        worked += [seconds for _, _, seconds in answers]
        wrong[kind] = [pair for pair, (right, _, _) in zip(some, answers, strict=True) if not right]
    return {
        "addresses": count,
        "roads": len(book.roads),
        "neighbours": round(book.neighbours, 4),
        "queries": len(times),
        "hit_at_1": {kind: round(share, 4) for kind, share in hits.items()},
        "p50_ms": round(statistics.median(times) * 1e3, 3),
        "p99_ms": round(_p99(times) * 1e3, 3),
        "p50_cpu_ms": round(statistics.median(worked) * 1e3, 3),
        "p99_cpu_ms": round(_p99(worked) * 1e3, 3),  # without the time that other processes had
        "type_ahead": type_ahead(gazetteer, book.sample(asked, seed)),
        "load": round(os.getloadavg()[0], 1),
        "build_s": round(build_s, 1),
        "rss_mb": rss_mb,
        "file_mb": path.stat().st_size >> 20,
        **beside_extract_one(gazetteer, book, pairs, seed, report),
        "wrong": wrong,
    }


def _most_mb(who: int) -> int:
    return resource.getrusage(who).ru_maxrss // 1024


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[int(0.99 * len(times))]


def beside_extract_one(
    gazetteer: Gazetteer,
    book: Book,
    pairs: dict[str, list[tuple[str, str]]],
    seed: int,
    report: Callable[[str], None],
) -> dict[str, Any]:
    """The same queries to `rapidfuzz.process.extractOne` over all texts (fuzz.ratio, its fastest), in turn."""
    texts = [address.address for address in book]
    mixed = sorted(pair for some in pairs.values() for pair in some)
    some = random.Random(seed).sample(mixed, min(BESIDE, len(mixed)))
    ours: list[float] = []
    theirs: list[float] = []
    right, their_right = 0, 0
    for i, (query, truth) in enumerate(some):
        report(f"extractOne {i / len(some):.0%}")
        hit, seconds, _ = ask(gazetteer, query, truth)
        right, ours = right + hit, [*ours, seconds]
        started = time.perf_counter()
        found = process.extractOne(query, texts, scorer=fuzz.ratio)
        theirs.append(time.perf_counter() - started)
        their_right += found is not None and found[0] == truth
    return {
        "speedup_over_extractOne": round(statistics.median(theirs) / statistics.median(ours), 1),
        "extractOne_ms": round(statistics.median(theirs) * 1e3, 1),
        "extractOne_hit_at_1": round(their_right / len(some), 4),
        "hit_at_1_of_the_same": round(right / len(some), 4),
    }


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--addresses", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=500, help="addresses asked for in each kind of noise")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, help="print so many wrong answers of each kind")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    import sys

    terminal = sys.stderr.isatty()

    def report(doing: str) -> None:
        if terminal:
            print(f"\r{doing:<40}", end="", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        figures = measure(arguments.addresses, arguments.queries, arguments.seed, Path(folder), report)
    report("")
    for kind, pairs in figures.pop("wrong").items():
        for query, truth in pairs[: arguments.show]:
            print(f"{kind:<10}{query}  <-  {truth}")
    for name, value in figures.items():
        print(f"{name:<26}{value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
