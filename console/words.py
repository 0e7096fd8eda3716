"""What the pages say, in the reader's language."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("zh", "en")
HTML_LANG = {"zh": "zh-CN", "en": "en-US"}  # as HTML and Quasar call them


class Words:
    """The texts of one language; `frame.home` stands in texts/<language>/frame.toml as `home`."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else LANGUAGES[0]
        self._texts = texts(self.language)

    def __call__(self, key: str, **values: object) -> str:
        """The text of that key with the values put in."""
        return self._texts[key].format_map(values) if values else self._texts[key]

    def either(self, key: str, otherwise: str) -> str:
        """The text where there is one: what the service may say more of than the console knows."""
        return self._texts.get(key, otherwise)


@cache
def texts(language: str) -> dict[str, str]:
    """All texts of the language by dotted key."""
    found: dict[str, str] = {}
    for file in files("console").joinpath("texts", language).iterdir():
        if file.name.endswith(".toml"):
            read = tomllib.loads(file.read_text(encoding="utf-8"))
            found |= _flat(read, file.name.removesuffix(".toml"))
    return found


def preferred(accept: str | None) -> str:
    """The language that an Accept-Language header prefers among ours; Chinese where it names none."""
    named = [one.partition(";")[0].strip().lower()[:2] for one in (accept or "").split(",")]
    return next((one for one in named if one in LANGUAGES), LANGUAGES[0])


def _flat(table: dict[str, Any], prefix: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in table.items():
        key = f"{prefix}.{name}"
        found |= _flat(value, key) if isinstance(value, dict) else {key: str(value)}
    return found
