"""The reasons to speak with a candidate (rulebook 4): when each arises, falls due, and what it rests on.

Each rule is a function of a situation that gives a draft reason or None. It knows nothing of what restrains
or drops it; that is the business of `app.rules.restraint` and of `app.rules.status`.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from app.rules.drafts import Draft, Fact, Step, counted, due_step, overdue_step, step
from app.rules.expectations import chase_steps, expectation_steps
from app.rules.facts import Interview
from app.rules.situation import Situation
from app.rules.vocabulary import (
    NOES,
    Decision,
    Purpose,
    ReasonCode,
    Target,
)


def debrief_due(s: Situation) -> Draft | None:
    """B1: the candidate's account of the interview is missing."""
    if s.round is None or not _debrief_missing(s) or s.unresponsive:
        return None
    return _debrief_of(s, s.round)


def _debrief_missing(s: Situation) -> bool:
    return s.round is not None and not s.decision and not s.debriefed


def coming_debrief_due(s: Situation) -> Draft | None:
    """B1, ahead of time: the debrief of the next interview still to end."""
    return _debrief_of(s, min(s.coming, key=lambda i: i.end)) if s.coming else None


def _debrief_of(s: Situation, interview: Interview) -> Draft:
    hours = s.policy.debrief_overdue_working_hours
    due, overdue = s.office.roll(interview.end), s.office.add_hours(interview.end, hours)
    return Draft(
        ReasonCode.DEBRIEF_DUE,
        "B1",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_working_days),
        (Fact("interview", interview.id, interview.end),),
        lambda: (
            step("interview ended {}" if s.knows(interview.end) else "interview ends {}", interview.end),
            due_step("ask for the debrief from {}", due),
            overdue_step("overdue after {}, {}", counted(hours, "working hour"), overdue),
        ),
    )


def candidate_unresponsive(s: Situation) -> Draft | None:
    """B2: the candidate answers nobody; one written note takes the place of more calls."""
    if not _debrief_missing(s) or not s.unresponsive:
        return None
    attempts = s.attempts
    last = attempts[-1]
    due = s.office.add_days(last.at, 1)
    overdue = s.office.add_days(due, 2)
    return Draft(
        ReasonCode.CANDIDATE_UNRESPONSIVE,
        "B2",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_working_days),
        tuple(Fact("contact", attempt.id, attempt.at) for attempt in reversed(attempts)),
        lambda: (
            step("{} without an answer, the last on {}", counted(len(attempts), "attempt"), last.at),
            due_step("one written note from {}", due),
            overdue_step("overdue from {}", overdue),
        ),
        active_from=attempts[s.policy.max_candidate_attempts - 1].at,
    )


def courtesy_update_due(s: Situation) -> Draft | None:
    """E1: the candidate has heard nothing for days, or the client's time passed yesterday."""
    if s.round is None or s.coming or s.open_promise:
        return None
    heard = _last_heard(s)
    every = s.policy.courtesy_on_hold_working_days if s.on_hold else s.policy.courtesy_every_working_days
    day = s.office.day_after(s.office.date_of(heard.at), every)
    usual, facts, expected = day, [heard], s.expectation
    if expected and heard.at <= expected.at and s.told_day and s.told_day < day:
        day, facts = s.told_day, [expected.fact, heard]
    due, overdue = s.office.start_of(day), s.office.end_of(day)
    return Draft(
        ReasonCode.COURTESY_UPDATE_DUE,
        "E1",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.end_of(s.office.day_after(day, s.policy.escalate_working_days)),
        tuple(facts),
        lambda: (
            *(_told_steps(s, day) if day < usual else _word_steps(heard, every, day)),
            due_step("due {}", due),
            overdue_step("overdue at the day's end, {}", overdue),
        ),
    )


def _told_steps(s: Situation, day: date) -> tuple[Step, ...]:
    assert s.expectation is not None
    later = counted(s.policy.slip_update_working_days, "working day")
    return *expectation_steps(s, s.expectation), step(
        "the candidate is told {} after it passed: {}", later, day
    )


def _last_heard(s: Situation) -> Fact:
    assert s.round is not None
    end, last, call = s.round.end, s.last_success_at, s.last_call
    if last > (call.occurred_at if call else end):
        told = next(c for c in s.successes if c.at == last)
        return Fact("contact", told.id, last)
    return Fact("debrief", call.id, call.occurred_at) if call else Fact("interview", s.round.id, end)


def _word_steps(heard: Fact, every: int, day: date) -> tuple[Step, ...]:
    names = {
        "interview": "interview ended",
        "debrief": "debrief taken",
        "contact": "last word to the candidate",
    }
    said = step(f"{names[heard.kind]} {{}}", heard.at)
    return said, step("a word every {}: {}", counted(every, "working day"), day)


