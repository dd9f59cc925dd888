"""Objects to be saved one after another in one transaction, which may name one another by external ids."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, bindparam, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import FailedDependencyError, NotFoundError, RefusedError
from app.models import (
    Application,
    Candidate,
    Client,
    ClientContact,
    Consultant,
    Interview,
    Job,
    RefKind,
)
from app.models.base import TenantedBase
from app.services import applications, consultants, facts, interviews, jobs, objects, people, status
from app.services.applications import OPEN
from app.services.objects import Refs, Saved
from app.services.outbox import Occurrence
from app.services.scope import AGENCY, Caller

# In the order in which their rows are locked (see `status.lock`).
TABLES: dict[RefKind, type[TenantedBase]] = {
    RefKind.CANDIDATE: Candidate,
    RefKind.JOB: Job,
    RefKind.CLIENT_CONTACT: ClientContact,
    RefKind.CLIENT: Client,
    RefKind.CONSULTANT: Consultant,
    RefKind.APPLICATION: Application,
    RefKind.INTERVIEW: Interview,
}

# What is locked of the objects that an application or an interview names.
_LOCKED = (RefKind.CANDIDATE, RefKind.JOB, RefKind.CLIENT_CONTACT, RefKind.APPLICATION)

_COLUMNS = ("kinds", "sources", "ids")

# The objects of any number of names: three arrays are three parameters. Behind its LIMIT each is looked up by its key.
_OBJECTS = text(f"""
SELECT n.kind, n.source, n.id, r.object_id FROM unnest(:kinds, :sources, :ids) AS n (kind, source, id)
CROSS JOIN LATERAL (
  SELECT object_id FROM external_refs
  WHERE agency_id = {AGENCY} AND kind = n.kind AND source = n.source AND external_id = n.id LIMIT 1) r
