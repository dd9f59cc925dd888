"""What agency systems are told, and at which instants the passing of time alone is news.

Between two recorded facts a status changes only at instants that the stored intervals already name. Here they are read
from the intervals: pure, so that whoever announces them, and when, cannot change what is announced (R5).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

from app.rules.levels import lateness, level_at
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
    for_manager: bool = False

    @property
    def key(self) -> "Key":
        """What makes it the same reason as in another interval (R5)."""
        return self.code, self.due_at

    @property
    def instants(self) -> tuple[datetime | None, ...]:
        """When something about it changes, as far as time alone brings that."""
        return self.due_at, self.overdue_at, self.escalate_at, self.flagged_from, self.flagged_until


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
_ORDER = {
    EventType.REASON_SETTLED: 1,
    EventType.REASON_DUE: 2,
    EventType.REASON_OVERDUE: 3,
    EventType.REASON_ESCALATED: 4,
}


def passings(intervals: Iterable[Shown], forever: datetime) -> list[Passing]:
    """All instants at which one application's, or candidate's, intervals are news, in their order.

    A reason that is kept quiet for a while is neither settled by that nor due a second time.
    """
    return _in_order(chain.from_iterable(_passings_of(each, forever) for each in _by_key(intervals).values()))


def _in_order(found: Iterable[Passing]) -> list[Passing]:
    return sorted(found, key=lambda each: (each.at, _ORDER[each.type], each.reason.key))


def _by_key(intervals: Iterable[Shown]) -> dict[Key, list[Shown]]:
    """The intervals of each reason in their order."""
    found: dict[Key, list[Shown]] = {}
    for each in sorted(intervals, key=attrgetter("flagged_from")):
        found.setdefault(each.key, []).append(each)
    return found


def _passings_of(shown: Sequence[Shown], forever: datetime) -> list[Passing]:
    """The instants of one reason, given its intervals in their order."""
    first, last = shown[0], shown[-1]
    found = [Passing(first.flagged_from, EventType.REASON_DUE, first)]
    for event_type, at in (
        (EventType.REASON_OVERDUE, last.overdue_at),
        (EventType.REASON_ESCALATED, last.escalate_at),
    ):
        seen = [each for each in shown if at < each.flagged_until] if at else []
        if at and seen:
            found.append(Passing(max(at, seen[0].flagged_from), event_type, seen[0]))
    if last.flagged_until < forever:
        found.append(Passing(last.flagged_until, EventType.REASON_SETTLED, last))
    return found


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
    were, are = _by_key(old) if since is not None else {}, _by_key(new)
    before = {key: _passings_of(shown, forever) for key, shown in were.items()}
    # What stayed as it was is worked out once.
    after = {
        key: before[key] if were.get(key) == shown else _passings_of(shown, forever)
        for key, shown in are.items()
    }
    past = [p for p in chain.from_iterable(before.values()) if p.at <= now]
    known = {p.name for p in past}
    late = [p for p in past if since is not None and since < p.at]
    going_on = {key for key, shown in are.items() if now < shown[-1].flagged_until}
    was_due = (before[key][0] for key in before.keys() - going_on)
    gone = [p for p in was_due if p.at <= now and (EventType.REASON_SETTLED, p.reason.key) not in known]
    begun = (key for key in going_on if are[key][0].flagged_from <= now)
    come = [p for key in begun for p in after[key] if p.at <= now and p.name not in known]
    at_once = [
        *[Passing(now, EventType.REASON_SETTLED, p.reason) for p in _in_order(gone)],
        *[p._replace(at=now) for p in _in_order(come)],
    ]
    next_at = min((p.at for p in chain.from_iterable(after.values()) if p.at > now), default=None)
    return Told(_in_order(late), at_once, next_at)


def level_of(shown: Iterable[Shown], now: datetime) -> Level | None:
    """The highest level of what is shown at an instant (R5); None where nothing is."""
    levels = [
        level_at(now, overdue_at=each.overdue_at, escalate_at=each.escalate_at)
        for each in shown
        if each.flagged_from <= now < each.flagged_until
    ]
    return max(levels, key=lateness, default=None)
