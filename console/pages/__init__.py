"""The pages; importing a module adds its page. Each is an own module or package."""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "console.pages.home",
    "console.pages.intake.page",
    "console.pages.review.page",
    "console.pages.unit",
    "console.pages.city.page",
    "console.pages.tickets",
    "console.pages.models.page",
    "console.pages.units.page",
)


def load() -> None:
    """Add every page to the registry."""
    for name in MODULES:
        import_module(name)
