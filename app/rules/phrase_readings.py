"""What the readers of phrases share: the circumstances of a phrase, the days and the timescale it names."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from app.rules.calendar import WorkingCalendar
from app.rules.phrase_words import weekday
from app.rules.timescales import Timescale
from app.rules.vocabulary import TimescaleKind

# A date without a year is doubtful this far ahead: it may as well be one that has passed.
FAR_AHEAD = timedelta(days=270)
_MONTHS_A_YEAR = 12
_DAYS_EACH = {"day": 1, "week": 7, "fortnight": 14}


@dataclass(frozen=True)
class Said:
    """When, to whose calendar and after which interview a phrase was said."""

    given_at: datetime
    client: WorkingCalendar
    interview_end: datetime | None
    event_offset: int

    @cached_property
    def today(self) -> date:
        """The client's local date when the phrase was said."""
        return self.client.date_of(self.given_at)

    def monday(self, weeks_ahead: int = 0) -> date:
        """Monday of this ISO week, or of one some weeks ahead."""
        return self.today + timedelta(days=7 * weeks_ahead - self.today.weekday())


@dataclass(frozen=True)
class Days:
    """The days some words name, first to last, and whether the reading must be confirmed."""

    first: date
    last: date
    ask: bool = False


Words = re.Match[str]
DaysReader = Callable[[Words, Said], Days | None]


class Reading(NamedTuple):
    """A timescale read from words, and whether the words were ambiguous."""

    timescale: Timescale
    ask: bool


def on_days(days: Days, said: Said, *, ask: bool = False) -> Reading:
    """The promise of a day, or of a range of days."""
    if days.first == days.last:
        timescale = Timescale(TimescaleKind.DATE, said.given_at, date=days.last)
    else:
        timescale = Timescale(TimescaleKind.RANGE, said.given_at, from_date=days.first, to_date=days.last)
    return Reading(timescale, ask or days.ask)


def is_other_weekday(words: Words, day: date) -> bool:
    """Whether a weekday is said with a day that is not on it."""
    named = words.groupdict().get("weekday")
    return named is not None and weekday(named) != day.weekday()


def one(day: date, *, ask: bool = False) -> Days:
    """The days that are a single one."""
    return Days(day, day, ask)


def stepped(day: date, n: int, units: str) -> date:
    """The day some days, weeks, fortnights or months later; a month without such a day ends before it."""
    unit = units.removeprefix("calendar ").removesuffix("s")
    if unit == "month":
        year, month_index = divmod(day.year * _MONTHS_A_YEAR + day.month - 1 + n, _MONTHS_A_YEAR)
        last = month_end(year, month_index + 1)
        return last.replace(day=min(day.day, last.day))
    return day + timedelta(days=n * _DAYS_EACH[unit])


def month_end(year: int, number_of_month: int) -> date:
    """The last day of a month."""
    years, month_index = divmod(number_of_month, _MONTHS_A_YEAR)
    return date(year + years, month_index + 1, 1) - timedelta(days=1)
