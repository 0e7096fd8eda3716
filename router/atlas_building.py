"""Accounts, address book and past dispatches -> an atlas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from domain.dispatches import Dispatch
from domain.places import Account, Address
from features.coordinates import LatLon
from features.gazetteer import Gazetteer
from features.placeholders import learn_placeholders, spot
from models.place import PlaceModel
from router.atlas import Atlas
from router.ports import ReadSession

Report = Callable[[str, float], None]
Placed = TypeVar("Placed", Account, Address)


def silent(_stage: str, _share: float) -> None:
    """A report that nobody reads."""


def build_atlas(
    accounts: Iterable[Account] = (),
    addresses: Iterable[Address] = (),
    dispatches: Iterable[Dispatch] = (),
    *,
    path: Path | None = None,
    report: Report = silent,
) -> Atlas:
    """The atlas of these, in memory or (with `path`) on a gazetteer file that is written there.

    Points that stand for "unknown", told by the many streets that meet in them, are taken from nobody.
    """
    accounts, addresses, told = list(accounts), list(addresses), list(told_addresses(dispatches))
    everything: list[Account | Address] = [*accounts, *addresses, *told]
    placeholders = learn_placeholders((one.point for one in everything), (one.address for one in everything))
    known = (
        _placed(accounts, placeholders),
        _placed(addresses, placeholders),
        _placed(told, placeholders),
    )
    if path is None:
        gazetteer = Gazetteer(*known)
    else:
        Gazetteer.build(path, *known, progress=report)
        gazetteer = Gazetteer.open(path)
    return Atlas(
        gazetteer, PlaceModel.fit(gazetteer, lambda share: report("place model", share)), placeholders
    )


def told_addresses(dispatches: Iterable[Dispatch]) -> Iterator[Address]:
    """Addresses that past tickets gave together with coordinates."""
    for dispatch in dispatches:
        ticket = dispatch.ticket
        if ticket.address and ticket.point:
            yield Address(address=ticket.address, point=ticket.point)


def atlas_of(session: ReadSession, until: int) -> Atlas:
    """Built in memory from a session's accounts, addresses and dispatches up to a sequence number."""
    past = (dispatch for dispatch in session.dispatches() if dispatch.sequence <= until)
    return build_atlas(session.accounts(), session.addresses(), past)


def _placed(records: list[Placed], placeholders: frozenset[LatLon]) -> list[Placed]:
    return [
        replace(one, point=None)
        if one.point and spot(one.point.latitude, one.point.longitude) in placeholders
        else one
        for one in records
    ]
