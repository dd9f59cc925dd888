"""The same phrases said on other days and in other places (rulebook section 2)."""

from datetime import UTC, datetime, time

import pytest

from app.rules.calendar import working_calendar
from tests.rules.phrases import calendar_of, in_short, read

ELSEWHERE = [
    # Said on a Friday, a Saturday, in the evening, at year's end, before Easter.
    ("today", "2026-07-17T18:30+01:00", "Europe/London", "GB-ENG", "date, 17 Jul 17:30?"),
    ("today", "2026-07-18T10:00+01:00", "Europe/London", "GB-ENG", "date, 20 Jul 17:30?"),
    ("tomorrow", "2026-04-02T10:00+01:00", "Europe/London", "GB-ENG", "date, 07 Apr 17:30?"),
    ("end of the week", "2026-07-17T10:00+01:00", "Europe/London", "GB-ENG", "date, 17 Jul 17:30"),
    ("end of the week", "2026-07-18T10:00+01:00", "Europe/London", "GB-ENG", "date, 17 Jul 17:30?"),
    ("by Monday", "2026-08-27T10:00+01:00", "Europe/London", "GB-ENG", "date, 31 Aug 17:30"),
    ("in a week", "2026-08-24T10:00+01:00", "Europe/London", "GB-ENG", "date, 31 Aug 17:30?"),
    ("by end of January", "2026-12-30T10:00+00:00", "Europe/London", "GB-ENG", "date, 29 Jan 17:30"),
    ("2-3 weeks", "2026-07-18T10:00+01:00", "Europe/London", "GB-ENG", "range, 08 Aug 17:30?"),
    ("a week today", "2026-07-18T10:00+01:00", "Europe/London", "GB-ENG", "date, 25 Jul 17:30?"),
    ("w/c 20th", "2026-12-24T10:00+00:00", "Europe/London", "GB-ENG", "range, 22 Jan 17:30?"),
    ("by the 31st", "2026-09-02T10:00+01:00", "Europe/London", "GB-ENG", "date, 31 Oct 17:30?"),
    ("29 February", "2026-07-15T10:00+01:00", "Europe/London", "GB-ENG", "date, 29 Feb 17:30?"),
    ("in a month", "2026-01-31T10:00+00:00", "Europe/London", "GB-ENG", "date, 28 Feb 17:30?"),
    ("by end of play Monday", "2026-10-23T10:00+01:00", "Europe/London", "GB-ENG", "date, 26 Oct 17:30"),
    ("in February", "2026-02-28T10:00+00:00", "Europe/London", "GB-ENG", "date, 28 Feb 17:30?"),
    ("this month", "2026-02-28T10:00+00:00", "Europe/London", "GB-ENG", "date, 28 Feb 17:30?"),
    ("mid-month", "2026-07-16T10:00+01:00", "Europe/London", "GB-ENG", "date, 17 Aug 17:30?"),
    ("first week of the month", "2026-03-18T10:00+00:00", "Europe/London", "GB-ENG", "range, 03 Apr 17:30?"),
    ("by Christmas", "2026-12-29T10:00+00:00", "Europe/London", "GB-ENG", "date, 24 Dec 17:30?"),
    ("by Easter", "2026-03-18T10:00+00:00", "Europe/London", "GB-ENG", "date, 02 Apr 17:30?"),
    ("before Easter", "2026-03-18T10:00-04:00", "America/New_York", "US", "date, 03 Apr 17:30?"),
    ("after Easter", "2026-03-18T10:00+00:00", "Europe/London", "GB-ENG", "after_event, 07 Apr 17:30?"),
    ("in the new year", "2027-12-31T10:00+00:00", "Europe/London", "GB-SCT", "range, 07 Jan 17:30?"),
    ("by Good Friday", "2026-03-18T10:00+00:00", "Europe/London", "GB-ENG", "date, 03 Apr 17:30"),
    ("after Good Friday", "2026-03-18T10:00+00:00", "Europe/London", "GB-ENG", "after_event, 07 Apr 17:30?"),
    ("by Good Friday", "2026-03-18T10:00-04:00", "America/New_York", "US", "unknown, never?"),
    ("by Thanksgiving", "2026-11-18T10:00-05:00", "America/New_York", "US", "date, 26 Nov 17:30"),
    ("in the week", "2026-07-17T10:00+01:00", "Europe/London", "GB-ENG", "date, 17 Jul 17:30?"),
    ("later this week", "2026-07-17T10:00+01:00", "Europe/London", "GB-ENG", "date, 17 Jul 17:30"),
    ("start of the week", "2026-07-13T10:00+01:00", "Europe/London", "GB-ENG", "range, 14 Jul 17:30?"),
    # It is already the next day in Tokyo, and still the day before in New York.
    ("tomorrow", "2026-07-15T23:30+01:00", "Asia/Tokyo", "JP", "date, 17 Jul 17:30"),
    ("tomorrow noon", "2026-07-16T02:00+01:00", "America/New_York", "US", "instant, 16 Jul 12:00"),
    ("Friday at 3pm", "2026-07-15T10:00+01:00", "America/New_York", "US", "instant, 17 Jul 15:00"),
    ("early next week", "2026-11-18T10:00-05:00", "America/New_York", "US", "range, 24 Nov 17:30"),
    ("by end of next week", "2026-06-24T10:00-04:00", "America/New_York", "US", "date, 02 Jul 17:30"),
    ("07/08/2026", "2026-07-01T10:00-04:00", "America/New_York", "US", "date, 08 Jul 17:30?"),
    (
        "within 2 working days",
        "2026-06-30T10:00-04:00",
        "America/Toronto",
        "CA-ON",
        "working_days, 03 Jul 17:30",
    ),
]


@pytest.mark.parametrize(("phrase", "now", "zone", "holidays", "reading"), ELSEWHERE)
def test_reading_elsewhere(phrase: str, now: str, zone: str, holidays: str, reading: str) -> None:
    client = calendar_of(zone, holidays)
    assert in_short(read(phrase, datetime.fromisoformat(now), client), client.zone) == reading


def test_past_the_known_holidays_a_phrase_is_unknown_and_asked() -> None:
    colombo = calendar_of("Asia/Colombo", "LK")
    found = read("within 5 working days", datetime(2026, 12, 30, 6, tzinfo=UTC), colombo)
    assert in_short(found, colombo.zone) == "unknown, never?"


def test_among_several_holiday_calendars_an_american_one_puts_the_month_first() -> None:
    client = working_calendar("America/New_York", ("CA-ON", "US"), time(9), time(17, 30))
    asked = datetime.fromisoformat("2026-07-01T10:00-04:00")
    assert in_short(read("07/08/2026", asked, client), client.zone) == "date, 08 Jul 17:30?"
