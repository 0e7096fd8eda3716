"""LightGBM without what only its wrappers for scikit-learn and pandas need: importing those takes most of a start.

A service that was killed is to be back within seconds.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before OpenMP starts, or its idle threads spin

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

UNNEEDED = ("sklearn", "pandas", "dask", "matplotlib", "graphviz")


def _imported() -> ModuleType:
    """The package; a process that has the others already keeps them, one that has not may import them afterwards."""
    hidden = [name for name in UNNEEDED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: importing it raises ImportError
    try:
        return import_module("lightgbm")
    finally:
        for name in hidden:
            del sys.modules[name]


if TYPE_CHECKING:
    import lightgbm as lightgbm
else:
    lightgbm = _imported()
