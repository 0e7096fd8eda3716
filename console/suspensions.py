"""What is suspended, why and by whom, in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping

from console.client import Json
from console.words import Words


def scope_of(one: Json, names: Mapping[str, str], words: Words) -> str:
    """Whose automatic dispatch it is: everything, a kind of trouble, a unit by its name, a group."""
    scope, key = words(f"city.scope.{one['scope']}"), str(one["key"] or "")
    if one["scope"] == "unit":
        key = names.get(key, key)
    elif one["scope"] == "group":
        key = words.either(f"models.groups.{key}", key)
    return f"{scope} {key}".strip()


def reason_of(one: Json, words: Words) -> str:
    """A person's reason as they wrote it, the monitor's as its figures."""
    figures = one["figures"]
    if not figures:
        return str(one["reason"])
    return words(
        f"city.cause.{one['cause']}",
        errors=figures["errors"],
        rows=figures["rows"],
        tolerated=f"{figures['tolerated']:.1%}",
    )


def who_of(one: Json, words: Words) -> str:
    """Whoever suspended it."""
    return str(one["by"]) if one["cause"] == "person" else words("city.monitor")
