"""The status rows as they are stored: every reason with the interval in which it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.models import Reason
from app.rules.drafts import Fact
from app.rules.events import Shown
from app.rules.intervals import Interval
from app.rules.status import position
from app.services.facts import FOREVER
from app.services.scope import Caller


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose reasons they are: an application's, or without one those of a candidate as a person."""

    application_id: UUID | None
    candidate_id: UUID
    consultant_id: UUID | None
    client_contact_id: UUID | None

    @property
    def subject_id(self) -> UUID:
        """The application, else the candidate."""
        return self.application_id or self.candidate_id


_COLUMNS = [getattr(Reason, name) for name in ("application_id", "candidate_id", *Shown._fields)]


async def replace(
    db: AsyncSession, caller: Caller, intervals: Mapping[Owner, Sequence[Interval]]
) -> dict[UUID, list[Shown]]:
    """Store the intervals of locked applications, or of candidates, in place of theirs; gives what was there.

    What was there comes by subject. Only `services/status` has new ones.
    """
    stale = delete(Reason).where(_of(caller, intervals)).returning(*_COLUMNS)
    old = _by_subject(await db.execute(stale.execution_options(synchronize_session=False)))
    rows = [_row(caller, owner, interval) for owner, each in intervals.items() for interval in each]
    if rows:
        await db.execute(insert(Reason), rows)
    return old


async def read(db: AsyncSession, caller: Caller, owners: Sequence[Owner]) -> dict[UUID, list[Shown]]:
    """What is stored, by subject."""
    return _by_subject(await db.execute(select(*_COLUMNS).where(_of(caller, owners))))


def shown(interval: Interval) -> Shown:
    """An interval as it is stored."""
    reason = interval.reason
    return Shown(
        reason.code,
        reason.rule,
        reason.target,
        reason.urgent,
        reason.due_at,
        reason.overdue_at,
        reason.escalate_at,
        interval.start,
        interval.until or FOREVER,
    )


def _of(caller: Caller, owners: Mapping[Owner, Any] | Sequence[Owner]) -> ColumnElement[bool]:
    """The rows of applications, or of candidates as persons."""
    applications = [owner.application_id for owner in owners if owner.application_id]
    people = [owner.candidate_id for owner in owners if not owner.application_id]
    mine = Reason.agency_id == caller.agency_id
    if people:
        return mine & Reason.candidate_id.in_(people) & Reason.application_id.is_(None)
    return mine & Reason.application_id.in_(applications)


def _by_subject(rows: Any) -> dict[UUID, list[Shown]]:
    found: dict[UUID, list[Shown]] = {}
    for application_id, candidate_id, *fields in rows:
        found.setdefault(application_id or candidate_id, []).append(Shown(*fields))
    return found


def _row(caller: Caller, owner: Owner, interval: Interval) -> dict[str, Any]:
    fact: Fact = interval.reason.facts[0]
    return {
        "agency_id": caller.agency_id,
        "id": uuid7(),
        **asdict(owner),
        "position": position(interval.reason.code),
        **shown(interval)._asdict(),
        "fact_kind": fact.kind,
        "fact_id": fact.id and UUID(fact.id),
        "fact_at": fact.at,
    }
