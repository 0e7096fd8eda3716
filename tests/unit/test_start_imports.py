"""What a service does not import: it is to be back within seconds after it was killed."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import api.app, cli.main, models.bundle, router.service, store.sql
print(*[name for name in ("sklearn", "pandas", "scipy.stats", "scipy.optimize", "mlflow", "matplotlib") if name in sys.modules])
"""
AFTERWARDS = """
import models.ranker
import lightgbm, sklearn.cluster, pandas
print(lightgbm.Booster is models.ranker.lgb.Booster)
"""


def said(script: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_serving_imports_nothing_that_only_training_needs() -> None:
    assert said(SCRIPT) == ""


def test_what_was_left_out_can_be_imported_afterwards() -> None:
    assert said(AFTERWARDS) == "True"
