"""The outbox: what has happened becomes events in the transaction that makes it true (R1), each exactly once (R5).

The events of one application have an order of their own, counted while its candidate is locked (R4). Whoever reads the
log or calls the endpoints takes them from there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app.models import Event, EventStream, WakeKind
from app.rules.events import EventType, Passing, Shown, told
from app.rules.intervals import TouchBase
from app.rules.vocabulary import Status
from app.services import wakes
from app.services.facts import FOREVER
from app.services.reasons import Owner
from app.services.scope import Caller

Name = tuple[UUID, EventType, str | None, datetime]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something recorded about an application, or a candidate: what, and the ids of the records that say it."""

    type: EventType
    subject_id: UUID
    ids: Mapping[str, UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subject:
    """An application, or a candidate, whose status rows have been computed anew: what they were and what they are.

    `touch_bases` says what N0 names by now and from then on; None where that is as it was.
    """

    owner: Owner
    status: Status
    old: Sequence[Shown]
    new: Sequence[Shown]
    touch_bases: Sequence[TouchBase] | None = None

    @property
    def id(self) -> UUID:
        """The application's id, else the candidate's."""
        return self.owner.subject_id


@dataclass(frozen=True, slots=True)
class Draft:
    """An event without its place in the order of its subject."""

    type: EventType
    occurred_at: datetime
    data: Mapping[str, Any]
    code: str | None = None
    due_at: datetime | None = None


async def tell(
    db: AsyncSession,
    caller: Caller,
    subjects: Sequence[Subject],
    occurrences: Sequence[Occurrence] = (),
    *,
    now: datetime,
) -> None:
    """Turn what is new about locked subjects into events: what was recorded, what that changed, what time has brought.

    With the same rows before and after it tells what time has brought, and nothing twice.
    """
    if not subjects:
        return
    streams = await _streams(db, caller, [subject.id for subject in subjects])
    drafts: dict[UUID, list[Draft]] = {}
    states: list[dict[str, Any]] = []
    for subject in subjects:
        stream = streams.get(subject.id) or EventStream(id=subject.id, last_sequence=0)
        about = [each for each in occurrences if each.subject_id == subject.id]
        drafts[subject.id], state = _drafted(subject, stream, about, now)
        states.append(state)
    await _drop_known(db, caller, drafts)
    rows = []
    for subject, state in zip(subjects, states, strict=True):
        rows += _rows(caller, subject, state, drafts[subject.id], now)
    await _store(db, caller, states, rows, now)


async def add(
    db: AsyncSession,
    caller: Caller,
    subject_id: UUID,
    event_type: EventType,
    data: Mapping[str, Any],
    *,
    now: datetime,
) -> Event:
    """One event about something that has no status, such as a webhook endpoint; its row is locked by the caller."""
    streams = await _streams(db, caller, [subject_id])
    sequence = (streams[subject_id].last_sequence if subject_id in streams else 0) + 1
    state = {"agency_id": caller.agency_id, "id": subject_id, "last_sequence": sequence}
    await db.execute(_upserted(caller, [state]))
    event = Event(
        agency_id=caller.agency_id,
        id=uuid7(),
        type=event_type,
        subject_id=subject_id,
        sequence=sequence,
        occurred_at=now,
        recorded_at=now,
        body=_body(event_type, now, {**data, "sequence": sequence}),
    )
    db.add(event)
    await db.flush()
    await wakes.add(db, caller, {WakeKind.PUBLISH: now})
    return event


async def _streams(db: AsyncSession, caller: Caller, ids: Sequence[UUID]) -> dict[UUID, EventStream]:
    query = select(EventStream).where(EventStream.agency_id == caller.agency_id, EventStream.id.in_(ids))
    rows = await db.scalars(query.execution_options(populate_existing=True))
    return {row.id: row for row in rows}


def _drafted(
    subject: Subject, stream: EventStream, occurrences: Sequence[Occurrence], now: datetime
) -> tuple[list[Draft], dict[str, Any]]:
    """The events of a subject in their order, and where its stream stands after them."""
    since = stream.announced_until
    # A clock that was set back must not make news of what has been told (R5).
    until = max(now, since or now)
    changes = told(subject.old, subject.new, since, until, FOREVER)
    touch = _touched(stream, subject.touch_bases, until)
    drafts = sorted([*map(_of_passing, changes.before), *touch.late], key=lambda draft: draft.occurred_at)
    drafts += [Draft(each.type, now, {name: str(i) for name, i in each.ids.items()}) for each in occurrences]
    drafts += [*map(_of_passing, changes.after), *touch.new]
    instants = [at for at in (changes.next_at, touch.next_at) if at is not None]
    state = {
        "candidate_id": subject.owner.candidate_id,
        "id": subject.id,
        "last_sequence": stream.last_sequence,
        "announced_until": until,
        "touch_base_from": touch.last,
        "touch_base_at": touch.next_at,
        "next_at": min(instants, default=None),
    }
    return drafts, state


class Touched(NamedTuple):
    """What N0 makes news, by time and by what was recorded; what has been told by then, and when there is more."""

    late: list[Draft]
    new: list[Draft]
    last: datetime | None
    next_at: datetime | None


def _touched(stream: EventStream, touch_bases: Sequence[TouchBase] | None, now: datetime) -> Touched:
    last, at = stream.touch_base_from, stream.touch_base_at
    late = [_may_touch_base(at, at)] if at is not None and at <= now else []
    if touch_bases is None:
        return Touched(late, [], at if late else last, None if late else at)
    told_already = {last, *(draft.due_at for draft in late)}
    present = [each.named for each in touch_bases if each.at <= now][-1:]
    new = [_may_touch_base(named, now) for named in present if named not in told_already]
    coming = (each.at for each in touch_bases if each.at > now)
    return Touched(late, new, present[0] if present else last, next(coming, None))


def _may_touch_base(named: datetime, at: datetime) -> Draft:
    return Draft(EventType.CANDIDATE_MAY_TOUCH_BASE, at, {"touch_base_from": named}, None, named)


def _of_passing(passing: Passing) -> Draft:
    reason = passing.reason
    data = {
        "reason": {
            "code": reason.code,
            "rule": reason.rule,
            "target": reason.target,
            "urgent": reason.urgent,
            "due_at": reason.due_at,
            "overdue_at": reason.overdue_at,
            "escalate_at": reason.escalate_at,
        }
    }
    return Draft(passing.type, passing.at, data, reason.code, reason.due_at)


async def _drop_known(db: AsyncSession, caller: Caller, drafts: dict[UUID, list[Draft]]) -> None:
    """Leave out what has been told before, however the facts have gone to and fro since."""
    dated = {subject_id: [d for d in each if d.due_at is not None] for subject_id, each in drafts.items()}
    ids = [subject_id for subject_id, each in dated.items() if each]
    if not ids:
        return
    query = select(Event.subject_id, Event.type, Event.code, Event.due_at).where(
        Event.agency_id == caller.agency_id,
        Event.subject_id.in_(ids),
        Event.due_at.in_({draft.due_at for each in dated.values() for draft in each}),
    )
    known = {tuple(row) for row in await db.execute(query)}
    for subject_id in ids:
        drafts[subject_id] = [
            draft
            for draft in drafts[subject_id]
            if (subject_id, draft.type, draft.code, draft.due_at) not in known
        ]


def _rows(
    caller: Caller, subject: Subject, state: dict[str, Any], drafts: Iterable[Draft], now: datetime
) -> list[dict[str, Any]]:
    """The rows of a subject's events; its state then knows the last sequence."""
    rows = []
    for draft in drafts:
        state["last_sequence"] += 1
        data = {
            "application_id": subject.owner.application_id,
            "candidate_id": subject.owner.candidate_id,
            "consultant_id": subject.owner.consultant_id,
            "sequence": state["last_sequence"],
            "status": subject.status,
            **draft.data,
        }
        rows.append(
            {
                "agency_id": caller.agency_id,
                "id": uuid7(),
                "type": draft.type,
                "subject_id": subject.id,
                "application_id": subject.owner.application_id,
                "candidate_id": subject.owner.candidate_id,
                "sequence": state["last_sequence"],
                "code": draft.code,
                "due_at": draft.due_at,
                "occurred_at": draft.occurred_at,
                "recorded_at": now,
                "body": _body(draft.type, draft.occurred_at, data),
            }
        )
    return rows


def _body(event_type: EventType, at: datetime, data: Mapping[str, Any]) -> bytes:
    """What every receiver gets, to the byte (H16)."""
    return msgspec.json.encode({"type": event_type, "timestamp": at, "data": data})


async def _store(
    db: AsyncSession, caller: Caller, states: list[dict[str, Any]], rows: list[dict[str, Any]], now: datetime
) -> None:
    await db.execute(_upserted(caller, states))
    at = {}
    if rows:
        # As one statement, although some have neither code nor due time.
        await db.execute(insert(Event).execution_options(render_nulls=True), rows)
        at[WakeKind.PUBLISH] = now
    instants = [state["next_at"] for state in states if state["next_at"] is not None]
    if instants:
        at[WakeKind.ANNOUNCE] = min(instants)
    await wakes.add(db, caller, at)


def _upserted(caller: Caller, states: list[dict[str, Any]]) -> Any:
    given = upsert(EventStream).values([{"agency_id": caller.agency_id, **state} for state in states])
    changed = {name: given.excluded[name] for name in states[0] if name not in ("agency_id", "id")}
    return given.on_conflict_do_update(index_elements=["agency_id", "id"], set_=changed)
