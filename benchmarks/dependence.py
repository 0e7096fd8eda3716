"""What the certificate is worth where tickets are right or wrong together.

python -m benchmarks.dependence [--draws 5000]

Scores are even on 0 to 1, and surer tickets are wrong less often. Tickets come in clusters with one score and one
outcome.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from models.certificate import certify

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CLUSTERS = (1, 2, 5, 10)
TICKETS, EARLIER = 4_000, 2_000
ALPHA, CONFIDENCE = 0.02, 0.95
WORST, BEND = 0.25, 1.5


def clustered(tickets: int, cluster: int, rng: np.random.Generator) -> tuple[Floats, Bools]:
    """Scores and outcomes of tickets of which each `cluster` have the same."""
    scores = rng.random(tickets // cluster)
    correct = rng.random(len(scores)) > WORST * (1.0 - scores) ** BEND
    return np.repeat(scores, cluster), np.repeat(correct, cluster)


def true_error(threshold: float) -> float:
    """Share of wrong ones among all tickets whose score reaches the threshold."""
    return float(WORST * (1.0 - threshold) ** BEND / (BEND + 1.0))


def exceeded(cluster: int, draws: int, seed: int = 1) -> float:
    """In which share of the draws more is dispatched wrongly than the certificate says."""
    rng = np.random.default_rng((seed, cluster))
    broken = 0
    for _ in range(draws):
        slice_, earlier = (clustered(tickets, cluster, rng) for tickets in (TICKETS, EARLIER))
        threshold = certify(*slice_, *earlier, ALPHA, CONFIDENCE).threshold
        broken += threshold is not None and true_error(threshold) > ALPHA
    return broken / draws


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=5_000)
    draws = parser.parse_args().draws
    for cluster in CLUSTERS:
        print(
            f"{cluster:>3} tickets to a cluster: budget exceeded in {exceeded(cluster, draws):.1%} of draws"
        )


if __name__ == "__main__":
    main()
