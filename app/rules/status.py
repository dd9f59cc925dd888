"""The status of an application: a pure function of facts, policy and an instant (rulebook 3, 5, 6 and 7).

`reasons_of` says what would be shown if only time passed; `evaluate` reads it at one instant, and `app.rules.intervals`
lays it out over all time. Both rest on the same reasons, so they cannot disagree.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from app.rules.disclosure import disclosed
from app.rules.drafts import Draft
from app.rules.facts import Application, Candidate, ClientContact
from app.rules.levels import lateness
from app.rules.policy import Policy
from app.rules.reasons import answers_of, drafts_of, is_direct
from app.rules.reasons_to_candidate import promised_update_due
from app.rules.reasons_to_client import withdrawal_told
from app.rules.restraint import ASKING_CLIENT, Reason, chase_floor, not_before, restrained
from app.rules.situation import Situation
from app.rules.vocabulary import Actor, Level, ReasonCode, Status, Target

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

# P1: an offer to relay and a competing deadline come before all, then the later the more urgent.
_RANKS = {Level.ESCALATED: 1, Level.OVERDUE: 2}

_ORDER = {code: position for position, code in enumerate(ReasonCode)}


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
    if first.code in ASKING_CLIENT:
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
