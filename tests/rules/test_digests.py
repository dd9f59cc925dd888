"""When the digest is due, over weekends, holidays, clock changes and date lines; and what it says."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given as example_of
from hypothesis import strategies as st

from app.errors import CalendarRangeError
from app.rules.calendar import WorkingCalendar
from app.rules.digests import (
    ACTIONS,
    Action,
    Entry,
    digest_day,
    letter,
    line,
    local_day,
    next_digest,
    silence,
    subject,
)
from app.rules.policy import Policy
from app.rules.vocabulary import Level, ReasonCode
from tests.given import LONDON, at, on

OFFICE = Policy().office
AUCKLAND, HONOLULU = ZoneInfo("Pacific/Auckland"), ZoneInfo("Pacific/Honolulu")
ZONES = sorted(available_timezones() - {"localtime", "posixrules", "Factory"})


def utc(words: str) -> datetime:
    return datetime.fromisoformat(words).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "digest"),
    [
        ("Tue 14 Jul 08:29", "Tue 14 Jul 08:30"),
        ("Tue 14 Jul 08:30", "Wed 15 Jul 08:30"),
        ("Fri 17 Jul 12:00", "Mon 20 Jul 08:30"),
        ("Sat 18 Jul 00:00", "Mon 20 Jul 08:30"),
        ("Fri 28 Aug 09:00", "Tue 1 Sep 08:30"),  # the summer bank holiday
        ("Thu 24 Dec 09:00", "Tue 29 Dec 08:30"),  # Boxing Day falls on a Saturday
        ("Fri 27 Mar 09:00", "Mon 30 Mar 08:30"),  # the clocks go forward between them
        ("Fri 23 Oct 09:00", "Mon 26 Oct 08:30"),  # and back
    ],
)
def test_the_next_one_is_on_the_next_working_day(after: str, digest: str) -> None:
    assert next_digest(OFFICE, LONDON, at(after)) == at(digest)


def test_the_instant_follows_the_clock_change() -> None:
    assert next_digest(OFFICE, LONDON, at("Fri 27 Mar 08:00")) == utc("2026-03-27 08:30")
    assert next_digest(OFFICE, LONDON, at("Sun 29 Mar 12:00")) == utc("2026-03-30 07:30")


def test_the_days_off_are_the_agencys_and_the_date_is_the_consultants() -> None:
    """Sunday evening in London is Monday morning in Auckland; and Monday there ends before it does in London."""
    assert next_digest(OFFICE, AUCKLAND, at("Sun 12 Jul 12:00")) == at("Mon 13 Jul 08:30", "Pacific/Auckland")
    assert next_digest(OFFICE, AUCKLAND, at("Fri 17 Jul 00:00")) == at("Mon 20 Jul 08:30", "Pacific/Auckland")
    friday = at("Fri 17 Jul 08:30", "Pacific/Honolulu")
    assert next_digest(OFFICE, HONOLULU, friday - timedelta(minutes=1)) == friday
    assert digest_day(OFFICE, HONOLULU, at("Sat 18 Jul 10:00")) == on("Fri 17 Jul")
    assert digest_day(OFFICE, AUCKLAND, at("Fri 17 Jul 21:00")) is None  # Saturday there
    # The agency's holiday, on the consultant's own date; their country's holidays are no business of the agency.
    assert digest_day(OFFICE, AUCKLAND, at("Mon 31 Aug 09:00", "Pacific/Auckland")) is None
    assert digest_day(OFFICE, HONOLULU, at("Fri 3 Jul 09:00", "Pacific/Honolulu")) == on("Fri 3 Jul")


def test_a_day_that_a_zone_skips_has_no_digest() -> None:
    """Apia crossed the date line and skipped Friday 30 December 2011, Kwajalein Saturday 21 August 1993."""
    everyday = WorkingCalendar("UTC", None, time(9), time(17), frozenset(range(7)))
    for zone_name, before in (
        ("Pacific/Apia", datetime(2011, 12, 29, 8, 30)),  # noqa: DTZ001 - local
        ("Pacific/Kwajalein", datetime(1993, 8, 20, 8, 30)),  # noqa: DTZ001 - local
    ):
        zone = ZoneInfo(zone_name)
        last = before.replace(tzinfo=zone).astimezone(UTC)
        assert next_digest(everyday, zone, last - timedelta(seconds=1)) == last
        assert next_digest(everyday, zone, last) == last + timedelta(days=1)
        assert local_day(zone, last + timedelta(days=1)) == before.date() + timedelta(days=2)


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("Tue 14 Jul 08:29", None),
        ("Tue 14 Jul 08:30", "Tue 14 Jul"),
        ("Tue 14 Jul 23:59", "Tue 14 Jul"),
        ("Wed 15 Jul 00:00", None),
        ("Sat 18 Jul 10:00", None),
        ("Mon 31 Aug 10:00", None),
    ],
)
def test_a_digest_is_of_its_own_day_alone(now: str, day: str | None) -> None:
    assert digest_day(OFFICE, LONDON, at(now)) == (on(day) if day else None)


def test_the_working_days_are_those_of_the_policy() -> None:
    saturdays = Policy.of(
        {"working_hours": {"saturday": ["10:00", "14:00"], "monday": None}, "closing_days": ["2026-07-21"]}
    ).office
    assert next_digest(saturdays, LONDON, at("Fri 17 Jul 09:00")) == at("Sat 18 Jul 08:30")
    assert next_digest(saturdays, LONDON, at("Sat 18 Jul 09:00")) == at("Wed 22 Jul 08:30")


def test_past_the_known_holidays_it_says_so() -> None:
    last = OFFICE.known_until()
    end = datetime.combine(last, time(23, 59), UTC)
    with pytest.raises(CalendarRangeError):
        next_digest(OFFICE, LONDON, end)


@example_of(
    st.sampled_from(ZONES),
    st.integers(788_918_400, 2_114_380_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
def test_between_an_instant_and_the_next_digest_there_is_none(zone_name: str, after: datetime) -> None:
    zone = ZoneInfo(zone_name)
    digest = next_digest(OFFICE, zone, after)
    day = local_day(zone, digest)
    assert after < digest
    assert OFFICE.is_working_day(day)
    assert digest_day(OFFICE, zone, digest) == day
    assert digest_day(OFFICE, zone, digest - timedelta(seconds=1)) is None
    # From one to the next the days between are all off, or do not exist in the zone.
    following = next_digest(OFFICE, zone, digest)
    assert OFFICE.day_after(day, 1) <= local_day(zone, following) <= OFFICE.day_after(day, 2)


def test_every_reason_has_words() -> None:
    assert ACTIONS.keys() == set(ReasonCode)
    assert len(set(ACTIONS.values())) == len(ACTIONS)


def entry(**fields: object) -> Entry:
    usual: dict[str, object] = {
        "name": "Amara Osei",
        "level": Level.OVERDUE,
        "due_at": at("Mon 20 Jul 09:00"),
        "not_before": at("Tue 21 Jul 08:00"),
        "actions": [Action(ReasonCode.DECISION_TO_RELAY, "Buyer")],
    }
    return Entry(**{**usual, **fields})  # type: ignore[arg-type]


def test_a_line_says_who_and_what_and_since_when() -> None:
    now = at("Tue 21 Jul 08:30")
    assert line(entry(), now, LONDON) == (
        "Amara Osei: relay the decision for Buyer (overdue, due since Mon 20 Jul 09:00)"
    )
    waiting = entry(
        not_before=at("Tue 21 Jul 09:00"),
        actions=[
            Action(ReasonCode.DEBRIEF_DUE, "Buyer", "Kim Adeyemi"),
            Action(ReasonCode.TIMESCALE_MISSING, "Buyer", "Kim Adeyemi"),
            Action(ReasonCode.PREFERENCE_REVIEW),
            Action(ReasonCode.PREFERENCE_REVIEW),
        ],
    )
    assert line(waiting, now, AUCKLAND) == (
        "Amara Osei: take the debrief, ask the client when they will answer for Buyer (Kim Adeyemi's); "
        "review their preferences "
        "(overdue, due since Mon 20 Jul 20:00; not before Tue 21 Jul 20:00)"
    )


@pytest.mark.parametrize(
    "broken", ["A\r\nBcc: x@y.example", "A\n\nB", "A\x00\x1b[2J", "A\u2028B\u2029C", "A\x85B\x0bC"]
)
def test_a_name_stays_on_its_line(broken: str) -> None:
    actions = [Action(ReasonCode.DEBRIEF_DUE, broken, broken)]
    told = line(entry(name=broken, actions=actions), at("Tue 21 Jul 08:30"), LONDON)
    assert len(told.splitlines()) == 1
    assert all(c.isprintable() for c in told)
    assert len(silence(on("Tue 21 Jul"), broken).splitlines()) == 1


def test_the_letter_counts_and_lists() -> None:
    day = on("Tue 21 Jul")
    assert letter(day, [], 0) == "Tue 21 Jul: nobody is due a word.\n"
    assert letter(day, ["A", "B"], 0) == "Tue 21 Jul: 2 people are due a word.\n\n1. A\n2. B\n"
    assert letter(day, ["A"], 7).endswith("\n\n1. A\n\n7 more: see the due list.\n")
    assert silence(day, None) == "Tue 21 Jul: a day off.\n"
    assert silence(day, "Kim") == "Tue 21 Jul: Kim covers for you.\n"


def test_the_subject_names_nobody() -> None:
    assert subject(1) == "Touchbase: 1 person is due a word"
    assert subject(4) == "Touchbase: 4 people are due a word"
