"""Reasons over all time: every reason with the interval in which it is shown.

Rests on the same reasons as `app.rules.status.evaluate`, so that the two cannot disagree.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from app.rules.facts import Application
from app.rules.policy import Policy
from app.rules.situation import BEGINNING, Situation, turning_points
from app.rules.status import Reason, reasons_of, touch_base_from
from app.rules.vocabulary import ReasonCode


@dataclass(frozen=True, slots=True)
class Interval:
    """One reason as shown from an instant until another; `until` None means until something is recorded."""

    start: datetime
    until: datetime | None
    reason: Reason


def schedule(application: Application, policy: Policy) -> list[Interval]:
    """Every reason with the intervals in which it is shown, over all time, as far as the facts tell.

    Raises CalendarRangeError where a date runs past the known holidays.
    """
    return laid_out(
        turning_points(application, policy),
        lambda start: reasons_of(Situation(application, policy, start)),
    )


def laid_out(points: Iterable[datetime], reasons_from: Callable[[datetime], list[Reason]]) -> list[Interval]:
    """Reasons as intervals over all time, given the ascending instants at which more becomes known."""
    known = [BEGINNING, *points]
    shown = (
        _shown_between(reason, start, end)
        for start, end in [*pairwise(known), (known[-1], None)]
        for reason in reasons_from(start)
    )
    return _merged(interval for interval in shown if interval)


class TouchBase(NamedTuple):
    """The instant that N0 names, and that at which it first counts, which is later where a fact came after it."""

    named: datetime
    at: datetime


def touch_bases(application: Application, policy: Policy, since: datetime) -> list[TouchBase]:
    """When the candidate may touch base (N0): what holds at `since`, and all that time will bring, in their order.

    Raises CalendarRangeError where a date runs past the known holidays.
    """
    known = [BEGINNING, *turning_points(application, policy)]
    found: dict[datetime, TouchBase] = {}
    for start, end in [*pairwise(known), (known[-1], None)]:
        if end is not None and end <= since:
            continue
        named = touch_base_from(Situation(application, policy, start))
        if named is not None and (end is None or named < end):
            found.setdefault(named, TouchBase(named, max(named, start)))
    return list(found.values())


def _shown_between(reason: Reason, start: datetime, end: datetime | None) -> Interval | None:
    """The part of a stretch of time in which a reason is shown."""
    begins = max(reason.flagged_from, start)
    ends = min((t for t in (reason.dropped_from, end) if t is not None), default=None)
    return Interval(begins, ends, reason) if ends is None or begins < ends else None


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Joins intervals of one reason that touch, so that a fact which changes nothing leaves no seam."""
    joined: dict[ReasonCode, list[Interval]] = {}
    for interval in intervals:
        row = joined.setdefault(interval.reason.code, [])
        if row and row[-1].until == interval.start and _seen(row[-1].reason) == _seen(interval.reason):
            row[-1] = replace(row[-1], until=interval.until)
        else:
            row.append(interval)
    return [interval for row in joined.values() for interval in row]


def _seen(reason: Reason) -> tuple[object, ...]:
    """What a reader sees of a reason: two that agree in it are one."""
    return (
        reason.due_at,
        reason.overdue_at,
        reason.escalate_at,
        reason.urgent,
        reason.target,
        reason.facts,
    )
