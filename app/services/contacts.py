"""Contacts: calls, mails and voicemails with either side, what they relay and what they promise."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app import writes
from app.errors import InvalidError, NotFoundError
from app.models import (
    Application,
    Candidate,
    ClientContact,
    Contact,
    ContactApplication,
    Job,
    Relay,
    Void,
)
from app.rules.events import EventType
from app.rules.objections import Objection, Plan, embargoes, objections
from app.rules.policy import Policy
from app.rules.situation import Case
from app.rules.vocabulary import Answer, ApplicationMode, ContactParty, Direction, Outcome
from app.services import facts, files, objects, people, plans, records, relays, revisions, status, voids
from app.services.additions import with_contact
from app.services.applications import OPEN
from app.services.objects import fields_of
from app.services.outbox import Occurrence
from app.services.records import UNNAMED, Sent
from app.services.relays import News
from app.services.scope import Caller, find, rows_of
from app.services.standings import Standing, standing


@dataclass(frozen=True, slots=True)
class Recorded:
    """A contact, where every application it covers stands now, what spoke against making it, whether it is new."""

    contact: Contact
    standings: Sequence[Standing]
    warnings: Sequence[Objection] = ()
    created: bool = True


async def record(
    db: AsyncSession, caller: Caller, values: Mapping[str, Any], sent: Sent = UNNAMED, *, now: datetime
) -> Recorded:
    """Record a contact and recompute every application it covers; warn where a rule or an embargo spoke against it.

    `values` are the columns, `person_id`, `application_ids` (None: all of that person's), `relays` and `promise`.
    Raises NotFoundError for what is not there, InvalidError for what is not that person's and for a contact with an
    interviewer about none but an agency's applications; for external ids as `records.sent_before`.
    """
    if values["party"] is ContactParty.CANDIDATE:
        return await _record_with_candidate(db, caller, values, sent, now)
    covered = await _lock_covered(db, caller, values)
    if known := await records.sent_before(db, caller, Contact, sent):
        cases = await facts.load(db, caller, covered, as_of=now)
        return Recorded(known, [standing(cases[each], now) for each in covered], created=False)
    warnings: Sequence[Objection] = ()
    if values["party"] is ContactParty.CLIENT and values["direction"] is Direction.OUTBOUND:
        at = values["occurred_at"] or now
        warnings = objections(await plans.load(db, caller, values, covered, at=at))
    contact = await add(db, caller, values, now=now)
    await records.note(db, caller, contact, sent)
    standings = await _refreshed(db, caller, contact, covered, EventType.CONTACT_RECORDED, now)
    return Recorded(contact, standings, warnings)


async def _record_with_candidate(
    db: AsyncSession, caller: Caller, values: Mapping[str, Any], sent: Sent, now: datetime
) -> Recorded:
    """The same with a candidate, from the files of all their applications: what was read is not read again."""
    if not await status.lock_candidates(db, caller, [values["person_id"]]):
        raise NotFoundError(pointer="/person_id")
    await writes.flush(db)
    own = await files.of_candidate(db, caller, values["person_id"], as_of=now)
    covered = await _among(db, caller, [file.id for file in own], values["application_ids"])
    if known := await records.sent_before(db, caller, Contact, sent):
        standings = [standing(file.case, now) for file in own if file.id in covered]
        return Recorded(known, standings, created=False)
    warnings = await _warnings(db, caller, values, covered, [file.case for file in own], now)
    contact = await add(db, caller, values, now=now)
    await records.note(db, caller, contact, sent)
    if contact.answer is Answer.OUT or not covered:
        standings = await _refreshed(db, caller, contact, covered, EventType.CONTACT_RECORDED, now)
        return Recorded(contact, standings, warnings)
    told = [
        file.knowing(with_contact(file.case.application, contact, values["relays"]))
        for file in own
        if file.id in covered
    ]
    occurrences = _told(contact, covered, EventType.CONTACT_RECORDED)
    standing_of = await status.conclude(db, caller, told, occurrences, now=now)
    return Recorded(contact, [standing_of[application_id] for application_id in covered], warnings)


async def _warnings(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    covered: Sequence[UUID],
    cases: Sequence[Case],
    now: datetime,
) -> Sequence[Objection]:
    """What spoke against a contact with a candidate; where they began it themselves, only an embargo does."""
    is_ours = values["direction"] is Direction.OUTBOUND
    if not is_ours and not values["relays"]:
        return ()
    at = values["occurred_at"] or now
    made = await plans.of_candidate(db, caller, values, covered, cases, at=at)
    return objections(made) if is_ours else embargoes(made)


async def plan(db: AsyncSession, caller: Caller, values: Mapping[str, Any], *, now: datetime) -> Plan:
    """A contact about to be made, with all that may speak against it; nothing is stored.

    `values` are `party`, `person_id`, `application_ids`, `purpose`, `channel`, `relays` and `at`. Raises as `record`.
    """
    covered = await _covered(db, caller, values)
    await _find_news(db, caller, values, "")
    return await plans.load(db, caller, values, covered, at=values["at"] or now)


async def void(db: AsyncSession, caller: Caller, contact_id: UUID, reason: str, *, now: datetime) -> Recorded:
    """Void a contact: it counts no more, and a withdrawal it brought is taken back unless another brought it too.

    Raises NotFoundError, or ConflictError if it is voided already.
    """
    contact = await find(db, caller, Contact, contact_id)
    covered = await _lock_covered_by(db, caller, contact)
    await voids.add(db, caller, Void.contact_id, contact_id, reason, now=now)
    await _take_back(db, caller, contact, now)
    standings = await _refreshed(db, caller, contact, covered, EventType.CONTACT_VOIDED, now)
    return Recorded(contact, standings)


async def _refreshed(
    db: AsyncSession,
    caller: Caller,
    contact: Contact,
    covered: Sequence[UUID],
    event_type: EventType,
    now: datetime,
) -> list[Standing]:
    """Where the applications stand that a contact covers; with a candidate who has none it concerns the person.

    One about all of a client contact's applications bears also on those that are closed, as far as that shows (K1).
    """
    if not covered and contact.candidate_id is not None:
        told = _told(contact, [contact.candidate_id], event_type)
        await status.refresh_candidates(db, caller, [contact.candidate_id], told, now=now)
    standings = await status.refresh(db, caller, covered, _told(contact, covered, event_type), now=now)
    if contact.client_contact_id is not None and contact.all_applications:
        since = contact.occurred_at
        await people.review_ended(db, caller, [contact.client_contact_id], since=since, now=now)
    return [standings[application_id] for application_id in covered]


def _told(contact: Contact, subject_ids: Sequence[UUID], event_type: EventType) -> list[Occurrence]:
    """What it means for its subjects that a contact was recorded, or voided."""
    return [Occurrence(event_type, subject_id, {"contact_id": contact.id}) for subject_id in subject_ids]


async def add(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    *,
    now: datetime,
    pointer: str = "",
    promise_pointer: str = "/promise",
) -> Contact:
    """Check a contact and add its rows; the caller has locked the applications and will refresh them.

    The pointers say where in the body the contact and the promise stand.
    """
    columns = dict(values)
    _check_party(columns, pointer, promise_pointer)
    news = await _find_news(db, caller, columns, pointer)
    _check_answer(columns, news, pointer)
    person_id, application_ids = columns.pop("person_id"), columns.pop("application_ids")
    promise, _ = columns.pop("promise"), columns.pop("relays")
    columns["occurred_at"] = columns["occurred_at"] or now
    _check_promise(promise, columns["occurred_at"], await facts.policy_of(db, caller), promise_pointer)
    person = "candidate_id" if _is_candidates(columns["party"]) else "client_contact_id"
    contact = Contact(
        agency_id=caller.agency_id,
        id=uuid7(),
        recorded_at=now,
        all_applications=application_ids is None,
        promise_by=promise and promise["by"],
        promise_by_date=promise and promise["by_date"],
        **{person: person_id},
        **columns,
    )
    writes.add(db, contact)
    _link(db, caller, contact.id, application_ids or ())
    relays.link(db, caller, contact.id, news)
    if contact.answer is Answer.OUT:
        await writes.flush(db)  # the applications will name it
        await _withdraw(db, caller, contact, news.changed, now)
    return contact


def _check_promise(
    promise: Mapping[str, Any] | None, made_at: datetime, policy: Policy, pointer: str
) -> None:
    """Raise InvalidError for a promise of a time before it was made."""
    if promise is None:
        return
    by, by_date = promise["by"], promise["by_date"]
    if by is not None and by < made_at:
        raise InvalidError(
            "The promised time is before the promise.", code="promise_past", pointer=f"{pointer}/by"
        )
    if by_date is not None and by_date < policy.office.date_of(made_at):
        raise InvalidError(
            "The promised date is before the promise.", code="promise_past", pointer=f"{pointer}/by_date"
        )


async def described(db: AsyncSession, caller: Caller, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Contacts, given as rows or as their columns, with all that goes beside these.

    That is the person, applications, relays, promise, external ids and whether they are voided.
    """
    contacts = [fields_of(row) for row in rows]
    ids = [contact["id"] for contact in contacts]
    applications = await _linked(db, caller, ContactApplication, ContactApplication.application_id, ids)
    passed_on = func.coalesce(Relay.feedback_id, Relay.job_change_id)
    relayed = await _linked(db, caller, Relay, passed_on, ids)
    voided = await voids.by_record(db, caller, Void.contact_id, ids)
    refs = await objects.refs_of(db, caller, ids)
    return [
        {
            **_described(contact, applications.get(id_, []), relayed.get(id_, [])),
            "voided": voided.get(id_),
            "external_refs": refs[id_],
        }
        for id_, contact in zip(ids, contacts, strict=True)
    ]


def as_recorded(contact: Contact, values: Mapping[str, Any], sent: Sent) -> dict[str, Any]:
    """A contact that has just been recorded from some values, as `described` gives it."""
    applications, relayed = (
        list(dict.fromkeys(values[name] or ())) for name in ("application_ids", "relays")
    )
    described = _described(fields_of(contact), applications, relayed)
    return {**described, "voided": None, "external_refs": sent.noted}


def _described(
    contact: Mapping[str, Any], applications: Sequence[UUID], relayed: Sequence[UUID]
) -> dict[str, Any]:
    by, by_date = contact["promise_by"], contact["promise_by_date"]
    return {
        **contact,
        "person_id": contact["candidate_id"] or contact["client_contact_id"],
        "promise": {"by": by, "by_date": by_date} if by or by_date else None,
        "application_ids": None if contact["all_applications"] else applications,
        "relays": relayed,
    }


def _is_candidates(party: ContactParty) -> bool:
    """Whether a contact stands under a candidate: with them, or theirs with an interviewer (N1)."""
    return party is not ContactParty.CLIENT


def _check_party(values: Mapping[str, Any], pointer: str, promise_pointer: str) -> None:
    """Only a candidate is told news and promised a word, and an interviewer is owed no answer of ours."""
    party = values["party"]
    if values["promise"] and party is not ContactParty.CANDIDATE:
        raise InvalidError("Promises are made to candidates.", code="promise_party", pointer=promise_pointer)
    if values.get("needs_reply") and party is ContactParty.INTERVIEWER:
        raise InvalidError(
            "An interviewer's message waits for the candidate's answer, not for ours.",
            code="needs_reply_party",
            pointer=f"{pointer}/needs_reply",
        )


async def _find_news(db: AsyncSession, caller: Caller, values: Mapping[str, Any], pointer: str) -> News:
    """What a contact relays, checked."""
    pointer = f"{pointer}/relays"
    if values["relays"] and values["party"] is not ContactParty.CANDIDATE:
        raise InvalidError("News is relayed to candidates.", code="relay_party", pointer=pointer)
    person_id, application_ids, ids = values["person_id"], values["application_ids"], values["relays"]
    news = await relays.find_news(db, caller, person_id, application_ids, ids, pointer=pointer)
    relays.check_unflagged(news, pointer=pointer)
    return news


def _check_answer(values: Mapping[str, Any], news: News, pointer: str) -> None:
    """An answer is the candidate's, to a change of the job that they are told of in the same contact."""
    if not values.get("answer"):
        return
    if not news.changed:
        raise InvalidError(
            "An answer goes with a change of the job that the contact relays to the candidate.",
            code="answer_without_change",
            pointer=f"{pointer}/answer",
        )
    wrote = values["direction"] is Direction.INBOUND and values["outcome"] is Outcome.SENT
    if values.get("automated") or not (wrote or values["outcome"] is Outcome.REACHED):
        raise InvalidError(
            "Only a talk, or a message of theirs, brings the candidate's answer.",
            code="answer_in_vain",
            pointer=f"{pointer}/answer",
        )


async def _withdraw(
    db: AsyncSession, caller: Caller, contact: Contact, application_ids: Collection[UUID], now: datetime
) -> None:
    """The candidate wants the changed job no more: withdraw the open ones of the applications to it."""
    still_in = rows_of(caller, Application).where(Application.id.in_(application_ids), OPEN)
    for application in (await db.scalars(still_in)).all():
        application.withdrawn_at, application.withdrawn_by = contact.occurred_at, contact.id
        await revisions.note(db, application, now)
    await db.flush()


async def _take_back(db: AsyncSession, caller: Caller, contact: Contact, now: datetime) -> None:
    """Take back what a voided contact withdrew, as far as no other contact says the same: a call entered twice."""
    brought = rows_of(caller, Application).where(Application.withdrawn_by == contact.id)
    applications = (await db.scalars(brought)).all()
    if not applications:
        return
    for application in applications:
        application.withdrawn_at = application.withdrawn_by = None
        await revisions.note(db, application, now)
    await db.flush()
    application_ids = {application.id for application in applications}
    alike = rows_of(caller, Contact).where(
        Contact.candidate_id == contact.candidate_id, Contact.answer == Answer.OUT, ~voids.is_voided()
    )
    for other in (await db.scalars(alike.order_by(Contact.occurred_at))).all():
        [fields] = await described(db, caller, [other])
        covered, ids = fields["application_ids"], fields["relays"]
        news = await relays.find_news(db, caller, fields["person_id"], covered, ids, pointer="")
        await _withdraw(db, caller, other, application_ids.intersection(news.changed), now)


async def _linked(
    db: AsyncSession,
    caller: Caller,
    table: type[ContactApplication] | type[Relay],
    column: Any,
    ids: Sequence[UUID],
) -> dict[UUID, list[UUID]]:
    """What contacts are linked to, by contact."""
    query = select(table.contact_id, column).where(
        table.agency_id == caller.agency_id, table.contact_id.in_(ids)
    )
    groups: dict[UUID, list[UUID]] = {}
    for contact_id, other_id in await db.execute(query.order_by(table.id)):
        groups.setdefault(contact_id, []).append(other_id)
    return groups


async def _covered(db: AsyncSession, caller: Caller, values: Mapping[str, Any]) -> list[UUID]:
    """The applications a contact bears on, checked to be that person's."""
    person_id, named = values["person_id"], values["application_ids"]
    if _is_candidates(values["party"]):
        await find(db, caller, Candidate, person_id, pointer="/person_id")
        own = await status.applications_of(db, caller, person_id)
    else:
        contact = await find(db, caller, ClientContact, person_id, pointer="/person_id")
        own = await people.followed(db, caller, person_id)
        if named is not None:
            own = await _applications_at(db, caller, contact.client_id)
    covered = await _among(db, caller, own, named)
    if values["party"] is ContactParty.INTERVIEWER:
        await _check_direct(db, caller, covered, "/with" if named is None else "/application_ids")
    return covered


async def _check_direct(db: AsyncSession, caller: Caller, covered: Sequence[UUID], pointer: str) -> None:
    """Of a contact with an interviewer: it must be about a direct application, for in the others we speak (R2)."""
    ids = rows_of(caller, Application).with_only_columns(Application.id)
    direct = ids.where(Application.id.in_(covered), Application.mode == ApplicationMode.DIRECT)
    if await db.scalar(direct.limit(1)) is None:
        raise InvalidError(
            "Only a direct applicant writes to an interviewer.", code="not_direct", pointer=pointer
        )


async def _lock_covered(db: AsyncSession, caller: Caller, values: Mapping[str, Any]) -> list[UUID]:
    """The same, locked: those that come to the person while the locks are waited for are among them."""
    if values["party"] is ContactParty.INTERVIEWER:
        await status.lock_candidate(db, caller, values["person_id"], pointer="/person_id")
        return await _covered(db, caller, values)
    if values["application_ids"] is None:
        return await people.lock_client_contact(db, caller, values["person_id"], pointer="/person_id")
    covered = await _covered(db, caller, values)
    await status.lock(db, caller, covered)
    return covered


async def _among(
    db: AsyncSession, caller: Caller, own: Sequence[UUID], named: Sequence[UUID] | None
) -> list[UUID]:
    """Those that are named of somebody's own applications; None names them all."""
    if named is None:
        return list(own)
    for place, application_id in enumerate(named):
        if application_id not in own:
            pointer = f"/application_ids/{place}"
            await find(db, caller, Application, application_id, pointer=pointer)
            raise InvalidError(
                "That is not an application of this person's.", code="wrong_person", pointer=pointer
            )
    return sorted(set(named))


async def _lock_covered_by(db: AsyncSession, caller: Caller, contact: Contact) -> list[UUID]:
    """The applications that a recorded contact bears on, locked."""
    if contact.candidate_id is not None:
        await status.lock_candidate(db, caller, contact.candidate_id)
    if contact.all_applications:
        if contact.client_contact_id is not None:
            return await people.lock_client_contact(db, caller, contact.client_contact_id)
        assert contact.candidate_id is not None
        return await status.applications_of(db, caller, contact.candidate_id)
    column = ContactApplication.application_id
    named = sorted((await _linked(db, caller, ContactApplication, column, [contact.id])).get(contact.id, []))
    if contact.client_contact_id is not None:
        await status.lock(db, caller, named)
    return named


async def _applications_at(db: AsyncSession, caller: Caller, client_id: UUID) -> list[UUID]:
    query = select(Application.id).join(
        Job, (Job.agency_id == Application.agency_id) & (Job.id == Application.job_id)
    )
    mine = query.where(Application.agency_id == caller.agency_id, Job.client_id == client_id)
    return list(await db.scalars(mine))


def _link(db: AsyncSession, caller: Caller, contact_id: UUID, application_ids: Sequence[UUID]) -> None:
    """Note which applications a contact covers."""
    rows = (
        {
            "agency_id": caller.agency_id,
            "id": uuid7(),
            "contact_id": contact_id,
            "application_id": application_id,
        }
        for application_id in dict.fromkeys(application_ids)
    )
    writes.insert(db, ContactApplication, rows)
