"""Open311: who may ask, and that whatever is sent is answered in the specification's form, never with a 5xx."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from api.open311.settings import Offer
from api.settings import Settings
from domain.errors import GridrouteError, StoreFull, StoreUnavailable
from router.ports import ChannelQuery, ChannelTicket
from store.memory_sessions import MemoryReadSession
from tests.open311 import BASE, GOOD, endpoint, errors, get, report
from tests.serving import Clock, FailingStore

READ = ("services", "services/001", "requests", "servicerequestupdates")
UPDATE = {
    "update_id": "1",
    "status": "OPEN",
    "updated_datetime": "2024-05-01T09:00:00Z",
    "description": "x",
}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with endpoint() as client:
        yield client


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize(
    ("served", "named", "status"),
    [
        ((), None, 200),
        ((), "else.gov", 200),
        (("city.gov",), None, 200),
        (("city.gov",), "", 200),
        (("city.gov",), "city.gov", 200),
        (("city.gov",), "else.gov", 404),
        (("city.gov", "town.gov"), "town.gov", 200),
        (("city.gov", "town.gov"), None, 400),
        (("city.gov", "town.gov"), "", 400),
        (("city.gov", "town.gov"), "else.gov", 404),
    ],
)
def test_jurisdictions(form: str, served: tuple[str, ...], named: str | None, status: int) -> None:
    asked = {} if named is None else {"jurisdiction_id": named}
    with endpoint(jurisdictions=served) as client:
        answers = [client.get(f"{BASE}/{path}.{form}", params=asked) for path in READ]
        answers.append(client.post(f"{BASE}/requests.{form}", data={**GOOD, **asked}))
    for answer in answers:
        if status == 200:
            assert answer.status_code == 200
        else:
            assert "jurisdiction_id" in errors(answer, status)[0]


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize(
    ("key", "status"), [("xyz", 200), ("äöü", 200), ("XYZ", 403), ("xy", 403), ("", 403), (None, 403)]
)
def test_writing_needs_a_key_where_keys_are_given_out(form: str, key: str | None, status: int) -> None:
    given = {} if key is None else {"api_key": key}
    with endpoint(keys=frozenset({"xyz", "äöü"})) as client:
        answer = client.post(f"{BASE}/requests.{form}", data={**GOOD, **given})
        assert answer.status_code == status
        if status == 403:
            assert "api_key" in errors(answer, 403)[0]
            assert get(client, "requests") == []  # reading needs none
        request_id = report(client, api_key="xyz")
        update = {**UPDATE, "service_request_id": request_id, **given}
        assert client.post(f"{BASE}/servicerequestupdates.{form}", data=update).status_code == status
        assert len(get(client, "servicerequestupdates")) == (status == 200)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "services.xml", "GET"),
        ("POST", "discovery.json", "GET"),
        ("PUT", "requests.json", "GET, POST"),
        ("DELETE", "requests/1.xml", "GET"),
        ("PATCH", "servicerequestupdates.json", "GET, POST"),
        ("OPTIONS", "services.json", "GET"),
        ("BREW", "services.json", "GET"),
    ],
)
def test_a_method_that_is_not_there_is_405(client: TestClient, method: str, path: str, allowed: str) -> None:
    answer = client.request(method, f"{BASE}/{path}")
    assert errors(answer, 405)
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/open311/",
        "/open311/v1/services.xml",
        f"{BASE}/",
        f"{BASE}/services",
        f"{BASE}/services.csv",
        f"{BASE}/services.xml/",
        f"{BASE}/services.",
        f"{BASE}/requests/1/2.json",
        f"{BASE}/requests/1",
        f"{BASE}/nothing.json",
        f"{BASE}/%00.json",
        f"{BASE}/%ff%fe.xml",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_that_is_not_there_is_404(client: TestClient, method: str, path: str) -> None:
    errors(client.request(method, path), 404)


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        ("application/json", b'{"service_code": "001"}', "x-www-form-urlencoded"),
        ("text/plain", b"service_code=001", "x-www-form-urlencoded"),
        ("application/x-www-form-urlencoded", b"service_code=001&description=%ff%fe", "UTF-8"),
        ("application/x-www-form-urlencoded", b"service_code=001&description=\xe9", "UTF-8"),
        ("application/x-www-form-urlencoded", b"service_code=001&description=%ed%a0%80", "UTF-8"),
        ("application/x-www-form-urlencoded", b"%ff=1", "UTF-8"),
        ("application/x-www-form-urlencoded; charset=latin-1", b"service_code=001&description=%e9", "UTF-8"),
        ("multipart/form-data", b"x", "boundary"),
        ("multipart/form-data; boundary=b", b"--c\r\n", "form cannot be read"),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
            "name",
        ),
        ("multipart/form-data; boundary=b; charset=utf-7", b"--b\r\n", "service_code"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="description"\r\n\r\nStra\xdfe\r\n--b--\r\n',
            "'description' is not encoded as UTF-8",
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="Stra\xdfe"\r\n\r\nx\r\n--b--\r\n',
            "name is not encoded as UTF-8",
        ),
        ("multipart/form-data; boundary=" + "b" * 5000, b"--b", "form cannot be read"),
        ("", b"service_code", "service_code"),
    ],
)
def test_a_body_that_is_no_such_form_is_refused(
    client: TestClient, kind: str, body: bytes, told: str
) -> None:
    for path in ("requests.xml", "servicerequestupdates.json"):
        answer = client.post(f"{BASE}/{path}", content=body, headers={"Content-Type": kind} if kind else {})
        found = errors(answer, 400)[0]
        assert told in found or "servicerequest" in path


def test_a_multipart_form_in_a_strange_charset_is_read_as_utf_8(client: TestClient) -> None:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**GOOD, "description": "+2AA-積水"}.items()
    ]
    body = "".join([*parts, "--b--\r\n"]).encode()
    for charset in ("utf-7", "idna", "rot13", "utf-16", "none such", "latin-1"):
        kind = {"Content-Type": f"multipart/form-data; charset={charset}; boundary=b"}
        answer = client.post(f"{BASE}/requests.json", content=body, headers=kind)
        assert answer.status_code == 200
        request_id = answer.json()[0]["service_request_id"]
        assert get(client, f"requests/{request_id}")[0]["description"] == "+2AA-積水"


@pytest.mark.parametrize(
    "query", ["%ff", "start_date=%ff", "a=%ed%a0%80", "status=%00", "&" * 5000 + "x=%fe"]
)
def test_a_query_that_is_not_utf_8_is_refused(client: TestClient, query: str) -> None:
    for path in READ:
        errors(client.get(f"{BASE}/{path}.json?{query}"), 400)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreUnavailable(problem="away", mend="wait"), 503),
        (StoreFull(problem="full", mend="make room"), 507),
    ],
)
def test_trouble_of_the_server_is_400_with_its_code_and_nothing_is_kept(
    error: GridrouteError, code: int
) -> None:
    """The specification's general service error: any failure during create request processing."""
    clock = Clock()
    store = FailingStore(clock)
    with endpoint(store, clock) as client:
        store.error = error
        for form in ("xml", "json"):
            answer = client.post(f"{BASE}/requests.{form}", data=GOOD)
            assert "Nothing was accepted" in errors(answer, 400)[0]
            assert int(answer.headers["retry-after"]) > 0
            assert str(code) in answer.text
        store.error = None
        assert get(client, "requests") == []


