"""The reasons to speak with a candidate (rulebook 4): when each arises, falls due, and what it rests on.

Each rule is a function of a situation that gives a draft reason or None. It knows nothing of what suppresses
or drops it; that is the business of `app.rules.status`.
"""

from datetime import date, datetime, timedelta

from app.rules.drafts import Draft, Fact, Step, counted, step
from app.rules.expectations import Chase, chase_of, expectation_fact, expectation_steps
from app.rules.facts import Interview
from app.rules.situation import Situation, is_call
from app.rules.vocabulary import NOES, Decision, Direction, Purpose, ReasonCode, Target


def debrief_due(s: Situation) -> Draft | None:
    """B1: the candidate's account of the interview is missing."""
    if s.round is None or not _debrief_missing(s) or s.unresponsive:
        return None
    return _debrief_of(s, s.round)


def _debrief_missing(s: Situation) -> bool:
    return s.round is not None and not s.decision and not s.debriefs


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
        (
            step("interview ended {}" if s.knows(interview.end) else "interview ends {}", interview.end),
            step("ask for the debrief from {}", due),
            step("overdue after {}, {}", counted(hours, "working hour"), overdue),
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
        (
            step("{} without an answer, the last on {}", counted(len(attempts), "attempt"), last.at),
            step("one written note from {}", due),
            step("overdue from {}", overdue),
        ),
        active_from=attempts[s.policy.max_candidate_attempts - 1].at,
    )


def decision_to_relay(s: Situation) -> Draft | None:
    """H1: the client has decided and the candidate does not know."""
    decision = s.decision
    if decision is None or s.is_relayed(decision):
        return None
    at = decision.available_at
    overdue, allowed = _relay_by(s, decision.decision, at)
    due = s.office.roll(at)
    return Draft(
        ReasonCode.DECISION_TO_RELAY,
        "H1",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_decision_working_days),
        (Fact("feedback", decision.id, decision.received_at),),
        (
            step("decision ({}) received {}", decision.decision.replace("_", " "), decision.received_at),
            *([step("under embargo until {}", at)] if at > decision.received_at else []),
            step("tell the candidate from {}", due),
            step("overdue after {}, {}", allowed, overdue),
        ),
        urgent=decision.decision is Decision.OFFER,
        good=decision.decision in (Decision.OFFER, Decision.NEXT_STAGE),
    )


def _relay_by(s: Situation, decision: Decision, at: datetime) -> tuple[datetime, str]:
    policy = s.policy
    if decision is Decision.OFFER:
        hours = policy.relay_offer_working_hours
        return s.office.add_hours(at, hours), counted(hours, "working hour")
    if decision is Decision.NEXT_STAGE:
        hours = policy.relay_next_stage_working_hours
        return s.office.add_hours(at, hours), counted(hours, "working hour")
    days = policy.relay_negative_working_days
    return s.office.add_days(at, days), counted(days, "working day")


def feedback_to_relay(s: Situation) -> Draft | None:
    """H2: the client said something short of a decision and the candidate does not know."""
    latest = s.decision.received_at if s.decision else None
    open_comments = (
        f
        for f in s.feedback
        if f.decision is Decision.UNDECIDED
        and not s.is_relayed(f)
        and (latest is None or latest < f.received_at)
    )
    comment = min(open_comments, key=lambda f: f.available_at, default=None)
    if comment is None:
        return None
    due = s.office.roll(comment.available_at)
    overdue = s.office.add_days(comment.available_at, s.policy.relay_feedback_working_days)
    return Draft(
        ReasonCode.FEEDBACK_TO_RELAY,
        "H2",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_working_days),
        (Fact("feedback", comment.id, comment.received_at),),
        (
            step("feedback without a decision received {}", comment.received_at),
            step("pass it on from {}", due),
            step("overdue from {}", overdue),
        ),
    )


def job_change_to_relay(s: Situation) -> Draft | None:
    """H4: the job has changed since the candidate was put forward, and they have not been told.

    In a closed file the news of how it ended takes its place.
    """
    change = min(s.untold_job_changes, key=lambda c: c.changed_at, default=None)
    if change is None or (s.closed and s.decision):
        return None
    due, overdue = s.office.roll(change.changed_at), s.office.add_days(change.changed_at, 1)
    return Draft(
        ReasonCode.JOB_CHANGE_TO_RELAY,
        "H4",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_working_days),
        (Fact("job_change", change.id, change.changed_at),),
        (
            step("the job changed {}", change.changed_at),
            step("tell the candidate from {}", due),
            step("overdue from {}", overdue),
        ),
    )


def slip_to_relay(s: Situation) -> Draft | None:
    """D3: the client has put the answer off to a later date and the candidate has not heard of it."""
    current, earlier = s.current_timescale, s.slipped_from
    if not s.awaiting or current is None or earlier is None or s.last_success_at > current.given_at:
        return None
    due = s.office.roll(current.given_at)
    overdue = s.office.add_days(current.given_at, s.policy.slip_update_working_days)
    before, after = s.resolve(earlier), s.resolve(current)
    assert before is not None
    assert after is not None
    return Draft(
        ReasonCode.SLIP_TO_RELAY,
        "D3",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_working_days),
        (
            Fact("timescale", current.id, current.given_at),
            Fact("timescale", earlier.id, earlier.given_at),
        ),
        (
            step("on {} the client moved the answer from {} to {}", current.given_at, before, after),
            step("tell the candidate from {}", due),
            step("overdue from {}", overdue),
        ),
    )


