"""Not bombarding (rulebook, section 5): what a draft becomes once pauses have moved it and cool-downs keep it quiet.

Together with the hours in which people may be spoken to (T7) and the one chaser a day (M2), which move no reason but
say when it can be acted upon.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from app.rules.calendar import working_calendar
from app.rules.drafts import Draft, Fact, Part, Step, Steps, overdue_step, step
from app.rules.facts import Pause
from app.rules.holidays import Holidays
from app.rules.levels import level_at
from app.rules.policy import Policy
from app.rules.situation import Situation
from app.rules.vocabulary import Level, ReasonCode, Target

# G2: after a chaser these rest for some days.
RESTING_AFTER_CHASER = frozenset({ReasonCode.TIMESCALE_MISSING, ReasonCode.CLIENT_RESPONSE_DUE})

# M2: all that asks the client for an answer waits for the day after the last chaser.
ASKING_CLIENT = RESTING_AFTER_CHASER | {ReasonCode.NEXT_STEP_MISSING, ReasonCode.HOLD_REVIEW}


class Rest(NamedTuple):
    """A time in which a reason is kept quiet, and the words for why."""

    until: datetime
    step: Callable[[], Step]


# Not frozen, for the same reason as a draft.
@dataclass(slots=True)
class Reason:
    """Why somebody is due a word, with the interval in which it is shown.

    It counts from `active_from` (R4), is shown from `flagged_from` (after its `rests` and a pause) and until
    `dropped_from`, when a more important reason takes over (X). `held_until` is the end of a pause.
    """

    code: ReasonCode
    rule: str
    target: Target
    due_at: datetime
    overdue_at: datetime | None
    escalate_at: datetime | None
    active_from: datetime
    flagged_from: datetime
    dropped_from: datetime | None
    held_until: datetime | None
    urgent: bool
    for_manager: bool
    facts: tuple[Fact, ...]
    steps: Steps
    rests: tuple[Rest, ...]

    def level(self, now: datetime) -> Level:
        """The level at an instant (R4)."""
        if now < self.due_at:
            return Level.SCHEDULED
        return level_at(now, overdue_at=self.overdue_at, escalate_at=self.escalate_at)

    def is_dropped(self, now: datetime) -> bool:
        """Whether a more important reason has taken over (X)."""
        return self.dropped_from is not None and now >= self.dropped_from

    def is_active(self, now: datetime) -> bool:
        """Whether it counts: flagged, waiting or held (R4)."""
        return now >= self.active_from and not self.is_dropped(now)

    def is_flagged(self, now: datetime) -> bool:
        """Whether it is shown."""
        return now >= self.flagged_from and not self.is_dropped(now)

    def is_held(self, now: datetime) -> bool:
        """Whether a pause holds it back (G3)."""
        return self.is_active(now) and self.held_until is not None and now < self.held_until


def restrained(s: Situation, draft: Draft, dropped_from: datetime | None = None) -> Reason:
    """Applies what moves a reason (G3) and what only keeps it quiet for a while (G1, G2, G5)."""
    moved, held_until = _paused(s, draft) if s.application.candidate.pauses else (draft, None)
    rests = _rests(s, moved)
    return Reason(
        draft.code,
        draft.rule,
        draft.target,
        moved.due_at,
        moved.overdue_at,
        moved.escalate_at,
        draft.counts_from,
        max([rest.until for rest in rests]) if rests else moved.due_at,
        dropped_from,
        held_until,
        draft.urgent,
        draft.for_manager,
        draft.facts,
        moved.steps,
        rests,
    )


def _paused(s: Situation, draft: Draft) -> tuple[Draft, datetime | None]:
    """G3: what would fall due in the candidate's pause falls due when it ends.

    A pause that has not begun leaves what is due before it alone: there is still time to ring.
    """
    held_until = None
    if draft.target is Target.CANDIDATE:
        for pause in s.application.candidate.pauses:
            draft, back = _held(s, draft, pause)
            held_until = back or held_until
    return draft, held_until


def _held(s: Situation, draft: Draft, pause: Pause) -> tuple[Draft, datetime | None]:
    if pause.allow_urgent and draft.good:
        return draft, None
    if not s.knows(pause.start) and draft.due_at < pause.start:
        return draft, None
    back = s.office.roll(pause.until)
    if draft.due_at >= back:
        return draft, None
    overdue = draft.overdue_at and max(draft.overdue_at, s.office.end_of(s.office.date_of(back)))
    escalate = draft.escalate_at
    if overdue and escalate:
        escalate = max(escalate, s.office.add_days(overdue, s.policy.escalate_working_days))
    steps = partial(_held_steps, draft, back, overdue)
    return replace(draft, due_at=back, overdue_at=overdue, escalate_at=escalate, steps=steps), back


def _held_steps(draft: Draft, back: datetime, overdue: datetime | None) -> Sequence[Step]:
    return [
        *[kept for kept in draft.steps() if kept.part is not Part.OVERDUE],
        step("the candidate asked not to be contacted, so from {}", back),
        *([overdue_step("overdue from {}", overdue)] if overdue else []),
    ]


def _rests(s: Situation, draft: Draft) -> tuple[Rest, ...]:
    """The waits that end after it is due: after the last attempt, chaser or touch (G1, G2, N1), and snoozes."""
    rests: list[Rest] = []
    if draft.code in RESTING_AFTER_CHASER and s.chasers:
        last = s.chasers[-1].at
        until = s.office.add_days(last, s.policy.chaser_cooldown_working_days)
        rests.append(Rest(until, partial(step, "chased {}, so quiet until {}", last, until)))
    if draft.code is ReasonCode.TOUCH_BASE_DUE and s.touches:
        last = s.touches[-1].at
        until = s.office.add_days(last, s.policy.direct_cooldown_working_days)
        rests.append(Rest(until, partial(step, "asked {}, so quiet until {}", last, until)))
    if draft.target is Target.CANDIDATE and (attempt := _last_attempt(s, draft)):
        until = s.office.add_hours(attempt, s.policy.attempt_cooldown_working_hours)
        rests.append(Rest(until, partial(step, "last attempt {}, so quiet until {}", attempt, until)))
    for snooze in s.application.snoozes:
        if snooze.code == draft.code:
            # A snooze never lasts past the escalation (G5).
            until = min(snooze.until, draft.escalate_at or snooze.until)
            rests.append(Rest(until, partial(step, "snoozed until {}", until)))
    return tuple([rest for rest in rests if rest.until > draft.due_at]) if rests else ()


def _last_attempt(s: Situation, draft: Draft) -> datetime | None:
    """G1: the last attempt in vain at the candidate since the reason fell due.

    When it asks for a debrief, that may also be a message, or an attempt after the interview and before it is due.
    """
    if draft.code is ReasonCode.DEBRIEF_DUE:
        last = s.history.missed.last(s.at)
        if last and s.round and last.at > s.round.end:
            return last.at
    last = s.history.in_vain.last(s.at)
    return last.at if last and last.at >= draft.due_at else None


def not_before(
    target: Target, due: datetime, now: datetime, *, policy: Policy, person: tuple[str, Holidays]
) -> datetime:
    """T7: the first instant, from now or the due time on, inside the recipient's contact window.

    `person` is the recipient's zone and holiday code.
    """
    window = policy.candidate_window if target is Target.CANDIDATE else policy.client_window
    zone, holidays = person
    return working_calendar(zone, holidays, *window).roll(max(now, due))


def chase_floor(policy: Policy, last_chased_at: datetime) -> datetime:
    """M2: the start of the working day after the last chaser to this client contact."""
    office = policy.office
    return office.start_of(office.day_after(office.date_of(last_chased_at), 1))
