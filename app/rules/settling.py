"""What settles a reason: the facts that do what it asks for, as against those that only make it needless."""

from collections.abc import Callable, Iterator
from datetime import datetime

from app.rules.facts import Application, Contact, is_delivered, is_response, is_success
from app.rules.vocabulary import ContactParty, Purpose, ReasonCode


def settled_at(application: Application, at: datetime) -> frozenset[ReasonCode]:
    """The reasons that a fact dated at this very instant can settle."""
    kinds = set(_kinds_at(application, at))
    made = [contact for contact in application.contacts if contact.at == at]
    by_fact = (code for code, settling in _BY_FACT.items() if not settling.isdisjoint(kinds))
    by_contact = (code for code, settles in _BY_CONTACT.items() if any(map(settles, made)))
    return frozenset([*by_fact, *by_contact])


def _kinds_at(application: Application, at: datetime) -> Iterator[str]:
    if any(d.occurred_at == at for d in application.debriefs):
        yield "debrief"
    if any(t.given_at == at for t in application.timescales):
        yield "timescale"
    if any(f.received_at == at for f in application.feedback):
        yield "feedback"
    if application.hold and application.hold.ended_at == at:
        yield "hold_end"


def _is_told(contact: Contact) -> bool:
    return contact.party is ContactParty.CANDIDATE and is_success(contact)


def _is_answered(contact: Contact) -> bool:
    return contact.party is not ContactParty.CANDIDATE and is_response(contact)


def _has_purpose(purpose: Purpose) -> Callable[[Contact], bool]:
    return lambda contact: contact.purpose is purpose and is_delivered(contact)


_ANSWER = frozenset({"timescale", "feedback"})

_BY_FACT: dict[ReasonCode, frozenset[str]] = {
    ReasonCode.DEBRIEF_DUE: frozenset({"debrief", "feedback"}),
    ReasonCode.CANDIDATE_UNRESPONSIVE: frozenset({"debrief", "feedback"}),
    ReasonCode.COURTESY_UPDATE_DUE: frozenset({"debrief"}),
    ReasonCode.HOLD_REVIEW: frozenset({"feedback", "hold_end"}),
    **dict.fromkeys(
        (
            ReasonCode.TIMESCALE_MISSING,
            ReasonCode.CLIENT_RESPONSE_DUE,
            ReasonCode.NEXT_STEP_MISSING,
            ReasonCode.MOVE_ON_SUGGESTED,
            ReasonCode.TOUCH_BASE_DUE,
        ),
        _ANSWER,
    ),
}

_BY_CONTACT: dict[ReasonCode, Callable[[Contact], bool]] = {
    **dict.fromkeys(
        (
            ReasonCode.DECISION_TO_RELAY,
            ReasonCode.FEEDBACK_TO_RELAY,
            ReasonCode.JOB_CHANGE_TO_RELAY,
            ReasonCode.SLIP_TO_RELAY,
            ReasonCode.PROMISED_UPDATE_DUE,
            ReasonCode.CANDIDATE_ENQUIRY_OPEN,
            ReasonCode.COURTESY_UPDATE_DUE,
            ReasonCode.STATUTORY_NOTICE_DUE,
        ),
        _is_told,
    ),
    ReasonCode.CANDIDATE_UNRESPONSIVE: lambda c: c.party is ContactParty.CANDIDATE and is_response(c),
    ReasonCode.MOVE_ON_SUGGESTED: _is_answered,
    ReasonCode.TOUCH_BASE_DUE: _is_answered,
    ReasonCode.COMPETING_DEADLINE: _has_purpose(Purpose.COMPETING_DEADLINE),
    ReasonCode.WITHDRAWAL_TO_RELAY: _has_purpose(Purpose.WITHDRAWAL),
    ReasonCode.THANK_YOU_DUE: _has_purpose(Purpose.THANK_YOU),
}
