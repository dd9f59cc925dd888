"""Revisions: what edits changed of the members that the rules read, and rows as they were known at an instant."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.errors import InvalidError
from app.models import Application, Candidate, ClientContact, Interview, RevisedKind, Revision
from app.models.base import TenantedBase
from app.services.instants import following
from app.services.scope import AGENCY


@dataclass(frozen=True, slots=True)
class Watched:
    """What revisions keep of one table. Nothing personal is among it: no names, addresses, numbers or texts."""

    kind: RevisedKind
    members: tuple[str, ...]


WATCHED: dict[type[TenantedBase], Watched] = {
    Application: Watched(
        RevisedKind.APPLICATION,
        (
            "mode",
            "state",
            "client_contact_id",
            "consultant_id",
            "withdrawn_at",
            "withdrawn_by",
            "closed_at",
            "continue_until",
            "hold_since",
            "hold_until",
            "hold_ended_at",
        ),
    ),
    Interview: Watched(RevisedKind.INTERVIEW, ("start", "end", "state")),
    Candidate: Watched(
        RevisedKind.CANDIDATE,
        (
            "consultant_id",
            "timezone",
            "holidays",
            "seeking",
            "registered_at",
            "last_preference_review_at",
        ),
    ),
    ClientContact: Watched(RevisedKind.CLIENT_CONTACT, ("timezone", "holidays", "unavailable_until")),
}


async def note(db: AsyncSession, row: TenantedBase, now: datetime) -> None:
    """Keep what is about to be changed of a locked row, if the rules read it; call it before the flush of the edit."""
    watched = WATCHED.get(type(row))
    if watched is None:
        return
    before, after = {}, {}
    for name in watched.members:
        history = inspect(row).attrs[name].history
        if history.has_changes():
            after[name], before[name] = history.sum()
    if before:
        revision = Revision(
            agency_id=row.agency_id,
            id=uuid7(),
            kind=watched.kind,
            object_id=row.id,
            recorded_at=following(await _latest(db, row), now),
            before=msgspec.to_builtins(before),
            after=msgspec.to_builtins(after),
        )
        db.add(revision)


async def _latest(db: AsyncSession, row: TenantedBase) -> datetime | None:
    """When a row was last edited in what the rules read."""
    edits = Revision.agency_id == row.agency_id, Revision.object_id == row.id
    return await db.scalar(select(func.max(Revision.recorded_at)).where(*edits))


def bears_on_status(table: type[TenantedBase], names: Collection[str]) -> bool:
    """Whether a change of these members can change a status: a new name or number changes none."""
    return any(name in names for name in WATCHED[table].members)


def check_known(known_at: datetime | None, now: datetime) -> None:
    """Raise InvalidError for an instant to come: what will be recorded by then is not known."""
    if known_at is not None and known_at > now:
        raise InvalidError(
            "What will be known then is not known yet.", code="known_at_future", parameter="known_at"
        )


def _put_back(table: type[TenantedBase], watched: Watched) -> str:
    """A table without the rows made after `:known_at`, and with what was edited later as it stood then.

    Of several later edits of a member the first one says what it was, so it comes last and wins. The ids tell the order
    of those that one transaction made.
    """
    columns = ", ".join(
        f'(jsonb_populate_record(t, u.before))."{column.key}"'
        if column.key in watched.members
        else f't."{column.key}"'
        for column in table.__table__.columns
    )
    return f"""{table.__tablename__} AS NOT MATERIALIZED (
  SELECT {columns}
  FROM {table.__tablename__} t CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_object_agg(e.key, e.value ORDER BY r.recorded_at DESC, r.id DESC), '{{}}') AS before
    FROM revisions r CROSS JOIN LATERAL jsonb_each(r.before) e
    WHERE r.agency_id = {AGENCY} AND r.object_id = t.id AND r.recorded_at > :known_at) u
  WHERE t.agency_id = {AGENCY} AND t.created_at <= :known_at)"""


_PAUSES = f"""pauses AS NOT MATERIALIZED (
  SELECT t.agency_id, t.id, t.candidate_id, t.start, t.until, t.allow_urgent, t.recorded_at,
    CASE WHEN t.lifted_at <= :known_at THEN t.lifted_at END AS lifted_at
  FROM pauses t WHERE t.agency_id = {AGENCY})"""

_CLIENTS = f"""clients AS NOT MATERIALIZED (
  SELECT t.agency_id, t.id, COALESCE((
    SELECT v.parameters FROM policy_versions v
    WHERE v.agency_id = {AGENCY} AND v.client_id = t.id AND v.recorded_at <= :known_at
    ORDER BY v.version DESC LIMIT 1), '{{}}') AS policy
  FROM clients t WHERE t.agency_id = {AGENCY})"""

# Before a statement, this lets it read all that is edited in place as it was known at `:known_at`: within the
# statement each of these names stands for the table as it was. They are inlined, so indexes serve as ever.
KNOWN_THEN = "WITH " + ",\n".join(
    [*(_put_back(table, watched) for table, watched in WATCHED.items()), _PAUSES, _CLIENTS]
)
