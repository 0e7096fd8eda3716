"""Validation errors as field, problem and mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic_core import PydanticCustomError

OURS = "gridroute"
SHOWN = 100  # characters of a client's own words that an answer repeats

MENDS: Mapping[str, tuple[str, str]] = {
    "json_invalid": ("not JSON: {error}", "Send valid JSON in UTF-8."),
    "missing": ("is missing", "Give it."),
    "string_type": ("not a text", "Give a JSON string."),
    "string_too_long": ("longer than {max_length} characters", "Shorten it."),
    "string_too_short": ("empty", "Give it, or leave the field out."),
    "float_type": ("not a number", "Give a JSON number."),
    "finite_number": ("not a finite number", "Give a JSON number."),
    "greater_than_equal": ("less than {ge}", "Give degrees; latitude and longitude may be swapped."),
    "less_than_equal": ("greater than {le}", "Give degrees; latitude and longitude may be swapped."),
    "literal_error": ("not one of {expected}", "Give one of them."),
    "dict_type": ("not an object", "Give a JSON object."),
    "too_long": ("more than {max_length} entries", "Leave some out."),
    "model_type": ("not an object", "Send a JSON object."),
    "model_attributes_type": ("not an object", "Send a JSON object."),
}


def refusal(problem: str, mend: str, field: str | None = None) -> PydanticCustomError:
    """The error that a validator raises to say more than the framework knows."""
    return PydanticCustomError(OURS, "{problem}", {"problem": problem, "mend": mend, "field": field})


def fault_of(error: Mapping[str, Any], known: Sequence[str] = ()) -> dict[str, str]:
    """Field, problem and mend of one validation error; `known` are the fields there are."""
    context = error.get("ctx", {})
    field = ".".join(str(part) for part in error["loc"])[:SHOWN] or "body"
    if error["type"] == OURS:
        return {
            "field": context["field"] or field,
            "problem": context["problem"],
            "mend": context["mend"],
        }
    if error["type"] == "extra_forbidden":
        return {"field": field, "problem": "unknown field", "mend": _did_you_mean(field, known)}
    problem, mend = MENDS.get(error["type"], (error["msg"], "See /openapi.json."))
    return {"field": field, "problem": problem.format(**context), "mend": mend}


def _did_you_mean(field: str, known: Sequence[str]) -> str:
    near = get_close_matches(field, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known fields: {', '.join(known)}."
