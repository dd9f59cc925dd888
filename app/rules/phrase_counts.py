"""Reads counts of working days, hours and minutes, from now or from the interview."""

from dataclasses import replace
from datetime import UTC, timedelta

from app.rules.phrase_days import read_days
from app.rules.phrase_events import read_event
from app.rules.phrase_readings import Reading, Said, Words, on_days
from app.rules.phrase_words import number
from app.rules.timescales import Timescale
from app.rules.vocabulary import TimescaleAnchor, TimescaleKind


def read_working_days(words: Words, said: Said) -> Reading:
    """'Within 3 working days', 'in a few days', '2 to 3 days after the interview'."""
    groups = words.groupdict()
    n, vague = _largest(groups)
    anchor = TimescaleAnchor.INTERVIEW if groups.get("interview") else TimescaleAnchor.GIVEN
    if "week" in words["unit"]:
        n *= 5
    timescale = Timescale(TimescaleKind.WORKING_DAYS, said.given_at, n=n, anchor=anchor)
    return Reading(timescale, vague or words["unit"] in {"day", "days"})


def _largest(groups: dict[str, str | None]) -> tuple[int, bool]:
    fewest, vague = number(groups["n"] or "a")
    most, also_vague = number(groups.get("m") or groups["n"] or "a")
    return max(fewest, most), vague or also_vague or groups.get("joint") == "or"


def read_day_of_interview(_: Words, said: Said) -> Reading:
    """'On the day of the interview' is that day itself, no working day later."""
    timescale = Timescale(TimescaleKind.WORKING_DAYS, said.given_at, n=0, anchor=TimescaleAnchor.INTERVIEW)
    return Reading(timescale, ask=False)


def read_next_working_day(words: Words, said: Said) -> Reading:
    """'The next working day', 'the day after the interview'."""
    anchor = TimescaleAnchor.INTERVIEW if words["interview"] else TimescaleAnchor.GIVEN
    return Reading(Timescale(TimescaleKind.WORKING_DAYS, said.given_at, n=1, anchor=anchor), ask=False)


def read_day_or_two(words: Words, said: Said) -> Reading:
    """'A day or two', 'a day or so': never more than a guess."""
    n = {"two": 2, "three": 3}.get(words["more"], 1)
    return Reading(Timescale(TimescaleKind.WORKING_DAYS, said.given_at, n=n), ask=True)


def read_hours(words: Words, said: Said) -> Reading:
    """'48 hours' means two working days, and makes us ask; fewer hours are hours of the clock."""
    hours, vague = _largest(words.groupdict())
    begin = said.interview_end if words["interview"] else said.given_at
    if begin is None:
        return read_event(said, "interview", None)
    if hours and hours % 24 == 0:
        anchor = TimescaleAnchor.INTERVIEW if words["interview"] else TimescaleAnchor.GIVEN
        timescale = Timescale(TimescaleKind.WORKING_DAYS, said.given_at, n=hours // 24, anchor=anchor)
        return Reading(timescale, ask=True)
    at = (begin.astimezone(UTC) + timedelta(hours=hours)).astimezone(UTC)
    outside = said.client.roll(at) != at
    return Reading(Timescale(TimescaleKind.INSTANT, said.given_at, at=at), vague or outside)


def read_minutes(words: Words, said: Said) -> Reading:
    """'In 20 minutes', 'half an hour', 'the next hour'; we ask if that is outside working hours."""
    minutes = number(words["n"])[0] if words["n"] else 30 if "half" in words[0] else 60
    at = said.given_at.astimezone(UTC) + timedelta(minutes=minutes)
    return Reading(Timescale(TimescaleKind.INSTANT, said.given_at, at=at), said.client.roll(at) != at)


def read_weeks_after_interview(words: Words, said: Said) -> Reading | None:
    """'A week after the interview': the same reading as 'in a week', counted from the interview."""
    if said.interview_end is None:
        return read_event(said, "interview", None)
    days = read_days(words["span"], replace(said, given_at=said.interview_end))
    return on_days(days, said) if days else None
