"""Records as agency systems know them by their own ids: what is sent again is not recorded again.

A record is evidence, so an external id that names one goes on to another only when that counts no more: when it is
superseded, or voided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import ConflictError
from app.models import Contact, Debrief, ExternalRef, Feedback, RecordKind, Timescale, Void
from app.models.base import TenantedBase
from app.services import objects
from app.services.objects import Refs
from app.services.scope import Caller, find
from app.services.standings import Standing

Record = TypeVar("Record", Debrief, Timescale, Feedback, Contact)

KINDS: Mapping[type[TenantedBase], RecordKind] = {
    Debrief: RecordKind.DEBRIEF,
    Timescale: RecordKind.TIMESCALE,
    Feedback: RecordKind.FEEDBACK,
    Contact: RecordKind.CONTACT,
}


@dataclass(frozen=True, slots=True)
class Recorded(Generic[Record]):
    """A record, where its application stands now, and whether it is new."""

    row: Record
    standing: Standing
    created: bool = True


@dataclass(frozen=True, slots=True)
class Sent:
    """Under which external ids something was sent, and a fingerprint of all that it says."""

    refs: Refs = ()
    fingerprint: bytes = b""

    @property
    def names(self) -> list[tuple[str, str]]:
        """The external ids, once each."""
        return objects.names_of(self.refs)

    @property
    def noted(self) -> list[dict[str, str]]:
        """The same as they are answered."""
        return [{"source": source, "id": external_id} for source, external_id in self.names]


UNNAMED = Sent()


async def sent_before(
    db: AsyncSession,
    caller: Caller,
    table: type[Record],
    sent: Sent,
    *,
    supersedes: UUID | None = None,
    interview_id: UUID | None = None,
) -> Record | None:
    """The record that came of the same words under one of its external ids, if any; from now on it has all of them.

    The caller has locked what the record bears on. `supersedes` is the record that is to count no more: words that
    were said before, but not in its place, are said anew. Raises ConflictError if the external ids name two records
    that count, or one that says something else; InvalidError for one of another interview.
    """
    if not sent.refs:
        return None
    named = await _named(db, caller, table, sent)
    known = {each.object_id: await find(db, caller, table, each.object_id) for each in named}
    if any(interview_id not in (None, getattr(record, "interview_id", None)) for record in known.values()):
        raise objects.elsewhere()
    counting = {each.object_id for each in named if not each.is_ended} - {supersedes}
    if len(counting) > 1:
        raise objects.ambiguous()
    same = {each.object_id for each in named if each.fingerprint == sent.fingerprint}
    for record_id in sorted(same & (counting or same), reverse=True):
        record: Record = known[record_id]
        if supersedes in (None, record_id, getattr(record, "supersedes", None)):
            own = {(each.source, each.external_id) for each in named if each.object_id == record_id}
            await _name(db, caller, record, [name for name in sent.names if name not in own], sent)
            return record
    if counting:
        [record_id] = counting
        raise ConflictError(
            f"The external id names {record_id}, which says otherwise; supersede it, or void it if it is a contact.",
            code="recorded_otherwise",
            pointer="/external_refs",
        )
    return None


async def note(db: AsyncSession, caller: Caller, row: Record, sent: Sent) -> None:
    """Let external ids name a record that has just been made."""
    if sent.refs:
        await _name(db, caller, row, sent.names, sent)


async def _name(
    db: AsyncSession, caller: Caller, row: Record, names: Sequence[tuple[str, str]], sent: Sent
) -> None:
    """Let external ids name a record, but for those that by now name another one that counts.

    What that is, they find out whose transaction begins anew, as an external id names one thing.
    """
    if not names:
        return
    table = type(row)
    free = _out_of_force(caller, table, ExternalRef.object_id)
    if supersedes := getattr(row, "supersedes", None):
        free = or_(free, ExternalRef.object_id == supersedes)
    moved = update(ExternalRef).where(*_are(caller, table, names), free)
    changed = moved.values(object_id=row.id, fingerprint=sent.fingerprint)
    given = set(await db.execute(changed.returning(ExternalRef.source, ExternalRef.external_id)))
    new = [name for name in names if name not in given]
    await objects.note_refs(db, caller, KINDS[table], row.id, new, sent.fingerprint)


async def _named(db: AsyncSession, caller: Caller, table: type[Any], sent: Sent) -> Sequence[Any]:
    """The external ids that are known: which record each names, what that was sent as, and if it counts no more."""
    columns = (
        ExternalRef.source,
        ExternalRef.external_id,
        ExternalRef.object_id,
        ExternalRef.fingerprint,
        _out_of_force(caller, table, ExternalRef.object_id).label("is_ended"),
    )
    return (await db.execute(select(*columns).where(*_are(caller, table, sent.names)))).all()


def _are(
    caller: Caller, table: type[Any], names: Sequence[tuple[str, str]]
) -> tuple[ColumnElement[bool], ...]:
    """Whether external ids are some of a kind's, as part of a query."""
    return (
        ExternalRef.agency_id == caller.agency_id,
        ExternalRef.kind == KINDS[table],
        tuple_(ExternalRef.source, ExternalRef.external_id).in_(names),
    )


def _out_of_force(caller: Caller, table: type[Any], record_id: Any) -> ColumnElement[bool]:
    """Whether a record counts no more, as part of a query."""
    if table is Contact:
        return exists().where(Void.agency_id == caller.agency_id, Void.contact_id == record_id)
    return exists().where(table.agency_id == caller.agency_id, table.supersedes == record_id)
