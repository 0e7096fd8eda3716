"""Functions compiled to machine code by Numba: loops over many small numbers, which as many array calls cost more.

The result of a compilation is kept beside Python's own compiled modules (`__pycache__`, or the user's cache where that
cannot be written); it is made anew when the function's own module changes. A constant of another module is compiled in:
who changes one deletes what is kept (`make clean`). While such a function runs, other threads go on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import update_wrapper
from importlib import import_module
from threading import Lock
from typing import Any, Generic, ParamSpec, TypeVar, cast

from features.importing import without

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


class _Later(Generic[Arguments, Answer]):
    """A function that is compiled when it is called: who calls none does not wait for Numba to be imported."""

    def __init__(self, function: Callable[Arguments, Answer]) -> None:
        update_wrapper(self, function)
        self._function = function
        self._compiled: Callable[Arguments, Answer] | None = None

    def __call__(self, *arguments: Arguments.args, **named: Arguments.kwargs) -> Answer:
        if self._compiled is None:
            _make_all()
        assert self._compiled is not None
        return self._compiled(*arguments, **named)

    def made(self) -> Callable[Arguments, Answer]:
        import numba

        compiler = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=False)
        return cast("Callable[Arguments, Answer]", compiler(self._function))

    def become(self, made: Callable[Arguments, Answer]) -> None:
        """Compiled functions call each other by the names in their modules: there each stands for itself."""
        names = vars(sys.modules[self._function.__module__])
        if names.get(self._function.__name__) is self:
            names[self._function.__name__] = made
        self._compiled = made


_waiting: list[_Later[Any, Any]] = []
_making = Lock()


def _make_all() -> None:
    with _making:
        # BLAS and C's headers, which nothing here uses, take longer to import than all of these to load
        with without("scipy", "cffi"):
            for module in ("numba.np.arraymath", "numba.core.typing.cffi_utils"):
                import_module(module)
        made = [(one, one.made()) for one in _waiting]
        _waiting.clear()
        for one, itself in made:
            one.become(itself)


def compiled(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """The same function, compiled when it is first called.

    Sums are taken in the order that is written down, on any processor: the same arguments give the same bits.
    """
    made = _Later(function)
    _waiting.append(made)
    return cast("Callable[Arguments, Answer]", made)
