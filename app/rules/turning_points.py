"""The instants at which more becomes known about an application, and what kind of fact it is."""

from datetime import datetime
from operator import itemgetter

from app.rules.facts import Application, Contact, Feedback, Hold, is_in_vain
from app.rules.history import Kind
from app.rules.policy import Policy
from app.rules.situation import HELD
from app.rules.vocabulary import ContactParty, Decision

_CONTACTS = {
    ContactParty.CANDIDATE: Kind.CANDIDATE_CONTACT,
    ContactParty.CLIENT: Kind.CLIENT_CONTACT,
    ContactParty.INTERVIEWER: Kind.INTERVIEWER_CONTACT,
}


def turning_points(application: Application, policy: Policy) -> dict[datetime, frozenset[Kind]]:
    """Every instant at which more becomes known about an application, ascending, with the kinds of it."""
    found: dict[datetime, set[Kind]] = {}
    for kind, instant in _dates(application, policy):
        if instant is not None:
            found.setdefault(instant, set()).add(kind)
    return {instant: frozenset(kinds) for instant, kinds in sorted(found.items(), key=itemgetter(0))}


def _dates(application: Application, policy: Policy) -> list[tuple[Kind, datetime | None]]:
    return [
        *[(Kind.TURN, i.end) for i in application.interviews if i.state in HELD],
        *[(Kind.DEBRIEF, d.occurred_at) for d in application.debriefs],
        # When it was recorded matters for rivals alone (L1).
        *[(Kind.DEBRIEF, d.recorded_at) for d in application.debriefs if d.other_processes],
        *[(Kind.TIMESCALE, t.given_at) for t in application.timescales],
        *[(_kind_of(f), f.received_at) for f in application.feedback],
        *[(Kind.DISCLOSURE, v.received_at) for f in application.feedback for v in f.versions],
        *[(Kind.DISCLOSURE, v.available_at) for f in application.feedback for v in f.versions],
        *[(_kind_of_contact(c), c.at) for c in application.contacts],
        (Kind.TURN, application.withdrawn_at),
        *[(Kind.PAUSE, p.start) for p in application.candidate.pauses],
        *[(Kind.JOB_CHANGE, j.changed_at) for j in application.job_changes],
        (Kind.TURN, application.closed_at),
        *_turns_of(application.hold, policy),
    ]


def _turns_of(hold: Hold | None, policy: Policy) -> list[tuple[Kind, datetime | None]]:
    if hold is None:
        return []
    until = policy.office.start_of(hold.until) if hold.until else None
    return [(Kind.TURN, instant) for instant in (hold.since, hold.ended_at, until)]


def _kind_of_contact(contact: Contact) -> Kind:
    kind = _CONTACTS[contact.party]
    is_attempt = kind is Kind.CANDIDATE_CONTACT and is_in_vain(contact) and contact.promise is None
    return Kind.CANDIDATE_ATTEMPT if is_attempt else kind


def _kind_of(feedback: Feedback) -> Kind:
    return Kind.COMMENT if feedback.decision is Decision.UNDECIDED else Kind.TURN
