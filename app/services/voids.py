"""Voids: a contact or a snooze recorded by mistake counts no more, and stays to be read with the reason."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Exists, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.errors import ConflictError
from app.models import Contact, Void
from app.services.scope import Caller

Voidable = InstrumentedAttribute[UUID | None]


async def add(
    db: AsyncSession, caller: Caller, column: Voidable, record_id: UUID, reason: str, *, now: datetime
) -> None:
    """Void the record that `column` names; the caller has locked and will refresh what it bears on.

    Raises ConflictError if it is voided already.
    """
    if await by_record(db, caller, column, [record_id]):
        raise ConflictError("That was voided already.", code="voided")
    voided = {column.key: record_id}
    db.add(Void(agency_id=caller.agency_id, recorded_at=now, reason=reason, **voided))
    await db.flush()


def is_voided() -> Exists:
    """Whether a contact was voided, as part of a query of contacts."""
    return exists().where(Void.agency_id == Contact.agency_id, Void.contact_id == Contact.id)


async def by_record(
    db: AsyncSession, caller: Caller, column: Voidable, record_ids: Sequence[UUID]
) -> dict[UUID | None, dict[str, Any]]:
    """When and why records were voided, for those that were."""
    query = select(column, Void.recorded_at, Void.reason).where(
        Void.agency_id == caller.agency_id, column.in_(record_ids)
    )
    return {record_id: {"at": at, "reason": why} for record_id, at, why in await db.execute(query)}
