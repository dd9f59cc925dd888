"""The instants at which more becomes known about an application, and what kind of fact it is."""

from collections.abc import Iterator
from datetime import datetime
from operator import itemgetter

from app.rules.facts import Application, Feedback
from app.rules.history import Kind
from app.rules.policy import Policy
from app.rules.situation import HELD
from app.rules.vocabulary import ContactParty, Decision

_CONTACTS = {
    ContactParty.CANDIDATE: Kind.CANDIDATE_CONTACT,
    ContactParty.CLIENT: Kind.CLIENT_CONTACT,
    ContactParty.INTERVIEWER: Kind.INTERVIEWER_CONTACT,
}

_ALONE = {kind: frozenset({kind}) for kind in Kind}


def turning_points(application: Application, policy: Policy) -> dict[datetime, frozenset[Kind]]:
    """Every instant at which more becomes known about an application, ascending, with the kinds of it."""
    found: dict[datetime, frozenset[Kind]] = {}
    for kind, instant in _dates(application, policy):
        if instant is not None:
            found[instant] = found[instant] | {kind} if instant in found else _ALONE[kind]
    return dict(sorted(found.items(), key=itemgetter(0)))


def _dates(application: Application, policy: Policy) -> Iterator[tuple[Kind, datetime | None]]:
    yield from ((Kind.TURN, i.end) for i in application.interviews if i.state in HELD)
    yield from ((Kind.DEBRIEF, d.occurred_at) for d in application.debriefs)
    # When it was recorded matters for rivals alone (L1).
    yield from ((Kind.DEBRIEF, d.recorded_at) for d in application.debriefs if d.other_processes)
    yield from ((Kind.TIMESCALE, t.given_at) for t in application.timescales)
    yield from ((_kind_of(f), f.received_at) for f in application.feedback)
    yield from ((_CONTACTS[c.party], c.at) for c in application.contacts)
    yield Kind.TURN, application.withdrawn_at
    yield from ((Kind.PAUSE, p.start) for p in application.candidate.pauses)
    yield from ((Kind.JOB_CHANGE, j.changed_at) for j in application.job_changes)
    yield Kind.TURN, application.closed_at
    hold = application.hold
    if hold:
        yield from ((Kind.TURN, instant) for instant in (hold.since, hold.ended_at))
        yield Kind.TURN, policy.office.start_of(hold.until) if hold.until else None


def _kind_of(feedback: Feedback) -> Kind:
    return Kind.COMMENT if feedback.decision is Decision.UNDECIDED else Kind.TURN
