"""What a service does not import: it is to be back within seconds after it was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from domain.places import Address, Point
from features.gazetteer import Gazetteer
from store.sql import open_store

SCRIPT = """
import sys
import api.app, cli.main, models.bundle, router.service, store.sql, training.mirroring, uvicorn
import numpy
from pathlib import Path
from features.facts import pairs_of
from features.gazetteer import Gazetteer
store.sql.open_store(sys.argv[1]).close()
Gazetteer.open(Path(sys.argv[2]))
pairs_of(*[numpy.zeros(1, int)] * 3)  # the first of what is compiled
left_out = (
    "lightgbm", "scipy", "pyarrow.compute", "sklearn", "pandas", "mlflow", "matplotlib", "openpyxl", "alembic", "nicegui",
    "cffi",
)
print(*[name for name in ("httpx",) if name in sys.modules])  # who delivers needs it
import api.webhooks.worker
print(*[name for name in left_out if name in sys.modules])
"""
DELIVERING = """
import sys
import cli.main, api.webhooks.worker, store.sql
print(*[name for name in ("lightgbm", "scipy", "shapely", "fastapi", "models.bundle") if name in sys.modules])
"""
WARM = """
from fastapi.testclient import TestClient
from api.app import create_app
from features.safety import _default_reader
from tests.serving import serve
with TestClient(create_app(serve())):
    print(_default_reader.cache_info().currsize)
"""
AFTERWARDS = """
import models.boosting
import lightgbm, sklearn.cluster, pandas
from features.facts import pairs_of
pairs_of(*[pandas.Series([1]).to_numpy()] * 3)
import scipy.linalg.cython_blas
print(lightgbm.Booster is models.boosting.lightgbm.Booster)
"""


def said(script: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_serving_imports_nothing_that_it_seldom_needs(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    open_store(url).close()  # whoever makes the tables needs more
    book = tmp_path / "book.places"
    Gazetteer.build(
        book, addresses=[Address(address="冲之路2号", point=Point(latitude=31.2, longitude=121.4))]
    )
    assert said(SCRIPT, url, str(book)) == ""


def test_delivering_imports_nothing_that_only_routing_needs() -> None:
    assert said(DELIVERING) == ""


def test_what_was_left_out_can_be_imported_afterwards() -> None:
    assert said(AFTERWARDS) == "True"


def test_the_words_of_danger_are_compiled_before_the_first_ticket_comes() -> None:
    assert said(WARM) == "1"
