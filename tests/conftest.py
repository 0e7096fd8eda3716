"""What many tests look at and none changes."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before LightGBM loads OpenMP, or idle threads spin

import pytest
from hypothesis import settings

from simulation.city import City, build_city
from tests.estimators import QUICK, log_of, surroundings_of
from training.fitting import Fitted, fit

settings.register_profile("untimed", deadline=None)  # the first call of what is compiled takes longer
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def city() -> City:
    """Some 60 units and 2,000 past dispatches in 200 days."""
    return build_city(seed=3, accounts=600, dispatches=2000, days=200)


@pytest.fixture(scope="session")
def fitted(city: City) -> Fitted:
    """What is learnt quickly of the city's past."""
    return fit(log_of(city), "ab" * 32, surroundings_of(city), QUICK, issued_at=city.ends)
