"""What the rest of the way needs to know of a ticket, worked out once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from domain.places import Location
from domain.tickets import Ticket
from features.address import normalise_address, street
from features.callers import Call, phone_key
from features.gazetteer import normalise_account
from features.hashed import folded, hash_term, pairs_of, said
from features.place import RESOLUTIONS, cells
from features.schema import HistorySchema
from features.text import normalise, terms

Hashes = NDArray[np.int64]

CELLS_TOLD = 4  # of RESOLUTIONS: finer ones are seen too seldom to learn from
_CELL = np.array([1], np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A ticket as keys and numbers.

    `keys` aligns with the schema's; `similarity_terms`: hashed int32, shape (≤ SIMILARITY_TERMS,). `said_terms` of the
    whole text and `placed_terms` of address and attributes are hashed alike, to find units by name. `point` is
    (latitude, longitude) in degrees, NaN where the place is unknown. The `…_features` are blocks of hashed features for
    the text models; `text_counts`: how often the text says each of `text_features`. `call`: what the caller told, for
    later tickets.
    """

    received: float
    category: str | None
    district: str | None
    keys: tuple[Hashable | None, ...]
    cells: tuple[int, ...]
    point: tuple[float, float]
    similarity_terms: NDArray[np.int32]
    said_terms: NDArray[np.int64]
    placed_terms: NDArray[np.int64]
    text_features: NDArray[np.int64]
    text_counts: NDArray[np.int32]
    title_features: NDArray[np.int64]
    cross_features: NDArray[np.int64]
    place_features: NDArray[np.int64]
    kind_features: NDArray[np.int64]
    call: Call | None = None

    def agrees(self, other: Facts) -> bool:
        """Whether both are of one ticket and of one way to work it out; points may differ by a rounding."""
        if not np.allclose(self.point, other.point, rtol=0, atol=1e-9, equal_nan=True):
            return False
        pairs = [
            (getattr(self, f.name), getattr(other, f.name))
            for f in fields(self)
            if f.name not in ("point", "call")
        ]
        return all(
            np.array_equal(mine, theirs) if isinstance(mine, np.ndarray) else mine == theirs
            for mine, theirs in pairs
        )


def facts(ticket: Ticket, location: Location, schema: HistorySchema) -> Facts:
    """Everything that is looked up or learnt from a ticket; nothing here depends on history."""
    category = normalise(ticket.category or "") or None
    address = normalise_address(location.address or ticket.address)
    account = normalise_account(location.completed("account", ticket.account))
    values = {name: normalise(ticket.attributes.get(name, "")) or None for name in schema.attributes}
    district = values.get(schema.district) if schema.district else None
    own_cells = cells(location.point) if location.point else ()
    told, road = said(*_text_parts(ticket.text)), street(address)
    return Facts(
        received=ticket.received_at.timestamp(),
        category=category,
        district=district,
        keys=_keys(schema, category, own_cells, values, district, address, road, account),
        cells=own_cells,
        point=(location.point.latitude, location.point.longitude) if location.point else (np.nan, np.nan),
        similarity_terms=told.similarity,
        said_terms=told.folded,
        placed_terms=folded(_placed(address, values)),
        text_features=told.features,
        text_counts=told.counts,
        title_features=told.title,
        cross_features=_crosses(told.stems, category, district, road),
        kind_features=_kinds(told.stems, category),
        place_features=_places(category, own_cells, values, road),
        call=_call(ticket, location),
    )


def same_facts(one: Location, other: Location) -> bool:
    """Whether a ticket's facts are the same at both."""
    if one is other:
        return True
    filled, also_filled = (
        [repair.value for repair in location.repairs if repair.field == "account"]
        for location in (one, other)
    )
    return (one.point, one.address, filled) == (other.point, other.address, also_filled)


def _call(ticket: Ticket, location: Location) -> Call | None:
    """What the caller's next ticket may be completed from."""
    phone = phone_key(ticket.phone)
    if phone is None:
        return None
    return Call(
        phone=phone,
        received=ticket.received_at.timestamp(),
        account=location.completed("account", ticket.account),
        address=location.address,
        point=location.point,
    )


def _text_parts(text: str) -> tuple[str, str]:
    title, _, body = text.partition("\n")
    return normalise(title), normalise(body)


def _keys(
    schema: HistorySchema,
    category: str | None,
    own_cells: tuple[int, ...],
    values: dict[str, str | None],
    district: str | None,
    address: str | None,
    road: str | None,
    account: str | None,
) -> tuple[Hashable | None, ...]:
    by_resolution = dict(zip(RESOLUTIONS, own_cells, strict=True)) if own_cells else {}

    def both(left: Hashable | None, right: Hashable | None) -> Hashable | None:
        return None if left is None or right is None else (left, right)

    return (
        category,
        *(both(category, by_resolution.get(resolution)) for resolution in RESOLUTIONS),
        by_resolution.get(6),
        by_resolution.get(8),
        by_resolution.get(10),
        *(both(category, values[name]) for name in schema.attributes),
        *([district, both(district, by_resolution.get(7))] if schema.district else []),
        road,
        both(category, road),
        address,
        both(category, address),
        account,
        both(category, account),
    )


def _placed(address: str | None, values: Mapping[str, str | None]) -> Hashes:
    """The words of address and attributes."""
    return np.array(
        [*chain.from_iterable(_words_of(text) for text in (address, *values.values()) if text)], np.int64
    )


@lru_cache(maxsize=1 << 14)  # districts and addresses come again and again
def _words_of(text: str) -> tuple[int, ...]:
    return tuple(map(hash_term, terms(text)))


def _hashes(values: Iterable[str]) -> Hashes:
    return np.array(list(map(hash_term, values)), np.int64)


def _crosses(hashed: Hashes, category: str | None, district: str | None, road: str | None) -> Hashes:
    """Title words by kind and by area: the same words mean another unit elsewhere."""
    places = [f"x{name}:{value}" for name, value in (("d", district), ("c", category)) if value]
    if category and district:
        places.append(f"xcd:{category}|{district}")
    alone = [f"xs:{category}|{road}"] if road and category else []
    return pairs_of(hashed, _hashes(places), _hashes(alone))


def _kinds(hashed: Hashes, category: str | None) -> Hashes:
    """The kind of trouble, and title words by kind."""
    if not category:
        return np.zeros(0, np.int64)
    return pairs_of(hashed, _hashes([f"xc:{category}"]), _hashes([f"c:{category}"]))


def _places(
    category: str | None, own_cells: tuple[int, ...], values: dict[str, str | None], road: str | None
) -> Hashes:
    cells_told = np.array(own_cells[:CELLS_TOLD], np.int64)
    told = [f"a:{name}={value}" for name, value in values.items() if value]
    if road:
        told.append(f"s:{road}")
    alone = np.concatenate([pairs_of(cells_told, _CELL, _hashes(())), _hashes(told)])
    if not category:
        return np.sort(alone)
    kind = _hashes([f"c:{category}"])
    return pairs_of(alone, kind, np.concatenate([alone, kind]))
