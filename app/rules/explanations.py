"""The arithmetic of a reason in plain words, with times in the agency's zone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.rules.drafts import Step
from app.rules.status import Reason

# Written out because strftime follows the locale of the process.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def explain(reason: Reason, zone: ZoneInfo) -> str:
    """Why a reason is due, step by step, such as "client said Wed 15 Jul 'by Friday' → ... → chase from ..."."""
    return " → ".join(in_words(step, zone) for step in reason.steps)


def in_words(step: Step, zone: ZoneInfo) -> str:
    """A step in plain words, such as "client said Wed 15 Jul 10:00 'by Friday'"."""
    return step.words.format(*(_value(value, zone) for value in step.values))


def _value(value: datetime | date | str | int, zone: ZoneInfo) -> str:
    if isinstance(value, datetime):
        local = value.astimezone(zone)
        return f"{_day(local.date())} {local:%H:%M}"
    return _day(value) if isinstance(value, date) else str(value)


def _day(day: date) -> str:
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
