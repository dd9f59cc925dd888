"""The status rows as they are stored: every reason with the interval in which it is shown."""

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app import writes
from app.models import Reason
from app.rules.drafts import Fact
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


class Stored(NamedTuple):
    """What a row says: a reason as it is shown, and the fact since which it is due."""

    shown: Shown
    fact: Fact


class Row(NamedTuple):
    """A row as it is stored, and whether it names its owner as they are now."""

    id: UUID
    is_up_to_date: bool
    says: Stored


def _read(of: str, is_up_to_date: str) -> str:
    """The part of a statement that reads the rows of a subject, as JSON that decodes to a list of `Row`, or null."""
    return f"""(SELECT json_agg(json_build_array(r.id, {is_up_to_date}, json_build_array(
      json_build_array(r.code, r.rule, r.target, r.urgent, r.due_at, r.overdue_at, r.escalate_at,
        r.flagged_from, r.flagged_until, r.for_manager),
      json_build_array(r.fact_kind, r.fact_id, r.fact_at))))
    FROM reasons r WHERE r.agency_id = {AGENCY} AND {of})"""


# Who has to act on what concerns a candidate `p` as a person: their own consultant, else who put them forward last.
CONSULTANT = f"""COALESCE(p.consultant_id, (SELECT o.consultant_id FROM applications o
  WHERE o.agency_id = {AGENCY} AND o.candidate_id = p.id AND o.consultant_id IS NOT NULL
  ORDER BY o.id DESC LIMIT 1))"""

# The rows of an application `a`, and those of a candidate `p` as a person.
OF_APPLICATION = _read(
    "r.application_id = a.id",
    "ROW(r.candidate_id, r.consultant_id, r.client_contact_id)"
    " IS NOT DISTINCT FROM ROW(a.candidate_id, a.consultant_id, a.client_contact_id)",
)
OF_PERSON = _read(
    "r.candidate_id = p.id AND r.application_id IS NULL",
    f"r.consultant_id IS NOT DISTINCT FROM {CONSULTANT}",
)

# No two rows of a subject have the same.
_place = attrgetter("shown.code", "shown.flagged_from")

_COLUMNS = [getattr(Reason, name) for name in ("application_id", "candidate_id", *Shown._fields)]


async def read(db: AsyncSession, caller: Caller, owners: Sequence[Owner]) -> dict[UUID, list[Shown]]:
    """What is shown of applications, or of candidates as persons, by subject."""
    found: dict[UUID, list[Shown]] = {}
    for application_id, candidate_id, *fields in await db.execute(
        select(*_COLUMNS).where(_of(caller, owners))
    ):
        found.setdefault(application_id or candidate_id, []).append(Shown(*fields))
    return found


def stored(interval: Interval) -> Stored:
    """An interval as it is stored."""
    reason = interval.reason
    shown = Shown(
        reason.code,
        reason.rule,
        reason.target,
        reason.urgent,
        reason.due_at,
        reason.overdue_at,
        reason.escalate_at,
        interval.start,
        interval.until or FOREVER,
        reason.for_manager,
    )
    return Stored(shown, reason.facts[0])


class Difference(NamedTuple):
    """The rows of a subject that are gone, and those that come in their place; what stays as it was is in neither."""

    gone: list[Row]
    come: list[Stored]


def difference(old: Sequence[Row], new: Sequence[Stored]) -> Difference:
    """What has to be written so that old rows say what new ones do, of the owner as they are now."""
    wanted = {_place(each): each for each in new}
    gone = []
    for row in old:
        place = _place(row.says)
        if row.is_up_to_date and wanted.get(place) == row.says:
            del wanted[place]
        else:
            gone.append(row)
    return Difference(gone, list(wanted.values()))


def write(db: AsyncSession, caller: Caller, owner: Owner, difference: Difference) -> None:
    """Write what is new about a locked subject. Only `services/status` calls it."""
    rows = [{"agency_id": caller.agency_id, "id": row.id} for row in difference.gone]
    writes.delete(db, Reason, rows)
    writes.insert(db, Reason, [_columns(caller, owner, each) for each in difference.come])


def _of(caller: Caller, owners: Sequence[Owner]) -> ColumnElement[bool]:
    applications = [owner.application_id for owner in owners if owner.application_id]
    people = [owner.candidate_id for owner in owners if not owner.application_id]
    mine = Reason.agency_id == caller.agency_id
    if people:
        return mine & Reason.candidate_id.in_(people) & Reason.application_id.is_(None)
    return mine & Reason.application_id.in_(applications)


def _columns(caller: Caller, owner: Owner, row: Stored) -> writes.Row:
    return {
        "agency_id": caller.agency_id,
        "id": uuid7(),
        **owner._asdict(),
        "position": position(row.shown.code),
        **row.shown._asdict(),
        "fact_kind": row.fact.kind,
        "fact_id": row.fact.id,
        "fact_at": row.fact.at,
    }
