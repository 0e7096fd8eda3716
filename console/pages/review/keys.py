"""The keys of the review page, as `?` shows them."""

from __future__ import annotations

from html import escape

from nicegui import ui

from console.words import Words

KEYS = ("A", "1–9", "/", "H", "N", "U", "R", "?")


def keys_dialog(words: Words) -> ui.dialog:
    """All keys and what they do."""
    with ui.dialog().props(f'aria-label="{words("review.keys")}"') as dialog, ui.card():
        ui.label(words("review.keys")).props("role=heading aria-level=2").classes("gr-strong")
        told = zip(KEYS, words("review.keys_do").split("|"), strict=True)
        ui.html(
            "".join(f"<dt><kbd>{escape(key)}</kbd></dt><dd>{escape(does)}</dd>" for key, does in told),
            tag="dl",
        ).classes("gr-keys")
        ui.button(words("review.close"), on_click=dialog.close).props("flat no-caps autofocus")
    return dialog
