"""Buttons of the review page."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from console.pages.review.case import Choice
from console.words import Words


def key_button(text: str, key: str, done: Callable[..., object], look: str) -> ui.button:
    """A button that says which key does the same."""
    button = ui.button(on_click=done).props(f"{look} no-caps dense aria-keyshortcuts={key}").classes("gr-act")
    with button:
        ui.label(text)
        ui.label(key).classes("gr-key").props("aria-hidden=true")
    return button


def choice_button(
    one: Choice, number: int, words: Words, done: Callable[..., object], *, proposed: bool
) -> None:
    """A unit, how likely it is or how often it was near by, and the key that picks it."""
    button = ui.element("button").classes("gr-choice").props("type=button").on("click", done)
    if proposed:
        button.classes("gr-proposed")
    if one.probability is not None:
        share, told = one.probability, f"{100 * one.probability:.1f}%"
    elif one.near_all:
        share, told = (
            one.near / one.near_all,
            words("review.near", near=one.near, all=one.near_all),
        )
    else:
        share, told = 0.0, ""
    with button:
        ui.element("span").classes("gr-fill").style(f"width:{100 * share:.1f}%")
        ui.label(str(number)).classes("gr-key").props("aria-hidden=true")
        ui.label(one.name).classes("gr-choice-name")
        ui.label(told).classes("gr-choice-share")
