"""Working time (rulebook section 1): the vectors, the awkward days, and a slow calendar to agree with."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import CalendarRangeError, UnknownHolidayCalendarError
from app.rules.calendar import WorkingCalendar, local_instant, working_calendar
from app.rules.holidays import is_known, last_known_year, public_holidays

VECTORS = json.loads((Path(__file__).parent / "cases" / "working_time.json").read_text())
LONDON = working_calendar("Europe/London", "GB-ENG", time(9), time(17, 30))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- The vectors ---------------------------------------------------------------------------------------


def answer(calendar: WorkingCalendar, op: str, value: str, n: int) -> datetime | date:
    match op:
        case "roll":
            return calendar.roll(instant(value))
        case "add_working_hours":
            return calendar.add_hours(instant(value), n)
        case "add_working_days":
            return calendar.add_days(instant(value), n)
        case "working_day_after":
            return calendar.day_after(date.fromisoformat(value), n)
        case _:
            return calendar.day_before(date.fromisoformat(value), n)


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda v: f"{v['op']} {v['input']} {v['n']}")
def test_vector(vector: dict[str, Any]) -> None:
    hours = (time.fromisoformat(vector["calendar"][key]) for key in ("day_start", "day_end"))
    calendar = working_calendar(vector["calendar"]["timezone"], vector["calendar"]["holidays"], *hours)
    read = date.fromisoformat if vector["op"].startswith("working_day") else instant
    assert answer(calendar, vector["op"], vector["input"], vector["n"]) == read(vector["expected"])


@pytest.mark.parametrize("vector", VECTORS["slip_vectors"], ids=lambda v: f"{v['previous']} {v['current']}")
def test_slip_vector(vector: dict[str, Any]) -> None:
    old, new = date.fromisoformat(vector["previous"]), date.fromisoformat(vector["current"])
    assert LONDON.slip(old, new) == vector["expected_slip_wd"]
    assert LONDON.slip(new, old) == -vector["expected_slip_wd"]


# --- Awkward days --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "day"),
    [
        ("GB-ENG", date(2026, 12, 28)),  # Boxing Day on a Saturday, given back on Monday
        ("GB-ENG", date(2027, 12, 27)),
        ("GB-SCT", date(2026, 11, 30)),  # Saint Andrew
        ("US", date(2026, 7, 3)),
        ("CA-ON", date(2026, 2, 16)),
        ("GB", date(2026, 12, 25)),
    ],
)
def test_is_a_public_holiday(code: str, day: date) -> None:
    assert day in public_holidays(code, day.year)
    assert not working_calendar("UTC", code, time(9), time(17)).is_working_day(day)


def test_scottish_holidays_are_not_english_ones() -> None:
    assert LONDON.is_working_day(date(2026, 11, 30))


@pytest.mark.parametrize("code", ["", "XX", "gb-eng", "GB-", "GB-LND", "GB-ENG-1", "-"])
def test_unknown_holiday_codes(code: str) -> None:
    assert not is_known(code)
    with pytest.raises(UnknownHolidayCalendarError, match="unknown holiday calendar"):
        public_holidays(code, 2026)
    with pytest.raises(UnknownHolidayCalendarError):
        WorkingCalendar("Europe/London", code, time(9), time(17))


def test_no_holiday_code_means_no_holidays() -> None:
    calendar = working_calendar("Europe/London", None, time(9), time(17, 30))
    assert calendar.is_working_day(date(2026, 12, 25))
    assert public_holidays(None, 2026) == frozenset()


@pytest.mark.parametrize(
    ("zone", "start", "end", "weekdays"),
    [
        ("Europe/London", time(9), time(9), {0}),
        ("Europe/London", time(17), time(9), {0}),
        ("Europe/London", time(9), time(17), set()),
        ("Europe/London", time(9), time(17), {7}),
        ("Europe/Londinium", time(9), time(17), {0}),
        ("Europe", time(9), time(17), {0}),
        ("", time(9), time(17), {0}),
        ("../etc/passwd", time(9), time(17), {0}),
    ],
)
def test_a_calendar_without_working_time_or_zone_is_refused(
    zone: str, start: time, end: time, weekdays: set[int]
) -> None:
    with pytest.raises(ValueError, match=r"working|unknown time zone"):
        WorkingCalendar(zone, None, start, end, frozenset(weekdays))


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Europe/London", "2026-03-29T01:30", "2026-03-29T01:30"),  # skipped: 02:30 British Summer Time
        ("Europe/London", "2026-10-25T01:30", "2026-10-25T00:30"),  # twice: the first
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45"),  # half an hour
        ("Africa/Cairo", "2026-04-24T00:00", "2026-04-23T22:00"),  # midnight itself is skipped
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T19:00"),  # a whole day is skipped
    ],
)
def test_local_times_that_are_skipped_or_occur_twice(zone: str, local: str, utc: str) -> None:
    at = datetime.fromisoformat(local)
    assert local_instant(ZoneInfo(zone), at.date(), at.time()) == instant(f"{utc}+00:00")
    assert local_instant(ZoneInfo(zone), at.date(), at.time().replace(fold=1)) == instant(f"{utc}+00:00")


def test_a_day_that_the_zone_skips_is_no_working_day() -> None:
    apia = working_calendar("Pacific/Apia", None, time(9), time(17))
    assert not apia.is_working_day(date(2011, 12, 30))
    assert apia.day_after(date(2011, 12, 29), 1) == date(2012, 1, 2)


def test_hours_across_a_clock_change_are_elapsed_hours() -> None:
    every_day = WorkingCalendar("Europe/London", None, time(0), time(23, 59), frozenset(range(7)))
    assert every_day.add_hours(instant("2026-03-29T00:00+00:00"), 2) == instant("2026-03-29T03:00+01:00")
    assert every_day.add_hours(instant("2026-10-25T00:00+01:00"), 2) == instant("2026-10-25T01:00+00:00")


def test_a_working_day_later_keeps_the_wall_clock_over_a_clock_change() -> None:
    assert LONDON.add_days(instant("2026-10-23T16:30+01:00"), 1) == instant("2026-10-26T16:30+00:00")


def test_a_time_skipped_before_a_late_opening_moves_forward() -> None:
    late_wednesdays = [(2, (time(1, 30), time(12)))]
    tehran = WorkingCalendar("Asia/Tehran", None, time(0, 30), time(1, 15), hours=late_wednesdays)
    tuesday = instant("2012-03-20T00:31+03:30")  # On Wednesday the clocks go from 00:00 to 01:00.
    assert tehran.add_days(tuesday, 1) == instant("2012-03-21T01:31+04:30")


def test_dates_are_taken_literally_on_days_off() -> None:
    saturday = date(2026, 7, 18)
    assert LONDON.start_of(saturday) == instant("2026-07-18T09:00+01:00")
    assert LONDON.end_of(saturday) == instant("2026-07-18T17:30+01:00")
    assert LONDON.on_or_after(saturday) == date(2026, 7, 20)
    assert LONDON.on_or_before(saturday) == date(2026, 7, 17)
    assert LONDON.day_after(saturday, 5) == date(2026, 7, 24)


def test_no_days_later_or_earlier_is_the_date_itself() -> None:
    assert (
        LONDON.day_after(date(2026, 7, 18), 0) == LONDON.day_before(date(2026, 7, 18), 0) == date(2026, 7, 18)
    )


def test_the_contact_window_is_a_calendar_with_other_hours() -> None:
    candidates = working_calendar("Europe/London", "GB-ENG", time(8), time(20))
    assert candidates.roll(instant("2026-07-17T19:59+01:00")) == instant("2026-07-17T19:59+01:00")
    assert candidates.roll(instant("2026-07-17T20:00+01:00")) == instant("2026-07-20T08:00+01:00")


def test_answers_are_in_utc_whatever_the_zone_of_the_question() -> None:
    rolled = LONDON.roll(instant("2026-07-14T18:00+09:00"))
    assert rolled.tzinfo is UTC
    assert LONDON.date_of(instant("2026-07-15T05:00+09:00")) == date(2026, 7, 14)


# --- Days with hours of their own ------------------------------------------------------------------------

# Fridays until 16:00, Saturdays from 10:00 to 14:00; closed on a Wednesday for the summer party.
PARTLY = WorkingCalendar(
    "Europe/London",
    "GB-ENG",
    time(9),
    time(17, 30),
    frozenset({0, 1, 2, 3, 4, 5}),
    hours=[(4, (time(9), time(16))), (5, (time(10), time(14)))],
    closing_days=frozenset({date(2026, 7, 22)}),
)


@pytest.mark.parametrize(
    ("t", "rolled"),
    [
        ("2026-07-17T15:59+01:00", "2026-07-17T15:59+01:00"),
        ("2026-07-17T16:00+01:00", "2026-07-18T10:00+01:00"),  # Friday has ended
        ("2026-07-18T14:00+01:00", "2026-07-20T09:00+01:00"),  # so has Saturday
        ("2026-07-22T11:00+01:00", "2026-07-23T09:00+01:00"),  # the party
        (
            "2026-12-26T11:00+00:00",
            "2026-12-29T09:00+00:00",
        ),  # a holiday on a working Saturday, and its substitute
    ],
)
def test_roll_knows_the_hours_of_each_day(t: str, rolled: str) -> None:
    assert PARTLY.roll(instant(t)) == instant(rolled)


@pytest.mark.parametrize(
    ("t", "hours", "end"),
    [
        ("2026-07-17T14:00+01:00", 2, "2026-07-17T16:00+01:00"),  # the exact end of Friday stays there
        ("2026-07-17T14:00+01:00", 4, "2026-07-18T12:00+01:00"),  # two on Friday, two on Saturday
        ("2026-07-17T15:00+01:00", 6, "2026-07-20T10:00+01:00"),
        ("2026-07-21T17:00+01:00", 1, "2026-07-23T09:30+01:00"),  # over the party
    ],
)
def test_hours_are_those_that_each_day_really_has(t: str, hours: int, end: str) -> None:
    assert PARTLY.add_hours(instant(t), hours) == instant(end)


@pytest.mark.parametrize(
    ("t", "days", "later"),
    [
        ("2026-07-16T15:00+01:00", 1, "2026-07-17T15:00+01:00"),
        ("2026-07-16T17:00+01:00", 1, "2026-07-17T16:00+01:00"),  # Friday has no 17:00: its end
        (
            "2026-07-16T17:00+01:00",
            3,
            "2026-07-20T17:00+01:00",
        ),  # the time of Thursday, whatever lies between
        ("2026-07-17T09:00+01:00", 1, "2026-07-18T10:00+01:00"),  # Saturday has no 09:00: its start
        ("2026-07-17T17:00+01:00", 1, "2026-07-20T10:00+01:00"),  # counted from Saturday 10:00
        ("2026-07-21T11:00+01:00", 1, "2026-07-23T11:00+01:00"),  # over the party
    ],
)
def test_a_time_that_a_day_has_not_is_taken_as_near_as_it_has(t: str, days: int, later: str) -> None:
    assert PARTLY.add_days(instant(t), days) == instant(later)


def test_a_date_ends_with_the_hours_of_its_weekday() -> None:
    assert PARTLY.end_of(date(2026, 7, 17)) == instant("2026-07-17T16:00+01:00")
    assert PARTLY.end_of(date(2026, 12, 25)) == instant("2026-12-25T16:00+00:00")  # a Friday, if a holiday
    assert PARTLY.start_of(date(2026, 7, 18)) == instant("2026-07-18T10:00+01:00")
    assert PARTLY.start_of(date(2026, 7, 19)) == instant(
        "2026-07-19T09:00+01:00"
    )  # a Sunday has none of its own
    assert PARTLY.end_of(date(2026, 7, 22)) == instant("2026-07-22T17:30+01:00")  # closed, literally


def test_closing_days_are_no_working_days() -> None:
    assert not PARTLY.is_working_day(date(2026, 7, 22))
    assert PARTLY.day_after(date(2026, 7, 21), 1) == date(2026, 7, 23)
    assert PARTLY.slip(date(2026, 7, 21), date(2026, 7, 23)) == 1


def test_several_holiday_calendars_end_with_the_first_that_ends() -> None:
    both = WorkingCalendar("Asia/Kolkata", ("GB-ENG", "IN"), time(9), time(17))
    with pytest.raises(CalendarRangeError, match="2001 to 2035"):
        both.day_after(date(2035, 12, 31), 1)
    with pytest.raises(UnknownHolidayCalendarError, match="'XX'"):
        WorkingCalendar("Europe/London", ("GB-ENG", "XX"), time(9), time(17))


def test_a_day_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        WorkingCalendar("Europe/London", None, time(9), time(17), hours=[(4, (time(16), time(9)))])


# --- The ends of the table -----------------------------------------------------------------------------

TOO_FAR = [
    lambda c: c.roll(instant("2101-01-03T12:00+00:00")),
    lambda c: c.roll(instant("1989-12-29T12:00+00:00")),
    lambda c: c.roll(datetime.max.replace(tzinfo=UTC)),
    lambda c: c.roll(datetime.min.replace(tzinfo=UTC)),
    lambda c: c.date_of(datetime.max.replace(tzinfo=ZoneInfo("America/New_York"))),
    lambda c: c.roll(instant("2100-12-31T18:00+00:00")),
    lambda c: c.add_hours(instant("2100-12-31T16:00+00:00"), 4),
    lambda c: c.add_days(instant("2100-12-31T16:00+00:00"), 1),
    lambda c: c.day_after(date(2026, 7, 14), 100_000),
    lambda c: c.day_before(date(1990, 1, 2), 2),
    lambda c: c.is_working_day(date(2101, 1, 3)),
    lambda c: c.start_of(date(1989, 12, 31)),
    lambda c: c.end_of(date(2101, 1, 1)),
    lambda c: c.slip(date(2026, 7, 14), date(2101, 1, 3)),
]


@pytest.mark.parametrize("question", TOO_FAR)
def test_past_the_end_it_says_so(question: Any) -> None:
    calendar = WorkingCalendar("Europe/London", "GB-ENG", time(9), time(17, 30))
    with pytest.raises(CalendarRangeError, match="1990 to 2100"):
        question(calendar)


def test_a_table_that_ends_early_says_so() -> None:
    last = last_known_year("LK")
    colombo = working_calendar("Asia/Colombo", "LK", time(9), time(17))
    with pytest.raises(CalendarRangeError, match=f"to {last}"):
        colombo.add_days(datetime(last, 12, 30, 6, tzinfo=UTC), 5)


def test_a_date_taken_literally_needs_no_holidays() -> None:
    year = last_known_year("LK") + 1
    colombo = working_calendar("Asia/Colombo", "LK", time(9), time(17))
    assert colombo.end_of(date(year, 3, 1)) == datetime(year, 3, 1, 11, 30, tzinfo=UTC)


def test_lunar_holidays_that_the_table_loses_end_it() -> None:
    assert last_known_year("IN") == 2035
    assert last_known_year("NZ") == 2052


def test_naive_instants_and_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        LONDON.roll(datetime.fromisoformat("2026-07-14T09:00"))
    with pytest.raises(ValueError, match="backwards"):
        LONDON.add_days(instant("2026-07-14T09:00+01:00"), -1)


# --- Properties ----------------------------------------------------------------------------------------

CALENDARS = [
    LONDON,
    PARTLY,
    working_calendar("America/New_York", "US", time(8), time(20)),
    working_calendar("Asia/Tokyo", None, time(9), time(17, 30)),
    WorkingCalendar("Europe/London", "GB-SCT", time(0), time(23, 59), frozenset(range(7))),
    WorkingCalendar("Africa/Cairo", "EG", time(0), time(4), frozenset({3, 4, 6})),
    WorkingCalendar("Australia/Lord_Howe", None, time(1), time(12), frozenset(range(7))),
]
calendars = st.sampled_from(CALENDARS)
instants = st.datetimes(
    datetime.fromisoformat("2024-01-01"),
    datetime.fromisoformat("2029-12-01"),
    timezones=st.sampled_from([UTC, ZoneInfo("Europe/London"), ZoneInfo("America/New_York")]),
)
counts = st.integers(0, 40)


@given(calendars, instants)
def test_roll_is_idempotent_and_never_goes_back(calendar: WorkingCalendar, t: datetime) -> None:
    rolled = calendar.roll(t)
    assert rolled >= t
    assert calendar.roll(rolled) == rolled
    assert calendar.is_working_day(calendar.date_of(rolled))


@given(calendars, instants, counts, counts)
def test_hours_add_up(calendar: WorkingCalendar, t: datetime, a: int, b: int) -> None:
    # Landing on the end of a day rolls to the next start, which is the same point of working time.
    assert calendar.roll(calendar.add_hours(t, a + b)) == calendar.roll(
        calendar.add_hours(calendar.add_hours(t, a), b)
    )


@given(calendars, instants, counts, counts)
def test_later_stays_later(calendar: WorkingCalendar, t: datetime, n: int, hours: int) -> None:
    later = t + timedelta(hours=hours)
    assert calendar.roll(t) <= calendar.roll(later)
    assert calendar.add_hours(t, n) <= calendar.add_hours(later, n)
    assert calendar.add_days(t, n) <= calendar.add_days(t, n + 1)


@given(calendars, instants.map(datetime.date), counts)
def test_days_agree_with_counting_them(calendar: WorkingCalendar, d: date, n: int) -> None:
    after, before = calendar.day_after(d, n), calendar.day_before(d, n)
    assert calendar.slip(d, after) == n
    assert sum(calendar.is_working_day(d + timedelta(days=k)) for k in range(1, (after - d).days + 1)) == n
    assert sum(calendar.is_working_day(d - timedelta(days=k)) for k in range(1, (d - before).days + 1)) == n


def is_working_minute(calendar: WorkingCalendar, t: datetime) -> bool:
    local = t.astimezone(calendar.zone)
    free = public_holidays(calendar.holidays, local.year) | calendar.closing_days
    start, end = calendar.hours.get(local.weekday(), (calendar.day_start, calendar.day_end))
    open_now = start <= local.time() < end
    return open_now and local.weekday() in calendar.weekdays and local.date() not in free


def walked(calendar: WorkingCalendar, t: datetime, minutes: int) -> datetime:
    """Working time one minute at a time: slow, and too simple to be wrong."""
    while minutes or not is_working_minute(calendar, t):
        minutes -= is_working_minute(calendar, t)
        t += timedelta(minutes=1)
        if (
            not minutes
            and not is_working_minute(calendar, t)
            and is_working_minute(calendar, t - timedelta(minutes=1))
        ):
            return t
    return t


@given(
    st.sampled_from(CALENDARS[:5]),
    instants.map(lambda t: t.replace(second=0, microsecond=0)),
    counts,
)
def test_agrees_with_a_walk_minute_by_minute(calendar: WorkingCalendar, t: datetime, hours: int) -> None:
    t, few = t.astimezone(UTC), hours % 12
    if few == 0:
        assert calendar.roll(t) == walked(calendar, t, 0)
    else:
        assert calendar.add_hours(t, few) == walked(calendar, t, few * 60)


def test_the_order_of_questions_does_not_matter() -> None:
    ordered = [instant(f"{year}-06-15T10:00+00:00") for year in (1995, 2026, 2040, 2010)]
    fresh = [
        WorkingCalendar("Europe/London", "GB-ENG", time(9), time(17, 30)).add_days(t, 400) for t in ordered
    ]
    shared = WorkingCalendar("Europe/London", "GB-ENG", time(9), time(17, 30))
    assert [shared.add_days(t, 400) for t in ordered] == fresh
