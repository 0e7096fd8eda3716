"""A history file as dispatches: what is known when, what a ticket is made of, and the digest."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.places import Point
from store.importing.history import HistoryFile, read_history
from store.importing.mapping import load_mapping, parse_mapping

NOW = datetime(2024, 6, 1, tzinfo=UTC)
PUDONG = (31.1774276, 121.5272106)
BUDAPEST = 'timezone = "Europe/Budapest"'


def read(folder: Path, text: str, mapping: str = "", delay: timedelta = timedelta(0)) -> HistoryFile:
    path = folder / "history.csv"
    path.write_text(text, encoding="utf-8")
    return read_history(path, parse_mapping(f"[history]\n{mapping}"), now=NOW, label_delay=delay)


def known(history: HistoryFile) -> dict[str, str]:
    return {entry.ticket.ticket_id: f"{entry.known_at:%Y-%m-%dT%H:%M}" for entry in history.dispatches}


def test_an_outcome_is_known_when_the_ticket_comes_unless_told_otherwise(tmp_path: Path) -> None:
    rows = (
        "ticket_id,received_at,known_at,unit\n1,2024-01-05T10:00,,a\n2,2024-01-04T10:00,2024-02-01T00:30,b\n"
    )
    history = read(tmp_path, rows, delay=timedelta(days=1))
    assert known(history) == {"1": "2024-01-06T10:00", "2": "2024-02-01T00:30"}
    assert [entry.ticket.ticket_id for entry in history.dispatches] == ["1", "2"]


def test_whole_days_count_from_the_next_local_midnight(tmp_path: Path) -> None:
    rows = "ticket_id,received_at,unit\n1,2024-03-30,a\n2,2024-03-31,b\n"  # the clocks change on the 31st
    history = read(tmp_path, rows, BUDAPEST)
    assert history.whole_days
    assert known(history) == {"1": "2024-03-30T22:59", "2": "2024-03-31T21:59"}
    first, second = history.dispatches
    assert second.ticket.received_at - first.known_at == timedelta(microseconds=1)
    later = read(tmp_path, rows, BUDAPEST, delay=timedelta(days=7))
    assert known(later) == {"1": "2024-04-06T22:59", "2": "2024-04-07T21:59"}


def test_one_time_of_day_makes_all_times_real(tmp_path: Path) -> None:
    history = read(tmp_path, "ticket_id,received_at,unit\n1,2024-03-30,a\n2,2024-03-31T00:01,b\n", BUDAPEST)
    assert not history.whole_days
    assert known(history)["1"] == "2024-03-29T23:00"


MIXED = "ticket_id,received_at,known_at,unit\n"


def test_an_outcome_known_on_a_day_counts_from_its_end_whatever_times_tickets_came(tmp_path: Path) -> None:
    rows = MIXED + "1,2024-03-29T09:00,2024-03-30,a\n2,2024-03-30T08:00,2024-03-30,a\n3,2024-03-31T00:30,,a\n"
    history = read(tmp_path, rows, BUDAPEST)
    assert history.rejected == {}
    assert known(history) == {
        "1": "2024-03-30T22:59",  # not before ticket 2 came, nor after its day
        "2": "2024-03-30T22:59",
        "3": "2024-03-30T23:30",
    }


def test_a_time_of_closing_at_midnight_stays_one_where_only_the_tickets_have_whole_days(
    tmp_path: Path,
) -> None:
    rows = MIXED + "1,2024-01-02,2024-01-03T00:00,a\n2,2024-01-02,2024-01-03T10:00,a\n3,2024-01-02,,a\n"
    found = known(read(tmp_path, rows))
    assert found == {"1": "2024-01-03T00:00", "2": "2024-01-03T10:00", "3": "2024-01-02T23:59"}


@pytest.mark.parametrize("times", [("2024-01-02", "2024-01-04T10:00"), ("2024-01-01", "2024-01-04")])
def test_what_is_known_before_its_ticket_came_is_bad_with_times_of_day_or_another_day(
    tmp_path: Path, times: tuple[str, str]
) -> None:
    early, other = times
    rows = MIXED + f"1,2024-01-02T09:00,{early},a\n2,2024-01-03T09:00,{other},a\n"
    history = read(tmp_path, rows)
    assert [(bad.line, bad.reason.value) for bad in history.bad_rows] == [(2, "bad_period")]
    assert history.rejected == {"bad_period": 1}
    assert list(known(history)) == ["2"]


def test_text_address_and_attributes_are_joined_from_their_columns(tmp_path: Path) -> None:
    rows = (
        "ticket_id,received_at,unit,title,body,street,no,ward,source\n"
        '1,2024-01-01,a,"No\nwater","since\nnoon",High St,5.0,W 3,\n'
        "2,2024-01-02,a,,only a body,,7,,web\n"
    )
    mapping = 'ticket_id="ticket_id"\nreceived_at="received_at"\nunit="unit"\ntext=["title","body"]\n'
    history = read(tmp_path, rows, mapping + 'address=["street","no"]\nattributes=["ward","source"]')
    first, second = (entry.ticket for entry in history.dispatches)
    assert (first.text, first.address, first.attributes) == (
        "No water\nsince\nnoon",
        "High St, 5.0",
        {"ward": "W 3"},
    )
    assert (second.text, second.address, second.attributes) == ("only a body", "7", {"source": "web"})
    assert history.attribute_names == ("source", "ward")


@pytest.mark.parametrize(
    ("crs", "north", "east", "point"),
    [
        ("wgs84", "31.1774276", "121.5272106", PUDONG),
        ("gcj02", "31.17530398", "121.53154186", PUDONG),
        ("bd09", "31.181329", "121.538016", PUDONG),
        ("EPSG:3857", "3655813.00", "13528347.20", PUDONG),
        ("gcj02", "47.5", "19.04", (47.5, 19.04)),
    ],
)
def test_coordinates_become_wgs84(
    tmp_path: Path, crs: str, north: str, east: str, point: tuple[float, float]
) -> None:
    rows = f"ticket_id,received_at,unit,latitude,longitude\n1,2024-01-01,a,{north},{east}\n"
    found = read(tmp_path, rows, f'crs = "{crs}"').dispatches[0].ticket.point
    assert found is not None
    assert (found.latitude, found.longitude) == pytest.approx(point, abs=1e-6)


def test_placeholders_mean_unknown(tmp_path: Path) -> None:
    rows = "ticket_id,received_at,unit,latitude,longitude\n1,2024-01-01,a,42.35945,-71.0587\n2,2024-01-02,a,42.36,-71\n"
    history = read(tmp_path, rows, "placeholder_coordinates = [[42.3594, -71.0587]]")
    assert [entry.ticket.point for entry in history.dispatches] == [
        None,
        Point(latitude=42.36, longitude=-71),
    ]


def test_a_backtest_keeps_a_ticket_whose_coordinates_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("ticket_id,received_at,unit,latitude,longitude\n1,2024-01-01,a,91,95\n2,,a,1,1\n")
    strict, tolerant = (
        read_history(path, parse_mapping("[history]"), now=NOW, tolerant=tolerant)
        for tolerant in (False, True)
    )
    assert strict.rejected == {"bad_coordinate": 1, "missing_time": 1}
    assert tolerant.rejected == {"missing_time": 1}
    assert [(d.ticket.ticket_id, d.ticket.point) for d in tolerant.dispatches] == [("1", None)]


def test_the_digest_is_of_contents_not_of_order_or_format(tmp_path: Path) -> None:
    head, one, two = "ticket_id,received_at,unit\n", "1,2024-01-01T08:00,a\n", "2,2024-01-02,b\n"
    digest = read(tmp_path, head + one + two).digest
    assert read(tmp_path, (head + two + one + one).replace(",", ";")).digest == digest
    assert read(tmp_path, head + one + two.replace("b", "c")).digest != digest
    assert read(tmp_path, head + one).digest != digest


def test_repeated_rows_are_taken_once(tmp_path: Path) -> None:
    history = read(tmp_path, "ticket_id,received_at,unit\n" + "1,2024-01-01T08:00,a\n" * 3)
    assert (history.rows, len(history.dispatches), history.repeated, history.rejected) == (3, 1, 2, {})


def test_a_file_without_rows_is_an_empty_history(tmp_path: Path) -> None:
    history = read(tmp_path, "ticket_id,received_at,unit\n")
    assert (history.rows, history.dispatches, history.whole_days) == (0, [], False)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("city", "rows", "whole_days"), [("boston", 58251, False), ("budapest", 30286, True)]
)
def test_real_histories_are_read_whole(city: str, rows: int, whole_days: bool) -> None:
    if "GRIDROUTE_DATA" not in os.environ:
        pytest.skip("GRIDROUTE_DATA is not set")
    folder = Path(os.environ["GRIDROUTE_DATA"]) / city
    history = read_history(
        folder / "history.parquet", load_mapping(folder / "mapping.toml"), now=datetime.now(UTC)
    )
    assert (history.rows, len(history.dispatches), history.rejected) == (rows, rows, {})
    assert history.whole_days is whole_days
    assert all(entry.known_at >= entry.ticket.received_at for entry in history.dispatches)
