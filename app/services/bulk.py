"""Bulk: many objects saved in one call, each in a savepoint of its own: a bad one leaves the others alone (H14)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import writes
from app.db import savepoint
from app.db_errors import DATABASE_ERRORS, translated
from app.errors import (
    CalendarRangeError,
    ConflictError,
    FailedDependencyError,
    InvalidError,
    MalformedError,
    NotFoundError,
    RefusedError,
)
from app.services import facts, locks
from app.services import items as service
from app.services.items import Item, KnownNames, Touched
from app.services.locks import Lock
from app.services.scope import Caller

# What concerns one item alone; anything else, such as a database that is away, concerns the whole call.
OF_ONE = (ConflictError, FailedDependencyError, InvalidError, MalformedError, NotFoundError)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an item: the object's id and whether it is new, or why it was refused."""

    item: Item
    object_id: UUID | None = None
    created: bool = False
    error: RefusedError | None = None


async def save(
    db: AsyncSession, caller: Caller, items: Sequence[Item], *, atomic: bool, dry_run: bool, now: datetime
) -> list[Result]:
    """Save items in their order and tell of each what became of it.

    With `atomic` one that is refused undoes them all. After a `dry_run` nothing is stored, and no id is told. Statuses
    are computed at the end, once each; where one runs past the calendar all begins anew and they are computed after
    each item, which shows whose doing it is.
    """
    await facts.hold_policy(db, caller)
    # Two that make the same objects in different orders would wait for each other again and again.
    await locks.take(db, caller, Lock.BULK)
    known = await service.hold(db, caller, items)
    try:
        results = await _attempt(db, caller, items, known, once=True, atomic=atomic, dry_run=dry_run, now=now)
    except CalendarRangeError:
        results = await _attempt(
            db, caller, items, known, once=False, atomic=atomic, dry_run=dry_run, now=now
        )
    return [replace(result, object_id=None) for result in results] if dry_run else results


async def _attempt(
    db: AsyncSession,
    caller: Caller,
    items: Sequence[Item],
    known: KnownNames,
    *,
    once: bool,
    atomic: bool,
    dry_run: bool,
    now: datetime,
) -> list[Result]:
    names, touched = known.copy(), Touched() if once else None
    async with savepoint(db) as whole:
        results = [await _save(db, caller, item, names, touched, now=now) for item in items]
        if touched is not None:
            await service.refresh(db, caller, touched, now=now)
        undone = atomic and any(result.error for result in results)
        if undone or dry_run:
            writes.forget(db)
            await whole.rollback()
    return [_rolled_back(result) for result in results] if undone else results


async def _save(
    db: AsyncSession, caller: Caller, item: Item, names: KnownNames, touched: Touched | None, *, now: datetime
) -> Result:
    """Save one item, or nothing of it; what it touches is computed later where there is `touched` to note it."""
    try:
        if item.refused:
            raise item.refused
        values = names.completed(item)
        async with savepoint(db):
            noted = Touched() if touched is None else touched
            saved = await service.store(db, caller, item, values, noted, now=now)
            if touched is None:
                await service.refresh(db, caller, noted, now=now)
    except (RefusedError, CalendarRangeError, *DATABASE_ERRORS) as error:
        names.refuse(item)
        return Result(item, error=_refusal(error))
    names.add(item, saved.row.id)
    return Result(item, saved.row.id, saved.created)


def _refusal(error: Exception) -> RefusedError:
    """Why an item is refused. Raises what concerns the whole call."""
    found = translated(error) if isinstance(error, DATABASE_ERRORS) else error
    if isinstance(found, CalendarRangeError):
        return InvalidError(found.detail, code=found.code)
    if isinstance(found, OF_ONE):
        return found
    raise found


def _rolled_back(result: Result) -> Result:
    words = "Another item was refused, and the call is all or nothing."
    error = result.error or FailedDependencyError(words, code="rolled_back")
    return Result(result.item, error=error)
