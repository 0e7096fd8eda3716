"""Open311: discovery, the list of services and their definitions, as the specification has them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.open311.services import Attribute, Service, code_of
from api.open311.settings import Offer, Open311Settings, Texts
from domain.dispatches import Dispatch
from domain.errors import InvalidInput
from store.memory import MemoryStore
from tests.open311 import BASE, SERVICES, an_offer, endpoint, errors, get
from tests.serving import NOW, Clock, a_dispatch, furnished

CANS = {
    "service_code": "001",
    "service_name": "Cans left out 24x7",
    "description": "Garbage or recycling cans that have been left out for more than 24 hours after collection.",
    "metadata": False,
    "type": "realtime",
    "keywords": "lorem, ipsum, dolor",
    "group": "sanitation",
}


def test_discovery_has_every_field_in_both_forms() -> None:
    with endpoint() as client:
        assert get(client, "discovery") == {
            "changeset": "2024-05-01T09:00:00Z",
            "contact": "You can email or call for assistance api@mycity.org +1 (555) 555-5555",
            "key_service": "You can request a key here: http://api.mycity.gov/api_key/request",
            "endpoints": [
                {
                    "specification": "http://wiki.open311.org/GeoReport_v2",
                    "url": "http://open311.mycity.gov/v2",
                    "changeset": "2024-05-01T09:00:00Z",
                    "type": "production",
                    "formats": ["text/xml", "application/json"],
                }
            ],
        }
        above = client.get("/open311/discovery.json")
        assert above.json() == client.get(f"{BASE}/discovery.json").json()


def test_discovery_names_the_address_it_was_asked_at_and_says_whom_to_ask() -> None:
    with endpoint(offer=Offer()) as client:
        found = get(client, "discovery")
    assert found["endpoints"][0]["url"] == "http://testserver/open311/v2"
    assert all(found[name] for name in ("changeset", "contact", "key_service"))


def test_discovery_needs_no_jurisdiction_and_no_key() -> None:
    with endpoint(jurisdictions=("a.gov", "b.gov"), keys=frozenset({"k"})) as client:
        get(client, "discovery")


def test_services_are_told_as_the_specification_has_them() -> None:
    with endpoint() as client:
        cans, vehicle = get(client, "services")
    assert cans == CANS
    assert vehicle == {
        "service_code": "DMV66",
        "service_name": "Abandoned vehicle",
        "description": None,
        "metadata": True,
        "type": "realtime",
        "keywords": None,
        "group": None,
    }


def test_a_definition_has_its_attributes_in_order() -> None:
    with endpoint() as client:
        found = get(client, "services/DMV66")
    assert found["service_code"] == "DMV66"
    assert [a["order"] for a in found["attributes"]] == [1, 2, 3, 4, 5, 6]
    assert found["attributes"][0] == {
        "variable": True,
        "code": "WHISHETN",
        "datatype": "singlevaluelist",
        "required": True,
        "datatype_description": None,
        "order": 1,
        "description": "What is the ticket/tag/DL number?",
        "values": [{"key": "123", "name": "Ford"}, {"key": "124", "name": "Chrysler"}],
    }
    kinds = [(a["code"], a["datatype"], a["variable"], a["required"]) for a in found["attributes"][1:]]
    assert kinds == [
        ("COLOURS", "multivaluelist", True, False),
        ("AGE", "number", True, False),
        ("SEEN", "datetime", True, False),
        ("NOTE", "text", False, False),
        ("CUSTOMER", "string", True, False),
    ]
    assert found["attributes"][2]["datatype_description"] == "years"
    assert found["attributes"][5]["automated"] == "hidden_field"
    assert all("fills" not in a and "public" not in a for a in found["attributes"])


def test_a_service_without_attributes_has_an_empty_definition() -> None:
    with endpoint() as client:
        assert get(client, "services/001") == {"service_code": "001", "attributes": []}


@pytest.mark.parametrize("form", ["xml", "json"])
def test_an_unknown_service_is_404(form: str) -> None:
    with endpoint() as client:
        (told,) = errors(client.get(f"{BASE}/services/033.{form}"), 404)
    assert "service_code" in told
    assert "033" in told


def known(category: str | None, hours: int = 0) -> Dispatch:
    known_at = NOW + timedelta(hours=hours)
    return a_dispatch(f"{category} {hours}", "north", known_at, category=category)


def names(found: list[dict[str, Any]]) -> list[str]:
    return [service["service_name"] for service in found]


def test_without_a_file_the_known_kinds_of_trouble_are_offered() -> None:
    clock = Clock()
    store = furnished(MemoryStore(clock))
    log = [known("Pothole"), known("pothole", 1), known("Pothole", 2), known("Sewer: blocked"), known("供水")]
    store.write(lambda session: session.append_dispatches([*log, known(None), known("  ")]))
    with endpoint(store, clock, offer=Offer()) as client:
        first = get(client, "services")
        assert names(first) == ["Pothole", "Sewer: blocked", "供水", "Other"]
        assert all(service["type"] == "realtime" and not service["metadata"] for service in first)
        codes = [service["service_code"] for service in first]
        assert [get(client, f"services/{code}")["service_code"] for code in codes] == codes
        before = get(client, "discovery")["changeset"]
        store.write(lambda session: session.append_dispatches([known("Graffiti", 3)]))
        clock.move(seconds=59)
        assert get(client, "services") == first
        clock.move(seconds=1)
        assert names(get(client, "services")) == ["Graffiti", "Pothole", "Sewer: blocked", "供水", "Other"]
        assert {service["service_code"] for service in get(client, "services")} > set(codes)
        assert get(client, "discovery")["changeset"] > before


def test_a_new_installation_offers_something() -> None:
    with endpoint(offer=Offer()) as client:
        assert names(get(client, "services")) == ["Other"]


def test_kinds_that_only_rules_and_territories_know_are_offered_too() -> None:
    from dataclasses import replace

    from tests.serving import RULES, square

    store = furnished()
    rule = replace(RULES[0], rule_id="x", categories=frozenset({"gas leak", "pothole"}))
    territory = replace(square("t-x", "north", 31.2), kinds=frozenset({"manhole"}))

    def work(session: Any) -> None:
        session.put_rules([rule])
        session.put_territories([territory])
        session.append_dispatches([known("Pothole")])

    store.write(work)
    with endpoint(store, offer=Offer()) as client:
        assert names(get(client, "services")) == ["Pothole", "gas leak", "manhole", "Other"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Pothole", "POTHOLE", True),
        ("Pothole", " pothole ", True),
        ("Road / Pavement", "Road Pavement", False),
        ("供水", "供电", False),
        ("Sewer: blocked", "Sewer; blocked", False),
        ("café", "cafe", True),
    ],
)
def test_codes_are_alike_only_for_alike_names(one: str, other: str, same: bool) -> None:
    assert (code_of(one) == code_of(other)) is same
    for code in (code_of(one), code_of(other)):
        assert code.replace("-", "").isalnum()
        assert code.isascii()


def test_the_settings_of_an_installation(tmp_path: Path) -> None:
    assert Open311Settings.of({}, tmp_path) == Open311Settings()
    (tmp_path / "services.toml").write_text(SERVICES, "utf-8")
    found = Open311Settings.of(
        {"GRIDROUTE_OPEN311_KEYS": " a, b ,,", "GRIDROUTE_OPEN311_JURISDICTIONS": "city.gov"}, tmp_path
    )
    assert sorted(found.keys) == ["a", "b"]
    assert found.jurisdictions == ("city.gov",)
    assert [service.code for service in found.offer.service] == ["001", "DMV66"]
    assert isinstance(found.offered_since, datetime)
    elsewhere = tmp_path / "other.toml"
    elsewhere.write_text('contact = "us"')
    named = Open311Settings.of({"GRIDROUTE_OPEN311_SERVICES": str(elsewhere)}, tmp_path)
    assert (named.offer.contact, named.offer.service, named.catalogue) == ("us", (), None)
    with pytest.raises(InvalidInput, match=r"gone\.toml"):
        Open311Settings.of({"GRIDROUTE_OPEN311_SERVICES": str(tmp_path / "gone.toml")}, tmp_path)


@pytest.mark.parametrize(
    ("text", "where", "told"),
    [
        ("[[service", "services.toml", "not TOML"),
        ('[[service]]\nname = "Pothole"', "service, number 1, code", "missing"),
        ('[[service]]\ncode = "a b"\nname = "x"', "service, number 1, code", "not a code"),
        ('[[service]]\ncode = "a,b"\nname = "x"', "code", "letters"),
        ('[[service]]\ncode = "a"\nname = "x"\nkeyword = ["y"]', "keyword", "keywords"),
        ('[[service]]\ncode = "a"\nname = "x"\n[[service]]\ncode = "A"\nname = "y"', "service", "'A'"),
        (
            '[[service]]\ncode = "a"\nname = "x"\n[[service.attribute]]\ncode = "b"',
            "attribute, number 1",
            "missing",
        ),
        (
            '[[service]]\ncode="a"\nname="x"\n[[service.attribute]]\ncode="b"\ndescription="d"\nvalues={c="e"}',
            "attribute, number 1",
            "values",
        ),
        ('url = "open311.city.gov"', "url", "http"),
        ('type = "trial"', "type", "production"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_with_its_place(
    tmp_path: Path, text: str, where: str, told: str
) -> None:
    (tmp_path / "services.toml").write_text(text)
    with pytest.raises(InvalidInput) as caught:
        Open311Settings.of({}, tmp_path)
    assert where in caught.value.field
    assert told in str(caught.value)


def test_the_example_of_the_documentation_can_be_used() -> None:
    page = Path(__file__).parents[2] / "docs/how-to/open311.md"
    (example,) = re.findall(r"```toml\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    offer = an_offer(example)
    assert [service.code for service in offer.service] == ["pothole", "no-water"]
    told = " ".join(re.findall(r"`(\w+)`", page.read_text("utf-8")))
    for model in (Offer, Texts, Service, Attribute):
        assert all(name in told for name in model.model_fields if name not in ("service", "attribute"))
