"""The words the city is made of, as TOML beside this file."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def read_stock(name: str) -> dict[str, Any]:
    """The tables of `stock/<name>.toml`."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
