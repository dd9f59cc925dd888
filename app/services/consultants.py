"""Consultants: whoever gets an address, or moves to another zone, may have a digest to come.

Whoever moves takes the days of their covers along.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Consultant, RefKind, WakeKind
from app.services import covers, objects, wakes
from app.services.objects import Refs, Saved
from app.services.scope import Caller, find

_OF_DIGESTS = {"email", "timezone"}


async def save(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> Saved[Consultant]:
    """Create a consultant, or change the one an external id names."""
    saved = await store(db, caller, values, refs, given=given, now=now)
    await look_for_digests(db, caller, now=now)
    return saved


async def store(
    db: AsyncSession,
    caller: Caller,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    now: datetime,
) -> Saved[Consultant]:
    """Save a consultant; the caller will look for digests."""
    saved = await objects.save(db, caller, RefKind.CONSULTANT, Consultant, values, refs, given=given, now=now)
    if not saved.created and "timezone" in given:
        await covers.follow_zone(db, caller, saved.row, now=now)
    return saved


async def update(
    db: AsyncSession, caller: Caller, consultant_id: UUID, changes: Mapping[str, Any], *, now: datetime
) -> Consultant:
    """Change a consultant. Raises NotFoundError."""
    consultant = await find(db, caller, Consultant, consultant_id)
    await objects.change(db, consultant, changes, now=now)
    if "timezone" in changes:
        await covers.follow_zone(db, caller, consultant, now=now)
    if changes.keys() & _OF_DIGESTS:
        await look_for_digests(db, caller, now=now)
    return consultant


async def look_for_digests(db: AsyncSession, caller: Caller, *, now: datetime) -> None:
    """Let a worker find out when the next digests are."""
    wakes.add(db, caller, {WakeKind.DIGEST: now})
