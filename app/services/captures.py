"""Captures: a debrief together with everything it is about, named by external ids and created where unknown."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import InvalidError, RefusedError
from app.models import RefKind
from app.services import debriefs, items, objects
from app.services.debriefs import RecordedDebrief
from app.services.items import TABLES, Item, KnownNames, Touched
from app.services.objects import Saved
from app.services.records import Sent
from app.services.scope import Caller, find

# What a new object needs, besides those that it belongs to.
NEEDED: dict[RefKind, tuple[str, ...]] = {
    RefKind.CLIENT: ("name",),
    RefKind.CLIENT_CONTACT: ("name",),
    RefKind.CANDIDATE: ("name",),
    RefKind.JOB: ("title",),
    RefKind.INTERVIEW: ("start", "end"),
}

# Which others of the capture each belongs to.
OWNERS: dict[RefKind, tuple[RefKind, ...]] = {
    RefKind.CLIENT_CONTACT: (RefKind.CLIENT,),
    RefKind.JOB: (RefKind.CLIENT,),
    RefKind.APPLICATION: (RefKind.CANDIDATE, RefKind.JOB, RefKind.CLIENT_CONTACT),
    RefKind.INTERVIEW: (RefKind.APPLICATION,),
}


@dataclass(frozen=True, slots=True)
class Captured:
    """A recorded debrief, the ids of all that it is about by kind, and which of them are new."""

    recorded: RecordedDebrief
    ids: Mapping[RefKind, UUID]
    created: Sequence[RefKind]


async def capture(
    db: AsyncSession,
    caller: Caller,
    named: Sequence[Item],
    entry: Mapping[str, Any],
    sent: Sent,
    *,
    now: datetime,
) -> Captured:
    """Save what a debrief is about, then record the debrief; all or nothing.

    `named` are the client, the client contact if there is one, the candidate, the job, the application and the
    interview, in this order; `entry` and `sent` are as for `debriefs.record`. One that is known changes in the members
    given and stays as it is without any. Raises InvalidError where an unknown one lacks what it needs, and as the
    services of each do, with the place in the whole.
    """
    linked = [_linked(item, named) for item in named]
    names, touched = await items.hold(db, caller, linked), Touched()
    saved: dict[RefKind, Saved[Any]] = {}
    for item in linked:
        assert item.kind is not None
        with _placed(partial(_place, item)):
            saved[item.kind] = await _save(db, caller, item, names, touched, now=now)
    await items.refresh(db, caller, touched, now=now)
    with _placed("/debrief{}".format):
        recorded = await debriefs.record(db, caller, saved[RefKind.INTERVIEW].row.id, entry, sent, now=now)
    ids = {kind: each.row.id for kind, each in saved.items()}
    return Captured(recorded, ids, [kind for kind, each in saved.items() if each.created])


def _linked(item: Item, named: Sequence[Item]) -> Item:
    """An item that names those it belongs to by their external ids."""
    owners = _owners(item)
    refs = {other.kind: other.refs[0] for other in named if other.kind in owners}
    return replace(
        item,
        values={**{f"{kind}_id": None for kind in owners}, **item.values},
        given=item.given | {f"{kind}_id" for kind in refs},
        named={**item.named, **refs},
    )


async def _save(
    db: AsyncSession, caller: Caller, item: Item, names: KnownNames, touched: Touched, *, now: datetime
) -> Saved[Any]:
    """Create an object, or change what is given of one that is known; of others only their owner is checked."""
    is_named_only = item.given <= {"external_refs", *(f"{kind}_id" for kind in _owners(item))}
    values = await _completed(db, caller, item, names.completed(item))
    noted = Touched() if is_named_only else touched
    saved = await items.store(db, caller, item, values, noted, now=now)
    names.add(item, saved.row.id)
    return saved


async def _completed(
    db: AsyncSession, caller: Caller, item: Item, values: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The members with those that were not given but are needed, as a known object has them."""
    assert item.kind is not None
    lacking = [name for name in NEEDED.get(item.kind, ()) if name not in item.given]
    if not lacking:
        return values
    # Asked again: another may have made it while the locks were waited for after the names were learnt.
    known_id = await objects.named(db, caller, item.kind, item.refs)
    if known_id is None:
        raise InvalidError(
            "Nothing has these external ids, so this is needed to create it.",
            code="missing",
            pointer=f"/{lacking[0]}",
        )
    row = await find(db, caller, TABLES[item.kind], known_id)
    return {**values, **{name: getattr(row, name) for name in lacking}}


def _owners(item: Item) -> tuple[RefKind, ...]:
    return OWNERS.get(item.kind, ()) if item.kind else ()


@contextmanager
def _placed(place: Callable[[str], str]) -> Iterator[None]:
    """Let an error name the place in the whole that is called thus within its part."""
    try:
        yield
    except RefusedError as error:
        if error.pointer is not None:
            error.pointer = place(error.pointer)
        raise


def _place(item: Item, pointer: str) -> str:
    """Where in a capture: an owner stands beside its item, all else within it."""
    place = item.place(pointer)
    owner = place.removeprefix("/").removesuffix("_id")
    return f"/{owner}" if owner in _owners(item) else f"/{item.kind}{place}"
