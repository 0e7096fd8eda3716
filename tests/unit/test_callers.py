"""What callers told before."""

from __future__ import annotations

import pytest

from features.callers import REMEMBERED, Call, Callers, phone_key


@pytest.mark.parametrize(
    ("phone", "key"),
    [
        ("13812345678", "13812345678"),
        ("+86 138-1234-5678", "13812345678"),
        ("(021) 6233 4455", "02162334455"),
        ("12345", None),
        ("withheld", None),
        ("", None),
        (None, None),
        ("１３８", None),
    ],
)
def test_phone_numbers_as_keys(phone: str | None, key: str | None) -> None:
    assert phone_key(phone) == key


def call(number: int, phone: str = "13812345678") -> Call:
    return Call(phone=phone, received=float(number), account=str(number))


def test_the_latest_comes_first_and_old_ones_are_forgotten() -> None:
    callers = Callers(call(number) for number in range(REMEMBERED + 3))
    assert [c.account for c in callers.last("138 1234 5678")] == ["6", "5", "4", "3"]


def test_nobody_else_is_told() -> None:
    callers = Callers([call(1)])
    assert callers.last("13812345679") == []
    assert callers.last(None) == []
    assert callers.last("12") == []
