"""What the service says in English, in the reader's language where that is known: faults of values, and refusals."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from string import Formatter

from console.problems import Refused
from console.words import Words

OURS = "urn:gridroute:problem:"


def said(text: str, words: Words) -> str:
    """The service's sentence in the reader's language, or as it is."""
    for known, told in _known(words.language):
        found = known.fullmatch(text)
        if found is not None:
            return told.format_map({name: said(part, words) for name, part in found.groupdict().items()})
    return text


def refused(error: Refused, words: Words) -> str:
    """Why the service refused something."""
    kind = str(error.members.get("type", "")).removeprefix(OURS)
    text = words.either(f"refused.{kind}", "")
    if not text:
        return said(error.detail, words)
    return text.format_map(_Members(error.members))


class _Members(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "–"


@cache
def _known(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    read = tomllib.loads(files("console").joinpath("texts", "said.toml").read_text(encoding="utf-8"))
    return tuple((_pattern(one["said"]), one["told"]) for one in read.get(language, ()))


def _pattern(text: str) -> re.Pattern[str]:
    parts = (
        re.escape(before) + (f"(?P<{name}>.+?)" if name else "")
        for before, name, _, _ in Formatter().parse(text)
    )
    return re.compile("".join(parts), re.DOTALL)
