"""Numbers of people, hidden in fields and in texts, as far as they can be recognised there."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from typing import Any

from domain.access import Personal
from domain.tickets import Ticket

DOT = "•"
SHORTEST_OWN = 4
"""Letters of a number below which it is not looked for in texts: a house may have it too."""
FIELDS = {
    "phone": Personal.PHONE,
    "mobile": Personal.PHONE,
    "telephone": Personal.PHONE,
    "account": Personal.ACCOUNT,
    "accounts": Personal.ACCOUNT,
    "account_id": Personal.ACCOUNT,
}
# of what names something, nothing is hidden: it could not be asked for any more
NAMES = re.compile(
    r"ticket_id|unit|unit_.*|joined.*|into|dispatch|webhook_id|session|cells?|digest|version|.*_at|at|next"
)
FREE = frozenset(
    {
        "address",
        "attributes",
        "comment",
        "description",
        "detail",
        "details",
        "error",
        "evidence",
        "findings",
        "given",
        "key",
        "line",
        "lines",
        "name",
        "note",
        "notes",
        "problem",
        "reason",
        "sentence",
        "sentences",
        "text",
        "title",
        "value",
        "words",
    }
)
_BETWEEN = r"[\s\-–./()（）]{0,3}"
# numbers stand without spaces in Chinese: only digits and Latin letters make another word of them
_NUMBERS = re.compile(
    r"(?P<other>(?<!\d)(?:19|20)\d\d[-./]\d{1,2}[-./]\d{1,2}(?!\d)"  # a day
    r"|(?<!\d)\d{1,3}\.\d{4,}(?!\.?\d))"  # degrees, at the end of a sentence too
    r"|(?<![0-9A-Za-z.０-９])\+?\d(?:[ \t\-–./()（）]{0,2}\d){6,18}(?![0-9A-Za-z０-９])"
)
_PHONE_SHAPE = re.compile(
    r"(?:\+|00)\d{7,15}|(?:86)?1[3-9]\d{9}|0\d{8,11}|[48]00\d{7}|[2-9]\d{9}|[2-9]\d{6,7}"
)
_ACCOUNT = re.compile(
    r"(?i)(?P<word>(?:account|acct|a/c|customer|kundennummer|户号|户头|客户编号|客户号|用户编号|用户号|[账帐][号户]|缴费号|表号)"
    r"(?:\s*(?:number|no\.?|nr\.?|id|号码|编号))?\s*[:：=#是为]?\s*)(?P<number>(?=[0-9A-Za-z０-９-]*\d)[0-9A-Za-z０-９][0-9A-Za-z０-９-]{1,40})"
)


def masked(number: str) -> str:
    """The number with its last digits alone."""
    if DOT in number:
        return number  # it is already
    letters = [letter for letter in number if letter.isalnum()]
    kept = 4 if len(letters) >= 8 else len(letters) // 3
    return DOT * (len(letters) - kept) + "".join(letters[len(letters) - kept :])


class Veil:
    """Hides these kinds of numbers, and those `own` ones that are known to be of a kind that is hidden."""

    def __init__(self, hidden: Collection[Personal], own: Iterable[str] = ()) -> None:
        self._hidden = hidden
        self._own = _pattern({number for number in own if len(_letters(number)) >= SHORTEST_OWN})

    def text(self, text: str) -> str:
        """The text without what can be recognised in it."""
        if not any(letter.isdigit() for letter in text):
            return text
        text = self.known(text)
        if Personal.ACCOUNT in self._hidden:
            text = _ACCOUNT.sub(lambda found: found["word"] + masked(found["number"]), text)
        if Personal.PHONE in self._hidden:
            every = Personal.ACCOUNT in self._hidden
            text = _NUMBERS.sub(partial(_without_phone, every=every), text)
        return text

    def known(self, text: str) -> str:
        """The text without the own numbers."""
        return self._own.sub(lambda found: masked(found[0]), text) if self._own else text

    def tree(self, value: Any, name: str = "") -> Any:
        """A JSON value without them; `name`: of the member that holds it."""
        if isinstance(value, str):
            if FIELDS.get(name) in self._hidden:
                return masked(value)
            return value if NAMES.fullmatch(name) else self.text(value) if name in FREE else self.known(value)
        if isinstance(value, list):
            return [self.tree(one, name) for one in value]
        if not isinstance(value, dict):
            return value
        repaired = FIELDS.get(str(value.get("field", "")))
        if repaired in self._hidden:
            return {
                key: masked(part) if key in ("given", "value") and part else self.tree(part, key)
                for key, part in value.items()
            }
        inner = name if name == "attributes" else ""
        return {key: self.tree(part, key if key in FIELDS else inner or key) for key, part in value.items()}


def own_numbers(value: Any, hidden: Collection[Personal], name: str = "") -> Iterator[str]:
    """The numbers of the hidden kinds that fields of a JSON value hold."""
    if isinstance(value, str):
        if FIELDS.get(name) in hidden:
            yield value
    elif isinstance(value, list):
        for one in value:
            yield from own_numbers(one, hidden, name)
    elif isinstance(value, dict):
        if FIELDS.get(str(value.get("field", ""))) in hidden:
            yield from (value[key] for key in ("given", "value") if isinstance(value.get(key), str))
        for key, part in value.items():
            yield from own_numbers(part, hidden, key)


def veiled(value: Any, hidden: Collection[Personal], own: Iterable[str] = ()) -> Any:
    """A JSON value without the hidden kinds of numbers."""
    return Veil(hidden, {*own, *own_numbers(value, hidden)}).tree(value) if hidden else value


def numbers_of(ticket: Ticket, hidden: Collection[Personal]) -> list[str]:
    """The ticket's own numbers of the hidden kinds."""
    found = ((Personal.PHONE, ticket.phone), (Personal.ACCOUNT, ticket.account))
    return [number for kind, number in found if number and kind in hidden]


def _without_phone(found: re.Match[str], *, every: bool) -> str:
    text = found[0]
    if found["other"]:
        return text
    bare = "".join(letter for letter in text if letter == "+" or letter.isdigit())
    return masked(text) if every or _PHONE_SHAPE.fullmatch(bare) else text


def _pattern(numbers: Collection[str]) -> re.Pattern[str] | None:
    """Finds the numbers however they are spaced, in half or full width."""
    if not numbers:
        return None
    spelt = (
        _BETWEEN.join(map(_either_width, _letters(number)))
        for number in sorted(numbers, key=len, reverse=True)
    )
    return re.compile(rf"(?i)(?<![0-9A-Za-z])(?:{'|'.join(spelt)})(?![0-9A-Za-z])")


def _either_width(letter: str) -> str:
    if "!" <= letter <= "~":
        return f"[{re.escape(letter)}{chr(ord(letter) + 0xFEE0)}]"
    return re.escape(letter)


def _letters(number: str) -> str:
    return "".join(letter for letter in number if letter.isalnum())
