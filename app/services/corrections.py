"""Corrections: a record that supersedes an earlier one of the same kind, which counts no more and stays readable."""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ConflictError, InvalidError, NotFoundError
from app.models import Debrief, Feedback, Timescale
from app.models.base import TenantedBase
from app.services.scope import Caller, columns_of, find

Record = TypeVar("Record", Debrief, Feedback, Timescale)


async def find_corrected(
    db: AsyncSession, caller: Caller, table: type[Record], record_id: UUID | None, interview_id: UUID
) -> Record | None:
    """The record that a new one about an interview supersedes, if any; the caller has locked the application.

    Raises NotFoundError for none that is there, InvalidError for one about another interview, ConflictError for one
    that is superseded already.
    """
    if record_id is None:
        return None
    record = await find(db, caller, table, record_id, pointer="/supersedes")
    if record.interview_id != interview_id:
        raise InvalidError(
            "What it supersedes is about another interview.", code="wrong_interview", pointer="/supersedes"
        )
    later = select(table.id).where(table.agency_id == caller.agency_id, table.supersedes == record_id)
    if await db.scalar(later) is not None:
        raise ConflictError(
            "That was superseded already; supersede the newer record.",
            code="superseded",
            pointer="/supersedes",
        )
    return record


def with_successors(caller: Caller, table: type[TenantedBase]) -> Select[Any]:
    """The caller's rows of a table as plain columns, each with the id of the one that supersedes it."""
    rows = table.__table__
    later = rows.alias()
    successor = select(later.c.id).where(
        later.c.agency_id == caller.agency_id, later.c.supersedes == rows.c.id
    )
    return columns_of(caller, table).add_columns(successor.scalar_subquery().label("superseded_by"))


async def read(db: AsyncSession, caller: Caller, table: type[TenantedBase], record_id: UUID) -> Any:
    """One such row. Raises NotFoundError."""
    query = with_successors(caller, table).where(table.__table__.c.id == record_id)
    row = (await db.execute(query)).mappings().first()
    if row is None:
        raise NotFoundError
    return row
