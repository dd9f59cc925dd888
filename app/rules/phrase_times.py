"""Reads the words for a time of day: '3pm', '15:00', 'noon', 'close of play', with or without a zone."""

import re
from datetime import date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.rules.calendar import local_instant
from app.rules.phrase_readings import Days, Said


class Clock(NamedTuple):
    """A time of day; None stands for the end of the day."""

    at: time | None
    ask: bool = False


_TIME_WORDS: dict[str, Clock] = {
    "noon": Clock(time(12)),
    "12 noon": Clock(time(12)),
    "midday": Clock(time(12)),
    "mid day": Clock(time(12)),
    "morning": Clock(time(12)),
    "start of business": Clock(time(9), ask=True),
    "start of play": Clock(time(9), ask=True),
    "first thing": Clock(time(10), ask=True),
    "lunch": Clock(time(13), ask=True),
    "lunchtime": Clock(time(13), ask=True),
    "lunch time": Clock(time(13), ask=True),
    "early morning": Clock(time(10), ask=True),
    "mid morning": Clock(time(11), ask=True),
    "late morning": Clock(time(12), ask=True),
    "early afternoon": Clock(time(15), ask=True),
    "mid afternoon": Clock(time(15, 30), ask=True),
    "late afternoon": Clock(None),
    "afternoon": Clock(None),
    "after lunch": Clock(None),
    "evening": Clock(None, ask=True),
    "night": Clock(None, ask=True),
    "midnight": Clock(None, ask=True),
}
_ZONES = {
    "utc": "UTC",
    "gmt": "Europe/London",
    "bst": "Europe/London",
    "uk time": "Europe/London",
    "london time": "Europe/London",
    "cet": "Europe/Paris",
    "cest": "Europe/Paris",
    "et": "America/New_York",
    "est": "America/New_York",
    "edt": "America/New_York",
    "eastern": "America/New_York",
    "ct": "America/Chicago",
    "central": "America/Chicago",
    "cst": "America/Chicago",
    "cdt": "America/Chicago",
    "mst": "America/Denver",
    "mdt": "America/Denver",
    "pt": "America/Los_Angeles",
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "pacific": "America/Los_Angeles",
}
_SEASONAL = frozenset({"gmt", "bst", "cet", "cest", "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt"})
_CLOCK_FACE = re.compile(
    r"(?:at |by )?(?P<hour>\d{1,2})(?:[:.]?(?P<minute>\d\d))? ?(?P<half>am|pm|oclock|hours|h)?"
)
END_OF_DAY = Clock(None)
_END_OF = "end of (?:(?:the )?(?:business |working |work )?day|play|business)"
CLOSE = rf"(?:the )?(?:close of (?:play|business|(?:the )?day)|cop|cob|eod|eob|eop|{_END_OF})"
CLOSE_OF = rf"(?:{CLOSE}|(?:the )?(?:close|end of))"
_DIGITS = (
    r"\d{1,2}(?:[:.]\d\d)? ?(?:am|pm)|\d{1,2}[:.]\d\d ?(?:hours|h)|\d{1,2} oclock"
    r"|(?:at )?\d{1,2}:\d\d|at \d{1,2}(?:\.\d\d)?|\d{1,2}\.(?:00|1[3-9]|[2-5]\d)|by (?:0?\d|1[0-2])"
    r"|(?:[01]\d|2[0-3])[0-5]\d ?(?:hours|h)|(?:at|by) (?!20[2-9]\d)(?:[01]\d|2[0-3])[0-5]\d"
)
_NAMED = "|".join(sorted(_TIME_WORDS, key=len, reverse=True))
HOUR = f"(?:12 noon|{_DIGITS}|noon|midday)"
TIME = rf"(?:12 noon|{_DIGITS}|first thing(?: in the morning)?|(?:in )?(?:the )?(?:{_NAMED}))"
ZONE = rf"(?: (?P<zone>{'|'.join(sorted(_ZONES, key=len, reverse=True))})(?: time)?| (?:our|my|local) time)?"


def read_clock(text: str) -> Clock | None:
    """'3pm', '15:00', 'noon'. We ask after a plain 1 to 7, read as afternoon, and the hour from midnight."""
    name = text.removeprefix("in ").removeprefix("the ").removesuffix(" in the morning")
    if name in _TIME_WORDS:
        return _TIME_WORDS[name]
    face = _CLOCK_FACE.fullmatch(text)
    if face is None:
        return None
    hour, minute, half = int(face["hour"]), int(face["minute"] or 0), face["half"]
    plain_hour = half in {None, "oclock"} and 1 <= hour <= 7 and not face["hour"].startswith("0")
    if half in {"am", "pm"} and not 1 <= hour <= 12:
        return None
    if half in {"am", "pm"}:
        hour = hour % 12 + (12 if half == "pm" else 0)
    hour += 12 if plain_hour else 0
    return Clock(time(hour, minute), ask=plain_hour or hour == 0) if hour < 24 and minute < 60 else None


def soonest(clock: Clock | None, groups: dict[str, str | None], said: Said) -> Days | None:
    """The day of a time said alone: today, while that time is still to come, else the next working day."""
    if clock is None:
        return None
    today, client = said.today, said.client
    at = zoned(today, clock.at, groups.get("zone"), said)[0] if clock.at else client.end_of(today)
    if at > said.given_at and client.is_working_day(today):
        return Days(today, today)
    day = client.day_after(today, 1)
    return Days(day, day, ask=True)


def zoned(day: date, at: time, zone: str | None, said: Said) -> tuple[datetime, bool]:
    """The instant, and whether the zone's name is wrong for the season, as GMT is in July."""
    if zone is None:
        return local_instant(said.client.zone, day, at), False
    place = ZoneInfo(_ZONES[zone])
    instant = local_instant(place, day, at)
    return instant, zone in _SEASONAL and (instant.astimezone(place).tzname() or "").lower() != zone
