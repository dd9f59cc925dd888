"""Policies: the agency's parameters and each client's, by versions; a change is applied to every stored status."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Agency, Client, PolicyVersion, Recomputation, WakeKind
from app.rules.policy import Policy
from app.services import facts, recomputations, wakes
from app.services.recomputations import Progress
from app.services.scope import Caller, columns_of, find, rows_of


@dataclass(frozen=True, slots=True)
class InForce:
    """A policy as it stands: its latest version, and how far that has been applied."""

    parameters: Mapping[str, Any]
    effective: Policy
    version: PolicyVersion | None
    recomputation: Progress | None


async def in_force(db: AsyncSession, caller: Caller, client_id: UUID | None) -> InForce:
    """The agency's policy, or a client's. Raises NotFoundError."""
    parameters = await overrides(db, caller, client_id)
    effective = await facts.policy_of(db, caller, client_id)
    version = await _latest(db, caller, client_id)
    progress = await recomputations.progress(db, caller, client_id) if version else None
    return InForce(parameters, effective, version, progress)


async def replace(
    db: AsyncSession,
    caller: Caller,
    client_id: UUID | None,
    parameters: Mapping[str, Any],
    *,
    now: datetime,
) -> InForce:
    """Replace all parameters of the agency, or of a client, and begin to apply them; the same again changes nothing.

    Raises NotFoundError, and CalendarRangeError where a date would run past the known holidays.
    """
    if client_id is not None:
        await find(db, caller, Client, client_id)
    work = await _taken(db, caller, client_id, now)
    if parameters != await overrides(db, caller, client_id):
        await _store(db, caller, client_id, parameters, now)
        await recomputations.restart(db, caller, work, now=now)
        if client_id is None:  # other working days have other digests
            wakes.add(db, caller, {WakeKind.DIGEST: now})
    return await in_force(db, caller, client_id)


async def apply_anew(db: AsyncSession, caller: Caller, *, now: datetime) -> None:
    """Have every stored status of the agency computed anew in the background, as after a release with other rules."""
    await recomputations.begin(db, caller, await _taken(db, caller, None, now), now=now)


async def _taken(db: AsyncSession, caller: Caller, client_id: UUID | None, now: datetime) -> Recomputation:
    """The policy, taken, and the work of applying it."""
    await facts.take_policy(db, caller)
    return await recomputations.claim(db, caller, client_id, now=now)


def versions(caller: Caller, client_id: UUID | None) -> Select[Any]:
    """Every version of the agency's policy, or of a client's."""
    client = PolicyVersion.__table__.columns["client_id"]
    return columns_of(caller, PolicyVersion).where(client.is_not_distinct_from(client_id))


async def overrides(db: AsyncSession, caller: Caller, client_id: UUID | None) -> Mapping[str, Any]:
    """The parameters that the agency, or a client, has set. Raises NotFoundError."""
    if client_id is None:
        query = select(Agency.policy).where(Agency.agency_id == caller.agency_id)
    else:
        await find(db, caller, Client, client_id)
        query = select(Client.policy).where(Client.agency_id == caller.agency_id, Client.id == client_id)
    found: Mapping[str, Any] = (await db.scalars(query)).one()
    return found


async def _latest(db: AsyncSession, caller: Caller, client_id: UUID | None) -> PolicyVersion | None:
    mine = rows_of(caller, PolicyVersion).where(PolicyVersion.client_id.is_not_distinct_from(client_id))
    found: PolicyVersion | None = await db.scalar(mine.order_by(PolicyVersion.version.desc()).limit(1))
    return found


async def _store(
    db: AsyncSession, caller: Caller, client_id: UUID | None, parameters: Mapping[str, Any], now: datetime
) -> None:
    before = await _latest(db, caller, client_id)
    db.add(
        PolicyVersion(
            agency_id=caller.agency_id,
            client_id=client_id,
            version=before.version + 1 if before else 1,
            parameters=dict(parameters),
            principal=caller.principal,
            recorded_at=now,
        )
    )
    if client_id is None:
        mine = update(Agency).where(Agency.agency_id == caller.agency_id).values(policy=parameters)
    else:
        mine = update(Client).where(Client.agency_id == caller.agency_id, Client.id == client_id)
        mine = mine.values(policy=parameters, updated_at=Client.updated_at)
    await db.execute(mine.execution_options(synchronize_session=False))
    await db.flush()
