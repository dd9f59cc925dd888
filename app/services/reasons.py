"""The status rows as they are stored: every reason with the interval in which it is shown."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app import writes
from app.models import Reason
from app.rules.events import Shown
from app.rules.intervals import Interval
from app.rules.status import position
from app.services.facts import FOREVER
from app.services.scope import AGENCY, Caller


class Owner(NamedTuple):
    """Whose reasons they are: an application's, or without one those of a candidate as a person."""

    application_id: UUID | None
    candidate_id: UUID
    consultant_id: UUID | None
    client_contact_id: UUID | None

    @property
    def subject_id(self) -> UUID:
        """The application, else the candidate."""
        return self.application_id or self.candidate_id


class Fact(NamedTuple):
    """The fact since which a reason is due."""

    kind: str
    id: UUID | None
    at: datetime


class Stored(NamedTuple):
    """What a row says."""

    owner: Owner
    shown: Shown
    fact: Fact


class Row(NamedTuple):
    """A row as it is stored."""

    id: UUID
    says: Stored


def _read_as(column: str, *, more: str = "") -> str:
    """The part of a statement that reads the rows whose `column` is the id of `a`, as text that `decode` reads."""
    return f"""(SELECT json_agg(json_build_array(r.id, json_build_array(
      json_build_array(r.application_id, r.candidate_id, r.consultant_id, r.client_contact_id),
      json_build_array(r.code, r.rule, r.target, r.urgent, r.due_at, r.overdue_at, r.escalate_at,
        r.flagged_from, r.flagged_until),
      json_build_array(r.fact_kind, r.fact_id, r.fact_at))))
    FROM reasons r WHERE r.agency_id = {AGENCY} AND r.{column} = a.id{more})::text"""


OF_APPLICATION = _read_as("application_id")
OF_PERSON = _read_as("candidate_id", more=" AND r.application_id IS NULL")

_COLUMNS = [getattr(Reason, name) for name in ("application_id", "candidate_id", *Shown._fields)]

_decode = msgspec.json.Decoder(list[Row]).decode


def decode(rows: str | None) -> list[Row]:
    """The rows of one subject."""
    return _decode(rows) if rows else []


async def read(db: AsyncSession, caller: Caller, owners: Sequence[Owner]) -> dict[UUID, list[Shown]]:
    """What is shown of applications, or of candidates as persons, by subject."""
    found: dict[UUID, list[Shown]] = {}
    for application_id, candidate_id, *fields in await db.execute(
        select(*_COLUMNS).where(_of(caller, owners))
    ):
        found.setdefault(application_id or candidate_id, []).append(Shown(*fields))
    return found


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


def replace(
    db: AsyncSession, caller: Caller, owner: Owner, old: Iterable[Row], intervals: Iterable[Interval]
) -> None:
    """Write the intervals of a locked subject in place of its rows; what stays as it was is not touched.

    Only `services/status` has new ones.
    """
    new = [_stored(owner, interval) for interval in intervals]
    kept = {row.says for row in old} & set(new)
    stale = [{"agency_id": caller.agency_id, "id": row.id} for row in old if row.says not in kept]
    writes.delete(db, Reason, stale)
    writes.insert(db, Reason, [_columns(caller, each) for each in new if each not in kept])


def _of(caller: Caller, owners: Sequence[Owner]) -> ColumnElement[bool]:
    applications = [owner.application_id for owner in owners if owner.application_id]
    people = [owner.candidate_id for owner in owners if not owner.application_id]
    mine = Reason.agency_id == caller.agency_id
    if people:
        return mine & Reason.candidate_id.in_(people) & Reason.application_id.is_(None)
    return mine & Reason.application_id.in_(applications)


def _stored(owner: Owner, interval: Interval) -> Stored:
    fact = interval.reason.facts[0]
    return Stored(owner, shown(interval), Fact(fact.kind, UUID(fact.id) if fact.id else None, fact.at))


def _columns(caller: Caller, row: Stored) -> writes.Row:
    return {
        "agency_id": caller.agency_id,
        "id": uuid7(),
        **row.owner._asdict(),
        "position": position(row.shown.code),
        **row.shown._asdict(),
        "fact_kind": row.fact.kind,
        "fact_id": row.fact.id,
        "fact_at": row.fact.at,
    }
