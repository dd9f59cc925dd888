"""Idempotency keys: a request that is sent again gets the answer it got before, and is not carried out twice (H8).

The key, the effect and the answer are one transaction. That a request is still at work is told by a lock of that
transaction and not by a row, so a process that is killed leaves no key behind that is stuck.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import InFlightError, InvalidError
from app.models import IdempotencyKey
from app.services import locks
from app.services.scope import Caller, rows_of

KEPT = timedelta(hours=24)
MOST_REMOVED = 50


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request that may be sent again: its key, and a fingerprint of all that it asks."""

    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer that a request got; its body is sealed, since it may hold a new secret, and what is personal."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def claim(db: AsyncSession, caller: Caller, keyed: Keyed, *, now: datetime) -> Answer | None:
    """Hold the key until the transaction ends; gives the answer if the request has had one.

    Raises InFlightError while another has the key, and InvalidError if it came with another request before.
    """
    if not await locks.try_take(db, caller, f"idempotency\n{caller.principal}\n{keyed.key}"):
        raise InFlightError
    mine = (IdempotencyKey.principal == caller.principal, IdempotencyKey.key == keyed.key)
    row = await db.scalar(rows_of(caller, IdempotencyKey).where(*mine))
    if row is None:
        return None
    if row.expires_at <= now:
        await db.delete(row)
        await db.flush()
        return None
    if row.fingerprint != keyed.fingerprint:
        raise InvalidError(
            "This key came with another request before; a new request needs a new key.",
            code="idempotency_key_reused",
            header="Idempotency-Key",
        )
    return Answer(row.status, row.headers, row.body)


async def keep(db: AsyncSession, caller: Caller, keyed: Keyed, answer: Answer, *, now: datetime) -> None:
    """Keep the answer for 24 hours, and remove some that have been kept for longer."""
    await _remove_expired(db, caller, now)
    db.add(
        IdempotencyKey(
            agency_id=caller.agency_id,
            principal=caller.principal,
            key=keyed.key,
            fingerprint=keyed.fingerprint,
            status=answer.status,
            headers=dict(answer.headers),
            body=answer.body,
            created_at=now,
            expires_at=now + KEPT,
        )
    )
    await db.flush()


async def _remove_expired(db: AsyncSession, caller: Caller, now: datetime) -> None:
    """Whoever uses keys removes old ones: more than one request adds, so that they never pile up."""
    old = (
        select(IdempotencyKey.id)
        .where(IdempotencyKey.agency_id == caller.agency_id, IdempotencyKey.expires_at <= now)
        .limit(MOST_REMOVED)
        .with_for_update(skip_locked=True)
    )
    gone = delete(IdempotencyKey).where(
        IdempotencyKey.agency_id == caller.agency_id, IdempotencyKey.id.in_(old)
    )
    await db.execute(gone.execution_options(synchronize_session=False))