""").bindparams(*(bindparam(column, type_=ARRAY(Text)) for column in _COLUMNS))

Name = tuple[RefKind, str, str]


@dataclass(frozen=True, slots=True)
class Item:
    """An object to create or change: members and external ids as when it is saved alone.

    `named` holds the external ids of the other objects that are named so, by kind. An item that cannot be used at
    all says in `refused` why; it has no kind if even that is not known.
    """

    kind: RefKind | None
    values: Mapping[str, Any] = field(default_factory=dict)
    refs: Refs = ()
    given: frozenset[str] = frozenset()
    named: Mapping[RefKind, Mapping[str, str]] = field(default_factory=dict)
    refused: RefusedError | None = None

    def names(self) -> list[Name]:
        """The names of the object itself."""
        return [] if self.kind is None else [_name(self.kind, ref) for ref in self.refs]

    def others(self) -> list[Name]:
        """The names of the objects that it names."""
        return [_name(kind, ref) for kind, ref in self.named.items()]

    def place(self, pointer: str) -> str:
        """A place in the item as it was sent: at the external id, where that names what is meant."""
        kind = pointer.removeprefix("/").removesuffix("_id")
        return f"/{kind}" if kind in self.named else pointer

    def ids(self) -> dict[RefKind, UUID]:
        """The objects that it names by our ids."""
        return {kind: found for kind in TABLES if (found := self.values.get(f"{kind}_id"))}


@dataclass
class KnownNames:
    """Which object each external id names, which ids are there, and what was to be and has been refused."""

    known: dict[Name, UUID]
    ids: set[tuple[RefKind, UUID]]
    refused: set[Name] = field(default_factory=set)

    def copy(self) -> "KnownNames":
        """The same, to be added to."""
        return KnownNames(dict(self.known), self.ids, set(self.refused))

    def completed(self, item: Item) -> dict[str, Any]:
        """The members of an item with the id of everything it names.

        Raises NotFoundError for what is not there, FailedDependencyError for what was refused just before.
        """
        values = dict(item.values)
        for kind, name in zip(item.named, item.others(), strict=True):
            if name in self.refused:
                raise FailedDependencyError(pointer=f"/{kind}")
            if name not in self.known:
                raise NotFoundError(pointer=f"/{kind}")
            values[f"{kind}_id"] = self.known[name]
        for kind, object_id in item.ids().items():
            if (kind, object_id) not in self.ids:
                raise NotFoundError(pointer=f"/{kind}_id")
        return values

    def found(self, names: Iterable[Name]) -> set[tuple[RefKind, UUID]]:
        """The objects of those names that are known."""
        return {(name[0], self.known[name]) for name in names if name in self.known}

    def add(self, item: Item, object_id: UUID) -> None:
        """Know a saved item from now on."""
        assert item.kind is not None
        self.known.update(dict.fromkeys(item.names(), object_id))

    def refuse(self, item: Item) -> None:
        """Keep in mind that an item was refused: what names it fails for that reason, if it was not known before."""
        self.refused.update(name for name in item.names() if name not in self.known)


@dataclass
class Touched:
    """Whose status has to be computed anew."""

    applications: set[UUID] = field(default_factory=set)
    seeking: dict[UUID, bool] = field(default_factory=dict)  # candidates, with whether they seek a job
    occurrences: list[Occurrence] = field(default_factory=list)  # what was done to the applications
    client_contacts: set[UUID] = field(default_factory=set)  # on whom reviews of candidates may rest
    consultants: set[UUID] = field(default_factory=set)  # who have no status, but digests


def _name(kind: RefKind, ref: Mapping[str, str]) -> Name:
    return kind, ref["source"], ref["id"]


async def hold(db: AsyncSession, caller: Caller, items: Sequence[Item]) -> KnownNames:
    """Hold the policy, learn all names, and lock what will be changed: the first step of any saving of items."""
    await facts.hold_policy(db, caller)
    names = await _names_in(db, caller, items)
    await _lock(db, caller, items, names)
    return names


async def _names_in(db: AsyncSession, caller: Caller, items: Sequence[Item]) -> KnownNames:
    """What is known of all that items are named by, and of all that they name."""
    names = {name for item in items for name in (*item.names(), *item.others())}
    known = await _known(db, caller, names)
    ids = {(kind, object_id) for item in items for kind, object_id in item.ids().items()}
    return KnownNames(known, await _there(db, caller, ids))


async def _known(db: AsyncSession, caller: Caller, names: Collection[Name]) -> dict[Name, UUID]:
    if not names:
        return {}
    parameters = dict(zip(_COLUMNS, map(list, zip(*names, strict=True)), strict=True))
    found = await db.execute(_OBJECTS, {"agency_id": caller.agency_id, **parameters})
    return {(RefKind(kind), source, ref_id): object_id for kind, source, ref_id, object_id in found}


async def _there(
    db: AsyncSession, caller: Caller, ids: Iterable[tuple[RefKind, UUID]]
) -> set[tuple[RefKind, UUID]]:
    """Those of some ids that the caller's objects have."""
    wanted: dict[RefKind, set[UUID]] = {}
    for kind, object_id in ids:
        wanted.setdefault(kind, set()).add(object_id)
    found = set()
    for kind, some in wanted.items():
        table = TABLES[kind]
        query = select(table.id).where(table.agency_id == caller.agency_id, table.id.in_(some))
        found |= {(kind, object_id) for object_id in await db.scalars(query)}
    return found


async def _lock(db: AsyncSession, caller: Caller, items: Sequence[Item], names: KnownNames) -> None:
    """Lock every known row that saving the items will change or lock, in the one order that all keep.

    So two calls that name the same objects in different orders queue up instead of waiting in a ring. The caller holds
    the policy.
    """
    rows = _rows_to_lock(items, names)
    rows[RefKind.CANDIDATE].update(await _candidates_of(db, caller, rows))
    seeking = names.found(name for item in items if item.values.get("seeking") for name in item.names())
    of_seeking = await people.client_contacts_of(db, caller, [object_id for _, object_id in seeking])
    rows[RefKind.CLIENT_CONTACT].update(of_seeking)
    for kind, table in TABLES.items():
        if rows[kind]:
            mine = select(table.id).where(table.agency_id == caller.agency_id, table.id.in_(rows[kind]))
            await db.execute(mine.order_by(table.id).with_for_update(key_share=True))


