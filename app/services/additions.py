"""What new records add to the facts of an application: as `app.services.facts` reads them once they are stored.

So a status can be computed, and stored with the records it rests on, in one go. The random walk of the tests compares
it with what is then read.
"""

from collections.abc import Iterable
from dataclasses import fields, replace
from uuid import UUID

import msgspec

from app.models import Contact, Debrief, Timescale
from app.rules import facts
from app.rules.facts import Application
from app.rules.timescales import Timescale as Terms
from app.rules.vocabulary import InterviewState

_TERMS = [term.name for term in fields(Terms)]


def with_debrief(application: Application, row: Debrief, state: InterviewState) -> Application:
    """With a debrief, in place of the one it supersedes, and with the state that it gives its interview."""
    debrief = facts.Debrief(
        id=str(row.id),
        interview_id=str(row.interview_id),
        occurred_at=row.occurred_at,
        source=row.source,
        recorded_at=row.recorded_at,
        other_processes=msgspec.convert(
            row.account.get("other_processes"), tuple[facts.OtherProcess, ...] | None
        ),
    )
    debriefs = tuple(debrief if d.id == str(row.supersedes) else d for d in application.debriefs)
    if row.supersedes is None:
        debriefs += (debrief,)
    interviews = (
        replace(each, state=state) if each.id == debrief.interview_id else each
        for each in application.interviews
    )
    return replace(application, debriefs=debriefs, interviews=tuple(interviews))


def with_timescale(application: Application, row: Timescale) -> Application:
    """With a timescale, in place of the one it supersedes."""
    terms = Terms(**{name: getattr(row, name) for name in _TERMS})
    given = facts.GivenTimescale(str(row.id), str(row.interview_id), row.source, terms, row.phrase)
    kept = (t for t in application.timescales if t.id != str(row.supersedes))
    return replace(application, timescales=(*kept, given))


def with_contact(application: Application, row: Contact, relays: Iterable[UUID]) -> Application:
    """With a contact that covers it."""
    promised = row.promise_by is not None or row.promise_by_date is not None
    contact = facts.Contact(
        id=str(row.id),
        at=row.occurred_at,
        party=row.party,
        person_id=str(row.candidate_id or row.client_contact_id),
        direction=row.direction,
        outcome=row.outcome,
        purpose=row.purpose,
        needs_reply=row.needs_reply,
        automated=row.automated,
        promise=facts.Promise(row.promise_by, row.promise_by_date) if promised else None,
        relays=frozenset(map(str, relays)),
    )
    return replace(application, contacts=(*application.contacts, contact))
