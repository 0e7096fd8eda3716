"""A bundle that must not serve is refused, and the last good one goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.errors import BundleOlder
from models.bundle import SIGNATURE
from models.signing import signed_with
from router.ports import BundleRecord
from store import bundles, promoting
from tests.bundles import WORDS, tiny_bundle
from tests.integration.test_api_with_model import NOW, Office
from tests.integration.test_api_with_model import office as office

KEY = b"k" * 32


def change(bundle: Path) -> None:
    (bundle / "ranker.txt").write_text((bundle / "ranker.txt").read_text() + " ")


def change_schema(bundle: Path) -> None:
    schema = json.loads((bundle / "schema.json").read_bytes())
    (bundle / "schema.json").write_text(json.dumps(schema | {"fingerprint": "of other features"}))


def unsign(bundle: Path) -> None:
    (bundle / SIGNATURE).unlink()


def put_the_first_in_its_place(bundle: Path) -> None:
    """An older one, whole and signed, under the name of the new."""
    first = min(
        (one for one in bundle.parent.iterdir() if one != bundle), key=lambda one: one.stat().st_mtime
    )
    for file in bundle.iterdir():
        file.write_bytes((first / file.name).read_bytes())


def ranked_by(office: Office) -> str | None:
    answer = office.client.post("/v1/tickets", json={"text": WORDS["pipes"]}).json()
    return answer["bundle"]["digest"] if answer["bundle"] else None


@pytest.mark.parametrize("harm", [change, change_schema, unsign, put_the_first_in_its_place])
def test_the_last_good_one_goes_on(office: Office, harm: Callable[[Path], None]) -> None:
    with signed_with(KEY):
        good, bad = tiny_bundle(office.bundles, seed=1), tiny_bundle(office.bundles, seed=2)
        office.champion(good)
        office.service.refresh()
        kept = {file: file.read_bytes() for file in bad.iterdir()}
        harm(bad)
        office.champion(bad)
        office.service.refresh()
        assert ranked_by(office) == good.name
        (told,) = office.client.get("/readyz").json()["problems"]
        assert told["code"] in ("bundle_damaged", "bundle_incompatible")
        assert f"{good.name[:12]}, the last good one, goes on" in told["problem"]
        for file, content in kept.items():
            file.write_bytes(content)
        office.service.refresh()
        assert ranked_by(office) == bad.name
        assert office.client.get("/readyz").status_code == 200


def test_one_that_is_damaged_while_it_serves_serves_on(office: Office) -> None:
    good = tiny_bundle(office.bundles, seed=1)
    office.champion(good)
    office.service.refresh()
    change(good)
    office.champion(tiny_bundle(office.bundles, seed=2))
    bundles.rollback(office.store)
    office.service.refresh()
    assert ranked_by(office) == good.name
    assert office.client.get("/readyz").status_code == 503


def test_an_older_one_is_not_promoted_unawares(office: Office) -> None:
    for seed in (1, 2):
        bundle = tiny_bundle(office.bundles, seed=seed)
        record = BundleRecord(version=0, digest=bundle.name, path=str(bundle), registered_at=NOW)
        office.store.write(lambda session, record=record: session.add_bundle(record))  # type: ignore[misc]
    promoting.promote(office.store, 2, NOW)
    with pytest.raises(BundleOlder, match="older than version 2"):
        promoting.promote(office.store, 1, NOW)
    assert promoting.promote(office.store, 1, NOW, older=True).champion == 1