def courtesy_update_due(s: Situation) -> Draft | None:
    """E1: the candidate has heard nothing for days, or the client's time passed yesterday."""
    if s.round is None or s.coming or s.open_promise:
        return None
    heard = _last_heard(s)
    every = s.policy.courtesy_on_hold_working_days if s.on_hold else s.policy.courtesy_every_working_days
    day = s.office.day_after(s.office.date_of(heard.at), every)
    facts, steps = (
        [heard],
        [_heard_step(heard), step("a word every {}: {}", counted(every, "working day"), day)],
    )
    expected = s.expectation
    if s.awaiting and expected and not expected.assumed and heard.at <= expected.at:
        passed = s.office.date_of(s.office.roll(expected.at))
        told = s.office.day_after(passed, s.policy.slip_update_working_days)
        if told < day:
            day = told
            facts = [expectation_fact(s, expected), heard]
            later = counted(s.policy.slip_update_working_days, "working day")
            words = "the candidate is told {} after it passed: {}"
            steps = [*expectation_steps(s, expected), step(words, later, day)]
    due, overdue = s.office.start_of(day), s.office.end_of(day)
    return Draft(
        ReasonCode.COURTESY_UPDATE_DUE,
        "E1",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.end_of(s.office.day_after(day, s.policy.escalate_working_days)),
        tuple(facts),
        (*steps, step("due {}, overdue at the day's end, {}", due, overdue)),
    )


def _last_heard(s: Situation) -> Fact:
    assert s.round is not None
    words = [Fact("interview", s.round.id, s.round.end)]
    words += [Fact("debrief", d.id, d.occurred_at) for d in s.debriefs if is_call(d)]
    words += [Fact("contact", c.id, c.at) for c in s.successes]
    return max(words, key=lambda fact: fact.at)


def _heard_step(heard: Fact) -> Step:
    names = {
        "interview": "interview ended",
        "debrief": "debrief taken",
        "contact": "last word to the candidate",
    }
    return step(f"{names[heard.kind]} {{}}", heard.at)


def promised_update_due(s: Situation) -> Draft | None:
    """E2: we promised the candidate a word."""
    if s.open_promise is None:
        return None
    contact = s.open_promise.contact
    day, overdue = promise_times(s)
    due = max(s.office.start_of(day), s.office.roll(contact.at))
    return Draft(
        ReasonCode.PROMISED_UPDATE_DUE,
        "E2",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_promise_working_days),
        (Fact("contact", contact.id, contact.at),),
        (
            step("promised {} to speak by {}", contact.at, overdue),
            step("due from {}", due),
        ),
    )


def promise_times(s: Situation) -> tuple[date, datetime]:
    """The working day on which an open promise must be kept, and the instant by which (E2)."""
    assert s.open_promise is not None
    promise = s.open_promise.promise
    named = promise.by_date or s.office.date_of(promise.by or s.open_promise.contact.at)
    day = s.office.on_or_before(named)
    if promise.by is None or day != named:
        return day, s.office.end_of(day)
    return day, promise.by


def candidate_enquiry_open(s: Situation) -> Draft | None:
    """E3: the candidate wrote or rang and waits for an answer."""
    enquiries = (
        c
        for c in s.candidate_contacts
        if c.direction is Direction.INBOUND and c.needs_reply and c.at >= s.last_success_at
    )
    enquiry = next(enquiries, None)
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
        (
            step("the candidate asked {}", enquiry.at),
            step("answer from {}", due),
            step("overdue from {}", overdue),
        ),
    )


def move_on_suggested(s: Situation) -> Draft | None:
    """F1: the client stays silent; tell the candidate to look elsewhere, unless they agreed to wait."""
    if not s.awaiting or s.expectation is None:
        return None
    chase = chase_of(s, s.expectation)
    due, steps = _silent_since(s, chase)
    active_from, last = None, s.chasers[-1] if s.exhausted and s.chasers else None
    if last:
        active_from = last.at
        cooled = s.office.add_days(last.at, s.policy.chaser_cooldown_working_days)
        if cooled < due:
            due = cooled
            steps = [step("{} unanswered, the last on {}", counted(len(s.chasers), "chaser"), last.at)]
    agreed = s.application.continue_until
    if agreed:
        active_from, due = None, max(due, s.office.start_of(agreed))
        steps.append(step("the candidate agreed to wait until {}", agreed))
    overdue = s.office.add_days(due, 2)
    return Draft(
        ReasonCode.MOVE_ON_SUGGESTED,
        "F1",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_working_days),
        (*chase.facts, *([Fact("contact", last.id, last.at)] if last else [])),
        (*chase.steps, *steps, step("suggest moving on from {}", due)),
        active_from=active_from,
    )


def _silent_since(s: Situation, chase: Chase) -> tuple[datetime, list[Step]]:
    """When the client's silence has lasted too long: a word at or after that instant starts it anew."""
    days = s.policy.move_on_working_days
    due = s.office.add_days(chase.at, days)
    if s.last_response_at < due:
        return due, [step("no answer for {}", counted(days, "working day"))]
    renewed = s.office.add_days(s.last_response_at, days)
    words = "the client's last word came {}, then no answer for {}"
    return renewed, [step(words, s.last_response_at, counted(days, "working day"))]


def statutory_notice_due(s: Situation) -> Draft | None:
    """S1: the law wants the candidate told where they stand within some days of the interview."""
    days = s.policy.statutory_notice_days
    if days is None or s.round is None or _has_notice(s):
        return None
    last = s.office.on_or_before(s.office.date_of(s.round.end) + timedelta(days=days))
    due, overdue = s.office.start_of(s.office.day_before(last, 5)), s.office.end_of(last)
    return Draft(
        ReasonCode.STATUTORY_NOTICE_DUE,
        "S1",
        Target.CANDIDATE,
        due,
        overdue,
        overdue,
        (Fact("interview", s.round.id, s.round.end),),
        (
            step("interview ended {}", s.round.end),
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
