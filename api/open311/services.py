"""Services: the kinds of trouble that may be reported, and what is asked about each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic import model_validator as model_check

from api.faults import refusal
from api.schemas import no_nul
from features.text import normalise

CODE = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]{0,99}")


def fit_for_paths(code: str) -> str:
    """Refuse codes that would break URLs and comma delimited lists."""
    if not CODE.fullmatch(code):
        raise refusal(f"not a code: {code[:100]!r}", "Give letters, digits, - _ . ~, at most 100 of them.")
    return code


Code = Annotated[str, AfterValidator(fit_for_paths)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(no_nul)]
Prose = Annotated[str, StringConstraints(max_length=4_000), AfterValidator(no_nul)]
LISTS = ("singlevaluelist", "multivaluelist")


def doubled(codes: Iterable[str]) -> str | None:
    """A code that comes twice, whatever its letters' case."""
    seen: set[str] = set()
    for code in codes:
        if code.lower() in seen:
            return code
        seen.add(code.lower())
    return None


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Attribute(_Part):
    """What else is asked. `fills`: the field of the ticket that the answer is; `public`: shown to everybody."""

    code: Code
    description: Line
    datatype: Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"] = "string"
    required: bool = False
    variable: bool = True
    datatype_description: Prose = ""
    values: dict[Line, Line] = Field(default_factory=dict)
    fills: Literal["account", "phone", "address"] | None = None
    public: bool = False
    automated: Literal["server_set", "hidden_field"] | None = None

    @model_check(mode="after")
    def _whole(self) -> Self:
        if (self.datatype in LISTS) != bool(self.values):
            raise refusal(
                "values and datatype do not agree", f"Give values to {' and '.join(LISTS)} alone.", "values"
            )
        if self.required and not self.variable:
            raise refusal("required, but nothing is to be entered", "Set variable = true.", "required")
        return self

    def told(self, order: int) -> dict[str, Any]:
        """The attribute on the wire."""
        values = [{"key": key, "name": name} for key, name in self.values.items()]
        return {
            "variable": self.variable,
            "code": self.code,
            "datatype": self.datatype,
            "required": self.required,
            "datatype_description": self.datatype_description or None,
            "order": order,
            "description": self.description,
            **({"values": values} if values else {}),
            **({"automated": self.automated} if self.automated else {}),
        }


class Service(_Part):
    """A kind of trouble. `category` is what routing knows it as: the name, where nothing else is said; "": none."""

    code: Code
    name: Line
    category: str | None = Field(default=None, max_length=200)
    description: Prose = ""
    group: str = Field(default="", max_length=200)
    keywords: tuple[Line, ...] = ()
    notice: Prose = ""
    attribute: tuple[Attribute, ...] = ()

    @model_check(mode="after")
    def _distinct(self) -> Self:
        if code := doubled(attribute.code for attribute in self.attribute):
            raise refusal(f"two attributes have the code {code!r}", "Give each its own.", "attribute")
        return self

    @property
    def kind(self) -> str | None:
        """The ticket's category."""
        return (self.name if self.category is None else self.category) or None

    def told(self) -> dict[str, Any]:
        """The service on the wire."""
        return {
            "service_code": self.code,
            "service_name": self.name,
            "description": self.description or None,
            "metadata": bool(self.attribute),
            "type": "realtime",
            "keywords": ", ".join(self.keywords) or None,
            "group": self.group or None,
        }

    def definition(self) -> dict[str, Any]:
        """The service's definition on the wire."""
        attributes = [attribute.told(order) for order, attribute in enumerate(self.attribute, start=1)]
        return {"service_code": self.code, "attributes": attributes}


# for who does not know what it is: routing looks at the words and the place
ANYTHING = Service(code="other", name="Other", category="", description="Anything else")


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The services there are; `since` is when they last changed."""

    services: Mapping[str, Service]
    since: datetime

    @classmethod
    def of(cls, services: Iterable[Service], since: datetime) -> Self:
        """The catalogue of these."""
        return cls(services={service.code: service for service in services}, since=since)

    def of_kind(self, category: str | None) -> Service:
        """The service whose kind of trouble that is, for tickets that name no service."""
        kind = normalise(category or "")
        known = (service for service in self.services.values() if normalise(service.kind or "") == kind)
        return next(known, ANYTHING)


def service_of(category: str) -> Service:
    """The service that stands for a kind of trouble of which no more than the name is known."""
    return Service(code=code_of(category), name=category[:200], category=category[:200])


def code_of(category: str) -> str:
    """A code that is the same everywhere, fit for a URL and a comma delimited list; alike only for alike names."""
    name = normalise(category)
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:60]
    if slug.replace("-", " ") == name:
        return slug
    digest = sha256(name.encode()).hexdigest()[:8]
    return f"{slug}-{digest}" if slug else f"k-{digest}"
