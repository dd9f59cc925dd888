"""What agency systems are told, and at which instants the passing of time alone is news.

Between two recorded facts a status changes only at instants that the stored intervals already name. Here they are read
from the intervals: pure, so that whoever announces them, and when, cannot change what is announced (R5).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from app.rules.vocabulary import Level, ReasonCode, Target


class EventType(StrEnum):
    """What has happened."""

    APPLICATION_CREATED = "application.created"
    APPLICATION_UPDATED = "application.updated"
    INTERVIEW_CREATED = "interview.created"
    INTERVIEW_UPDATED = "interview.updated"
    DEBRIEF_RECORDED = "debrief.recorded"
    TIMESCALE_RECORDED = "timescale.recorded"
    FEEDBACK_RECORDED = "feedback.recorded"
    CONTACT_RECORDED = "contact.recorded"
    CONTACT_VOIDED = "contact.voided"
    SNOOZE_RECORDED = "snooze.recorded"
    SNOOZE_VOIDED = "snooze.voided"
    PAUSE_RECORDED = "pause.recorded"
    PAUSE_LIFTED = "pause.lifted"
    PREFERENCE_RECORDED = "preference.recorded"
    JOB_CHANGED = "job.changed"
    REASON_DUE = "reason.due"
    REASON_OVERDUE = "reason.overdue"
    REASON_ESCALATED = "reason.escalated"
    REASON_SETTLED = "reason.settled"
    CANDIDATE_MAY_TOUCH_BASE = "candidate.may_touch_base"
    WEBHOOK_ENDPOINT_DISABLED = "webhook_endpoint.disabled"
    WEBHOOK_ENDPOINT_TEST = "webhook_endpoint.test"


class Shown(NamedTuple):
    """A reason in an interval in which it is shown; `flagged_until` is `forever` where only a new fact ends it."""

    code: ReasonCode
    rule: str
    target: Target
    urgent: bool
    due_at: datetime
    overdue_at: datetime | None
    escalate_at: datetime | None
    flagged_from: datetime
    flagged_until: datetime

    @property
    def key(self) -> "Key":
        """What makes it the same reason as in another interval (R5)."""
        return self.code, self.due_at


Key = tuple[ReasonCode, datetime]


class Passing(NamedTuple):
    """An instant that is news of a reason: it is shown for the first time, gets worse, or is gone."""

    at: datetime
    type: EventType
    reason: Shown

    @property
    def name(self) -> tuple[EventType, Key]:
        """What makes it the same news as another, whenever it is told."""
        return self.type, self.reason.key


# Where several come at the same instant, what goes comes before what takes its place, and a reason gets worse in order.
_ORDER = (
    EventType.REASON_SETTLED,
    EventType.REASON_DUE,
    EventType.REASON_OVERDUE,
    EventType.REASON_ESCALATED,
)


def passings(intervals: Iterable[Shown], forever: datetime) -> list[Passing]:
    """All instants at which one application's, or candidate's, intervals are news, in their order.

    A reason that is kept quiet for a while is neither settled by that nor due a second time.
    """
    ordered = sorted(intervals, key=lambda each: (*each.key, each.flagged_from))
    found = [
        passing
        for _, shown in groupby(ordered, key=lambda each: each.key)
        for passing in _passings_of(list(shown), forever)
    ]
    return sorted(found, key=lambda each: (each.at, _ORDER.index(each.type), each.reason.key))


def _passings_of(shown: Sequence[Shown], forever: datetime) -> Iterator[Passing]:
    """The instants of one reason, given its intervals in their order."""
    first, last = shown[0], shown[-1]
    yield Passing(first.flagged_from, EventType.REASON_DUE, first)
    for event_type, at in (
        (EventType.REASON_OVERDUE, last.overdue_at),
        (EventType.REASON_ESCALATED, last.escalate_at),
    ):
        seen = [each for each in shown if at is not None and at < each.flagged_until]
        if at is not None and seen:
            yield Passing(max(at, seen[0].flagged_from), event_type, seen[0])
    if last.flagged_until < forever:
        yield Passing(last.flagged_until, EventType.REASON_SETTLED, last)


class Told(NamedTuple):
    """What passed by itself before intervals were replaced, what their replacement brought, and when to look again."""

    before: list[Passing]
    after: list[Passing]
    next_at: datetime | None


def told(
    old: Sequence[Shown], new: Sequence[Shown], since: datetime | None, now: datetime, forever: datetime
) -> Told:
    """What is news when `new` intervals take the place of `old` ones, whose passings up to `since` have been told.

    Nothing has been told of intervals without `since`. What is over by now and was never told stays untold: a fact
    that came late has rewritten the past. `now` is not before `since`.
    """
    earlier = passings(old, forever) if since is not None else []
    late = [p for p in earlier if since is not None and since < p.at <= now]
    known = {p.name for p in earlier if p.at <= now}
    settled = {key for event_type, key in known if event_type is EventType.REASON_SETTLED}
    going_on = {each.key for each in new if now < each.flagged_until}
    begun = {each.key for each in new if each.flagged_from <= now} & going_on
    gone = [
        Passing(now, EventType.REASON_SETTLED, p.reason)
        for p in earlier
        if p.type is EventType.REASON_DUE and p.at <= now and p.reason.key not in going_on | settled
    ]
    later = passings(new, forever)
    come = [
        p._replace(at=now) for p in later if p.at <= now and p.reason.key in begun and p.name not in known
    ]
    next_at = min((p.at for p in later if p.at > now), default=None)
    return Told(late, [*gone, *come], next_at)


def level_of(shown: Iterable[Shown], now: datetime) -> Level | None:
    """The highest level of what is shown at an instant (R5); None where nothing is."""
    levels = [_level(each, now) for each in shown if each.flagged_from <= now < each.flagged_until]
    return max(levels, key=_LEVELS.index, default=None)


_LEVELS = (Level.DUE, Level.OVERDUE, Level.ESCALATED)


def _level(reason: Shown, now: datetime) -> Level:
    if reason.escalate_at is not None and reason.escalate_at <= now:
        return Level.ESCALATED
    return Level.OVERDUE if reason.overdue_at is not None and reason.overdue_at <= now else Level.DUE
