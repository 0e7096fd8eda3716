"""What a call-taker has typed so far, as the service takes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from secrets import choice

from console.client import Json

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that are taken for each other on the phone
CHANNEL = "phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One call; `point` where the call-taker set a pin."""

    text: str = ""
    address: str = ""
    account: str = ""
    phone: str = ""
    category: str = ""
    point: tuple[float, float] | None = None

    @property
    def says_something(self) -> bool:
        """Whether the service could look at it: text, kind, account, address or a pin."""
        return bool(self.text.strip() or self.category.strip() or self.account or self.address or self.point)

    def body(self) -> Json:
        """As the service takes it; empty fields are left out."""
        told: Json = {
            name: value.strip()
            for name in ("text", "address", "account", "phone", "category")
            if (value := str(getattr(self, name))).strip()
        }
        if self.point is not None:
            told |= {"latitude": self.point[0], "longitude": self.point[1]}
        return told | {"channel": CHANNEL}


def new_number(today: datetime | None = None) -> str:
    """A ticket's number that can be told on the phone: the day and eight letters that no other call gets."""
    day = today or datetime.now().astimezone()
    four = ["".join(choice(LETTERS) for _ in range(4)) for _ in range(2)]
    return f"{day:%y%m%d}-{'-'.join(four)}"
