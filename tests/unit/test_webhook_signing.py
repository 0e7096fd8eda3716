"""Signatures of webhooks, against the specification's own example."""

from __future__ import annotations

import base64

import pytest

from api.webhooks.signing import headers, is_secret, new_secret

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_example_of_the_specification() -> None:
    found = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', [SECRET])
    assert found == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_secret_signs() -> None:
    other = new_secret()
    one, two = (headers("m", 1, b"{}", [secret])["webhook-signature"] for secret in (SECRET, other))
    assert headers("m", 1, b"{}", [SECRET, other])["webhook-signature"] == f"{one} {two}"
    assert one != two


@pytest.mark.parametrize("changed", [("n", 1, b"{}"), ("m", 2, b"{}"), ("m", 1, b"{} ")])
def test_id_time_and_body_are_signed(changed: tuple[str, int, bytes]) -> None:
    signatures = {headers(*one, [SECRET])["webhook-signature"] for one in (("m", 1, b"{}"), changed)}
    assert len(signatures) == 2


def test_a_made_secret_is_one() -> None:
    assert is_secret(new_secret())
    assert new_secret() != new_secret()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SECRET, True),
        (SECRET.removeprefix("whsec_"), False),
        ("whsec_", False),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), False),
        ("whsec_" + base64.b64encode(bytes(64)).decode(), True),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), False),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w", False),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", False),
        ("whsec_祖", False),
    ],
)
def test_what_is_a_secret(text: str, expected: bool) -> None:
    assert is_secret(text) is expected
