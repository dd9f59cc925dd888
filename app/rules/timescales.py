"""What a client said about when an answer will come, and the latest instant it allows (section 2)."""

import datetime as dt
from dataclasses import dataclass

from app.rules.calendar import WorkingCalendar
from app.rules.vocabulary import TimescaleAnchor, TimescaleKind

REQUIRED_MEMBERS: dict[TimescaleKind, tuple[str, ...]] = {
    TimescaleKind.INSTANT: ("at",),
    TimescaleKind.DATE: ("date",),
    TimescaleKind.RANGE: ("from_date", "to_date"),
    TimescaleKind.WORKING_DAYS: ("n",),
    TimescaleKind.AFTER_EVENT: ("event",),
    TimescaleKind.UNKNOWN: (),
}


@dataclass(frozen=True, slots=True)
class Timescale:
    """A client timescale: its kind, when it was given, and what that kind needs.

    Dates are dates of the client's zone. `n` and `offset_working_days` count the client's working days;
    an offset of None stands for the policy's default. Raises ValueError if what the kind needs is missing.
    """

    kind: TimescaleKind
    given_at: dt.datetime
    at: dt.datetime | None = None
    date: dt.date | None = None
    from_date: dt.date | None = None
    to_date: dt.date | None = None
    n: int | None = None
    anchor: TimescaleAnchor = TimescaleAnchor.GIVEN
    event: str | None = None
    event_date: dt.date | None = None
    offset_working_days: int | None = None

    def __post_init__(self) -> None:
        """Refuse a timescale that lacks what its kind needs."""
        missing = [name for name in REQUIRED_MEMBERS[self.kind] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"a timescale of kind {self.kind} needs {' and '.join(missing)}")
        if self.from_date and self.to_date and self.from_date > self.to_date:
            raise ValueError("a range must not end before it begins")
        if min(self.n or 0, self.offset_working_days or 0) < 0:
            raise ValueError("working days are never negative")


def expected_by(
    timescale: Timescale,
    client: WorkingCalendar,
    *,
    interview_end: dt.datetime,
    event_offset: int,
) -> dt.datetime | None:
    """The latest instant, in UTC, that keeps the promise; None if it names none (section 2).

    `client` is the client contact's calendar, and `event_offset` the policy's number of working days
    after an event. Raises CalendarRangeError past the known holidays (T8).
    """
    last: dt.date | None = None
    match timescale.kind:
        case TimescaleKind.INSTANT:
            return None if timescale.at is None else timescale.at.astimezone(dt.UTC)
        case TimescaleKind.DATE:
            last = timescale.date
        case TimescaleKind.RANGE:
            last = timescale.to_date
        case TimescaleKind.WORKING_DAYS:
            from_interview = timescale.anchor is TimescaleAnchor.INTERVIEW
            anchor = client.date_of(interview_end if from_interview else timescale.given_at)
            last = client.day_after(anchor, timescale.n or 0)
        case TimescaleKind.AFTER_EVENT if timescale.event_date is not None:
            offset = timescale.offset_working_days
            last = client.day_after(timescale.event_date, event_offset if offset is None else offset)
    return None if last is None else client.end_of(last)