def test_a_store_that_is_away_when_asked_is_told_in_the_same_form() -> None:
    clock = Clock()
    store = FailingStore(clock)
    with endpoint(store, clock) as client:
        store.close()
        for path in ("requests.json", "requests/1.json", "servicerequestupdates.json", "tokens/1.json"):
            answer = client.get(f"{BASE}/{path}")
            assert errors(answer, 400)
            assert answer.json()[0]["code"] == 503
        assert client.get(f"{BASE}/services.json").status_code == 200  # the operator's own list


def test_services_that_were_known_a_minute_ago_are_still_told_when_the_store_is_away() -> None:
    clock = Clock()
    store = FailingStore(clock)
    with endpoint(store, clock, offer=Offer()) as client:
        before = get(client, "services")
        store.close()
        clock.move(minutes=5)
        assert get(client, "services") == before
    with endpoint(store := FailingStore(clock), clock, offer=Offer()) as client:
        store.close()
        errors(client.get(f"{BASE}/services.xml"), 400)


def test_no_store_is_asked_for_an_id_that_it_cannot_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL has no NUL in texts."""
    found = MemoryReadSession.channel_tickets

    def strict(self: MemoryReadSession, query: ChannelQuery) -> Sequence[ChannelTicket]:
        assert not any("\0" in ticket_id for ticket_id in query.ticket_ids or ())
        return found(self, query)

    monkeypatch.setattr(MemoryReadSession, "channel_tickets", strict)
    with endpoint() as client:
        for path in ("requests/a%00.xml", "tokens/%00.json"):
            errors(client.get(f"{BASE}/{path}"), 404)


def test_too_many_at_once_are_refused_before_they_are_accepted() -> None:
    with endpoint(limits=Settings(max_in_flight=0)) as client:
        answer = client.post(f"{BASE}/requests.json", data=GOOD)
        assert errors(answer, 400)
        assert answer.headers["retry-after"] == "1"
        assert answer.json()[0]["code"] == 429
    with endpoint(limits=Settings(max_requests=0)) as client:
        for form in ("xml", "json"):
            answer = client.get(f"{BASE}/requests.{form}")
            assert errors(answer, 400)
            assert "429" in answer.text


FIELDS = [
    "service_code",
    "lat",
    "long",
    "address_string",
    "description",
    "attribute[AGE]",
    "attribute[][]",
    "phone",
]
VALUES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["001", "DMV66", "31.25", "-1e5", "123", "\x00", "\ud7ff", "2024-05-01T09:00:00Z"]),
)
NAMES = st.one_of(st.sampled_from(FIELDS), st.text(string.printable, max_size=12))
FORMS = st.lists(st.tuples(NAMES, VALUES), max_size=12)


@settings(max_examples=150)
@given(form=FORMS, raw=st.binary(max_size=40), path=st.sampled_from(["requests", "servicerequestupdates"]))
def test_nothing_that_is_sent_breaks_it(
    client: TestClient, form: list[tuple[str, str]], raw: bytes, path: str
) -> None:
    from urllib.parse import urlencode

    body = urlencode(form).encode() + b"&" + raw
    for extension in ("xml", "json"):
        answers: list[Any] = [
            client.post(
                f"{BASE}/{path}.{extension}",
                content=body,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
            ),
            client.get(f"{BASE}/{path}.{extension}?{urlencode(form)}"),
        ]
        for answer in answers:
            if answer.status_code != 200:
                assert answer.status_code in (400, 403, 404)
                errors(answer, answer.status_code)
