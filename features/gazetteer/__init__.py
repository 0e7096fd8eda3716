"""What is known of places: accounts and the address book, looked up exactly."""

from __future__ import annotations

from collections.abc import Iterable

from domain.places import Account, Address, Point
from features.address import normalise_address
from features.text import normalise


def normalise_account(account: str | None) -> str | None:
    """An account number as a key: without case, spaces and dashes."""
    if not account:
        return None
    return normalise(account).replace(" ", "").replace("-", "") or None


class Gazetteer:
    """Exact look-up of accounts and addresses. An address with several different points answers none."""

    def __init__(self, accounts: Iterable[Account] = (), addresses: Iterable[Address] = ()) -> None:
        self._accounts: dict[str, Account] = {}
        self._points: dict[str, Point | None] = {}
        for account in accounts:
            key = normalise_account(account.account_id)
            if key:
                self._accounts[key] = account
            self._add(account.address, account.point)
        for address in addresses:
            self._add(address.address, address.point)

    def _add(self, address: str | None, point: Point | None) -> None:
        key = normalise_address(address)
        if key is None or point is None:
            return
        known = self._points.setdefault(key, point)
        if known is not None and not _same_place(known, point):
            self._points[key] = None

    def __len__(self) -> int:
        return len(self._accounts) + len(self._points)

    def account(self, number: str | None) -> Account | None:
        """The account of that number."""
        key = normalise_account(number)
        return self._accounts.get(key) if key else None

    def point(self, address: str | None) -> Point | None:
        """The point of exactly that address, unless it is unknown or ambiguous."""
        key = normalise_address(address)
        return self._points.get(key) if key else None


def _same_place(a: Point, b: Point) -> bool:
    return abs(a.latitude - b.latitude) < 0.002 and abs(a.longitude - b.longitude) < 0.002