def _rows_to_lock(items: Sequence[Item], names: KnownNames) -> dict[RefKind, set[UUID]]:
    rows: dict[RefKind, set[UUID]] = {kind: set() for kind in TABLES}
    for item in items:
        others = names.found(item.others()) | set(item.ids().items())
        locked = {(kind, object_id) for kind, object_id in others if kind in _LOCKED}
        for kind, object_id in names.found(item.names()) | locked:
            rows[kind].add(object_id)
    return rows


async def _candidates_of(
    db: AsyncSession, caller: Caller, rows: Mapping[RefKind, Collection[UUID]]
) -> list[UUID]:
    """Whose statuses can depend on some objects."""
    interviewed = select(Interview.application_id).where(
        Interview.agency_id == caller.agency_id, Interview.id.in_(rows[RefKind.INTERVIEW])
    )
    of_jobs = Application.job_id.in_(rows[RefKind.JOB]) & OPEN
    of_people = Application.client_contact_id.in_(rows[RefKind.CLIENT_CONTACT]) & status.heeded(caller)
    named = or_(Application.id.in_(rows[RefKind.APPLICATION]), Application.id.in_(interviewed))
    query = select(Application.candidate_id).where(
        Application.agency_id == caller.agency_id, or_(named, of_jobs, of_people)
    )
    return list(await db.scalars(query.distinct()))


async def store(
    db: AsyncSession,
    caller: Caller,
    item: Item,
    values: Mapping[str, Any],
    touched: Touched,
    *,
    now: datetime,
) -> Saved[Any]:
    """Save one item, whose members are complete, and note whose status that touches. Raises as its service does."""
    refs, given, of = item.refs, item.given, (db, caller)
    match item.kind:
        case RefKind.CLIENT_CONTACT:
            saved: Saved[Any]
            saved, concerned = await people.store_client_contact(*of, values, refs, given=given, now=now)
            touched.applications.update(concerned)
            if not saved.created:
                touched.client_contacts.add(saved.row.id)
        case RefKind.CANDIDATE:
            saved = await people.store_candidate(*of, values, refs, given=given, now=now)
            if saved.row.seeking or not saved.created:
                touched.seeking[saved.row.id] = saved.row.seeking
        case RefKind.JOB:
            revised = await jobs.store(*of, values, refs, given=given, now=now)
            saved = revised.saved
            touched.applications.update(revised.concerned)
            touched.occurrences += jobs.changed_as(revised)
        case RefKind.APPLICATION:
            saved = await applications.store(*of, values, refs, given=given, now=now)
            touched.applications.add(saved.row.id)
            touched.occurrences.append(applications.saved_as(saved))
        case RefKind.INTERVIEW:
            saved = await interviews.store(*of, values, refs, given=given, now=now)
            touched.applications.add(saved.row.application_id)
            touched.occurrences.append(interviews.saved_as(saved))
        case RefKind.CONSULTANT:
            saved = await consultants.store(*of, values, refs, given=given, now=now)
            touched.consultants.add(saved.row.id)
        case _:
            assert item.kind is not None
            saved = await objects.save(*of, item.kind, TABLES[item.kind], values, refs, given=given, now=now)
    return saved


async def refresh(db: AsyncSession, caller: Caller, touched: Touched, *, now: datetime) -> None:
    """Compute every status that was touched anew, once each. Raises CalendarRangeError."""
    concerned = await _concerned(db, caller, touched)
    await status.refresh_many(db, caller, sorted(concerned), touched.occurrences, now=now)
    # With the applications of a candidate who seeks, their review has been computed already.
    reviewed = {candidate_id for candidate_id in concerned.values() if touched.seeking.get(candidate_id)}
    await status.refresh_candidates(db, caller, touched.seeking.keys() - reviewed, now=now)
    if touched.client_contacts:
        await people.review_ended(db, caller, touched.client_contacts, now=now)
    if touched.consultants:
        await consultants.look_for_digests(db, caller, now=now)


async def _concerned(db: AsyncSession, caller: Caller, touched: Touched) -> dict[UUID, UUID]:
    """The applications whose status was touched, each with its candidate."""
    which = or_(
        Application.id.in_(touched.applications),
        Application.candidate_id.in_(touched.seeking.keys()),
    )
    query = select(Application.id, Application.candidate_id).where(
        Application.agency_id == caller.agency_id, which
    )
    return {row.id: row.candidate_id for row in await db.execute(query)}
