"""The reasons to speak with a client (rulebook 4), in the form of `app.rules.reasons_to_candidate`."""

from collections.abc import Callable, Iterator
from datetime import date, datetime

from app.rules.drafts import Draft, Fact, Step, counted, due_step, overdue_step, step
from app.rules.expectations import absence_step, chase_steps
from app.rules.facts import Debrief, OtherProcess, is_delivered
from app.rules.situation import Situation
from app.rules.vocabulary import (
    ContactParty,
    Decision,
    Purpose,
    ReasonCode,
    Target,
    TimescaleSource,
)


def timescale_missing(s: Situation) -> Draft | None:
    """C1: nobody has said when the client will answer. G2 ends it, G4 moves it."""
    if not s.awaiting or s.round is None or s.timescales or s.exhausted:
        return None
    days = s.policy.timescale_due_working_days
    due, overdue = s.office.add_days(s.round.end, days), s.office.add_days(s.round.end, 2)
    usual, end, back = due, s.round.end, s.client_back_at
    if back and back > due:
        due, overdue = back, s.office.add_days(back, 1)
    overdue = max(overdue, due)
    return Draft(
        ReasonCode.TIMESCALE_MISSING,
        "C1",
        Target.CLIENT,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_working_days),
        (Fact("interview", s.round.id, end),),
        lambda: (
            step("interview ended {}, no timescale yet", end),
            step("ask the client from {}, {} later", usual, counted(days, "working day")),
            *([absence_step(s, due)] if due > usual else []),
            overdue_step("overdue from {}", overdue),
        ),
    )


def client_response_due(s: Situation) -> Draft | None:
    """D1: the time the client named, or that we assume, has passed without an answer."""
    if not s.awaiting or s.exhausted:
        return None
    expected, due = s.expectation, s.chase_at
    if expected is None or due is None:
        return None
    overdue = s.office.add_days(due, s.policy.client_overdue_working_days)
    return Draft(
        ReasonCode.CLIENT_RESPONSE_DUE,
        "D1",
        Target.CLIENT,
        due,
        overdue,
        s.office.add_days(due, s.policy.client_escalate_working_days),
        (expected.fact,),
        lambda: (
            *chase_steps(s, expected, due),
            due_step("chase from {}", due),
            overdue_step("overdue from {}", overdue),
        ),
    )


def next_step_missing(s: Situation) -> Draft | None:
    """H3: the client wants to see the candidate again, and no date is booked."""
    decision = s.decision
    if decision is None or decision.decision is not Decision.NEXT_STAGE or s.coming:
        return None
    due, said = _next_step_due(s, decision.received_at)
    overdue = s.office.add_days(due, 2)
    return Draft(
        ReasonCode.NEXT_STEP_MISSING,
        "H3",
        Target.CLIENT,
        due,
        overdue,
        s.office.add_days(overdue, s.policy.escalate_working_days),
        (Fact("feedback", decision.id, decision.received_at),),
        lambda: (
            step("next stage announced {}, nothing booked", decision.received_at),
            said(),
            overdue_step("overdue from {}", overdue),
        ),
    )


def _next_step_due(s: Situation, announced_at: datetime) -> tuple[datetime, Callable[[], Step]]:
    """When the booking is missed: when the client said, if they said so with the news or later."""
    given, expected = s.current_timescale, s.expectation
    if given and expected and given.source is TimescaleSource.CLIENT and given.given_at >= announced_at:
        due = s.office.roll(expected.at)
        return due, lambda: step("the client wanted time until {}, so ask from {}", expected.at, due)
    days = s.policy.next_step_working_days
    due = s.office.add_days(announced_at, days)
    return due, lambda: step("ask the client from {}, {} later", due, counted(days, "working day"))


