"""Wakes: how a worker learns which agencies may have work, without looking at any of theirs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app import writes
from app.models import Wake, WakeKind
from app.services.scope import AGENCY, Caller

MOST_AT_ONCE = 1_000

# As text: every look in every agency begins with it, and to put it together cost more than to run it.
_TAKE = text(
    f"""
DELETE FROM wakes WHERE agency_id = {AGENCY} AND id IN (
  SELECT id FROM wakes WHERE agency_id = {AGENCY} AND kind = :kind AND at <= :now FOR UPDATE SKIP LOCKED)
RETURNING id
"""
)


def add(db: AsyncSession, caller: Caller, at: Mapping[WakeKind, datetime]) -> None:
    """Let a worker look for work of these kinds from these instants on."""
    rows = (
        {"agency_id": caller.agency_id, "id": uuid7(), "kind": kind, "at": each} for kind, each in at.items()
    )
    writes.insert(db, Wake, rows)


async def due(db: AsyncSession, kinds: Sequence[WakeKind]) -> list[tuple[UUID, WakeKind]]:
    """Which agencies may have work of these kinds by now, who has waited longest first."""
    first = func.min(Wake.at)
    query = select(Wake.agency_id, Wake.kind).where(Wake.at <= func.now(), Wake.kind.in_(kinds))
    query = query.group_by(Wake.agency_id, Wake.kind).order_by(first).limit(MOST_AT_ONCE)
    return [(agency_id, kind) for agency_id, kind in await db.execute(query)]


async def take(db: AsyncSession, caller: Caller, kind: WakeKind, *, now: datetime) -> bool:
    """Take the wakes that have come and that nobody else has taken; False where there are none.

    They are gone with the transaction that does the work. Whatever is recorded after this has wakes of its own.
    """
    taken = await db.execute(_TAKE, {"agency_id": caller.agency_id, "kind": kind, "now": now})
    return taken.first() is not None
