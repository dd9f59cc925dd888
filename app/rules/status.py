"""The status of an application: a pure function of facts, policy and an instant (rulebook 3, 5, 6 and 7).

`reasons_of` says what would be shown if only time passed; `evaluate` reads it at one instant, and `app.rules.intervals`
lays it out over all time. Both rest on the same reasons, so they cannot disagree.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import NamedTuple

from app.rules.calendar import working_calendar
from app.rules.disclosure import disclosed
from app.rules.drafts import Draft, Fact, Part, Step, Steps, overdue_step, step
from app.rules.facts import Application, Candidate, ClientContact, Pause
from app.rules.holidays import Holidays
from app.rules.levels import lateness, level_at
from app.rules.policy import Policy
from app.rules.reasons import answers_of, drafts_of, is_direct
from app.rules.reasons_to_candidate import promised_update_due
from app.rules.reasons_to_client import withdrawal_told
from app.rules.situation import Situation
from app.rules.vocabulary import (
    Actor,
    Level,
    ReasonCode,
    Status,
    Target,
)

# X: a reason that counts drops these others, so that one call makes one line.
_TALKS = (
    ReasonCode.DECISION_TO_RELAY,
    ReasonCode.FEEDBACK_TO_RELAY,
    ReasonCode.JOB_CHANGE_TO_RELAY,
    ReasonCode.SLIP_TO_RELAY,
    ReasonCode.PROMISED_UPDATE_DUE,
    ReasonCode.CANDIDATE_ENQUIRY_OPEN,
    ReasonCode.DEBRIEF_DUE,
    ReasonCode.CANDIDATE_UNRESPONSIVE,
)
DROPS: dict[ReasonCode, frozenset[ReasonCode]] = {
    **dict.fromkeys(_TALKS, frozenset({ReasonCode.COURTESY_UPDATE_DUE})),
    ReasonCode.MOVE_ON_SUGGESTED: frozenset(
        {
            ReasonCode.CLIENT_RESPONSE_DUE,
            ReasonCode.TIMESCALE_MISSING,
            ReasonCode.SLIP_TO_RELAY,
            ReasonCode.COURTESY_UPDATE_DUE,
        }
    ),
    ReasonCode.CLIENT_RESPONSE_DUE: frozenset({ReasonCode.TIMESCALE_MISSING}),
}

# G2, M2: these ask the client for an answer; too many of them are a nuisance.
CHASERS = frozenset({ReasonCode.TIMESCALE_MISSING, ReasonCode.CLIENT_RESPONSE_DUE})

# P1: an offer to relay and a competing deadline come before all, then the later the more urgent.
_RANKS = {Level.ESCALATED: 1, Level.OVERDUE: 2}

_ORDER = {code: position for position, code in enumerate(ReasonCode)}


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
        return level_at(now, due_at=self.due_at, overdue_at=self.overdue_at, escalate_at=self.escalate_at)

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


def position(code: ReasonCode) -> int:
    """The place of a code within a rank (P1)."""
    return _ORDER[code]


def order(reason: Reason, now: datetime, subject_id: str) -> tuple[int, int, datetime, str]:
    """The place in the due list (P1): rank, code, due time, application."""
    rank = 0 if reason.urgent else _RANKS.get(reason.level(now), 3)
    return rank, position(reason.code), reason.due_at, subject_id


class NextAction(NamedTuple):
    """Who does what next, towards whom if towards anybody, and not before when (T7, M2)."""

    code: ReasonCode
    actor: Actor
    target: Target | None
    not_before: datetime


class ApplicationStatus(NamedTuple):
    """Everything the status service says of one application at one instant (R5); `dropped` is what X left out."""

    status: Status
    reasons: tuple[Reason, ...]
    waiting: tuple[Reason, ...]
    future: tuple[Reason, ...]
    dropped: tuple[Reason, ...]
    touch_base_from: datetime | None
    next_action: NextAction | None

    @property
    def upcoming(self) -> Reason | None:
        """The earliest future reason, told only while nothing else is going on."""
        return self.future[0] if self.status is Status.ON_TRACK and self.future else None


def evaluate(application: Application, policy: Policy, now: datetime) -> ApplicationStatus:
    """The status of an application at an instant, from the facts dated up to then.

    Raises CalendarRangeError where a date runs past the known holidays.
    """
    situation = Situation(application, policy, now)
    return status_at(situation, reasons_of(situation, drafts_of(answers_of(situation))), now)


def status_at(s: Situation, reasons: Iterable[Reason], now: datetime) -> ApplicationStatus:
    """What a situation and its reasons amount to at an instant before the next turning point."""
    ranked = sorted(reasons, key=lambda r: order(r, now, s.application.id))
    flagged, waiting, dropped = parted(ranked, now)
    future = sorted([r for r in ranked if now < r.active_from], key=attrgetter("due_at"))
    return ApplicationStatus(
        _status(s, flagged, waiting, now),
        tuple(flagged),
        tuple(waiting),
        tuple(future),
        tuple(dropped),
        touch_base_from(s),
        _next_action(s, flagged, now),
    )


def word_at(s: Situation, reasons: Iterable[Reason], now: datetime) -> Status:
    """The word alone for what `status_at` says of them."""
    flagged, waiting, _ = parted(reasons, now)
    return _status(s, flagged, waiting, now)


def parted(reasons: Iterable[Reason], now: datetime) -> tuple[list[Reason], list[Reason], list[Reason]]:
    """The reasons that are flagged, those that wait, and those that are dropped."""
    flagged: list[Reason] = []
    waiting: list[Reason] = []
    dropped: list[Reason] = []
    for reason in reasons:
        if reason.is_dropped(now):
            dropped.append(reason)
        elif reason.is_flagged(now):
            flagged.append(reason)
        elif reason.is_active(now):
            waiting.append(reason)
    return flagged, waiting, dropped


def reasons_of(s: Situation, drafts: Sequence[Draft]) -> list[Reason]:
    """The reasons that drafts become in a situation, each with its interval, whether or not it has begun."""
    dropped = _dropped_from(drafts)
    return [restrained(s, draft, dropped.get(draft.code)) for draft in drafts]


def _dropped_from(drafts: Iterable[Draft]) -> dict[ReasonCode, datetime]:
    """X: from when a code gives way to another reason, which counts from then on."""
    found: dict[ReasonCode, datetime] = {}
    for draft in drafts:
        for code in DROPS.get(draft.code, ()):
            if code not in found or draft.counts_from < found[code]:
                found[code] = draft.counts_from
    return found


def touch_base_from(s: Situation) -> datetime | None:
    """N0: the instant from which the candidate may ask, as far as they know."""
    known = disclosed(s)
    if known.expectation is None or known.withdrawn or known.decision or known.on_hold or known.closed:
        return None
    promised = promised_update_due(known)
    return restrained(known, promised).overdue_at if promised else known.office.roll(known.expectation.at)


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
    if draft.code in CHASERS and s.chasers:
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
    """G1: the last attempt to reach the candidate since the reason fell due, or since the interview for its debrief."""
    if draft.code is ReasonCode.DEBRIEF_DUE:
        last = s.history.missed.last(s.at)
        return last.at if last and s.round and last.at > s.round.end else None
    last = s.history.in_vain.last(s.at)
    return last.at if last and last.at >= draft.due_at else None


def _status(s: Situation, flagged: Sequence[Reason], waiting: Sequence[Reason], now: datetime) -> Status:
    """R5, K2."""
    if not flagged and (s.closed or (s.withdrawn and (is_direct(s) or withdrawal_told(s)))):
        return Status.CLOSED
    return word_for(flagged, waiting, now)


def word_for(flagged: Sequence[Reason], waiting: Sequence[Reason], now: datetime) -> Status:
    """The word for reasons at an instant, where nothing is closed (R5)."""
    if flagged:
        return Status(max((r.level(now) for r in flagged), key=lateness))
    if any(r.is_held(now) for r in waiting):
        return Status.PAUSED
    return Status.WAITING if waiting else Status.ON_TRACK


def _next_action(s: Situation, flagged: Sequence[Reason], now: datetime) -> NextAction | None:
    if not flagged:
        return None
    first = flagged[0]
    due = first.due_at
    application = s.application
    if first.code in CHASERS:
        chased = max((at for at in application.chased_at if at <= now), default=None)
        due = max(due, chase_floor(s.policy, chased)) if chased else due
    to_candidate = first.target is Target.CANDIDATE
    # An interviewer (N1) is nobody the records know.
    known = {Target.CANDIDATE: application.candidate, Target.CLIENT: application.client}
    person: Candidate | ClientContact | None = known.get(first.target)
    zone = (person.timezone, person.holidays) if person else (s.policy.timezone, s.policy.holidays)
    start = not_before(first.target, due, now, policy=s.policy, person=zone)
    if not is_direct(s):
        actor = Actor.MANAGER if first.for_manager else Actor.CONSULTANT
        return NextAction(first.code, actor, first.target, start)
    # Nobody speaks to a direct applicant: to move on is theirs alone.
    return NextAction(first.code, Actor.CANDIDATE, None if to_candidate else first.target, start)