def promised_update_due(s: Situation) -> Draft | None:
    """E2: we promised the candidate a word."""
    if s.open_promise is None:
        return None
    promise, contact = s.open_promise
    named, day, overdue = _promise_times(s)
    due = max(s.office.start_of(day), s.office.roll(contact.at))
    return Draft(
        ReasonCode.PROMISED_UPDATE_DUE,
        "E2",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_promise_working_days),
        (Fact("contact", contact.id, contact.at),),
        lambda: (
            step("promised {} to speak by {}", contact.at, promise.by or named),
            *([] if day == named else [step("a day off, so the working day before it, {}", day)]),
            due_step("due from {}", due),
            overdue_step("overdue from {}", overdue),
        ),
    )


def _promise_times(s: Situation) -> tuple[date, date, datetime]:
    """The day named in an open promise, the working day on which it must be kept, and the instant by which (E2)."""
    assert s.open_promise is not None
    promise = s.open_promise.promise
    named = promise.by_date or s.office.date_of(promise.by or s.open_promise.contact.at)
    day = s.office.on_or_before(named)
    if promise.by is None or day != named:
        return named, day, s.office.end_of(day)
    return named, day, promise.by


def candidate_enquiry_open(s: Situation) -> Draft | None:
    """E3: the candidate wrote or rang and waits for an answer."""
    enquiry = s.enquiry
    if enquiry is None:
        return None
    due, overdue = s.office.roll(enquiry.at), s.office.add_days(enquiry.at, s.policy.enquiry_working_days)
    return Draft(
        ReasonCode.CANDIDATE_ENQUIRY_OPEN,
        "E3",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_working_days),
        (Fact("contact", enquiry.id, enquiry.at),),
        lambda: (
            step("the candidate asked {}", enquiry.at),
            due_step("answer from {}", due),
            overdue_step("overdue from {}", overdue),
        ),
    )


def move_on_suggested(s: Situation) -> Draft | None:
    """F1: the client stays silent; tell the candidate to look elsewhere, unless they agreed to wait."""
    if not s.awaiting or s.expectation is None or s.chase_at is None:
        return None
    expected, chase_at = s.expectation, s.chase_at
    agreed = s.application.continue_until
    agreed_at = s.office.start_of(agreed) if agreed else chase_at
    due, silence = _silent_since(s, chase_at, agreed_at)
    active_from, last = None, s.chasers[-1] if s.exhausted and s.chasers else None
    if last:
        active_from = last.at
        cooled = s.office.add_days(last.at, s.policy.chaser_cooldown_working_days)
        if cooled < due:
            due, silence = cooled, partial(_unanswered_step, s)
    if agreed:
        active_from, due = None, max(due, agreed_at)
    overdue = s.office.add_days(due, 2)
    return Draft(
        ReasonCode.MOVE_ON_SUGGESTED,
        "F1",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_working_days),
        (expected.fact, Fact("contact", last.id, last.at)) if last else (expected.fact,),
        lambda: (
            *chase_steps(s, expected, chase_at),
            silence(),
            *([step("the candidate agreed to wait until {}", agreed)] if agreed else []),
            due_step("suggest moving on from {}", due),
        ),
        active_from=active_from,
    )


def _silent_since(
    s: Situation, chase_at: datetime, agreed_at: datetime
) -> tuple[datetime, Callable[[], Step]]:
    """When the client's silence has lasted too long.

    A word at or after the instant at which moving on was due, as the candidate agreed, starts it anew.
    """
    days = s.policy.move_on_working_days
    due = s.office.add_days(chase_at, days)
    if s.last_response_at < max(due, agreed_at):
        return due, lambda: step("no answer for {}", counted(days, "working day"))
    renewed = s.office.add_days(s.last_response_at, days)
    words = "the client's last word came {}, then no answer for {}"
    return renewed, lambda: step(words, s.last_response_at, counted(days, "working day"))


def _unanswered_step(s: Situation) -> Step:
    return step("{} unanswered, the last on {}", counted(len(s.chasers), "chaser"), s.chasers[-1].at)


def statutory_notice_due(s: Situation) -> Draft | None:
    """S1: the law wants the candidate told where they stand within some days of the interview."""
    days = s.policy.statutory_notice_days
    if days is None or s.round is None or _has_notice(s):
        return None
    end = s.round.end
    last = s.office.on_or_before(s.office.date_of(end) + timedelta(days=days))
    due, overdue = s.office.start_of(s.office.day_before(last, 5)), s.office.end_of(last)
    return Draft(
        ReasonCode.STATUTORY_NOTICE_DUE,
        "S1",
        Target.CANDIDATE,
        due,
        overdue,
        overdue,
        (Fact("interview", s.round.id, end),),
        lambda: (
            step("interview ended {}", end),
            step("the law wants a notice within {}, so by {}", counted(days, "day"), overdue),
            step("due from {}, 5 working days before", due),
        ),
    )


def _has_notice(s: Situation) -> bool:
    assert s.round is not None
    end = s.round.end
    noticed = any(c.purpose is Purpose.STATUTORY_NOTICE and c.at >= end for c in s.successes)
    final = NOES | {Decision.OFFER}
    return noticed or any(f.decision in final and s.is_relayed(f) for f in s.feedback)
