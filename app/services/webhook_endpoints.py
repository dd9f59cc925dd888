"""Webhook endpoints: where an agency's systems want to be told, of what, and how they know that it is us (H16)."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ConflictError, InvalidError, OutboundError, UnsealableError
from app.models import Delivery, DeliveryAttempt, EndpointState, WebhookEndpoint
from app.outbound import Reach, check_url
from app.rules.delivery import DeliveryState
from app.rules.events import EventType
from app.rules.signatures import PREFIX
from app.services import delivery_queues, events, locks, objects, outbox
from app.services.locks import Lock
from app.services.scope import Caller, find
from app.services.sealing import seal, unseal

MOST_ENDPOINTS = 20
OVERLAP = timedelta(hours=24)
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Issued:
    """An endpoint with its new secret in clear text, which is kept nowhere."""

    row: WebhookEndpoint
    secret: str


async def create(
    db: AsyncSession, caller: Caller, terms: Mapping[str, Any], *, reach: Reach, secret: str
) -> Issued:
    """Make an endpoint. `terms` are `url`, `description` and `types`; `secret` is the service's own.

    Raises InvalidError for a URL that could never be called, and ConflictError where there are enough.
    """
    _check_url(terms["url"], reach)
    await locks.take(db, caller, Lock.WEBHOOKS)
    mine = (WebhookEndpoint.agency_id == caller.agency_id, WebhookEndpoint.deleted_at.is_(None))
    if (await db.scalar(select(func.count()).where(*mine)) or 0) >= MOST_ENDPOINTS:
        raise ConflictError(
            f"An agency has {MOST_ENDPOINTS} webhook endpoints at most.", code="too_many_webhook_endpoints"
        )
    text = _new_secret()
    row = WebhookEndpoint(agency_id=caller.agency_id, secret=seal(text.encode(), secret), **terms)
    db.add(row)
    await db.flush()
    await db.refresh(row)
    return Issued(row, text)


async def change(
    db: AsyncSession,
    caller: Caller,
    endpoint_id: UUID,
    terms: Mapping[str, Any],
    *,
    reach: Reach,
    now: datetime,
) -> WebhookEndpoint:
    """Change where an endpoint is, what it is for, or what it is told; `terms` are as in `create`, those that change.

    What waits for one that has moved is sent at once. Raises NotFoundError, and InvalidError as `create`.
    """
    row = await find(db, caller, WebhookEndpoint, endpoint_id, lock=True)
    if "url" in terms:
        _check_url(terms["url"], reach)
    if terms.get("url", row.url) != row.url:
        # What is known says how the server at the other URL did.
        terms = {**terms, "failing_since": None}
        await delivery_queues.hurry_all(db, caller, endpoint_id, now)
    return await objects.change(db, row, terms, now=now)


async def rotate_secret(
    db: AsyncSession, caller: Caller, endpoint_id: UUID, *, secret: str, now: datetime
) -> Issued:
    """Give an endpoint a new secret; the present one signs beside it for a day. Raises NotFoundError."""
    row = await find(db, caller, WebhookEndpoint, endpoint_id, lock=True)
    text = _new_secret()
    # One that the service cannot read any more would keep every call from being signed for that day.
    overlaps = _is_readable(row.secret, secret)
    secrets_now = {
        "previous_secret": row.secret if overlaps else None,
        "previous_expires_at": now + OVERLAP if overlaps else None,
        "secret": seal(text.encode(), secret),
    }
    return Issued(await objects.change(db, row, secrets_now, now=now), text)


async def pause(db: AsyncSession, caller: Caller, endpoint_id: UUID, *, now: datetime) -> WebhookEndpoint:
    """Let the deliveries of an endpoint wait. Raises NotFoundError, and ConflictError for one that is disabled."""
    row = await find(db, caller, WebhookEndpoint, endpoint_id, lock=True)
    _check_not_disabled(row)
    return await objects.change(db, row, {"state": EndpointState.PAUSED}, now=now)


async def enable(db: AsyncSession, caller: Caller, endpoint_id: UUID, *, now: datetime) -> WebhookEndpoint:
    """Call an endpoint again, which was paused or disabled, at once with all that has waited. Raises NotFoundError."""
    row = await find(db, caller, WebhookEndpoint, endpoint_id, lock=True)
    await delivery_queues.hurry_all(db, caller, endpoint_id, now)
    healthy = dict.fromkeys(("disabled_reason", "disabled_at", "failing_since"))
    return await objects.change(db, row, {"state": EndpointState.ENABLED, **healthy}, now=now)


async def remove(db: AsyncSession, caller: Caller, endpoint_id: UUID, *, now: datetime) -> None:
    """Delete an endpoint, with all that it has not got. Raises NotFoundError."""
    row = await find(db, caller, WebhookEndpoint, endpoint_id, lock=True)
    # Whoever is just placing events may have seen it, and put them on their way.
    await events.lock(db, caller)
    row.deleted_at = now
    await db.flush()
    its = (Delivery.agency_id == caller.agency_id, Delivery.webhook_endpoint_id == endpoint_id)
    pending = select(Delivery.id).where(*its, Delivery.state == DeliveryState.PENDING)
    attempts = delete(DeliveryAttempt).where(
        DeliveryAttempt.agency_id == caller.agency_id, DeliveryAttempt.delivery_id.in_(pending)
    )
    deliveries = delete(Delivery).where(*its, Delivery.state == DeliveryState.PENDING)
    await delivery_queues.remove_all(db, caller, endpoint_id)
    for statement in (attempts, deliveries):
        await db.execute(statement.execution_options(synchronize_session=False))


async def send_test(db: AsyncSession, caller: Caller, endpoint_id: UUID, *, now: datetime) -> UUID:
    """Tell an endpoint, and no other, of an event that says nothing; its id.

    Raises NotFoundError, and ConflictError for an endpoint that is disabled.
    """
    row = await find(db, caller, WebhookEndpoint, endpoint_id, lock=True)
    _check_not_disabled(row)
    data = {"webhook_endpoint_id": endpoint_id}
    return await outbox.add(db, caller, endpoint_id, EventType.WEBHOOK_ENDPOINT_TEST, data, now=now)


def _check_not_disabled(row: WebhookEndpoint) -> None:
    if row.state is EndpointState.DISABLED:
        raise ConflictError("The endpoint is disabled; enable it first.", code="webhook_endpoint_disabled")


def _check_url(url: str, reach: Reach) -> None:
    try:
        check_url(url, reach)
    except OutboundError as error:
        raise InvalidError(str(error), code="webhook_url", pointer="/url") from None


def _is_readable(sealed: bytes, secret: str) -> bool:
    try:
        unseal(sealed, secret)
    except UnsealableError:
        return False
    return True


def _new_secret() -> str:
    return PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
