"""Functions compiled to machine code by Numba: loops over many small numbers, which as many array calls cost more.

The result of a compilation is kept beside Python's own compiled modules (`__pycache__`, or the user's cache where that
cannot be written); it is made anew when the source changes. While such a function runs, other threads go on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def compiled(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """The same function, compiled when it is first called.

    Sums are taken in the order that is written down, on any processor: the same arguments give the same bits.
    """
    made = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=False)(function)
    return cast("Callable[Arguments, Answer]", made)