def hold_review(s: Situation) -> Draft | None:
    """F2: the job has been on hold for a while; ask the client whether it goes on."""
    found = _reviewed_on(s) if s.on_hold else None
    if found is None:
        return None
    day, said = found
    due, overdue = s.office.start_of(day), s.office.end_of(day)
    return Draft(
        ReasonCode.HOLD_REVIEW,
        "F2",
        Target.CLIENT,
        due,
        overdue,
        s.office.end_of(s.office.day_after(day, s.policy.escalate_working_days)),
        (Fact("hold", None, s.held_since or due),),
        lambda: (
            said(),
            step("ask the client from {}, overdue at the day's end, {}", due, overdue),
        ),
    )


def _reviewed_on(s: Situation) -> tuple[date, Callable[[], Step]] | None:
    """The day on which a hold is reviewed; None where nobody said since when it is on, nor until when."""
    hold, since, days = s.application.hold, s.held_since, s.policy.hold_review_working_days
    if hold and hold.until:
        until = hold.until
        return s.office.on_or_after(until), lambda: step("on hold until {}", until)
    if since is None:
        return None
    day = s.office.day_after(s.office.date_of(since), days)
    words = "on hold since {}, reviewed after {}"
    return day, lambda: step(words, since, counted(days, "working day"))


def competing_deadline(s: Situation) -> Draft | None:
    """L1: the candidate must answer somebody else before this client will have answered.

    Of several the first that nobody has acted on; the client hears of it only if it may be shared.
    """
    debrief = s.rivals_named_by
    process = min(_rivals(s, debrief), key=_deadline, default=None) if debrief else None
    if debrief is None or process is None or process.deadline_date is None:
        return None
    office, day = s.office, process.deadline_date
    lead = office.start_of(office.day_before(day, s.policy.competing_lead_working_days))
    due = max(office.roll(_heard_at(s, debrief)), lead)
    overdue = max(office.end_of(office.day_before(day, 1)), due)
    shared = process.share_with_client
    action = "ask the client to hurry" if shared else "ask the candidate whether the client may know"
    return Draft(
        ReasonCode.COMPETING_DEADLINE,
        "L1",
        Target.CLIENT if shared else Target.CANDIDATE,
        due,
        overdue,
        office.add_days(overdue, s.policy.escalate_working_days),
        (Fact("debrief", debrief.id, debrief.occurred_at),),
        lambda: (
            step("the candidate must answer elsewhere by {}, before this client's answer", day),
            due_step(f"{action} from {{}}", due),
            overdue_step("overdue from {}", overdue),
        ),
        urgent=True,
    )


def _rivals(s: Situation, debrief: Debrief) -> Iterator[OtherProcess]:
    """The deadlines that pass before the client's answer and that nobody has acted on."""
    expected = s.expectation
    if not s.awaiting or expected is None:
        return
    for process in debrief.other_processes or ():
        if process.deadline_date is None or _is_acted_on(s, process, debrief.occurred_at):
            continue
        if expected.assumed or expected.at > s.candidate_office.end_of(process.deadline_date):
            yield process


def _heard_at(s: Situation, debrief: Debrief) -> datetime:
    """When the account reached us; asked about an instant before that, when it was given."""
    recorded_at = debrief.recorded_at
    return recorded_at if recorded_at and s.knows(recorded_at) else debrief.occurred_at


def _is_acted_on(s: Situation, process: OtherProcess, since: datetime) -> bool:
    party = ContactParty.CLIENT if process.share_with_client else ContactParty.CANDIDATE
    return any(
        c.party is party and is_delivered(c) and c.purpose is Purpose.COMPETING_DEADLINE and c.at >= since
        for c in s.contacts
    )


def _deadline(process: OtherProcess) -> date:
    assert process.deadline_date is not None
    return process.deadline_date


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
        lambda: (
            step("the candidate withdrew {}", withdrawn_at),
            due_step("tell the client from {}", due),
            overdue_step("overdue after {}, {}", counted(hours, "working hour"), overdue),
        ),
    )


def withdrawal_told(s: Situation) -> bool:
    """Whether the client has been told that the candidate withdrew (J1)."""
    withdrawn_at = s.application.withdrawn_at
    return withdrawn_at is not None and any(
        is_delivered(c) and c.purpose is Purpose.WITHDRAWAL and c.at >= withdrawn_at
        for c in s.client_contacts
    )
