"""A wrong or missing account, address or phone number, filled from the other records.

At most three rounds; what one round finds, the next may use: phone -> earlier tickets -> address -> account -> ...
The ticket keeps what it said; every finding names the records it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from domain.places import Account, Repair
from domain.tickets import Ticket
from features.addresses.keys import address_key
from features.addresses.parse import parse_address
from features.callers import Callers, phone_key
from features.gazetteer import Gazetteer
from features.place import distance_m
from router.miswritten import miswritten, one_slip

ROUNDS = 3
NEAR_M = 25.0  # an address this near the coordinates is the one meant
SAME_PLACE_M = 300.0  # an account mistyped by one digit is believed where it is this near what else is said
PHONE_TAIL = 4

Finding = tuple[str, tuple[str, ...]]  # the value and the records that led to it
Finder = Callable[[Ticket, Gazetteer, Callers], Finding | None]


def repair(ticket: Ticket, gazetteer: Gazetteer, callers: Callers) -> tuple[Ticket, tuple[Repair, ...]]:
    """The ticket with its gaps filled as far as the records reach, and what was filled."""
    repairs: list[Repair] = []
    now = ticket
    for step in range(1, ROUNDS + 1):
        found = [(name, finder(now, gazetteer, callers)) for name, finder in FINDERS.items()]
        fresh = {name: finding for name, finding in found if finding}
        for name, (value, evidence) in fresh.items():
            given = getattr(ticket, name)
            repairs.append(Repair(field=name, given=given, value=value, evidence=evidence, step=step))
        if not fresh:
            break
        values = {name: value for name, (value, _) in fresh.items()}
        now = replace(
            now,
            account=values.get("account", now.account),
            address=values.get("address", now.address),
            phone=values.get("phone", now.phone),
        )
    return now, tuple(repairs)


def _account(ticket: Ticket, gazetteer: Gazetteer, callers: Callers) -> Finding | None:
    if ticket.account:
        known = gazetteer.account(ticket.account) is not None
        return None if known else _mistyped(ticket, gazetteer)
    return (
        _account_of_phone(ticket, gazetteer)
        or _account_of_caller(ticket, callers)
        or _account_at_address(ticket, gazetteer)
    )


def _mistyped(ticket: Ticket, gazetteer: Gazetteer) -> Finding | None:
    """One digit wrong or two swapped, believed only where something else agrees, and with one account only."""
    agreeing = {
        account.account_id: word
        for account in gazetteer.accounts_like(ticket.account or "")
        if (word := _agrees(ticket, account, gazetteer))
    }
    if len(agreeing) != 1:
        return None
    account_id, word = next(iter(agreeing.items()))
    return account_id, (f"account:{ticket.account}", word)


def _agrees(ticket: Ticket, account: Account, gazetteer: Gazetteer) -> str | None:
    name, phone = ticket.attributes.get("name"), phone_key(ticket.phone)
    if name and account.name and name.strip().casefold() == account.name.strip().casefold():
        return "name"
    if phone and (phone_key(account.phone) or "").endswith(phone[-PHONE_TAIL:]):
        return "phone"
    if ticket.address and account.address:
        said = address_key(parse_address(ticket.address))
        if said and said == address_key(parse_address(account.address)):
            return "address"
    point = account.point or gazetteer.point(account.address)
    near = ticket.point and point and distance_m(ticket.point, point) <= SAME_PLACE_M
    return "coordinates" if near else None


def _account_of_phone(ticket: Ticket, gazetteer: Gazetteer) -> Finding | None:
    held = gazetteer.accounts_with_phone(ticket.phone) if ticket.phone else []
    if ticket.address and len(held) > 1:
        said = address_key(parse_address(ticket.address))
        held = [a for a in held if a.address and address_key(parse_address(a.address)) == said]
    return (held[0].account_id, ("phone", "account")) if len(held) == 1 else None


def _account_of_caller(ticket: Ticket, callers: Callers) -> Finding | None:
    told = {call.account for call in callers.last(ticket.phone) if call.account}
    return (told.pop(), ("phone", "earlier ticket")) if len(told) == 1 else None


def _account_at_address(ticket: Ticket, gazetteer: Gazetteer) -> Finding | None:
    if not ticket.address or not gazetteer.knows_accounts:
        return None
    parts = parse_address(ticket.address)
    there = {account: row for row in gazetteer.exact(parts) for account in gazetteer.accounts_at(row)}
    if len(there) != 1:
        return None
    account, row = there.popitem()
    # the same road and number in another district is another address
    meant = any(match.entry.row == row and match.exact for match in gazetteer.search(parts, limit=3))
    return (account, ("address", "account")) if meant else None


def _address(ticket: Ticket, gazetteer: Gazetteer, callers: Callers) -> Finding | None:
    account = gazetteer.account(ticket.account)
    if ticket.address:
        return miswritten(ticket, account, gazetteer)
    if account is not None and account.address:
        return account.address, ("account",)
    for source, point in (("account", account.point if account else None), ("coordinates", ticket.point)):
        near = gazetteer.nearest(point, within_m=NEAR_M, limit=1) if point else []
        if near:
            row, metres = near[0]
            return gazetteer.address(row), (source, f"{metres:.0f} m")
    told = next((call.address for call in callers.last(ticket.phone) if call.address), None)
    return (told, ("phone", "earlier ticket")) if told and ticket.point is None else None


def _phone(ticket: Ticket, gazetteer: Gazetteer, callers: Callers) -> Finding | None:
    """From the account, where none is given, what is given is no phone number, or one slip away from the account's."""
    account = gazetteer.account(ticket.account)
    known = account.phone if account else None
    if not known or known == ticket.phone:
        return None
    given = phone_key(ticket.phone)
    if given and not (one_slip(given, phone_key(known) or "") and not callers.last(ticket.phone)):
        return None
    return known, ((f"phone:{ticket.phone}", "account") if given else ("account",))


FINDERS: dict[str, Finder] = {"account": _account, "address": _address, "phone": _phone}
