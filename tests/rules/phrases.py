"""Reads a phrase and tells its reading in few words, for the tests of phrases."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from app.rules.calendar import WorkingCalendar, working_calendar
from app.rules.phrases import Interpretation, interpret

# Wednesday 15 July 2026, ten o'clock in London, the day after the interview.
NOW = datetime.fromisoformat("2026-07-15T10:00+01:00")
INTERVIEW_END = datetime.fromisoformat("2026-07-14T11:00+01:00")


def calendar_of(zone: str, holidays: str | None) -> WorkingCalendar:
    return working_calendar(zone, holidays, time(9), time(17, 30))


LONDON = calendar_of("Europe/London", "GB-ENG")


def read(phrase: str, now: datetime = NOW, client: WorkingCalendar = LONDON) -> Interpretation:
    return interpret(phrase, now, client, interview_end=INTERVIEW_END)


def in_short(found: Interpretation, zone: ZoneInfo) -> str:
    """The reading as 'kind, latest local time', with a question mark where it must be confirmed."""
    by = found.expected_by.astimezone(zone).strftime("%d %b %H:%M") if found.expected_by else "never"
    return f"{found.timescale.kind}, {by}{'?' if found.needs_confirmation else ''}"
