"""Timescales: when a client says it will answer, appended as it is revised."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app import writes
from app.errors import InvalidError
from app.models import ClientContact, Timescale
from app.rules.calendar import WorkingCalendar
from app.rules.events import EventType
from app.rules.policy import Policy
from app.rules.vocabulary import TimescaleAnchor
from app.services import additions, records, rounds, status
from app.services.corrections import find_corrected
from app.services.outbox import Occurrence
from app.services.records import UNNAMED, Recorded, Sent
from app.services.rounds import Round
from app.services.scope import Caller, find
from app.services.standings import standing


async def record(
    db: AsyncSession,
    caller: Caller,
    interview_id: UUID,
    values: Mapping[str, Any],
    sent: Sent = UNNAMED,
    *,
    now: datetime,
) -> Recorded[Timescale]:
    """Record a timescale for an interview's answer; it may supersede an earlier one of the same interview.

    Raises NotFoundError, InvalidError, ConflictError for one that is superseded already, and for external ids as
    `records.sent_before`.
    """
    held = await rounds.held(db, caller, interview_id)
    supersedes = values.get("supersedes")
    known = await records.sent_before(
        db, caller, Timescale, sent, supersedes=supersedes, interview_id=interview_id
    )
    if known:
        return Recorded(known, standing(held.file.case, now), created=False)
    await find_corrected(db, caller, Timescale, supersedes, interview_id)
    row = await add(db, caller, held, await rounds.clients_hours(db, caller, held), values, now=now)
    await records.note(db, caller, row, sent)
    file = held.file.knowing(additions.with_timescale(held.application, row))
    standings = await status.conclude(db, caller, [file], [recorded_as(row)], now=now)
    return Recorded(row, standings[held.application_id])


def recorded_as(row: Timescale) -> Occurrence:
    """What it means for its application that a timescale was recorded."""
    ids = {"timescale_id": row.id, "interview_id": row.interview_id}
    return Occurrence(EventType.TIMESCALE_RECORDED, row.application_id, ids)


async def add(
    db: AsyncSession,
    caller: Caller,
    held: Round,
    client: WorkingCalendar,
    values: Mapping[str, Any],
    *,
    now: datetime,
    pointer: str = "",
) -> Timescale:
    """Check a timescale and add its row; the caller has locked the application and will refresh it.

    `client` is the client contact's working time. Raises NotFoundError, InvalidError.
    """
    columns = dict(values)
    columns["from_date"], columns["to_date"] = columns.pop("from_", None), columns.pop("to", None)
    columns["given_at"] = columns.get("given_at") or now
    columns["anchor"] = columns.get("anchor") or TimescaleAnchor.GIVEN
    await rounds.check_speaker(db, caller, held, columns.get("given_by"), pointer=f"{pointer}/given_by")
    _check_ahead(columns, client, pointer)
    row = Timescale(
        agency_id=caller.agency_id,
        id=uuid7(),
        interview_id=held.id,
        application_id=held.application_id,
        recorded_at=now,
        **columns,
    )
    writes.add(db, row)
    return row


async def client_calendar(
    db: AsyncSession,
    caller: Caller,
    client_contact_id: UUID | None,
    policy: Policy,
    *,
    pointer: str | None = None,
) -> WorkingCalendar:
    """The working time of a client contact (T6); the agency's where there is none. Raises NotFoundError."""
    if client_contact_id is None:
        return policy.office
    contact = await find(db, caller, ClientContact, client_contact_id, pointer=pointer)
    return policy.hours_of(contact.timezone, contact.holidays)


def _check_ahead(columns: Mapping[str, Any], client: WorkingCalendar, pointer: str) -> None:
    """Refuse a timescale that had passed before it was given."""
    given_at: datetime = columns["given_at"]
    at = columns.get("at")
    late = {"at": at is not None and at < given_at}
    for name, column in (("date", "date"), ("to", "to_date")):
        day = columns.get(column)
        late[name] = day is not None and day < client.date_of(given_at)
    for name, is_late in late.items():
        if is_late:
            raise InvalidError(
                "The timescale had passed when it was given.",
                code="timescale_past",
                pointer=f"{pointer}/{name}",
            )
