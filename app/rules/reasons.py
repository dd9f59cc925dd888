"""Which rules are asked of an application, by where it stands."""

from collections.abc import Callable

from app.rules.drafts import Draft
from app.rules.reasons_direct import direct_move_on, thank_you_due, touch_base_due
from app.rules.reasons_to_candidate import (
    candidate_enquiry_open,
    candidate_unresponsive,
    coming_debrief_due,
    courtesy_update_due,
    debrief_due,
    move_on_suggested,
    promised_update_due,
    statutory_notice_due,
)
from app.rules.reasons_to_client import (
    client_response_due,
    competing_deadline,
    hold_review,
    next_step_missing,
    timescale_missing,
    withdrawal_to_relay,
)
from app.rules.reasons_to_relay import (
    decision_to_relay,
    feedback_to_relay,
    job_change_to_relay,
    slip_to_relay,
)
from app.rules.situation import Situation
from app.rules.vocabulary import ApplicationMode

Rule = Callable[[Situation], Draft | None]

# The order does not matter here: the due list sorts by P1.
OPEN_RULES: tuple[Rule, ...] = (
    debrief_due,
    coming_debrief_due,
    candidate_unresponsive,
    timescale_missing,
    client_response_due,
    slip_to_relay,
    decision_to_relay,
    feedback_to_relay,
    job_change_to_relay,
    next_step_missing,
    courtesy_update_due,
    promised_update_due,
    candidate_enquiry_open,
    move_on_suggested,
    hold_review,
    competing_deadline,
    statutory_notice_due,
)

# K2: of a closed application only the duty to tell the candidate how it stands stays alive.
CLOSED_RULES: tuple[Rule, ...] = (decision_to_relay, job_change_to_relay)

# J1: once the candidate has withdrawn every other reason vanishes.
WITHDRAWN_RULES: tuple[Rule, ...] = (withdrawal_to_relay,)

# N1: nobody at an agency owes anything; what the applicant owes ends with the application.
DIRECT_RULES: tuple[Rule, ...] = (thank_you_due, touch_base_due, direct_move_on)


def drafts_of(s: Situation) -> list[Draft]:
    """The draft reasons that the facts known now give."""
    return [draft for rule in _rules_for(s) if (draft := rule(s))]


def _rules_for(s: Situation) -> tuple[Rule, ...]:
    if is_direct(s):
        return () if s.withdrawn or s.closed else DIRECT_RULES
    if s.withdrawn:
        return WITHDRAWN_RULES
    return CLOSED_RULES if s.closed else OPEN_RULES


def is_direct(s: Situation) -> bool:
    """Whether the candidate applied without an agency (N1)."""
    return s.application.mode is ApplicationMode.DIRECT
