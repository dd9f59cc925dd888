"""Working time: the one place that turns instants and dates into working hours and days (T1 to T8)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from app.errors import CalendarRangeError, UnknownHolidayCalendarError
from app.rules.holidays import (
    FIRST_YEAR,
    LAST_YEAR,
    Holidays,
    codes_of,
    first_known_year,
    is_known,
    last_known_year,
    public_holidays,
)

_T = TypeVar("_T")

# When work begins and ends: by the clock on any day, and in UTC on one.
Span = tuple[time, time]
Window = tuple[datetime, datetime]

DAYS_OF_THE_WEEK = range(7)  # Monday is 0
MONDAY_TO_FRIDAY = frozenset({0, 1, 2, 3, 4})


def local_instant(zone: ZoneInfo, d: date, at: time) -> datetime:
    """The UTC instant of a local wall-clock time (T8).

    A time that a clock change skips moves forward by the gap; one that occurs twice is the first.
    """
    first = at.replace(fold=0) if at.fold else at
    return datetime.combine(d, first, tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Windows:
    """The working days of some whole years in a row, as parallel lists in order of time.

    Frozen, and extended by copying, so that threads may share a calendar without a lock.
    """

    first_year: int
    last_year: int
    days: list[date]
    index: dict[date, int]  # of the days, for the next list and the others
    starts: list[datetime]
    ends: list[datetime]
    upcoming: dict[int, int]  # by a date in UTC as an ordinal: the first window that ends on it or later
    worked_through: list[timedelta]
    midnights: list[datetime]  # that begin the days, by the clock as it runs in the working hours
    is_even: bool  # whether no clock changes on a working day in the hours of any weekday


class WorkingCalendar:
    """Working time in one zone, with its public holidays and the hours of each weekday (T1).

    Instants come in as any aware datetime and go out in UTC. Working days are laid out as UTC windows,
    a year at a time when first needed, and every answer is a bisect: the cost does not grow with distance.

    Every method raises CalendarRangeError when the answer would lie outside the years 1990 to 2100 or
    needs holidays that are not known (T8), and ValueError when given a naive datetime or a negative count.
    """

    def __init__(
        self,
        zone: str,
        holidays: Holidays,
        day_start: time,
        day_end: time,
        weekdays: frozenset[int] = MONDAY_TO_FRIDAY,
        *,
        hours: Iterable[tuple[int, Span]] = (),
        closing_days: frozenset[date] = frozenset(),
    ) -> None:
        """Work on `weekdays` from `day_start` to `day_end`, on some of them at `hours` of their own.

        Nobody works on a holiday or a closing day. Raises ValueError for no working time or an unknown zone, and
        UnknownHolidayCalendarError.
        """
        self.zone = _zone(zone)
        self.holidays = holidays
        self.day_start = day_start
        self.day_end = day_end
        self.weekdays = weekdays
        self.closing_days = closing_days
        self.hours: Mapping[int, Span] = dict(hours)
        self._check()
        self._years = range(first_known_year(holidays), last_known_year(holidays) + 1)
        self._windows: _Windows | None = None

    def _check(self) -> None:
        for start, end in [(self.day_start, self.day_end), *self.hours.values()]:
            if start >= end:
                raise ValueError(f"a working day from {start} to {end} is empty")
        if not self.weekdays or not self.weekdays <= frozenset(DAYS_OF_THE_WEEK):
            raise ValueError("working weekdays must be some of 0 (Monday) to 6 (Sunday)")
        for code in codes_of(self.holidays):
            if not is_known(code):
                raise UnknownHolidayCalendarError(f"unknown holiday calendar {code!r}")

    # Instants

    def roll(self, t: datetime) -> datetime:
        """The instant t if in working hours (start inclusive, end exclusive), else the next start (T2)."""
        _, _, begin = self._locate(t)
        return begin

    def add_hours(self, t: datetime, hours: int) -> datetime:
        """The instant `hours` working hours after roll(t); the exact end of a day stays there (T3)."""
        windows, i, begin = self._locate(t)
        if hours <= 0:
            return _unless_negative(hours, begin)
        end = begin + _duration(hours)
        if end <= windows.ends[i]:
            return end
        worked = windows.worked_through[i] + (end - windows.ends[i])
        while windows.worked_through[-1] < worked:
            windows = self._later(windows)
        j = bisect_left(windows.worked_through, worked, i)
        return windows.ends[j] + (worked - windows.worked_through[j])

    def add_days(self, t: datetime, days: int) -> datetime:
        """The local wall-clock time of roll(t), `days` working days later (T4).

        A day whose own hours begin later or end earlier takes it as near as they allow.
        """
        windows, i, begin = self._locate(t)
        if days <= 0:
            return _unless_negative(days, begin)
        while i + days >= len(windows.days):
            windows = self._later(windows)
        j = i + days
        if windows.is_even:
            same_time = windows.midnights[j] + (begin - windows.midnights[i])
        else:
            same_time = local_instant(self.zone, windows.days[j], begin.astimezone(self.zone).time())
        if same_time < windows.starts[j]:
            return windows.starts[j]
        if same_time > windows.ends[j]:
            return windows.ends[j]
        return same_time

    def date_of(self, t: datetime) -> date:
        """The local date of an instant (T6)."""
        return _within_reach(_moved(t, self.zone).date())

    # Dates

    def is_working_day(self, d: date) -> bool:
        """Whether d is a policy weekday, and neither a public holiday nor a closing day (T1)."""
        return d in self._covering(d).index

    def day_after(self, d: date, n: int) -> date:
        """The n-th working day strictly after d (T5, wd_after); d itself for n = 0."""
        if n <= 0:
            return _unless_negative(n, d)
        windows = self._covering(d)
        i = windows.index.get(d)
        i = bisect_right(windows.days, d) + n - 1 if i is None else i + n
        while i >= len(windows.days):
            windows = self._later(windows)
        return windows.days[i]

    def day_before(self, d: date, n: int) -> date:
        """The n-th working day strictly before d (T5, wd_before); d itself for n = 0."""
        if n <= 0:
            return _unless_negative(n, d)
        windows = self._covering(d)
        while (i := bisect_left(windows.days, d) - n) < 0:
            windows = self._earlier(windows)
        return windows.days[i]

    def on_or_after(self, d: date) -> date:
        """The date itself if it is a working day, else the next one."""
        return d if self.is_working_day(d) else self.day_after(d, 1)

    def on_or_before(self, d: date) -> date:
        """The date itself if it is a working day, else the one before."""
        return d if self.is_working_day(d) else self.day_before(d, 1)

    def start_of(self, d: date) -> datetime:
        """SOD: when working hours begin on d, be it a working day or not (T5)."""
        window = self._window_on(d)
        return window[0] if window else local_instant(self.zone, d, self._span(_within_reach(d))[0])

    def end_of(self, d: date) -> datetime:
        """EOD: when working hours end on d, literally, even on a holiday (T5, section 2)."""
        window = self._window_on(d)
        return window[1] if window else local_instant(self.zone, d, self._span(_within_reach(d))[1])

    def slip(self, old: date, new: date) -> int:
        """Signed number of working days in (old, new]: positive when new is later (section 2)."""
        self._covering(min(old, new))
        days = self._covering(max(old, new)).days
        return bisect_right(days, new) - bisect_right(days, old)

    # Years

    def works_in(self, year: int) -> bool:
        """Whether a year has any working day."""
        return any(True for _ in self._working_days(year))

    def known_until(self) -> date:
        """The last date for which the public holidays are known (T8)."""
        return date(self._years.stop - 1, 12, 31)

    # The windows behind the answers

    def _locate(self, t: datetime) -> tuple[_Windows, int, datetime]:
        """The first window that ends after t, by its index; and t or, if that is later, the window's start."""
        instant = t if t.tzinfo is UTC else _moved(t, UTC)
        windows = self._windows
        i = windows.upcoming.get(instant.toordinal()) if windows is not None else None
        if windows is None or i is None:
            windows, i = self._search(instant)
        while windows.ends[i] <= instant:
            i += 1
        start = windows.starts[i]
        return (windows, i, start) if start > instant else (windows, i, instant)

    def _search(self, instant: datetime) -> tuple[_Windows, int]:
        """The first window that ends after an instant, however near it is to the years laid out so far."""
        windows = self._covering(self.date_of(instant))
        i = bisect_right(windows.ends, instant)
        while i == len(windows.ends):
            windows = self._later(windows)
        return windows, i

    def _covering(self, d: date) -> _Windows:
        year = d.year
        windows = self._windows
        if windows is not None and windows.first_year <= year <= windows.last_year:
            return windows
        if year not in self._years:
            raise self._out_of_range(year)
        if windows is None:
            windows = self._windows = self._lay_out(year)
        while windows.first_year > year:
            windows = self._earlier(windows)
        while windows.last_year < year:
            windows = self._later(windows)
        return windows

    def _later(self, windows: _Windows) -> _Windows:
        self._windows = _joined(windows, self._lay_out(windows.last_year + 1))
        return self._windows

    def _earlier(self, windows: _Windows) -> _Windows:
        self._windows = _joined(self._lay_out(windows.first_year - 1), windows)
        return self._windows

    def _lay_out(self, year: int) -> _Windows:
        if year not in self._years:
            raise self._out_of_range(year)
        shifts = [(d, *shift) for d in self._working_days(year) if (shift := self._shift(d))]
        through, total = [], timedelta()
        for _, start, end in shifts:
            total += end - start
            through.append(total)
        days = [d for d, _, _ in shifts]
        midnights = [start - _since_midnight(self._span(d)[0]) for d, start, _ in shifts]
        ends = [end for _, _, end in shifts]
        return _Windows(
            first_year=year,
            last_year=year,
            days=days,
            index={d: i for i, d in enumerate(days)},
            starts=[start for _, start, _ in shifts],
            ends=ends,
            upcoming=_upcoming(ends),
            worked_through=through,
            midnights=midnights,
            is_even=all(midnights == self._midnights(days, at) for at in self._outermost()),
        )

    def _midnights(self, days: list[date], at: time) -> list[datetime]:
        """What begins the days by the clock as it runs at a time of day."""
        return [local_instant(self.zone, d, at) - _since_midnight(at) for d in days]

    def _outermost(self) -> Span:
        """When work begins earliest on any weekday, and when it ends latest."""
        spans = [self.hours.get(day, (self.day_start, self.day_end)) for day in self.weekdays]
        return min(opens for opens, _ in spans), max(closes for _, closes in spans)

    def _working_days(self, year: int) -> Iterator[date]:
        free = public_holidays(self.holidays, year) | self.closing_days
        new_year = date(year, 1, 1)
        every_day = (new_year + timedelta(days=n) for n in range((date(year + 1, 1, 1) - new_year).days))
        return (d for d in every_day if d.weekday() in self.weekdays and d not in free)

    def _span(self, d: date) -> Span:
        return self.hours.get(d.weekday(), (self.day_start, self.day_end))

    def _window_on(self, d: date) -> Window | None:
        """The window of d; None if it is no working day, or if nobody knows whether it is."""
        if d.year not in self._years:
            return None
        windows = self._covering(d)
        i = windows.index.get(d)
        return None if i is None else (windows.starts[i], windows.ends[i])

    def _shift(self, d: date) -> Window | None:
        """Start and end of the working hours of d; None if the clock change of that day swallows them.

        A zone that crosses the date line skips a whole day, which then is no working day either.
        """
        start, end = (local_instant(self.zone, d, at) for at in self._span(d))
        return (start, end) if start < end and start.astimezone(self.zone).date() == d else None

    def _out_of_range(self, year: int) -> CalendarRangeError:
        known = f"{self._years.start} to {self._years.stop - 1}"
        words = f"year {year}: the holiday calendar {self.holidays} is known for {known} only"
        return CalendarRangeError(words, year)


