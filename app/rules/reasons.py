"""The reasons of the rulebook (section 4): when each arises, falls due, and what it rests on.

Each rule is a function of a situation that gives a draft reason or None. It knows nothing of what suppresses
or drops it; that is the business of `app.rules.status`.
"""

from collections.abc import Callable
from datetime import date, datetime

from app.rules.drafts import Draft, Fact, Step, counted, step
from app.rules.expectations import Chase, chase_of, client_back_at, expectation_fact, expectation_steps
from app.rules.facts import Interview
from app.rules.situation import Situation, is_call
from app.rules.vocabulary import (
    ContactParty,
    Decision,
    Direction,
    Outcome,
    Purpose,
    ReasonCode,
    Target,
)


def debrief_due(s: Situation) -> Draft | None:
    """B1: the candidate's account of the interview is missing."""
    if s.round is None or s.decision or s.debriefs:
        return None
    return _debrief_of(s, s.round)


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


def timescale_missing(s: Situation) -> Draft | None:
    """C1: nobody has said when the client will answer. G2 ends it, G4 moves it."""
    if not s.awaiting or s.round is None or s.timescales or s.exhausted:
        return None
    days = s.policy.timescale_due_working_days
    due, overdue = s.office.add_days(s.round.end, days), s.office.add_days(s.round.end, 2)
    steps = [
        step("interview ended {}, no timescale yet", s.round.end),
        step("ask the client from {}, {} later", due, counted(days, "working day")),
    ]
    back = client_back_at(s)
    if back and back > due:
        due, overdue = back, s.office.add_days(back, 1)
        steps.append(step("client contact away, so from {}", due))
    overdue = max(overdue, due)
    return Draft(
        ReasonCode.TIMESCALE_MISSING,
        "C1",
        Target.CLIENT,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_working_days),
        (Fact("interview", s.round.id, s.round.end),),
        (*steps, step("overdue from {}", overdue)),
    )


def client_response_due(s: Situation) -> Draft | None:
    """D1: the time the client named, or that we assume, has passed without an answer."""
    if not s.awaiting or s.expectation is None or s.exhausted:
        return None
    chase = chase_of(s, s.expectation)
    overdue = s.office.add_days(chase.at, s.policy.client_overdue_working_days)
    return Draft(
        ReasonCode.CLIENT_RESPONSE_DUE,
        "D1",
        Target.CLIENT,
        chase.at,
        overdue,
        s.office.add_days(chase.at, s.policy.client_escalate_working_days),
        chase.facts,
        (*chase.steps, step("chase from {}", chase.at), step("overdue from {}", overdue)),
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


def withdrawal_to_relay(s: Situation) -> Draft | None:
    """J1: the candidate withdrew and the client does not know."""
    withdrawn_at = s.application.withdrawn_at
    if withdrawn_at is None or not s.withdrawn or withdrawal_told(s):
        return None
    hours = s.policy.withdrawal_working_hours
    due, overdue = s.office.roll(withdrawn_at), s.office.add_hours(withdrawn_at, hours)
    return Draft(
        ReasonCode.WITHDRAWAL_TO_RELAY,
        "J1",
        Target.CLIENT,
        due,
        overdue,
        s.office.add_days(overdue, 1),
        (Fact("withdrawal", None, withdrawn_at),),
        (
            step("the candidate withdrew {}", withdrawn_at),
            step("tell the client from {}", due),
            step("overdue after {}, {}", counted(hours, "working hour"), overdue),
        ),
    )


def withdrawal_told(s: Situation) -> bool:
    """Whether the client has been told that the candidate withdrew (J1)."""
    withdrawn_at = s.application.withdrawn_at
    return withdrawn_at is not None and any(
        c.party is ContactParty.CLIENT
        and c.direction is Direction.OUTBOUND
        and c.outcome in (Outcome.REACHED, Outcome.SENT)
        and c.purpose is Purpose.WITHDRAWAL
        and c.at >= withdrawn_at
        for c in s.contacts
    )


Rule = Callable[[Situation], Draft | None]

# The order does not matter here: the due list sorts by P1.
RULES: tuple[Rule, ...] = (
    debrief_due,
    coming_debrief_due,
    timescale_missing,
    client_response_due,
    decision_to_relay,
    feedback_to_relay,
    courtesy_update_due,
    promised_update_due,
    candidate_enquiry_open,
    move_on_suggested,
)

# K2: of a closed application only the duty to tell the decision stays alive.
CLOSED_RULES: tuple[Rule, ...] = (decision_to_relay,)

# J1: once the candidate has withdrawn every other reason vanishes.
WITHDRAWN_RULES: tuple[Rule, ...] = (withdrawal_to_relay,)


def _silent_since(s: Situation, chase: Chase) -> tuple[datetime, list[Step]]:
    """When the client's silence has lasted too long: a word at or after that instant starts it anew."""
    days = s.policy.move_on_working_days
    due = s.office.add_days(chase.at, days)
    if s.last_response_at < due:
        return due, [step("no answer for {}", counted(days, "working day"))]
    renewed = s.office.add_days(s.last_response_at, days)
    words = "the client's last word came {}, then no answer for {}"
    return renewed, [step(words, s.last_response_at, counted(days, "working day"))]


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
