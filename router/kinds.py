"""The kinds of trouble that a person can name: dangers that words tell of, and categories that tickets bear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cache
from itertools import chain

from domain.dispatches import Dispatch
from domain.errors import InvalidInput
from domain.places import Territory
from domain.rules import Rule
from domain.units import Unit
from features.nearest import did_you_mean
from features.safety import SafetyWords
from features.text import normalise
from router.ports import ReadSession
from router.wording import LANGUAGES, wording

LATEST = 50_000  # past tickets that are looked through for a category


@cache
def dangers() -> Mapping[str, str]:
    """What each danger is called, its own key and its name in every language, to its key."""
    keys = [danger.kind for danger in SafetyWords.default().dangers]
    names = {normalise(wording(tag).word("danger", key)): key for tag in LANGUAGES for key in keys}
    return names | {key: key for key in keys}


def kind_of(named: str, categories: Set[str], *, field: str, mend: str = "") -> str:
    """The key of the danger, or of one of the categories, that is named so.

    Raises InvalidInput for any other; it tells the nearest one, and `mend`.
    """
    key = normalise(named)
    if key in dangers():
        return dangers()[key]
    if key in categories:
        return key
    nearest = did_you_mean(key, [*dangers(), *categories])
    raise InvalidInput(
        field=field,
        problem=f"{named!r} is neither a danger nor the category of any ticket",
        mend=f"{nearest} {mend}".strip(),
    )


def categories_of(dispatches: Iterable[Dispatch]) -> Iterator[str]:
    """The categories of past tickets, in normal form, again and again."""
    return (normalise(one.ticket.category) for one in dispatches if one.ticket.category)


def categories_named(
    units: Iterable[Unit], rules: Iterable[Rule], territories: Iterable[Territory] = ()
) -> set[str]:
    """The categories that units, ground and rules are for, in normal form."""
    kinds = (
        *(unit.kinds for unit in units),
        *(rule.categories for rule in rules),
        *(one.kinds for one in territories),
    )
    return set(map(normalise, chain(*kinds)))


def categories_in(session: ReadSession) -> set[str]:
    """The categories that a store knows of: those named there, and those of the latest past tickets."""
    named = categories_named(session.units(), session.rules(), session.territories())
    after = max(0, session.last_sequence() - LATEST)
    return named | set(categories_of(session.dispatches(after)))
