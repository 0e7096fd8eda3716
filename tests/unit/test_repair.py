"""Gaps of a ticket filled from the other records, in rounds, with evidence; what was said stays."""

from __future__ import annotations

from typing import Any

import pytest

from domain.places import Account, Address
from domain.tickets import Ticket
from features.callers import Call, Callers
from features.gazetteer import Gazetteer
from router.repair import repair
from tests.estimators import a_ticket, place

MOBILE, OFFICE, SHARED = "13812345678", "02162334455", "13700000000"
BOOK = Gazetteer(
    accounts=[
        Account(account_id="310042", address="漕溪北路18号", point=place(0), phone=MOBILE, name="王小明"),
        Account(account_id="310077", address="沪闵路100号", point=place(9_000), phone=OFFICE),
        Account(account_id="320001", address="天钥桥路30号", point=place(2_000), phone=SHARED),
        Account(account_id="320002", address="斜土路2561号", point=place(3_000), phone=SHARED),
        Account(account_id="999999"),
    ],
    addresses=[Address(address="宜山路5号", point=place(5_000))],
)
CALLERS = Callers(
    [
        Call(phone="13911112222", received=1.0, address="宜山路5号", point=place(5_000)),
        Call(phone="13933334444", received=1.0, account="310077", address="沪闵路100号"),
    ]
)


def repaired(**fields: Any) -> dict[str, tuple[str, tuple[str, ...], int]]:
    ticket = a_ticket(1, **fields)
    _, found = repair(ticket, BOOK, CALLERS)
    assert [r.given for r in found] == [getattr(ticket, r.field) for r in found]
    return {r.field: (r.value, r.evidence, r.step) for r in found}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        (
            {"account": "310042"},
            {"address": ("漕溪北路18号", ("account",), 1), "phone": (MOBILE, ("account",), 1)},
        ),
        (
            {"phone": MOBILE},
            {"account": ("310042", ("phone", "account"), 1), "address": ("漕溪北路18号", ("account",), 2)},
        ),
        (
            {"address": "漕溪北路１８号"},
            {"account": ("310042", ("address", "account"), 1), "phone": (MOBILE, ("account",), 2)},
        ),
        (
            {"point": place(8)},
            {
                "address": ("漕溪北路18号", ("coordinates", "8 m"), 1),
                "account": ("310042", ("address", "account"), 2),
                "phone": (MOBILE, ("account",), 3),
            },
        ),
        ({"point": place(300)}, {}),
        ({"phone": "13911112222"}, {"address": ("宜山路5号", ("phone", "earlier ticket"), 1)}),
        (
            {"phone": "13933334444"},
            {
                "account": ("310077", ("phone", "earlier ticket"), 1),
                "address": ("沪闵路100号", ("phone", "earlier ticket"), 1),
            },
        ),
        # two accounts of one phone: the address tells them apart, or nobody does
        ({"phone": SHARED}, {}),
        ({"phone": SHARED, "address": "斜土路2561号"}, {"account": ("320002", ("phone", "account"), 1)}),
        # one digit wrong, or two swapped, where something else agrees
        (
            {"account": "310043", "phone": MOBILE, "address": "x"},
            {
                "account": ("310042", ("account:310043", "phone"), 1),
                "address": ("漕溪北路18号", ("account",), 2),  # x is none
            },
        ),
        (
            {"account": "301042", "phone": MOBILE, "address": "漕溪北路18号"},
            {"account": ("310042", ("account:301042", "phone"), 1)},
        ),
        (
            {"account": "310043", "phone": "138", "address": "漕溪北路18号"},
            {"account": ("310042", ("account:310043", "address"), 1), "phone": (MOBILE, ("account",), 2)},
        ),
        (
            {"account": "310043", "address": "漕溪北路", "attributes": {"name": "王小明"}},
            {"account": ("310042", ("account:310043", "name"), 1), "phone": (MOBILE, ("account",), 2)},
        ),
        (
            {"account": "310043", "address": "新开路", "point": place(100)},
            {"account": ("310042", ("account:310043", "coordinates"), 1), "phone": (MOBILE, ("account",), 2)},
        ),
        ({"account": "310043"}, {}),
        ({"account": "310043", "phone": OFFICE, "address": "沪闵路100号"}, {}),
        ({"account": "999999", "phone": MOBILE}, {}),
        # an address or a phone number that nobody knows, where the account or the coordinates tell what was meant
        (
            {"account": "310042", "address": "漕西北路18号", "phone": MOBILE},
            {"address": ("漕溪北路18号", ("address:漕西北路18号", "account"), 1)},
        ),
        (
            {"address": "移山路5号", "point": place(5_100)},
            {"address": ("宜山路5号", ("address:移山路5号", "coordinates"), 1)},
        ),
        ({"address": "移山路5号", "point": place(9_000)}, {}),
        ({"account": "310042", "address": "漕溪北路20号", "phone": MOBILE}, {}),
        ({"account": "310042", "address": "新开路18号", "phone": MOBILE}, {}),
        ({"account": "310042", "address": "宜山路5号", "phone": MOBILE}, {}),
        (
            {"account": "310042", "address": "漕溪北路18号", "phone": "13812354678"},
            {"phone": (MOBILE, ("phone:13812354678", "account"), 1)},
        ),
        ({"account": "310042", "address": "漕溪北路18号", "phone": "13812399678"}, {}),
    ],
)
def test_what_is_filled(
    fields: dict[str, object], expected: dict[str, tuple[str, tuple[str, ...], int]]
) -> None:
    assert repaired(**fields) == expected


def test_the_completed_ticket_has_what_was_found_and_keeps_the_rest() -> None:
    ticket = a_ticket(1, "没电了", phone=MOBILE)
    completed, _ = repair(ticket, BOOK, CALLERS)
    assert (completed.account, completed.address, completed.phone) == ("310042", "漕溪北路18号", MOBILE)
    assert (completed.text, completed.ticket_id) == (ticket.text, ticket.ticket_id)
    assert (ticket.account, ticket.address) == (None, None)


def test_nothing_known_nothing_filled() -> None:
    ticket: Ticket = a_ticket(1, account="1", phone=MOBILE, address="a", point=place(0))
    assert repair(ticket, Gazetteer(), Callers()) == (ticket, ())
