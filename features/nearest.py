"""The known word nearest to one that is not known: for errors that help."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process, utils


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, whatever the letters' case; None when there is none."""
    found = process.extractOne(word, sorted(known), scorer=fuzz.ratio, processor=utils.default_process)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A mend that names the nearest known word."""
    guess = nearest(word, known)
    return f"Did you mean {guess!r}?" if guess else "Nothing like it is known."
