"""Idempotency keys: a request that is sent again gets the answer it got before, and is not carried out twice (H8).

The key, the effect and the answer are one transaction. That a request is still at work is told by a lock of that
transaction and not by a row, so a process that is killed leaves no key behind that is stuck.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import writes
from app.db import Beginning, Statement
from app.errors import InFlightError, InvalidError
from app.models import IdempotencyKey
from app.services import locks
from app.services.locks import Lock
from app.services.scope import AGENCY, Caller

KEPT = timedelta(hours=24)
BATCH = 1_000  # forgotten in one transaction

# The lock is asked of the agency's own row, so that it is where the agency lives.
_CLAIM = Statement(
    f"""
SELECT now(), policy AS agency_policy, pg_try_advisory_xact_lock(:number) AS is_free
FROM agencies WHERE agency_id = {AGENCY}
"""
)

# Not in one statement with the lock: that would look at what there was before the lock was free.
_ANSWERED = Statement(
    f"""
SELECT id, fingerprint, status, headers, body, expires_at
FROM idempotency_keys WHERE agency_id = {AGENCY} AND principal = :principal AND key = :key
"""
)


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request that may be sent again: its key, and a fingerprint of all that it asks."""

    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class SealedResponse:
    """The response that a request got; its body is sealed, since it may hold a new secret, and what is personal."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def claiming(caller: Caller, keyed: Keyed) -> Beginning:
    """How a transaction begins that claims a key: it holds the key until it ends, unless another does."""
    number = locks.key(caller.agency_id, Lock.NAME, f"idempotency\n{caller.principal}\n{keyed.key}")
    return Beginning(first=(_CLAIM, {"agency_id": caller.agency_id, "number": number}))


async def claim(db: AsyncSession, caller: Caller, keyed: Keyed, *, now: datetime) -> SealedResponse | None:
    """The answer if the request has had one, in a transaction that began with its key.

    Raises InFlightError while another has the key, and InvalidError if it came with another request before.
    """
    if not db.info.pop("begun")["is_free"]:
        raise InFlightError
    mine = {"agency_id": caller.agency_id, "principal": caller.principal, "key": keyed.key}
    for row in await _ANSWERED.fetch(db, mine):
        if row["expires_at"] <= now:
            writes.delete(db, IdempotencyKey, [{"agency_id": caller.agency_id, "id": row["id"]}])
            await writes.flush(db)
            return None
        if row["fingerprint"] != keyed.fingerprint:
            raise InvalidError(
                "This key came with another request before; a new request needs a new key.",
                code="idempotency_key_reused",
                header="Idempotency-Key",
            )
        return SealedResponse(row["status"], row["headers"], row["body"])
    return None


def keep(db: AsyncSession, caller: Caller, keyed: Keyed, answer: SealedResponse, *, now: datetime) -> None:
    """Keep the answer for 24 hours."""
    writes.add(
        db,
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
        ),
    )


async def prune(db: AsyncSession, caller: Caller, *, now: datetime) -> bool:
    """Forget a batch of answers that have been kept for long enough; False where there are none."""
    old = (
        select(IdempotencyKey.id)
        .where(IdempotencyKey.agency_id == caller.agency_id, IdempotencyKey.expires_at <= now)
        .limit(BATCH)
        .with_for_update(skip_locked=True)  # whoever uses such a key again removes it themselves
    )
    mine = (IdempotencyKey.agency_id == caller.agency_id, IdempotencyKey.id.in_(old))
    gone = await db.scalars(delete(IdempotencyKey).where(*mine).returning(IdempotencyKey.id))
    return bool(gone.all())
