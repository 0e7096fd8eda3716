"""Mapping files: what is refused, and what the refusal says."""

import re
from pathlib import Path

import pytest

from domain.errors import InvalidMapping
from store.importing.keys import COLUMNS, SECTIONS, SETTINGS
from store.importing.mapping import Mapping, load_mapping, parse_mapping

REQUIRED = 'ticket_id = "a"\nreceived_at = "b"\nunit = "c"\n'


@pytest.mark.parametrize(
    ("text", "field", "mend"),
    [
        ('[history]\ntickt_id = "a"', "tickt_id", "'ticket_id'"),
        ('[history]\nTimeZone = "UTC"', "TimeZone", "'timezone'"),
        ('[histroy]\nunit = "a"', "histroy", "'history'"),
        ('[history]\ntimezone = "Asia/Shangai"', "timezone", "'Asia/Shanghai'"),
        ('[history]\nencoding = "gb18031"', "encoding", "'gb18030'"),
        ('[history]\ncrs = "wgs48"', "crs", "'wgs84'"),
        ('[history]\ncrs = "EPSG:999999"', "crs", "epsg.org"),
        ("[history]\nplaceholder_coordinates = [1, 2]", "placeholder_coordinates", "[["),
        ('[history]\nunit = ["a", "b"]', "unit", "Only text"),
        ("[history]\ntext = 3", "text", 'text = "text"'),
        ("[history]\ntime_format = 3", "time_format", "%d/%m/%Y"),
        ('[units]\nticket_id = "a"', "ticket_id", "Did you mean"),
        ('history = "a"', "history", "[history]"),
        ('ticket_id = "a"', "ticket_id", "Write [history] above it"),
        ("[history\n", "mapping", "Mend that line"),
    ],
)
def test_a_wrong_mapping_names_the_key_and_the_nearest_known_one(text: str, field: str, mend: str) -> None:
    with pytest.raises(InvalidMapping) as refused:
        parse_mapping(text)
    assert field in refused.value.field
    assert mend in refused.value.mend


def test_every_documented_key_is_read() -> None:
    mapping = parse_mapping(
        f"""[history]
{REQUIRED}
known_at = "known"
timezone = "Europe/Budapest"
time_format = "%Y"
encoding = "gb18030"
text = ["title", "body"]
category = "type"
account = "acc"
phone = "tel"
address = ["street", "no"]
latitude = "lat"
longitude = "lon"
crs = "bd09"
attributes = ["ward"]
placeholder_coordinates = [[42.3594, -71.0587]]
"""
    )
    assert mapping.columns["text"] == ("title", "body")
    assert mapping.columns["address"] == ("street", "no")
    assert (mapping.timezone.key, mapping.time_format, mapping.crs) == ("Europe/Budapest", "%Y", "bd09")
    assert mapping.encoding == "gb18030"
    assert mapping.placeholder_coordinates == ((42.3594, -71.0587),)


def test_a_column_that_the_file_does_not_have_names_the_nearest_one() -> None:
    mapping = parse_mapping(f'[history]\n{REQUIRED}category = "typ"')
    with pytest.raises(
        InvalidMapping, match=r"category: the file has no column 'typ'\. Did you mean 'type'\?"
    ):
        mapping.bound(["a", "b", "c", "type", "subject"])


def test_a_required_key_may_not_be_left_out() -> None:
    with pytest.raises(InvalidMapping, match="unit: is required"):
        parse_mapping('[history]\nticket_id = "a"\nreceived_at = "b"').bound(["a", "b"])


def test_a_mapped_column_that_stands_twice_is_refused() -> None:
    with pytest.raises(InvalidMapping, match="2 columns 'a'"):
        parse_mapping(f"[history]\n{REQUIRED}").bound(["a", "b", "c", "a"])


def test_half_a_point_is_refused() -> None:
    with pytest.raises(InvalidMapping, match="only one of them"):
        parse_mapping(f'[history]\n{REQUIRED}latitude = "lat"').bound(["a", "b", "c", "lat"])


def test_without_a_mapping_columns_are_named_as_the_keys() -> None:
    bound = Mapping().bound(["ticket_id", "received_at", "unit", "text", "whatever"])
    assert dict(bound.columns) == {
        "ticket_id": ("ticket_id",),
        "received_at": ("received_at",),
        "unit": ("unit",),
        "text": ("text",),
    }


def test_without_a_mapping_a_missing_column_is_told() -> None:
    with pytest.raises(InvalidMapping, match=r"no column 'received_at'.*Did you mean 'received'"):
        Mapping().bound(["ticket_id", "received", "unit"])


def test_settings_alone_leave_the_columns_named_as_the_keys() -> None:
    mapping = parse_mapping('[history]\ntimezone = "Asia/Shanghai"')
    assert "category" in mapping.bound(["ticket_id", "received_at", "unit", "category"]).columns


def test_named_columns_are_all_that_is_read() -> None:
    mapping = parse_mapping(f"[history]\n{REQUIRED}")
    assert "category" not in mapping.bound(["a", "b", "c", "category"]).columns


def test_a_mapping_that_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidMapping, match=r"map\.toml"):
        load_mapping(tmp_path / "map.toml")


HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "import.md"


def test_the_how_to_shows_every_key_and_a_mapping_that_is_read() -> None:
    text = HOW_TO.read_text(encoding="utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    assert parse_mapping(example).crs == "gcj02"
    rows = dict(re.findall(r"^\| `\[(\w+)\]` \|(.*)$", text, flags=re.MULTILINE))
    assert {kind: set(re.findall(r"`(\w+)`", row)) for kind, row in rows.items()} == {
        kind: set(COLUMNS[kind]) for kind in SECTIONS
    }
    assert set(SETTINGS) == set(re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE))
