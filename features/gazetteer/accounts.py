"""Accounts by number, by a number mistyped once, by phone and by the entry they are at."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from domain.places import Account, Address, Point
from features.gazetteer.strings import HashIndex, Strings, encode_array, hash64, hashes, index
from features.text import normalise

TAIL = 9  # digits of a phone that stay the same with any prefix of country or trunk
FULL = 11  # digits of a phone without its country's code
SHORTEST = 6
LONGEST = 40  # characters of an account number
_FIELDS = ("account_id", "address", "phone", "name")


def normalise_account(account: str | None) -> str | None:
    """An account number as a key: without case, spaces and dashes."""
    if not account:
        return None
    return normalise(account).replace(" ", "").replace("-", "") or None


def phone_digits(phone: str | None) -> str | None:
    """The digits of a phone number; None for what is too short to be one."""
    digits = "".join(letter for letter in normalise(phone or "") if letter.isdecimal() and letter.isascii())
    return digits if len(digits) >= SHORTEST else None


def same_phone(a: str, b: str) -> bool:
    """Whether two strings of digits are one phone, with or without country code or trunk zero."""
    length = min(len(a), len(b), FULL)
    if a[-length:] == b[-length:]:
        return True
    return a[-TAIL:] == b[-TAIL:] and length > TAIL and "0" in (a[0], b[0])


class AccountWriter:
    """Accounts on their way into the sections of an AccountIndex, kept as arrays and not as objects."""

    def __init__(self) -> None:
        self._columns: list[pa.Table] = []
        self._records = array("q")

    def addresses(self, accounts: Iterable[Account]) -> Iterator[Address]:
        """The addresses of the accounts, one record each, in order; the accounts are remembered on the way."""
        source, record = iter(accounts), 0
        while chunk := list(itertools.islice(source, 10_000)):
            self._columns.append(_table(chunk))
            for account in chunk:
                if account.address:
                    yield Address(address=account.address, point=account.point)
                self._records.append(record if account.address else -1)
                record += bool(account.address)

    def sections(self, row_of: NDArray[np.int32], entries: int) -> dict[str, NDArray[Any]]:
        """`row_of`: the entry of each record that `addresses` gave (-1: none), the first of all."""
        import pyarrow.compute as pc  # who opens a gazetteer that was built starts without it

        if not self._columns:
            self._columns.append(_table([]))
        table = pa.concat_tables(self._columns)
        order = pc.sort_indices(table, sort_keys=[(name, "ascending") for name in table.column_names])
        table = table.take(order).combine_chunks()
        records = np.array(self._records, np.int64)[order.to_numpy()]
        rows = np.full(len(records), -1, np.int32)
        rows[records >= 0] = row_of[records[records >= 0]]
        numbers = table["number"].combine_chunks()
        # of several accounts of one number the first in the order stays, whatever order they came in
        keep = np.ones(len(numbers), bool)
        if len(numbers) > 1:
            keep[1:] = pc.not_equal(numbers[1:], numbers[:-1]).to_numpy(zero_copy_only=False)
        return _sections(table.filter(pa.array(keep)), rows[keep], entries)


def _table(accounts: Sequence[Account]) -> pa.Table:
    fields = {
        "number": [normalise_account(account.account_id) or "" for account in accounts],
        **{field: [getattr(account, field) for account in accounts] for field in _FIELDS},
        "phone_tail": [(phone_digits(account.phone) or "")[-TAIL:] for account in accounts],
    }
    points = [account.point for account in accounts]
    return pa.table(
        {
            **{name: _binary(values) for name, values in fields.items()},
            "latitude": pa.array([point.latitude if point else np.nan for point in points], pa.float64()),
            "longitude": pa.array([point.longitude if point else np.nan for point in points], pa.float64()),
        }
    )


def _sections(table: pa.Table, rows: NDArray[np.int32], entries: int) -> dict[str, NDArray[Any]]:
    ids = np.arange(len(rows), dtype=np.int32)
    numbers, tails = (
        hashes(value.as_py().decode() for value in table[name]) for name in ("number", "phone_tail")
    )
    known = table["phone_tail"].to_numpy() != b""
    placed = np.flatnonzero(rows >= 0).astype(np.int32)
    order = placed[np.argsort(rows[placed], kind="stable")]
    sections = {
        **index("accounts.number", numbers, ids),
        **index("accounts.phones", tails[known], ids[known]),
        "accounts.points": np.stack([table["latitude"].to_numpy(), table["longitude"].to_numpy()], 1).ravel(),
        "accounts.at": order,
        "accounts.at_first": rows[order].searchsorted(np.arange(entries + 1)),
    }
    for field in _FIELDS:
        column = table[field].combine_chunks()
        sections |= encode_array(f"accounts.{field}", column.fill_null(b""))
        sections[f"accounts.{field}.said"] = column.is_valid().to_numpy(zero_copy_only=False).astype(np.uint8)
    return sections


def _binary(texts: Iterable[str | None]) -> pa.Array:
    values = [None if text is None else text.encode(errors="surrogatepass") for text in texts]
    return pa.array(values, pa.large_binary())


class AccountIndex:
    """Accounts over the sections that `encode_accounts` made."""

    def __init__(self, sections: Any) -> None:
        self._numbers = HashIndex("accounts.number", sections)
        self._phones = HashIndex("accounts.phones", sections)
        self._points: NDArray[np.float64] = sections["accounts.points"].reshape(-1, 2)
        self._at: NDArray[np.int32] = sections["accounts.at"]
        self._at_first: NDArray[np.int64] = sections["accounts.at_first"]
        self._texts = {field: Strings(f"accounts.{field}", sections) for field in _FIELDS}
        self._said = {field: sections[f"accounts.{field}.said"] for field in _FIELDS}

    def __len__(self) -> int:
        return len(self._points)

    def by_number(self, number: str | None) -> Account | None:
        """The account of that number."""
        key = normalise_account(number)
        return self._of_key(key) if key else None

    def like(self, number: str | None) -> list[Account]:
        """The accounts whose numbers have one digit other than this, or two neighbours swapped."""
        key = normalise_account(number) or ""
        if len(key) > LONGEST:
            return []
        found = (self._of_key(variant) for variant in sorted(_variants(key)))
        return [account for account in found if account is not None]

    def with_phone(self, phone: str | None) -> tuple[Account, ...]:
        """The accounts of that phone."""
        digits = phone_digits(phone)
        if digits is None:
            return ()
        found = [self[int(i)] for i in self._phones.find(hash64(digits[-TAIL:]))]
        return tuple(account for account in found if same_phone(phone_digits(account.phone) or "", digits))

    def at(self, row: int) -> tuple[str, ...]:
        """The numbers of the accounts at an entry."""
        numbers = self._texts["account_id"]
        return tuple(numbers[int(i)] for i in self._at[self._at_first[row] : self._at_first[row + 1]])

    def __getitem__(self, i: int) -> Account:
        latitude, longitude = self._points[i].tolist()
        point = None if latitude != latitude else Point(latitude=latitude, longitude=longitude)
        values = {field: self._texts[field][i] if self._said[field][i] else None for field in _FIELDS}
        return Account(account_id=values.pop("account_id") or "", point=point, **values)

    def _of_key(self, key: str) -> Account | None:
        found = (self[int(i)] for i in self._numbers.find(hash64(key)))
        return next((account for account in found if normalise_account(account.account_id) == key), None)


def _variants(key: str) -> Iterable[str]:
    """The key with one digit changed, or with two different neighbours swapped; without the key itself."""
    found = set()
    for i, letter in enumerate(key):
        if letter.isdecimal():
            found |= {f"{key[:i]}{digit}{key[i + 1 :]}" for digit in "0123456789"}
        found.add(key[:i] + key[i + 1 : i + 2] + letter + key[i + 2 :])
    return found - {key}