@lru_cache(maxsize=1024)
def working_calendar(
    zone: str,
    holidays: Holidays,
    day_start: time,
    day_end: time,
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY,
    hours: tuple[tuple[int, Span], ...] = (),
    closing_days: frozenset[date] = frozenset(),
) -> WorkingCalendar:
    """The shared calendar of a zone, its holidays and hours, Monday to Friday unless told otherwise.

    The contact window of a recipient (T7) is one too: its roll(t) is the first instant >= t inside.
    """
    return WorkingCalendar(
        zone, holidays, day_start, day_end, weekdays, hours=hours, closing_days=closing_days
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"unknown time zone {name!r}") from error


def _moved(t: datetime, zone: tzinfo) -> datetime:
    if t.tzinfo is None:
        raise ValueError("a naive datetime is no instant")
    try:
        return t.astimezone(zone)
    except OverflowError as error:
        words = f"{t} lies outside the years {FIRST_YEAR} to {LAST_YEAR}"
        raise CalendarRangeError(words, t.year) from error


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def _within_reach(d: date) -> date:
    if not FIRST_YEAR <= d.year <= LAST_YEAR:
        raise CalendarRangeError(f"{d} lies outside the years {FIRST_YEAR} to {LAST_YEAR}", d.year)
    return d


def _unless_negative(n: int, value: _T) -> _T:
    if n < 0:
        raise ValueError(f"cannot count {n} backwards")
    return value


# A timedelta is slow to make and slower to multiply.
@lru_cache(maxsize=256)
def _duration(hours: int) -> timedelta:
    return timedelta(hours=hours)


def _upcoming(ends: list[datetime]) -> dict[int, int]:
    """The first window that ends on a date or later, for each date between the first end and the last."""
    days = [end.toordinal() for end in ends]
    return {
        day: i
        for i, (before, last) in enumerate(pairwise(days), 1)
        for day in range(before + 1, last + 1)
        if day < days[-1]
    }


def _joined(first: _Windows, then: _Windows) -> _Windows:
    days, ends = first.days + then.days, first.ends + then.ends
    worked = first.worked_through[-1] if first.worked_through else timedelta()
    return _Windows(
        first_year=first.first_year,
        last_year=then.last_year,
        days=days,
        index={d: i for i, d in enumerate(days)},
        starts=first.starts + then.starts,
        ends=ends,
        upcoming=_upcoming(ends),
        worked_through=first.worked_through + [worked + through for through in then.worked_through],
        midnights=first.midnights + then.midnights,
        is_even=first.is_even and then.is_even,
    )
