"""Loads what the rules need to know before a contact is made (rulebook, section 5)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import ClientContact
from app.rules import facts as known
from app.rules.objections import Plan
from app.rules.situation import Case
from app.rules.vocabulary import ContactParty
from app.services import facts, status
from app.services.scope import Caller, find

_CHASED_AT = text(facts.last_chased(":client_contact_id", ":at"))


async def load(
    db: AsyncSession, caller: Caller, values: Mapping[str, Any], covered: Sequence[UUID], *, at: datetime
) -> Plan:
    """A contact with a candidate or a client contact about the covered applications, as a plan for an instant.

    `values` are `party`, `person_id`, `purpose`, `channel` and `relays`, all checked. What is known of a candidate
    is known from all their applications, whatever the contact is about. Raises NotFoundError.
    """
    person_id = values["person_id"]
    if values["party"] is ContactParty.CANDIDATE:
        own = await status.applications_of(db, caller, person_id)
        cases = list((await facts.load(db, caller, own, as_of=at)).values())
        return await of_candidate(db, caller, values, covered, cases, at=at)
    return _plan(values, covered, at, await _client_contact(db, caller, person_id, covered, at))


async def of_candidate(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    covered: Sequence[UUID],
    cases: Sequence[Case],
    *,
    at: datetime,
) -> Plan:
    """The same with a candidate, of whose applications all `cases` are at hand."""
    person_id = values["person_id"]
    person = cases[0].application.candidate if cases else await facts.load_candidate(db, caller, person_id)
    parts = {"person": person, "cases": tuple(cases), "policy": await facts.policy_of(db, caller)}
    return _plan(values, covered, at, parts)


def _plan(values: Mapping[str, Any], covered: Sequence[UUID], at: datetime, parts: Mapping[str, Any]) -> Plan:
    return Plan(
        **parts,
        at=at,
        application_ids=frozenset(map(str, covered)),
        purpose=values["purpose"],
        channel=values["channel"],
        relays=frozenset(map(str, values["relays"])),
    )


async def _client_contact(
    db: AsyncSession, caller: Caller, person_id: UUID, covered: Sequence[UUID], at: datetime
) -> dict[str, Any]:
    row = await find(db, caller, ClientContact, person_id)
    return {
        "person": known.ClientContact(str(row.id), row.timezone, row.holidays, row.unavailable_until),
        "cases": tuple((await facts.load(db, caller, covered, as_of=at)).values()),
        "policy": await facts.policy_of(db, caller, row.client_id),
        "chased_at": await _chased_at(db, caller, person_id, at),
    }


async def _chased_at(
    db: AsyncSession, caller: Caller, client_contact_id: UUID, at: datetime
) -> datetime | None:
    """When a client contact was last chased by an instant, whatever for (M2)."""
    parameters = {"agency_id": caller.agency_id, "client_contact_id": client_contact_id, "at": at}
    chased_at: datetime | None = await db.scalar(_CHASED_AT, parameters)
    return chased_at
