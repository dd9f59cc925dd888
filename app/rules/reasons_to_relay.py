"""The reasons to tell a candidate some news (rulebook 4), in the form of `app.rules.reasons_to_candidate`."""

from datetime import datetime
from operator import attrgetter

from app.rules.drafts import Draft, Fact, Step, counted, due_step, listed, overdue_step, step
from app.rules.facts import Feedback, GivenTimescale, JobChange
from app.rules.situation import Situation
from app.rules.vocabulary import GOOD_NEWS, Decision, ReasonCode, Target, TimescaleSource


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
        lambda: (
            step(_DECIDED[decision.decision], decision.received_at),
            *([step("under embargo until {}", at)] if at > decision.received_at else []),
            *_flagged_steps(decision),
            due_step("tell the candidate from {}", due),
            overdue_step("overdue after {}, {}", allowed, overdue),
        ),
        urgent=decision.decision is Decision.OFFER,
        good=decision.decision in GOOD_NEWS,
        for_manager=decision.flag_discrimination,
    )


_DECIDED = {
    Decision.OFFER: "the client made an offer on {}",
    Decision.NEXT_STAGE: "the client wants a next stage, said {}",
    Decision.REJECT: "the client said no on {}",
    Decision.ROLE_ON_HOLD: "the client put the role on hold on {}",
    Decision.ROLE_ELIMINATED: "the client gave the role up on {}",
    Decision.ROLE_FILLED: "the client filled the role on {}",
    Decision.ROLE_FILLED_INTERNALLY: "the client filled the role from within on {}",
}


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
    since = s.feedback.index(s.decision) + 1 if s.decision else 0
    open_comments = [
        f for f in s.feedback[since:] if f.decision is Decision.UNDECIDED and not s.is_relayed(f)
    ]
    if not open_comments:
        return None
    comment = min(open_comments, key=attrgetter("available_at"))
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
        lambda: (
            step("feedback without a decision received {}", comment.received_at),
            *_flagged_steps(comment),
            due_step("pass it on from {}", due),
            overdue_step("overdue from {}", overdue),
        ),
        for_manager=comment.flag_discrimination,
    )


def _flagged_steps(feedback: Feedback) -> list[Step]:
    words = "flagged as discriminating, so it goes to the manager before anything is relayed"
    return [step(words)] if feedback.flag_discrimination else []


def job_change_to_relay(s: Situation) -> Draft | None:
    """H4: the job has changed since the candidate was put forward, and they have not been told.

    In a closed file the news of how it ended takes its place.
    """
    if not s.untold_job_changes or (s.closed and s.decision):
        return None
    change = min(s.untold_job_changes, key=attrgetter("changed_at"))
    due, overdue = s.office.roll(change.changed_at), s.office.add_days(change.changed_at, 1)
    return Draft(
        ReasonCode.JOB_CHANGE_TO_RELAY,
        "H4",
        Target.CANDIDATE,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_working_days),
        (Fact("job_change", change.id, change.changed_at),),
        lambda: (
            _changed_step(change),
            due_step("tell the candidate from {}", due),
            overdue_step("overdue from {}", overdue),
        ),
    )


def _changed_step(change: JobChange) -> Step:
    if not change.members:
        return step("the job changed {}", change.changed_at)
    members = listed([member.replace("_", " ") for member in change.members])
    return step("the job's {} changed {}", members, change.changed_at)


def slip_to_relay(s: Situation) -> Draft | None:
    """D3: the client has put the answer off to a later date and the candidate has not heard of it."""
    current = s.current_timescale
    if not s.awaiting or current is None or s.last_success_at > current.given_at:
        return None
    earlier = s.slipped_from
    if earlier is None:
        return None
    due = s.office.roll(current.given_at)
    overdue = s.office.add_days(current.given_at, s.policy.slip_update_working_days)
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
        lambda: (
            _slip_step(s, earlier, current),
            due_step("tell the candidate from {}", due),
            overdue_step("overdue from {}", overdue),
        ),
    )


def _slip_step(s: Situation, earlier: GivenTimescale, current: GivenTimescale) -> Step:
    before, after = s.resolve(earlier), s.resolve(current)
    assert before is not None
    assert after is not None
    if earlier.source is TimescaleSource.CLIENT:
        return step("on {} the client moved the answer from {} to {}", current.given_at, before, after)
    words = "the candidate had heard of an answer by {}, but on {} the client said by {}"
    return step(words, before, current.given_at, after)
