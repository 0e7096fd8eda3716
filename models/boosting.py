"""LightGBM without what only its wrappers for scikit-learn and pandas need: importing those takes most of a start.

A service that was killed is to be back within seconds.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before OpenMP starts, or its idle threads spin

from importlib import import_module
from typing import TYPE_CHECKING

from features.importing import without

UNNEEDED = ("sklearn", "pandas", "dask", "matplotlib", "graphviz")

if TYPE_CHECKING:
    import lightgbm as lightgbm
else:
    with without(*UNNEEDED):
        lightgbm = import_module("lightgbm")
