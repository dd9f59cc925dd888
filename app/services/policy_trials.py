"""What a change of policy would do, before anybody makes it: old and new status of each application, side by side."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Application, Client, Job, Phase
from app.rules.policy import Policy
from app.rules.situation import Case
from app.rules.status import ApplicationStatus, evaluate
from app.rules.vocabulary import Status
from app.services import facts, recomputations
from app.services.scope import Caller, find

MOST_EXAMINED = 5_000
MOST_NAMED = 200
BATCH = 50  # are evaluated at a stretch; other requests have their turn in between
FILES = (Phase.OPEN, Phase.CLOSED)

Change = tuple[Status, Status]


@dataclass(slots=True)
class Trial:
    """How many applications would change their status at once, and the first of them."""

    total: int
    examined: int = 0
    reasons_changed: int = 0
    changes: Counter[Change] = field(default_factory=Counter)
    applications: list[tuple[UUID, Change]] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all were examined."""
        return self.examined == self.total

    def note(self, case: Case, policy: Policy, now: datetime) -> None:
        """Compare an application under its present policy with the same under another."""
        self.examined += 1
        before, after = (evaluate(case.application, each, now) for each in (case.policy, policy))
        self.reasons_changed += _shown(before, now) != _shown(after, now)
        change = before.status, after.status
        if before.status is not after.status:
            self.changes[change] += 1
            if len(self.applications) < MOST_NAMED:
                self.applications.append((UUID(case.application.id), change))


async def try_out(
    db: AsyncSession,
    caller: Caller,
    client_id: UUID | None,
    parameters: Mapping[str, Any],
    *,
    now: datetime,
) -> Trial:
    """Evaluate applications under the present parameters and under new ones, the open ones first; store nothing.

    Raises NotFoundError, and CalendarRangeError where a date would run past the known holidays.
    """
    if client_id is not None:
        await find(db, caller, Client, client_id)
    trial = Trial(await recomputations.count(db, caller, client_id, FILES))
    async for ids in _batches(db, caller, client_id):
        changed = await _policies(db, caller, client_id, parameters, ids)
        for application_id, case in (await facts.load(db, caller, ids, as_of=now)).items():
            trial.note(case, changed[application_id], now)
    return trial


async def _batches(db: AsyncSession, caller: Caller, client_id: UUID | None) -> AsyncIterator[list[UUID]]:
    room = MOST_EXAMINED
    for phase in FILES:
        query, after = recomputations.selected(caller, client_id, phase), None
        while ids := list(await db.scalars(recomputations.following(query, after, min(room, BATCH)))):
            yield ids
            room, after = room - len(ids), ids[-1]


async def _policies(
    db: AsyncSession,
    caller: Caller,
    client_id: UUID | None,
    parameters: Mapping[str, Any],
    application_ids: Sequence[UUID],
) -> dict[UUID, Policy]:
    """The policy that each application would have; a client's own parameters go before the agency's."""
    if client_id is not None:
        policy = Policy.of({**await facts.overrides_of(db, caller), **parameters})
        return dict.fromkeys(application_ids, policy)
    rows = (
        select(Application.id, Client.policy)
        .join(Job, (Job.agency_id == Application.agency_id) & (Job.id == Application.job_id))
        .join(Client, (Client.agency_id == Job.agency_id) & (Client.id == Job.client_id))
        .where(Application.agency_id == caller.agency_id, Application.id.in_(application_ids))
    )
    return {row.id: Policy.of({**parameters, **row.policy}) for row in await db.execute(rows)}


def _shown(status: ApplicationStatus, now: datetime) -> set[tuple[str, str]]:
    return {(reason.code, reason.level(now)) for reason in status.reasons}
