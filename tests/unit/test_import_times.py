"""Times as files write them, to UTC."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from store.importing.faults import FaultFound
from store.importing.times import parse_time

NEW_YORK = ZoneInfo("America/New_York")
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("value", "utc"),
    [
        ("2024-01-05T08:30", "2024-01-05T00:30"),
        ("2024-01-05 08:30:15", "2024-01-05T00:30:15"),
        ("2024-01-05T08:30Z", "2024-01-05T08:30"),
        ("2024-01-05T08:30+01:00", "2024-01-05T07:30"),
        ("2024-01-05", "2024-01-04T16:00"),
        ("2024/1/5 8:30", "2024-01-05T00:30"),
        ("2024.01.05", "2024-01-04T16:00"),
        ("2024年1月5日 8:30", "2024-01-05T00:30"),
        (datetime(2024, 1, 5, 8, 30), "2024-01-05T00:30"),
        (datetime(2024, 1, 5, 8, 30, tzinfo=timezone(timedelta(hours=1))), "2024-01-05T07:30"),
        (date(2024, 1, 5), "2024-01-04T16:00"),
    ],
)
def test_a_time_is_read(value: object, utc: str) -> None:
    assert parse_time(value, SHANGHAI) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_time_format_settles_what_is_ambiguous() -> None:
    expected = datetime(2012, 4, 2, 16, tzinfo=UTC)
    assert parse_time("03/04/2012", SHANGHAI, "%d/%m/%Y") == expected
    with pytest.raises(FaultFound) as refused:
        parse_time("2012-04-03", SHANGHAI, "%d/%m/%Y")
    assert "%d/%m/%Y" in refused.value.mend


def test_a_time_format_with_an_offset_is_no_wall_time() -> None:
    read = parse_time("03/04/2012 10:00 +0200", SHANGHAI, "%d/%m/%Y %H:%M %z")
    assert read == datetime(2012, 4, 3, 8, tzinfo=UTC)


def test_a_wall_time_that_occurs_twice_is_the_first() -> None:
    assert parse_time("2011-11-06T01:30", NEW_YORK) == datetime(2011, 11, 6, 5, 30, tzinfo=UTC)


def test_a_wall_time_that_the_clocks_skip_moves_forward() -> None:
    read = parse_time("2012-03-11T02:30", NEW_YORK)
    assert read.astimezone(NEW_YORK).replace(tzinfo=None) == datetime(2012, 3, 11, 3, 30)


@pytest.mark.parametrize(
    "value", [1717200000, 45292.5, True, "12:30", "99/99/2024", datetime(9999, 12, 31, 23)]
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(FaultFound):
        parse_time(value, NEW_YORK)
