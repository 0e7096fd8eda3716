"""The audit slice: a few of the would-be automatic dispatches, reviewed by people who do not see the proposal."""

from __future__ import annotations

import math
from hashlib import blake2b

TINY = 1e-12


def is_audited(ticket_id: str, salt: str, share: float) -> bool:
    """Whether the ticket is in the slice of that share: a keyed hash, which nobody can foresee without the salt.

    The same ticket gives the same answer, and a larger share only adds tickets. The salt has at most 64 bytes.
    """
    hashed = blake2b(ticket_id.encode(), key=salt.encode(), digest_size=8).digest()
    return int.from_bytes(hashed, "big") < share * 2**64


def live_error(errors: int, rows: int, confidence: float = 0.95) -> tuple[float, float]:
    """Limits of the error rate that hold at all times together, so they may be looked at every day.

    The confidence sequence of Robbins' mixtures ("Statistical methods related to the law of the iterated logarithm",
    Ann. Math. Statist. 41, 1970) with the beta prior (1/2, 1/2): rates p for which the mixture's likelihood is less
    than 1 / (1 − confidence) times p's own. Wider than Clopper and Pearson's, which hold for one look only.
    """
    if rows == 0:
        return 0.0, 1.0
    # a start goes without them, and without what they import
    from scipy.optimize import brentq
    from scipy.special import betaln, xlog1py, xlogy

    mixture = betaln(errors + 0.5, rows - errors + 0.5) - betaln(0.5, 0.5)

    def excess(rate: float) -> float:
        own = xlogy(errors, rate) + xlog1py(rows - errors, -rate)
        return float(mixture - own + math.log(1.0 - confidence))

    observed = errors / rows
    low = brentq(excess, TINY, observed) if errors else 0.0
    high = brentq(excess, observed, 1.0 - TINY) if errors < rows else 1.0
    return float(low), float(high)
