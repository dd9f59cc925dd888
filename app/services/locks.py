"""Locks on what has no row of its own: an agency's policy, its covers, its credentials, a name, and more.

They are advisory locks, because their queue is fair: who waits to have one alone is not overtaken by later ones who
would share it, as they are at the lock of a row. All end with the transaction, and a wait for one is bounded (R8).
"""

from enum import StrEnum
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Agency
from app.services.scope import Caller


class Lock(StrEnum):
    """What is locked."""

    POLICY = "policy"
    COVERS = "covers"
    BULK = "bulk"
    WEBHOOKS = "webhooks"
    ACCESS = "access"
    NAME = "name"


async def share(db: AsyncSession, caller: Caller, lock: Lock) -> None:
    """Lock together with others who share it, after whoever has it alone or asked for that before."""
    await _acquire(db, caller, func.pg_advisory_xact_lock_shared(key(caller.agency_id, lock)))


def sharing(caller: Caller, lock: Lock) -> str:
    """The statement that does the same, for the beginning of a transaction."""
    agency = UUID(str(caller.agency_id))
    number = key(agency, lock)
    return f"SELECT pg_advisory_xact_lock_shared({number}) FROM agencies WHERE agency_id = '{agency}'"


async def take(db: AsyncSession, caller: Caller, lock: Lock) -> None:
    """Lock alone, after all who have it. Never take what this transaction shares: two who do wait for each other."""
    await _acquire(db, caller, func.pg_advisory_xact_lock(key(caller.agency_id, lock)))


def key(agency_id: UUID, lock: Lock, name: str = "") -> int:
    """The 64-bit number by which PostgreSQL knows an agency's lock, or that of a name of any length."""
    digest = blake2b(agency_id.bytes + name.encode(), digest_size=8, person=lock.encode()).digest()
    return int.from_bytes(digest, signed=True)


async def _acquire(db: AsyncSession, caller: Caller, acquired: Any) -> None:
    """Asked of the agency's own row, so that this statement too belongs to one agency and runs where it lives."""
    await db.execute(select(acquired).select_from(Agency).where(Agency.agency_id == caller.agency_id))
