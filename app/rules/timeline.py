"""The timeline of an application: every change of its status, past and planned, with what caused it.

A status changes only at instants that the facts determine. The rules are asked at each of them, so the timeline says
what they say at every instant.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.rules.drafts import Fact, listed
from app.rules.facts import Application
from app.rules.intervals import Course
from app.rules.levels import lateness
from app.rules.policy import Policy
from app.rules.restraint import Reason
from app.rules.settling import settled_at
from app.rules.situation import BEGINNING, HELD
from app.rules.vocabulary import Level, ReasonCode, Status


class Move(StrEnum):
    """What became of a reason at an instant."""

    APPEARED = "appeared"
    ROSE = "rose"
    EASED = "eased"
    SETTLED = "settled"
    LAPSED = "lapsed"  # it no longer applies, though nobody did what it asked for
    DROPPED = "dropped"  # a more important reason has taken over (X)
    QUIETED = "quieted"  # a cool-down, a snooze or a pause keeps it back
    ANNOUNCED = "announced"  # it counts from now on and is shown later


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the status, or of the reasons shown and their levels.

    `levels` are those after it, the most urgent reason first. `causes` are the facts dated at that very instant;
    without any, time has passed.
    """

    at: datetime
    before: Status
    after: Status
    levels: Mapping[ReasonCode, Level]
    moves: Mapping[ReasonCode, Move]
    causes: tuple[Fact, ...]


def changes(application: Application, policy: Policy) -> list[Change]:
    """Every change of an application's status over all time, as far as the facts tell, ascending.

    Raises CalendarRangeError where a date runs past the known holidays.
    """
    causes = _facts_by_date(application)
    course = Course(application, policy)
    before = _stand(course, BEGINNING)
    found = []
    for at in _instants(course):
        after = _stand(course, at)
        if (after.status, after.levels) != (before.status, before.levels):
            moves = dict(_moves(before, after, settled_at(application, at)))
            found.append(Change(at, before.status, after.status, after.levels, moves, tuple(causes[at])))
        before = after
    return found


def sentence(change: Change) -> str:
    """A change in plain words, such as "Time passed: client response due rises to overdue; due becomes overdue."."""
    kinds = dict.fromkeys(_HAPPENED.get(fact.kind, fact.kind) for fact in change.causes)
    cause = listed([*kinds]).capitalize() or "Time passed"
    alike: defaultdict[tuple[Move, Level | None], list[str]] = defaultdict(list)
    for code, move in change.moves.items():
        level = change.levels[code] if move in (Move.ROSE, Move.EASED) else None
        alike[move, level].append(_plain(code))
    events = [
        f"{listed(codes)} {_VERBS[move][len(codes) > 1].format(level)}"
        for (move, level), codes in alike.items()
    ]
    if change.before is not change.after:
        events.append(f"{_plain(change.before)} becomes {_plain(change.after)}")
    return f"{cause}: {'; '.join(events)}."


_VERBS = {
    Move.APPEARED: ("appears", "appear"),
    Move.ROSE: ("rises to {}", "rise to {}"),
    Move.EASED: ("eases to {}", "ease to {}"),
    Move.SETTLED: ("is settled", "are settled"),
    Move.LAPSED: ("no longer applies", "no longer apply"),
    Move.DROPPED: ("gives way to what matters more", "give way to what matters more"),
    Move.QUIETED: ("rests for now", "rest for now"),
    Move.ANNOUNCED: ("comes next", "come next"),
}
_HAPPENED = {
    "interview": "interview ended",
    "timescale": "timescale given",
    "feedback": "feedback received",
    "job_change": "job changed",
    "pause": "pause began",
    "hold": "job put on hold",
    "hold_end": "hold ended",
    "withdrawal": "candidate withdrew",
    "closed": "application closed",
}


def _plain(word: str) -> str:
    return word.replace("_", " ")


class _Stand(NamedTuple):
    """Where an application stands: the reasons shown, those that wait and those that others have dropped."""

    status: Status
    levels: dict[ReasonCode, Level]
    waiting: tuple[ReasonCode, ...]
    dropped: frozenset[ReasonCode]


def _stand(course: Course, at: datetime) -> _Stand:
    answer = course.status(at)
    return _Stand(
        answer.status,
        {reason.code: reason.level(at) for reason in answer.reasons},
        tuple(reason.code for reason in answer.waiting),
        frozenset(reason.code for reason in answer.dropped),
    )


def _moves(
    before: _Stand, after: _Stand, settled: AbstractSet[ReasonCode]
) -> Iterator[tuple[ReasonCode, Move]]:
    """What became of each reason: first of those shown now, then of those that wait, then of those gone."""
    for code, level in after.levels.items():
        if code not in before.levels:
            yield code, Move.APPEARED
        elif level is not before.levels[code]:
            rose = lateness(level) > lateness(before.levels[code])
            yield code, Move.ROSE if rose else Move.EASED
    for code in after.waiting:
        if code not in before.waiting:
            yield code, Move.QUIETED if code in before.levels else Move.ANNOUNCED
    for code in (*before.levels, *before.waiting):
        if code not in after.levels and code not in after.waiting:
            gone = Move.SETTLED if code in settled else Move.LAPSED
            yield code, Move.DROPPED if code in after.dropped else gone


def _instants(course: Course) -> list[datetime]:
    """Every instant at which a status can change: more becomes known, or the time of a known reason comes."""
    found = {each.start for each in course.stretches}
    for each in course.stretches:
        times = (t for reason in each.begun for t in _times_of(reason))
        found.update(t for t in times if each.start < t and (each.end is None or t < each.end))
    return sorted(found)


def _times_of(reason: Reason) -> Iterator[datetime]:
    times = (
        reason.active_from,
        reason.flagged_from,
        reason.due_at,
        reason.overdue_at,
        reason.escalate_at,
        reason.held_until,
        reason.dropped_from,
    )
    return (time for time in times if time is not None)


def _facts_by_date(application: Application) -> defaultdict[datetime, list[Fact]]:
    found: defaultdict[datetime, list[Fact]] = defaultdict(list)
    for fact in _dated(application):
        found[fact.at].append(fact)
    return found


def _dated(application: Application) -> Iterator[Fact]:
    yield from (Fact("interview", i.id, i.end) for i in application.interviews if i.state in HELD)
    yield from (Fact("debrief", d.id, d.occurred_at) for d in application.debriefs)
    yield from (Fact("timescale", t.id, t.given_at) for t in application.timescales)
    yield from (Fact("feedback", f.id, f.received_at) for f in application.feedback)
    yield from (Fact("contact", c.id, c.at) for c in application.contacts)
    yield from (Fact("job_change", j.id, j.changed_at) for j in application.job_changes)
    yield from (Fact("pause", None, p.start) for p in application.candidate.pauses)
    hold = application.hold
    ends = {
        "hold": hold and hold.since,
        "hold_end": hold and hold.ended_at,
        "withdrawal": application.withdrawn_at,
        "closed": application.closed_at,
    }
    yield from (Fact(kind, None, at) for kind, at in ends.items() if at)
