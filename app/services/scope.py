"""The tenancy constructor: every query of the API begins here, so none can forget whose rows it may see (S1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFoundError
from app.models import (
    ApiKey,
    Application,
    AuditEntry,
    CalendarFeed,
    Candidate,
    Client,
    ClientContact,
    Consultant,
    Contact,
    Cover,
    Credential,
    Debrief,
    Delivery,
    Event,
    Feedback,
    Identity,
    IdentityProvider,
    Interview,
    Job,
    JobChange,
    Pause,
    Preference,
    Snooze,
    Timescale,
    WebhookEndpoint,
)
from app.models.base import Base, Row, TenantedBase


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the agency comes from the credential and from nowhere else.

    The principal stays the same when its credential is renewed; `consultant_id` is known of people alone.
    """

    agency_id: UUID
    principal: str
    scopes: frozenset[str]
    consultant_id: UUID | None = None


def worker(agency_id: UUID) -> Caller:
    """The background's own work in an agency: it needs no scope, as it asks for no operation."""
    return Caller(agency_id, "worker", frozenset())


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """A caller with a valid credential, as long as it is neither expired nor revoked."""

    caller: Caller
    expires_at: datetime | None


# The name under which an id of each table stands in a path, a query or a body.
NAMED_IDS: dict[str, type[TenantedBase]] = {
    "consultant_id": Consultant,
    "client_id": Client,
    "client_contact_id": ClientContact,
    "candidate_id": Candidate,
    "job_id": Job,
    "application_id": Application,
    "interview_id": Interview,
    "debrief_id": Debrief,
    "timescale_id": Timescale,
    "feedback_id": Feedback,
    "contact_id": Contact,
    "snooze_id": Snooze,
    "pause_id": Pause,
    "cover_id": Cover,
    "job_change_id": JobChange,
    "preference_id": Preference,
    "api_key_id": ApiKey,
    "identity_provider_id": IdentityProvider,
    "identity_id": Identity,
    "audit_entry_id": AuditEntry,
    "event_id": Event,
    "webhook_endpoint_id": WebhookEndpoint,
    "delivery_id": Delivery,
    "calendar_feed_id": CalendarFeed,
}


# The caller's agency in a statement of our own, which names it for each table: by that a cluster finds the machine
# that has them all. A sub-select or another table's column would do for one machine, and tell a cluster nothing.
AGENCY = "CAST(:agency_id AS uuid)"


def look_up(table: str, name: str, of: str, column: str, columns: str = "*") -> str:
    """The join of the one row, or none, that a column of another names, read by its id.

    Behind its LIMIT it stays a look-up, where the planner might scan an agency of which it expects no rows.
    """
    row = f"SELECT {columns} FROM {table} WHERE agency_id = {AGENCY} AND id = {of}.{column} LIMIT 1"
    return f"LEFT JOIN LATERAL ({row}) {name} ON true"


def look_up_all(table: str, name: str, of: str, column: str) -> str:
    """The join of the rows that name another by its id in a column, read by that column; see `look_up`."""
    rows = f"SELECT * FROM {table} WHERE agency_id = {AGENCY} AND {column} = {of}.id OFFSET 0"
    return f"CROSS JOIN LATERAL ({rows}) {name}"


def rows_of(caller: Caller, table: type[Row]) -> Select[Row]:
    """The caller's rows of a table."""
    return select(table).where(table.agency_id == caller.agency_id, _is_there(table))


def columns_of(caller: Caller, table: type[Base]) -> Select[Any]:
    """The caller's rows of a table as plain columns: what lists are made of."""
    columns = table.__table__.columns
    return select(*columns).where(columns["agency_id"] == caller.agency_id, _is_there(table))


async def every_agency(db: AsyncSession) -> list[UUID]:
    """The agencies that anybody can call for: what the background goes through, in a transaction of none of them."""
    return list(await db.scalars(select(Credential.agency_id).distinct()))


async def find(
    db: AsyncSession,
    caller: Caller,
    table: type[Row],
    row_id: UUID,
    *,
    pointer: str | None = None,
    lock: bool = False,
) -> Row:
    """The caller's row with this id, as it is in the database; `lock` keeps others from changing it meanwhile.

    Raises NotFoundError; `pointer` names the member that gave the id.
    """
    query = rows_of(caller, table).where(table.id == row_id)
    if lock:
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    row = await db.scalar(query)
    if row is None:
        raise NotFoundError(pointer=pointer)
    return row


async def check_named(db: AsyncSession, caller: Caller, ids: Mapping[str, UUID]) -> None:
    """Raise NotFoundError unless each id, under the name it stands in the path, is the caller's.

    The error names no parameter: the path says what is missing.
    """
    for name, row_id in ids.items():
        if await db.scalar(_ids_of(caller, NAMED_IDS[name]).where(NAMED_IDS[name].id == row_id)) is None:
            raise NotFoundError


async def check_filters(
    db: AsyncSession, caller: Caller, filters: Mapping[str, Collection[UUID] | None]
) -> None:
    """Raise NotFoundError, which names the parameter, unless all ids to which it narrows a list are the caller's."""
    for name, given in filters.items():
        if given:
            found = await db.scalars(_ids_of(caller, NAMED_IDS[name]).where(NAMED_IDS[name].id.in_(given)))
            if not set(given) <= set(found):
                raise NotFoundError(parameter=name)


def _ids_of(caller: Caller, table: type[TenantedBase]) -> Select[UUID]:
    return select(table.id).where(table.agency_id == caller.agency_id, _is_there(table))


def _is_there(table: type[Base]) -> ColumnElement[bool]:
    """What is deleted stays as evidence of its deliveries, and is not found."""
    return WebhookEndpoint.deleted_at.is_(None) if table is WebhookEndpoint else true()
