"""Records as agency systems know them by their own ids: what is sent again is not recorded again.

A record is evidence, so an external id that names one goes on to another only when that counts no more: when it is
superseded, or voided.
"""

from collections.abc import Mapping
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
    """The record that came of the same words under one of its external ids, if any; new external ids are noted.

    The caller has locked what the record bears on. `supersedes` is the record that is to count no more. Raises
    ConflictError if the external ids name two records, or one that counts and says something else; InvalidError for
    one of another interview.
    """
    if not sent.refs:
        return None
    kind = KINDS[table]
    known_id = await objects.named(db, caller, kind, sent.refs)
    if known_id is None:
        return None
    known: Record = await find(db, caller, table, known_id)
    if interview_id not in (None, getattr(known, "interview_id", None)):
        raise objects.elsewhere()
    noted = await _noted(db, caller, known_id)
    if sent.fingerprint in noted.values():
        new = [name for name in sent.names if name not in noted]
        await objects.note_refs(db, caller, kind, known_id, new, sent.fingerprint)
        return known
    if known_id != supersedes and not await db.scalar(select(_out_of_force(caller, table, known_id))):
        raise ConflictError(
            "The external id names a record that says something else; supersede that, or void it if it is a contact.",
            code="recorded_otherwise",
            pointer="/external_refs",
        )
    return None


async def note(db: AsyncSession, caller: Caller, row: Record, sent: Sent) -> None:
    """Let external ids name a record that has just been made, but for those that by now name one that counts.

    What that is, they find out whose transaction begins anew, as an external id names one thing.
    """
    if not sent.refs:
        return
    table = type(row)
    kind = KINDS[table]
    free = _out_of_force(caller, table, ExternalRef.object_id)
    if supersedes := getattr(row, "supersedes", None):
        free = or_(free, ExternalRef.object_id == supersedes)
    known = update(ExternalRef).where(
        ExternalRef.agency_id == caller.agency_id,
        ExternalRef.kind == kind,
        tuple_(ExternalRef.source, ExternalRef.external_id).in_(sent.names),
        free,
    )
    moved = known.values(object_id=row.id, fingerprint=sent.fingerprint)
    names = set(await db.execute(moved.returning(ExternalRef.source, ExternalRef.external_id)))
    new = [name for name in sent.names if name not in names]
    await objects.note_refs(db, caller, kind, row.id, new, sent.fingerprint)


async def _noted(db: AsyncSession, caller: Caller, record_id: UUID) -> dict[tuple[str, str], bytes | None]:
    """The external ids of a record, each with the fingerprint of what was sent under it."""
    query = select(ExternalRef.source, ExternalRef.external_id, ExternalRef.fingerprint).where(
        ExternalRef.agency_id == caller.agency_id, ExternalRef.object_id == record_id
    )
    return {
        (source, external_id): fingerprint for source, external_id, fingerprint in await db.execute(query)
    }


def _out_of_force(caller: Caller, table: type[Any], record_id: Any) -> ColumnElement[bool]:
    """Whether a record counts no more, as part of a query."""
    if table is Contact:
        return exists().where(Void.agency_id == caller.agency_id, Void.contact_id == record_id)
    return exists().where(table.agency_id == caller.agency_id, table.supersedes == record_id)
