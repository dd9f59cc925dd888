"""The life of a directory object: created or found again by an external id, read, listed, changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic
from uuid import UUID

from sqlalchemy import Select, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.errors import ConflictError, InvalidError
from app.models import ExternalRef, RecordKind, RefKind
from app.models.base import Row, TenantedBase
from app.services import revisions
from app.services.scope import Caller, columns_of, find

Refs = Sequence[Mapping[str, str]]
Texts = Collection[str] | None


@dataclass(frozen=True, slots=True)
class Saved(Generic[Row]):
    """A saved object and whether it is new."""

    row: Row
    created: bool


async def save(
    db: AsyncSession,
    caller: Caller,
    kind: RefKind,
    table: type[Row],
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str] | None = None,
    now: datetime,
) -> Saved[Row]:
    """Create an object, or change the one that an external id already names (upsert).

    `given` names the members the caller really sent: an upsert changes these alone. Raises ConflictError if the
    external ids name two different objects.
    """
    known_id = await named(db, caller, kind, refs)
    return await put(db, caller, kind, table, known_id, values, refs, given=given, now=now)


async def put(
    db: AsyncSession,
    caller: Caller,
    kind: RefKind,
    table: type[Row],
    known_id: UUID | None,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str] | None = None,
    now: datetime,
) -> Saved[Row]:
    """The same where it is known already which object the external ids name, if any."""
    if known_id is None:
        row = table(agency_id=caller.agency_id, id=uuid7(), created_at=now, updated_at=now, **values)
        db.add(row)
        await db.flush()
        new = _new_refs(refs, [])
    else:
        row = await find(db, caller, table, known_id)
        sent = values if given is None else {k: v for k, v in values.items() if k in given}
        new = _new_refs(refs, (await refs_of(db, caller, [known_id]))[known_id])
        # A new external id changes no column of the row, but the object that lists show.
        await change(db, row, {**sent, "updated_at": now} if new else sent, now=now)
    await note_refs(db, caller, kind, row.id, new)
    return Saved(row, created=known_id is None)


async def put_within(
    db: AsyncSession,
    caller: Caller,
    kind: RefKind,
    table: type[Row],
    known_id: UUID | None,
    values: Mapping[str, Any],
    refs: Refs,
    *,
    given: frozenset[str],
    owner: str,
    now: datetime,
) -> Saved[Row]:
    """Put an object that belongs to another, named by the member `owner`: an external id cannot move it.

    Raises InvalidError if the external id names one that belongs elsewhere.
    """
    saved = await put(db, caller, kind, table, known_id, values, refs, given=given - {owner}, now=now)
    if getattr(saved.row, owner) != values[owner]:
        raise elsewhere()
    return saved


async def change(db: AsyncSession, row: Row, values: Mapping[str, Any], *, now: datetime) -> Row:
    """Set members of an object."""
    for name, value in values.items():
        setattr(row, name, value)
    await revisions.note(db, row, now)
    await db.flush()
    await db.refresh(row)
    return row


async def page(
    db: AsyncSession, query: Select[Any], table: type[Row], *, after: UUID | None, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """One page of a list in the order of the ids, which is that of creation, and whether more follow."""
    columns = table.__table__.columns
    if after is not None:
        query = query.where(columns["id"] > after)
    rows = [
        dict(row) for row in (await db.execute(query.order_by(columns["id"]).limit(limit + 1))).mappings()
    ]
    return rows[:limit], len(rows) > limit


def fields_of(row: Mapping[str, Any] | TenantedBase) -> dict[str, Any]:
    """The columns by name of a row, be it one of a list or one on its own."""
    if isinstance(row, Mapping):
        return dict(row)
    return {attribute.key: getattr(row, attribute.key) for attribute in row.__mapper__.column_attrs}


async def refs_of(
    db: AsyncSession, caller: Caller, object_ids: Sequence[UUID]
) -> dict[UUID, list[dict[str, str]]]:
    """The external ids of objects."""
    query = (
        columns_of(caller, ExternalRef).where(ExternalRef.object_id.in_(object_ids)).order_by(ExternalRef.id)
    )
    found: dict[UUID, list[dict[str, str]]] = {object_id: [] for object_id in object_ids}
    for row in (await db.execute(query)).mappings():
        found[row["object_id"]].append({"source": row["source"], "id": row["external_id"]})
    return found


def named_by(
    caller: Caller, kind: RefKind | RecordKind, sources: Texts = None, external_ids: Texts = None
) -> Select[UUID]:
    """The ids of objects, or records, that external systems know, by their names or by some of their ids."""
    query = select(ExternalRef.object_id).where(
        ExternalRef.agency_id == caller.agency_id, ExternalRef.kind == kind
    )
    if sources:
        query = query.where(ExternalRef.source.in_(sources))
    return query.where(ExternalRef.external_id.in_(external_ids)) if external_ids else query


def known_as(
    caller: Caller,
    kind: RefKind,
    table: type[Row],
    sources: Texts,
    external_ids: Texts,
    updated_since: datetime | None,
) -> Select[Any]:
    """A list of objects, narrowed to those external systems know, or that changed since an instant."""
    query = columns_of(caller, table)
    if updated_since is not None:
        query = query.where(table.__table__.columns["updated_at"] >= updated_since)
    return narrowed(query, caller, kind, table, sources, external_ids)


def narrowed(
    query: Select[Any],
    caller: Caller,
    kind: RefKind | RecordKind,
    table: type[Row],
    sources: Texts,
    external_ids: Texts,
) -> Select[Any]:
    """A list narrowed to what external systems know, by their names or by some of their ids, if either are given."""
    if not sources and not external_ids:
        return query
    return query.where(table.__table__.columns["id"].in_(named_by(caller, kind, sources, external_ids)))


async def named(db: AsyncSession, caller: Caller, kind: RefKind, refs: Refs) -> UUID | None:
    """The object that external ids name, if any. Raises ConflictError if they name two."""
    found: set[UUID] = set()
    for ref in refs:
        found.update(await db.scalars(named_by(caller, kind, [ref["source"]], [ref["id"]])))
    if len(found) > 1:
        raise ambiguous()
    return found.pop() if found else None


def names_of(refs: Refs) -> list[tuple[str, str]]:
    """External ids as pairs, once each."""
    return list(dict.fromkeys((ref["source"], ref["id"]) for ref in refs))


def ambiguous() -> ConflictError:
    """What is wrong with external ids that name two things."""
    return ConflictError(
        "The external ids name different objects.", code="external_ref_conflict", pointer="/external_refs"
    )


def elsewhere() -> InvalidError:
    """What is wrong with an external id by which something would come to belong to another."""
    return InvalidError(
        "The external id names one that belongs elsewhere.",
        code="external_ref_elsewhere",
        pointer="/external_refs",
    )


def _new_refs(refs: Refs, noted: Refs) -> list[tuple[str, str]]:
    """The external ids, once each, that are not noted yet."""
    known = names_of(noted)
    return [name for name in names_of(refs) if name not in known]


async def note_refs(
    db: AsyncSession,
    caller: Caller,
    kind: RefKind | RecordKind,
    object_id: UUID,
    new: Collection[tuple[str, str]],
    fingerprint: bytes | None = None,
) -> None:
    """Note the external ids of an object, or of a record that was sent with a fingerprint."""
    if new:
        rows = [
            {
                "agency_id": caller.agency_id,
                "id": uuid7(),
                "kind": kind,
                "source": source,
                "external_id": external_id,
                "object_id": object_id,
                "fingerprint": fingerprint,
            }
            for source, external_id in new
        ]
        await db.execute(insert(ExternalRef), rows)
