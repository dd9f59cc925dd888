"""The latest instant a client timescale allows (rulebook section 2)."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from app.rules.calendar import working_calendar
from app.rules.timescales import Timescale, expected_by
from app.rules.vocabulary import TimescaleAnchor, TimescaleKind

LONDON = working_calendar("Europe/London", "GB-ENG", time(9), time(17, 30))
NEW_YORK = working_calendar("America/New_York", "US", time(9), time(17, 30))
GIVEN_AT = datetime.fromisoformat("2026-07-15T10:00+01:00")
INTERVIEW_END = datetime.fromisoformat("2026-07-14T11:00+01:00")
EVENT = {"event": "panel", "event_date": date(2026, 7, 21)}


def by(kind: TimescaleKind, client: Any = LONDON, **extra: Any) -> datetime | None:
    timescale = Timescale(kind, GIVEN_AT, **extra)
    return expected_by(timescale, client, interview_end=INTERVIEW_END, event_offset=1)


@pytest.mark.parametrize(
    ("kind", "extra", "expected"),
    [
        ("instant", {"at": datetime.fromisoformat("2026-07-16T12:00+01:00")}, "2026-07-16T12:00+01:00"),
        ("date", {"date": date(2026, 7, 17)}, "2026-07-17T17:30+01:00"),
        ("date", {"date": date(2026, 8, 31)}, "2026-08-31T17:30+01:00"),  # literally, on a holiday
        ("range", {"from_date": date(2026, 7, 20), "to_date": date(2026, 7, 24)}, "2026-07-24T17:30+01:00"),
        ("working_days", {"n": 3}, "2026-07-20T17:30+01:00"),
        ("working_days", {"n": 3, "anchor": TimescaleAnchor.INTERVIEW}, "2026-07-17T17:30+01:00"),
        ("after_event", EVENT, "2026-07-22T17:30+01:00"),
        ("after_event", {**EVENT, "offset_working_days": 0}, "2026-07-21T17:30+01:00"),
        ("after_event", {**EVENT, "offset_working_days": 4}, "2026-07-27T17:30+01:00"),
    ],
)
def test_expected_by(kind: str, extra: dict[str, Any], expected: str) -> None:
    found = by(TimescaleKind(kind), **extra)
    assert found == datetime.fromisoformat(expected)
    assert found is not None
    assert found.tzinfo is UTC


def test_days_are_those_of_the_client() -> None:
    found = by(TimescaleKind.DATE, NEW_YORK, date=date(2026, 7, 17))
    assert found == datetime.fromisoformat("2026-07-17T17:30-04:00")


@pytest.mark.parametrize("extra", [{"event": "budget approved"}, {"event": "x", "offset_working_days": 3}])
def test_an_event_without_a_date_is_unknown(extra: dict[str, Any]) -> None:
    assert by(TimescaleKind.AFTER_EVENT, **extra) is None
    assert by(TimescaleKind.UNKNOWN) is None


@pytest.mark.parametrize(
    ("kind", "extra", "complaint"),
    [
        ("instant", {}, "needs at"),
        ("date", {}, "needs date"),
        ("range", {"from_date": date(2026, 7, 20)}, "needs to_date"),
        ("range", {"from_date": date(2026, 7, 20), "to_date": date(2026, 7, 19)}, "end before it begins"),
        ("working_days", {}, "needs n"),
        ("working_days", {"n": -1}, "never negative"),
        ("after_event", {"event_date": date(2026, 7, 20)}, "needs event"),
    ],
)
def test_a_timescale_holds_what_its_kind_needs(kind: str, extra: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Timescale(TimescaleKind(kind), GIVEN_AT, **extra)
