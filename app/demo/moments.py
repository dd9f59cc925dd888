"""The demo's words for time, relative to the moment it is loaded.

Whatever the day and the hour, a scene must look the same. So it is dated in working time:

    "3d 10:30"    10:30 three working days ago ("1d" is the last working day before today)
    "+2d 14:00"   14:00 in two working days
    "3d", "+2d"   the dates alone; "0d" is today, or the next working day on a day off
    "5h", "1d 3h" five working hours ago; a full working day and three hours ago
"""

import re
from datetime import date, datetime, time, timedelta

from app.rules.calendar import WorkingCalendar, local_instant

_DAY = re.compile(r"(?P<ahead>\+?)(?P<days>\d+)d")
_AT = re.compile(rf"{_DAY.pattern} (?P<clock>\d\d:\d\d)")
_AGO = re.compile(r"(?:(?P<days>\d+)d )?(?P<hours>\d+)h")
_STEP = timedelta(minutes=5)  # nobody notes a call at 14:37:12


class Moments:
    """Reads the words for time of one agency, as seen from `now`."""

    def __init__(self, office: WorkingCalendar, now: datetime) -> None:
        self.office = office
        self.now = now
        self.today = office.date_of(now)

    def day(self, words: str) -> date:
        """A date: some working days ago or ahead. Raises ValueError for other words."""
        match = _DAY.fullmatch(words)
        if match is None:
            raise ValueError(f"{words!r} is no date of the demo")
        days = int(match["days"])
        if days == 0:
            return self.office.on_or_after(self.today)
        ahead = match["ahead"] != ""
        return (self.office.day_after if ahead else self.office.day_before)(self.today, days)

    def instant(self, words: str) -> datetime:
        """An instant: a time of such a date, or working hours ago. Raises ValueError for other words."""
        if match := _AT.fullmatch(words):
            day = self.day(words.partition(" ")[0])
            return local_instant(self.office.zone, day, time.fromisoformat(match["clock"]))
        if match := _AGO.fullmatch(words):
            return self._back(int(match["days"] or 0), int(match["hours"]))
        raise ValueError(f"{words!r} is no instant of the demo")

    def morning_before(self, at: datetime, days: int) -> datetime:
        """When work began some working days before an instant."""
        return self.office.start_of(self.office.day_before(self.office.date_of(at), days))

    def _back(self, days: int, hours: int) -> datetime:
        """The instant so many working days and hours before now."""
        at = self._last_working_moment()
        day = self.office.date_of(at)
        left = days * (self.office.end_of(day) - self.office.start_of(day)) + timedelta(hours=hours)
        while at - left < self.office.start_of(day):
            left -= at - self.office.start_of(day)
            day = self.office.day_before(day, 1)
            at = self.office.end_of(day)
        return _rounded(at - left)

    def _last_working_moment(self) -> datetime:
        """Now, or the end of the last working day."""
        today = self.today
        if self.office.is_working_day(today) and self.now >= self.office.start_of(today):
            return min(self.now, self.office.end_of(today))
        return self.office.end_of(self.office.day_before(self.today, 1))


def _rounded(at: datetime) -> datetime:
    past = timedelta(minutes=at.minute, seconds=at.second, microseconds=at.microsecond)
    return at - past % _STEP
