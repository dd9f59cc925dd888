"""Contacts: calls, mails and voicemails with either side, what they relay and what they promise."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.errors import InvalidError, NotFoundError
from app.models import (
    Application,
    Candidate,
    ClientContact,
    Contact,
    ContactApplication,
    Feedback,
    Job,
    Relay,
)
from app.rules.policy import Policy
from app.rules.vocabulary import ContactParty
from app.services import facts, status
from app.services.scope import Caller, find, rows_of
from app.services.status import Standing


async def record(
    db: AsyncSession, caller: Caller, values: Mapping[str, Any], *, now: datetime
) -> tuple[Contact, list[Standing]]:
    """Record a contact with a candidate or a client contact and recompute every application it covers.

    `values` are the columns, `person_id`, `application_ids` (None: all of that person's), `relays` and `promise`.
    Raises NotFoundError for what is not there, InvalidError for what is not that person's.
    """
    covered = await _covered(db, caller, values)
    await status.lock(db, caller, covered)
    contact = await add(db, caller, values, now=now)
    standings = await status.refresh(db, caller, covered, now=now)
    return contact, list(standings.values())


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
    person_id, application_ids = columns.pop("person_id"), columns.pop("application_ids")
    relays, promise = columns.pop("relays"), columns.pop("promise")
    occurred_at = columns.pop("occurred_at") or now
    relays_pointer = f"{pointer}/relays"
    await _check_relays(db, caller, columns["party"], person_id, application_ids, relays, relays_pointer)
    policy = await facts.policy_of(db, caller)
    check_promise(columns["party"], promise, occurred_at, policy, promise_pointer)
    person = "candidate_id" if columns["party"] is ContactParty.CANDIDATE else "client_contact_id"
    contact = Contact(
        agency_id=caller.agency_id,
        id=uuid7(),
        occurred_at=occurred_at,
        recorded_at=now,
        all_applications=application_ids is None,
        promise_by=promise and promise["by"],
        promise_by_date=promise and promise["by_date"],
        **{person: person_id},
        **columns,
    )
    db.add(contact)
    await db.flush()
    await _link(db, caller, ContactApplication, "application_id", contact.id, application_ids or ())
    await _link(db, caller, Relay, "feedback_id", contact.id, relays)
    return contact


def check_promise(
    party: ContactParty, promise: Mapping[str, Any] | None, made_at: datetime, policy: Policy, pointer: str
) -> None:
    """Raise InvalidError for a promise to anyone but the candidate, or for a time before it was made."""
    if promise is None:
        return
    if party is not ContactParty.CANDIDATE:
        raise InvalidError("Promises are made to candidates.", code="promise_party", pointer=pointer)
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
    """Contacts, given as rows or as their columns, with the person, the applications, the relays and the promise."""
    contacts = [dict(row) if isinstance(row, Mapping) else _columns(row) for row in rows]
    ids = [contact["id"] for contact in contacts]
    applications = await _linked(db, caller, ContactApplication, ContactApplication.application_id, ids)
    relays = await _linked(db, caller, Relay, Relay.feedback_id, ids)
    for contact in contacts:
        by, by_date = contact["promise_by"], contact["promise_by_date"]
        contact["person_id"] = contact["candidate_id"] or contact["client_contact_id"]
        contact["promise"] = {"by": by, "by_date": by_date} if by or by_date else None
        contact["application_ids"] = (
            None if contact["all_applications"] else applications.get(contact["id"], [])
        )
        contact["relays"] = relays.get(contact["id"], [])
    return contacts


def _columns(contact: Contact) -> dict[str, Any]:
    return {attribute.key: getattr(contact, attribute.key) for attribute in contact.__mapper__.column_attrs}


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
    if values["party"] is ContactParty.CANDIDATE:
        await find(db, caller, Candidate, person_id, pointer="/person_id", lock=True)
        own = await status.open_applications(db, caller, candidate_id=person_id)
    else:
        contact = await find(db, caller, ClientContact, person_id, pointer="/person_id")
        own = await status.open_applications(db, caller, client_contact_id=person_id)
        if named is not None:
            own = await _applications_at(db, caller, contact.client_id)
    if named is None:
        return own
    for place, application_id in enumerate(named):
        pointer = f"/application_ids/{place}"
        await find(db, caller, Application, application_id, pointer=pointer)
        if application_id not in own:
            raise InvalidError(
                "That is not an application of this person's.", code="wrong_person", pointer=pointer
            )
    return sorted(set(named))


async def _applications_at(db: AsyncSession, caller: Caller, client_id: UUID) -> list[UUID]:
    query = select(Application.id).join(
        Job, (Job.agency_id == Application.agency_id) & (Job.id == Application.job_id)
    )
    mine = query.where(Application.agency_id == caller.agency_id, Job.client_id == client_id)
    return list(await db.scalars(mine))


async def _check_relays(
    db: AsyncSession,
    caller: Caller,
    party: ContactParty,
    person_id: UUID,
    application_ids: Sequence[UUID] | None,
    relays: Sequence[UUID],
    relays_pointer: str,
) -> None:
    if relays and party is not ContactParty.CANDIDATE:
        raise InvalidError("Feedback is relayed to candidates.", code="relay_party", pointer=relays_pointer)
    for place, feedback_id in enumerate(relays):
        pointer = f"{relays_pointer}/{place}"
        join = (Application.agency_id == Feedback.agency_id) & (Application.id == Feedback.application_id)
        query = rows_of(caller, Feedback).join(Application, join).where(Feedback.id == feedback_id)
        row = (
            await db.execute(query.with_only_columns(Feedback.application_id, Application.candidate_id))
        ).first()
        if row is None:
            raise NotFoundError(pointer=pointer)
        if row.candidate_id != person_id:
            raise InvalidError(
                "That feedback is about another candidate.", code="wrong_person", pointer=pointer
            )
        if application_ids is not None and row.application_id not in application_ids:
            raise InvalidError(
                "That feedback belongs to an application this contact does not cover.",
                code="not_covered",
                pointer=pointer,
            )


async def _link(
    db: AsyncSession,
    caller: Caller,
    table: type[ContactApplication] | type[Relay],
    column: str,
    contact_id: UUID,
    ids: Sequence[UUID],
) -> None:
    rows = [
        {"agency_id": caller.agency_id, "id": uuid7(), "contact_id": contact_id, column: other_id}
        for other_id in dict.fromkeys(ids)
    ]
    if rows:
        await db.execute(insert(table), rows)
