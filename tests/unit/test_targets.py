"""Where deliveries may go."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import httpx
import pytest

from api.webhooks.targets import TargetRefused, Targets
from domain.errors import InvalidInput

INSIDE = Targets.of(["10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:db8::1"),
        *("::127.0.0.1", "::10.0.0.1", "::169.254.169.254", "::ffff:0:127.0.0.1", "::ffff:0:10.0.0.1"),
        *("fec0::1", "feff:ffff::1", "64:ff9b:1::a00:1", "64:ff9b:1::5db8:d70e", "64:ff9b:1:7f00:0:100::"),
    ],
)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert Targets().refusal(ip_address(address), "https")


@pytest.mark.parametrize(
    "address",
    [
        *("93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::5db8:d70e"),
        *("::93.184.215.14", "::ffff:0:93.184.215.14"),
    ],
)
def test_what_is_public_is_not(address: str) -> None:
    assert Targets().refusal(ip_address(address), "https") is None
    assert "http" in (INSIDE.refusal(ip_address(address), "http") or "")


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "64:ff9b::a01:203", "::ffff:0:10.1.2.3"]
)
def test_an_allowed_network_is_allowed_by_http_too(address: str) -> None:
    assert INSIDE.refusal(ip_address(address), "http") is None
    assert INSIDE.refusal(ip_address("127.0.0.1"), "https")


@pytest.mark.parametrize(
    "url",
    [
        *("", "water.example", "ftp://water.example/", "https://", "http://water.example/", "javascript:x"),
        *(
            "https://user:pass@water.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.1:8443/x",
        ),
        *("https://[::ffff:169.254.169.254]/", "https://water.example/\n", "https://w.example/" + "x" * 2000),
    ],
)
def test_what_cannot_be_a_target(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Targets().check_url(url)
    assert caught.value.field == "url"


def test_what_can() -> None:
    assert Targets().check_url("https://water.example:8443/hook?x=1").host == "water.example"
    assert INSIDE.check_url("http://10.0.0.1/").host == "10.0.0.1"


@pytest.mark.parametrize("address", ["::1", "fec0::7", "64:ff9b:1::a00:1"])
def test_an_allowed_address_is_allowed_by_its_own_name(address: str) -> None:
    assert Targets.of([address]).refusal(ip_address(address), "https") is None


def test_networks_are_checked() -> None:
    assert Targets.of(["", " 10.0.0.0/8 "]) == Targets.of(["10.0.0.0/8"])
    with pytest.raises(InvalidInput):
        Targets.of(["10.0.0.1/8"])


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["93.184.215.14", "93.184.215.15"], ["93.184.215.14", "93.184.215.15"]),
        (["93.184.215.14", "127.0.0.1"], None),
        (["127.0.0.1"], None),
        (["fe80::1%eth0"], None),
    ],
)
def test_a_name_is_judged_by_all_its_addresses(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str], expected: list[str] | None
) -> None:
    def lookup(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in addresses]

    async def resolved() -> list[str]:
        return await Targets().resolve(httpx.URL("https://water.example/"))

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    if expected is None:
        with pytest.raises(TargetRefused, match=r"water\.example"):
            asyncio.run(resolved())
    else:
        assert asyncio.run(resolved()) == expected
