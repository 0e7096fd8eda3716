"""An Open311 endpoint to ask: the small office, with the services of the specification's examples."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree

from fastapi.testclient import TestClient
from httpx import Response

from api.app import create_app
from api.open311.settings import Offer, Open311Settings
from api.settings import Settings
from router.ports import Store
from store.memory import MemoryStore
from tests.serving import NOW, Clock, furnished, serve

BASE = "/open311/v2"
HOUR = 3_600.0  # seconds
# what holds others of one kind, as the specification marks it
CONTAINERS = {
    "services",
    "attributes",
    "values",
    "service_requests",
    "errors",
    "endpoints",
    "formats",
    "service_request_updates",
}
SERVICES = """
contact = "You can email or call for assistance api@mycity.org +1 (555) 555-5555"
key_service = "You can request a key here: http://api.mycity.gov/api_key/request"
url = "http://open311.mycity.gov/v2"

[[service]]
code = "001"
name = "Cans left out 24x7"
description = "Garbage or recycling cans that have been left out for more than 24 hours after collection."
keywords = ["lorem", "ipsum", "dolor"]
group = "sanitation"
notice = "The City will inspect and require the responsible party to correct within 24 hours."

[[service]]
code = "DMV66"
name = "Abandoned vehicle"
category = "Vehicle"

[[service.attribute]]
code = "WHISHETN"
datatype = "singlevaluelist"
required = true
description = "What is the ticket/tag/DL number?"
values = { 123 = "Ford", 124 = "Chrysler" }
public = true

[[service.attribute]]
code = "COLOURS"
datatype = "multivaluelist"
description = "Which colours has it?"
values = { r = "Red", b = "Blue" }
public = true

[[service.attribute]]
code = "AGE"
datatype = "number"
datatype_description = "years"
description = "How old is it?"

[[service.attribute]]
code = "SEEN"
datatype = "datetime"
description = "When did you see it?"

[[service.attribute]]
code = "NOTE"
datatype = "text"
variable = false
description = "We tow on Mondays."

[[service.attribute]]
code = "CUSTOMER"
description = "Your customer number"
fills = "account"
automated = "hidden_field"
"""
GOOD = {"service_code": "001", "lat": "31.25", "long": "121.45", "description": "Cans\nThey smell."}
VEHICLE = {**GOOD, "service_code": "DMV66", "attribute[WHISHETN]": "123"}


def an_offer(text: str = SERVICES) -> Offer:
    """The services file's content."""
    return Offer.model_validate(tomllib.loads(text))


@contextmanager
def endpoint(
    store: Store | None = None, clock: Clock | None = None, limits: Settings | None = None, **settings: Any
) -> Iterator[TestClient]:
    """A client of an endpoint that offers the services above; `settings` are Open311Settings'."""
    clock = clock or Clock()
    store = furnished(store or MemoryStore(clock))
    told = Open311Settings(**{"offer": an_offer(), "offered_since": NOW, **settings})
    # nobody watches the tickets' clocks meanwhile: what one writes as it runs out would stand in every later answer alone
    chosen = Settings(open311=told, refresh_seconds=HOUR) if limits is None else limits
    with TestClient(create_app(serve(store, clock), chosen), raise_server_exceptions=False) as client:
        yield client


def spark(document: bytes) -> Any:
    """The document as JSON would have it, by the Spark convention; texts stay texts and None is empty."""
    return _value(ElementTree.fromstring(document))


def _value(element: ElementTree.Element) -> Any:
    if element.tag in CONTAINERS:
        return [_value(child) for child in element]
    if len(element):
        assert len({child.tag for child in element}) == len(element)
        return {child.tag: _value(child) for child in element}
    return element.text


def as_texts(value: Any) -> Any:
    """JSON with the texts that XML would have."""
    if isinstance(value, dict):
        return {key: as_texts(part) for key, part in value.items()}
    if isinstance(value, list):
        return [as_texts(part) for part in value]
    return value if value is None or isinstance(value, str) else json.dumps(value)


def get(client: TestClient, path: str, **arguments: str) -> Any:
    """What the path answers, the same in both forms."""
    of_xml, of_json = (client.get(f"{BASE}/{path}.{form}", params=arguments) for form in ("xml", "json"))
    assert of_xml.status_code == of_json.status_code == 200, of_xml.text
    assert of_xml.headers["content-type"] == "text/xml; charset=utf-8"
    assert of_json.headers["content-type"] == "application/json; charset=utf-8"
    assert of_xml.content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    answer = json.loads(of_json.content.decode("utf-8"))
    assert spark(of_xml.content) == as_texts(answer)
    return answer


def send(client: TestClient, path: str = "requests", /, **fields: Any) -> Any:
    """What the form is answered."""
    response = client.post(f"{BASE}/{path}.json", data=fields)
    assert response.status_code == 200, response.text
    return response.json()


def report(client: TestClient, **fields: Any) -> str:
    """The id of a new request."""
    ((answer),) = send(client, **{**GOOD, **fields})
    request_id: str = answer["service_request_id"]
    return request_id


def errors(response: Response, status: int) -> list[str]:
    """The descriptions, after a check of the error's form."""
    assert response.status_code == status, response.text
    if "json" in response.headers["content-type"]:
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        found = response.json()
    else:
        assert response.headers["content-type"] == "text/xml; charset=utf-8"
        assert ElementTree.fromstring(response.content).tag == "errors"
        found = [{**error, "code": int(error["code"])} for error in spark(response.content)]
    assert found
    for error in found:
        assert set(error) == {"code", "description"}
        assert error["code"] >= 400
        assert error["description"]
    return [error["description"] for error in found]
