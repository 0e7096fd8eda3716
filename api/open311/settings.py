"""What the operator says of the Open311 endpoint: a file of services, and the environment."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic import model_validator as model_check

from api.faults import fault_of, refusal
from api.open311.services import Attribute, Catalogue, Prose, Service, doubled
from domain.errors import InvalidInput
from features.nearest import did_you_mean

SERVICES_FILE = "services.toml"
KEYS = "GRIDROUTE_OPEN311_KEYS"
JURISDICTIONS = "GRIDROUTE_OPEN311_JURISDICTIONS"
SERVICES = "GRIDROUTE_OPEN311_SERVICES"
WITHOUT_KEY = "GRIDROUTE_OPEN311_WITHOUT_KEY"
YES_OR_NO = {"yes": True, "no": False, "": False}


def web_address(url: str) -> str:
    """Refuse what clients could not ask."""
    if url and not re.fullmatch(r"https?://[^\s/]\S{0,500}", url):
        raise refusal("not a web address", "For example https://city.gov/open311/v2.")
    return url


class Texts(BaseModel):
    """What is told of a request that changes; {unit} is its unit's name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    passed_on: Prose = "Passed to {unit}."
    closed: Prose = "Closed."
    reopened: Prose = "Open again."


class Offer(BaseModel):
    """The services file. Without any [[service]], the kinds of trouble of the dispatch log are offered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact: Prose = "Ask whoever runs this server."
    key_service: Prose = "Ask whoever runs this server for a key."
    url: Annotated[str, AfterValidator(web_address)] = ""
    type: Literal["production", "test"] = "production"
    account_from: Literal["account_id", "address_id"] | None = None
    texts: Texts = Texts()
    service: tuple[Service, ...] = Field(default=(), max_length=2_000)

    @model_check(mode="after")
    def _distinct(self) -> Self:
        if code := doubled(service.code for service in self.service):
            raise refusal(f"two services have the code {code!r}", "Give each its own.", "service")
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Open311Settings:
    """The endpoint's settings. No `jurisdictions`: the argument is ignored.

    `without_key`: who has no key may send too. Otherwise they may where there are no `keys` and the service needs none.
    """

    keys: frozenset[str] = frozenset()
    without_key: bool = False
    jurisdictions: tuple[str, ...] = ()
    offer: Offer = field(default_factory=Offer)
    offered_since: datetime | None = None

    @property
    def catalogue(self) -> Catalogue | None:
        """The services that the operator names; None where the file names none."""
        if not self.offer.service or self.offered_since is None:
            return None
        return Catalogue.of(self.offer.service, self.offered_since)

    @classmethod
    def of(cls, environment: Mapping[str, str], home: Path) -> Open311Settings:
        """The settings of an installation. Raises InvalidInput for what cannot be used."""
        named = environment.get(SERVICES)
        path = Path(named) if named else home / SERVICES_FILE
        found = bool(named) or path.exists()
        return cls(
            keys=frozenset(_listed(environment.get(KEYS, ""))),
            without_key=_is_yes(environment, WITHOUT_KEY),
            jurisdictions=_listed(environment.get(JURISDICTIONS, "")),
            offer=read_offer(path) if found else Offer(),
            offered_since=datetime.fromtimestamp(path.stat().st_mtime, UTC) if found else None,
        )


def read_offer(path: Path) -> Offer:
    """The file's content. Raises InvalidInput."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidInput(
            field=str(path), problem=f"cannot be read ({error.strerror})", mend=f"Check {SERVICES}."
        ) from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are such
        raise InvalidInput(field=str(path), problem=f"not TOML: {error}", mend="Mend that line.") from error
    try:
        return Offer.model_validate(document)
    except ValidationError as error:
        raise _invalid(path, error.errors(include_url=False, include_input=False)[0]) from error


def _invalid(path: Path, error: Any) -> InvalidInput:
    fault = fault_of(error)
    # tables are counted from 1, as people do
    where = ", ".join(f"number {part + 1}" if isinstance(part, int) else str(part) for part in error["loc"])
    mend = fault["mend"]
    if error["type"] == "extra_forbidden":
        keys = {*Offer.model_fields, *Texts.model_fields, *Service.model_fields, *Attribute.model_fields}
        mend = did_you_mean(str(error["loc"][-1]), keys)
    return InvalidInput(field=f"{path}: {where or fault['field']}", problem=fault["problem"], mend=mend)


def _is_yes(environment: Mapping[str, str], name: str) -> bool:
    said = environment.get(name, "").strip().lower()
    if said not in YES_OR_NO:
        raise InvalidInput(
            field=name, problem=f"neither yes nor no: {said[:20]!r}", mend="Set it to yes or no."
        )
    return YES_OR_NO[said]


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in (part.strip() for part in text.split(",")) if part)
