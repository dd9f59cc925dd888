"""Reasons over all time: every reason with the interval in which it is shown.

Rests on the same reasons as `app.rules.status.evaluate`, so that the two cannot disagree.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain, islice, pairwise, zip_longest
from operator import attrgetter
from typing import NamedTuple

from app.rules.derived import Derived
from app.rules.drafts import Draft
from app.rules.facts import Application
from app.rules.policy import Policy
from app.rules.reasons import Answers, answers_after, drafts_of
from app.rules.restraint import Reason
from app.rules.situation import BEGINNING, Case, Situation
from app.rules.status import (
    ApplicationStatus,
    evaluate,
    reasons_of,
    status_at,
    touch_base_from,
    word_at,
)
from app.rules.turning_points import turning_points
from app.rules.vocabulary import ReasonCode, Status


class Interval(NamedTuple):
    """One reason as shown from an instant until another; `until` None means until something is recorded."""

    start: datetime
    until: datetime | None
    reason: Reason


class TouchBase(NamedTuple):
    """The instant that N0 names, and that at which it first counts, which is later where a fact came after it."""

    named: datetime
    at: datetime


class Stretch:
    """Some time in which no more becomes known; it ends with the next, the last one never."""

    def __init__(
        self, start: datetime, end: datetime | None, situation: Situation, drafts: list[Draft]
    ) -> None:
        self.start = start
        self.end = end
        self.situation = situation
        self._drafts = drafts

    @Derived
    def reasons(self) -> list[Reason]:
        """All reasons, each with its interval."""
        return reasons_of(self.situation, self._drafts)

    @Derived
    def begun(self) -> list[Reason]:
        """Those that begin before it ends."""
        end = self.end
        if end is None:
            return self.reasons
        return reasons_of(self.situation, [each for each in self._drafts if each.counts_from < end])


class Course:
    """One application over all time, as far as its facts tell: worked out once, whatever is asked of it.

    Before the first of its `stretches` nothing is known, so nothing has begun. Raises CalendarRangeError where a date
    runs past the known holidays.
    """

    def __init__(self, application: Application, policy: Policy) -> None:
        self._case = Case(application, policy)
        points = turning_points(application, policy)
        situation = Situation(application, policy, BEGINNING)
        answers: Answers = {}
        self.stretches: list[Stretch] = []
        for (start, news), end in zip_longest(points.items(), islice(points, 1, None)):
            situation = situation.later(start, news)
            answers = answers_after(answers, news, situation)
            self.stretches.append(Stretch(start, end, situation, drafts_of(answers)))

    def intervals(self) -> list[Interval]:
        """Every reason with the intervals in which it is shown, over all time."""
        return laid_out((each.start, each.end, each.begun) for each in self.stretches)

    def status(self, now: datetime) -> ApplicationStatus:
        """The status at an instant, as `app.rules.status.evaluate` gives it."""
        stretch = self._stretch_at(now)
        return status_at(stretch.situation, stretch.reasons, now) if stretch else evaluate(*self._case, now)

    def word(self, now: datetime) -> Status:
        """The word alone for that status."""
        stretch = self._stretch_at(now)
        return word_at(stretch.situation, stretch.begun, now) if stretch else self.status(now).status

    def _stretch_at(self, now: datetime) -> Stretch | None:
        """The stretch in which an instant lies; None before the first."""
        after = bisect_right(self.stretches, now, key=attrgetter("start"))
        return self.stretches[after - 1] if after else None

    def touch_bases(self, since: datetime) -> list[TouchBase]:
        """When the candidate may touch base (N0): what holds at `since`, and all that time will bring, in order."""
        return _touch_bases(((each.start, each.end, each.situation) for each in self.stretches), since)


def schedule(application: Application, policy: Policy) -> list[Interval]:
    """The intervals of an application's course, where nothing else is asked of it."""
    return Course(application, policy).intervals()


def touch_bases(application: Application, policy: Policy, since: datetime) -> list[TouchBase]:
    """The same for when the candidate may touch base (N0), which needs no reasons."""
    known = spans(turning_points(application, policy))
    return _touch_bases(((start, end, Situation(application, policy, start)) for start, end in known), since)


def _touch_bases(
    known: Iterable[tuple[datetime, datetime | None, Situation]], since: datetime
) -> list[TouchBase]:
    found: dict[datetime, TouchBase] = {}
    for start, end, situation in known:
        if end is None or since < end:
            named = touch_base_from(situation)
            if named is not None and (end is None or named < end):
                found.setdefault(named, TouchBase(named, max(named, start)))
    return list(found.values())


def spans(points: Iterable[datetime]) -> Iterator[tuple[datetime, datetime | None]]:
    """All time, cut at ascending instants."""
    known = [BEGINNING, *points]
    return chain(pairwise(known), [(known[-1], None)])


def laid_out(known: Iterable[tuple[datetime, datetime | None, Iterable[Reason]]]) -> list[Interval]:
    """Reasons as intervals over all time, given those of each span, in order.

    Intervals of one reason that touch are joined, so that a fact which changes nothing leaves no seam.
    """
    found: dict[ReasonCode, list[Interval]] = {}
    for start, end, reasons in known:
        for reason in reasons:
            begins = max(reason.flagged_from, start)
            ends = _earlier(reason.dropped_from, end)
            if ends is not None and begins >= ends:
                continue
            row = found.setdefault(reason.code, [])
            if row and row[-1].until == begins and _seen(row[-1].reason) == _seen(reason):
                row[-1] = Interval(row[-1].start, ends, row[-1].reason)
            else:
                row.append(Interval(begins, ends, reason))
    return [interval for row in found.values() for interval in row]


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other


def _seen(reason: Reason) -> tuple[object, ...]:
    """What a reader sees of a reason: two that agree in it are one."""
    return (
        reason.due_at,
        reason.overdue_at,
        reason.escalate_at,
        reason.urgent,
        reason.for_manager,
        reason.target,
        reason.facts,
    )
