"""The arithmetic of a reason in plain words, with times in the agency's zone."""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.rules.drafts import Part, Step, step
from app.rules.restraint import Reason
from app.rules.vocabulary import Level

# Written out because strftime follows the locale of the process.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def explain(reason: Reason, now: datetime, zone: ZoneInfo) -> str:
    """Why a reason is due, step by step, such as "client said Wed 15 Jul 'by Friday' → ... → chase from ..."."""
    rests = (rest.step() for rest in reason.rests if now < rest.until)
    steps = _without_repeats([*reason.steps(), *rests])
    if reason.escalate_at is not None and reason.level(now) is Level.ESCALATED:
        steps.append(step("escalated since {}", reason.escalate_at))
    return " → ".join(in_words(each, zone) for each in steps)


def _without_repeats(steps: Iterable[Step]) -> list[Step]:
    """The steps, without "due from" an instant that was just named; a bare instant gives way to it."""
    told: list[Step] = []
    for each in steps:
        if told and each.part is Part.DUE and each.values[-1] in told[-1].values:
            if told[-1].words != "{}":
                continue
            told.pop()
        told.append(each)
    return told


def in_words(each: Step, zone: ZoneInfo) -> str:
    """A step in plain words, such as "client said Wed 15 Jul 10:00 'by Friday'"."""
    return each.words.format(*(_value(value, zone) for value in each.values))


def _value(value: datetime | date | str | int, zone: ZoneInfo) -> str:
    if isinstance(value, datetime):
        local = value.astimezone(zone)
        return f"{_day(local.date())} {local:%H:%M}"
    return _day(value) if isinstance(value, date) else str(value)


def _day(day: date) -> str:
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
