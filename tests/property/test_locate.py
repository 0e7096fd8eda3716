"""Nothing that a ticket says keeps it from being located."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.callers import Call, Callers
from router.locate import locate
from tests.estimators import a_ticket, place
from tests.unit.test_locate import ATLAS

CALLERS = Callers([Call(phone="139 1111 2222", received=1.0, address="9 Far Rd", point=place(9_000))])
WORDS = (
    "1 Main St",
    "祖冲之路100弄5号",
    "& ",
    "32-1. emelet",
    "Fő u.",
    "ถนน",
    "附近",
    "(单)",
    "１２３",
    "\ud800",
    "\0",
)
SAID = st.one_of(st.text(max_size=30), st.lists(st.sampled_from(WORDS), max_size=5).map("".join))


@settings(max_examples=60)
@given(said=SAID, times=st.sampled_from([1, 2, 400]), account=SAID, phone=SAID)
def test_any_text_is_located_or_not(said: str, times: int, account: str, phone: str) -> None:
    long = (said * times)[:10_000]
    for ticket in (
        a_ticket(1, text=long, account=account, phone=phone),
        a_ticket(1, address=long, account="700007", phone=phone, point=place(3)),
    ):
        location = locate(ticket, ATLAS, CALLERS)
        assert sum(one.probability for one in location.places) + location.unknown == pytest.approx(1.0)
