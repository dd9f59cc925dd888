"""How webhook endpoints do, by what came of their calls: since when they fail, and which are called no longer."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import EndpointState, WebhookEndpoint
from app.rules.delivery import Verdict, judge
from app.rules.events import EventType
from app.services import outbox
from app.services.scope import Caller

# The statuses that each endpoint has answered, in their order; None where it did not answer.
Statuses = Mapping[UUID, Sequence[int | None]]


def newsworthy(statuses: Statuses, endpoints: Mapping[UUID, RowMapping], *, now: datetime) -> set[UUID]:
    """The endpoints of which a status says more than is known."""
    return {
        endpoint_id
        for endpoint_id, answered in statuses.items()
        for known in [endpoints[endpoint_id]["failing_since"]]
        if any(judge(status, failing_since=known, now=now) != Verdict(known) for status in answered)
    }


async def note(
    db: AsyncSession,
    caller: Caller,
    statuses: Statuses,
    endpoints: Mapping[UUID, RowMapping],
    *,
    now: datetime,
) -> set[UUID]:
    """Note how endpoints do, and disable those that are gone or fail for too long; the ids of these."""
    ended = set()
    for endpoint_id in sorted(statuses):
        known = endpoints[endpoint_id]["failing_since"]
        verdict = _judge_all(statuses[endpoint_id], known, now)
        if verdict.disable:
            ended.add(endpoint_id)
            await _disable(db, caller, endpoint_id, verdict, now)
        elif verdict.failing_since != known:
            # Nobody has edited it.
            noted = {"failing_since": verdict.failing_since, "updated_at": WebhookEndpoint.updated_at}
            await _change(db, caller, endpoint_id, noted)
    return ended


def _judge_all(statuses: Iterable[int | None], failing_since: datetime | None, now: datetime) -> Verdict:
    """What one attempt after the other says; the first that is bad enough disables, whatever the others say."""
    disable = None
    for status in statuses:
        verdict = judge(status, failing_since=failing_since, now=now)
        failing_since, disable = verdict.failing_since, disable or verdict.disable
    return Verdict(failing_since, disable)


async def _disable(
    db: AsyncSession, caller: Caller, endpoint_id: UUID, verdict: Verdict, now: datetime
) -> None:
    noted = {"failing_since": verdict.failing_since, "disabled_reason": verdict.disable, "disabled_at": now}
    await _change(db, caller, endpoint_id, {"state": EndpointState.DISABLED, **noted})
    data = {"webhook_endpoint_id": endpoint_id, "reason": verdict.disable}
    await outbox.add(db, caller, endpoint_id, EventType.WEBHOOK_ENDPOINT_DISABLED, data, now=now)


async def _change(db: AsyncSession, caller: Caller, endpoint_id: UUID, values: Mapping[str, Any]) -> None:
    its = (WebhookEndpoint.agency_id == caller.agency_id, WebhookEndpoint.id == endpoint_id)
    statement = update(WebhookEndpoint).where(*its).values(values)
    await db.execute(statement.execution_options(synchronize_session=False))
