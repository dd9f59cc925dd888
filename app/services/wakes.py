"""Wakes: how a worker learns which agencies may have work, without looking at any of theirs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app import writes
from app.db import Statement
from app.models import Wake, WakeKind
from app.services.scope import AGENCY, Caller

MOST_AT_ONCE = 1_000


def taken(now: str = ":now") -> str:
    """The part of a statement that takes the wakes that have come and that nobody else has taken."""
    return f"""
DELETE FROM wakes WHERE agency_id = {AGENCY} AND id IN (
  SELECT id FROM wakes WHERE agency_id = {AGENCY} AND kind = :kind AND at <= {now} FOR UPDATE SKIP LOCKED)
RETURNING id
"""


_TAKE = Statement(taken())

_DUE = Statement(
    f"""SELECT agency_id, kind FROM wakes WHERE at <= now() AND kind = ANY(:kinds)
    GROUP BY agency_id, kind ORDER BY min(at) LIMIT {MOST_AT_ONCE}"""
)


def add(db: AsyncSession, caller: Caller, at: Mapping[WakeKind, datetime]) -> None:
    """Let a worker look for work of these kinds from these instants on."""
    rows = (
        {"agency_id": caller.agency_id, "id": uuid7(), "kind": kind, "at": each} for kind, each in at.items()
    )
    writes.insert(db, Wake, rows)


async def due(db: AsyncSession, kinds: Sequence[WakeKind]) -> list[tuple[UUID, WakeKind]]:
    """Which agencies may have work of these kinds by now, who has waited longest first."""
    return [(row["agency_id"], WakeKind(row["kind"])) for row in await _DUE.fetch(db, {"kinds": kinds})]


async def take(db: AsyncSession, caller: Caller, kind: WakeKind, *, now: datetime) -> bool:
    """Take the wakes that have come and that nobody else has taken; False where there are none.

    They are gone with the transaction that does the work. Whatever is recorded after this has wakes of its own.
    """
    return bool(await _TAKE.fetch(db, {"agency_id": caller.agency_id, "kind": kind, "now": now}))
