"""The outbox: what has happened becomes events in the transaction that makes it true (R1), each exactly once (R5).

The events of one application have an order of their own, counted while its candidate is locked (R4). Whoever reads the
log or calls the endpoints takes them from there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app import writes
from app.db import Statement
from app.models import Event, EventStream, WakeKind
from app.rules.events import EventType, Passing, Shown, told
from app.rules.intervals import TouchBase
from app.rules.vocabulary import ReasonCode, Status
from app.services import wakes
from app.services.facts import FOREVER
from app.services.reasons import Owner
from app.services.scope import AGENCY, Caller


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something recorded about an application, or a candidate: what, and the ids of the records that say it."""

    type: EventType
    subject_id: UUID
    ids: Mapping[str, UUID] = field(default_factory=dict)


class Past(NamedTuple):
    """What has been told of a subject: how far its stream has got, and the names of all dated events."""

    last_sequence: int = 0
    announced_until: datetime | None = None
    touch_base_from: datetime | None = None
    touch_base_at: datetime | None = None
    next_at: datetime | None = None
    told: frozenset[tuple[EventType, ReasonCode | None, datetime]] = frozenset()


def past_of(subject: str) -> str:
    """The part of a statement that reads the past of a subject, as JSON that decodes to `Past`, or null."""
    return f"""(SELECT json_build_array(
      e.last_sequence, e.announced_until, e.touch_base_from, e.touch_base_at, e.next_at,
      (SELECT COALESCE(json_agg(json_build_array(t.type, t.code, t.due_at)), '[]') FROM events t
        WHERE t.agency_id = {AGENCY} AND t.subject_id = e.id AND t.due_at IS NOT NULL))
    FROM event_streams e WHERE e.agency_id = {AGENCY} AND e.id = {subject}.id)"""


_decode = msgspec.json.Decoder(Past).decode

_PASTS = Statement(
    f"SELECT a.id, {past_of('a')}::text AS past FROM event_streams a WHERE a.agency_id = {AGENCY} AND a.id = ANY(:ids)"
)


async def pasts(db: AsyncSession, caller: Caller, ids: Sequence[UUID]) -> dict[UUID, Past]:
    """What has been told of subjects, by their ids; those of which nothing was ever told are left out."""
    await writes.flush(db)
    rows = await _PASTS.fetch(db, {"agency_id": caller.agency_id, "ids": ids})
    return {row["id"]: _decode(row["past"]) for row in rows}


@dataclass(frozen=True, slots=True)
class Subject:
    """An application, or a candidate, whose status rows have been computed anew: what they were and what they are.

    `touch_bases` says what N0 names by now and from then on; None where that is as it was.
    """

    owner: Owner
    status: Status
    past: Past
    old: Sequence[Shown]
    new: Sequence[Shown]
    touch_bases: Sequence[TouchBase] | None = None

    @property
    def id(self) -> UUID:
        """The application's id, else the candidate's."""
        return self.owner.subject_id


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event without its place in the order of its subject."""

    type: EventType
    occurred_at: datetime
    data: Mapping[str, Any]
    code: str | None = None
    due_at: datetime | None = None


def tell(
    db: AsyncSession,
    caller: Caller,
    subjects: Iterable[Subject],
    occurrences: Iterable[Occurrence] = (),
    *,
    now: datetime,
) -> None:
    """Turn what is new about locked subjects into events: what was recorded, what that changed, what time has brought.

    With the same rows before and after it tells what time has brought, and nothing twice. What one fact means for
    several subjects stands in the log in the order of their ids.
    """
    about: dict[UUID, list[Occurrence]] = {}
    for occurrence in occurrences:
        about.setdefault(occurrence.subject_id, []).append(occurrence)
    instants, events = [], []
    for subject in sorted(subjects, key=attrgetter("id")):
        news, stream = _news_of(subject, about.get(subject.id, ()), now)
        events += _rows(caller, subject, news, now)
        stream["last_sequence"] += len(news)
        writes.put(db, EventStream, [{"agency_id": caller.agency_id, **stream}])
        if stream["next_at"] is not None:
            instants.append(stream["next_at"])
    writes.insert(db, Event, events)
    publish = {WakeKind.PUBLISH: now} if events else {}
    announce = {WakeKind.ANNOUNCE: min(instants)} if instants else {}
    wakes.add(db, caller, publish | announce)


async def add(
    db: AsyncSession,
    caller: Caller,
    subject_id: UUID,
    event_type: EventType,
    data: Mapping[str, Any],
    *,
    now: datetime,
) -> UUID:
    """One event about something that has no status, such as a webhook endpoint; its row is locked by the caller.

    It is written at once; its id is returned.
    """
    before = (await pasts(db, caller, [subject_id])).get(subject_id, Past())
    sequence = before.last_sequence + 1
    stream = {"agency_id": caller.agency_id, "id": subject_id, "last_sequence": sequence}
    writes.put(db, EventStream, [stream])
    row = _row(
        caller, subject_id, sequence, NewEvent(event_type, now, data), {**data, "sequence": sequence}, now
    )
    writes.insert(db, Event, [row])
    wakes.add(db, caller, {WakeKind.PUBLISH: now})
    await writes.flush(db)
    event_id: UUID = row["id"]
    return event_id


def is_still(
    past: Past, rows: Iterable[Shown], touch_bases: Sequence[TouchBase] | None, now: datetime
) -> bool:
    """Whether there is nothing to tell of a subject whose rows are the same as before.

    That is so where the next of their instants has not come and N0 names what it named. If the next is none of theirs,
    the subject was put off until then, and there may be something to tell from before.
    """
    since, next_at = past.announced_until, past.next_at
    if since is None or (next_at is not None and next_at <= max(now, since)):
        return False
    touch = _touch_base_news(past, touch_bases, max(now, since))
    if (touch.last, touch.next_at, touch.new) != (past.touch_base_from, past.touch_base_at, []):
        return False
    return next_at in (None, past.touch_base_at) or any(next_at in row.instants for row in rows)


def _news_of(
    subject: Subject, occurrences: Iterable[Occurrence], now: datetime
) -> tuple[list[NewEvent], dict[str, Any]]:
    """The events of a subject in their order, and where its stream stands but for them.

    Left out is what has been told before, however the facts have gone to and fro since.
    """
    since = subject.past.announced_until
    # A clock that was set back must not make news of what has been told (R5).
    until = max(now, since or now)
    changes = told(subject.old, subject.new, since, until, FOREVER)
    touch = _touch_base_news(subject.past, subject.touch_bases, until)
    news = sorted([*map(_of_passing, changes.before), *touch.late], key=lambda event: event.occurred_at)
    news += [NewEvent(each.type, now, {name: str(i) for name, i in each.ids.items()}) for each in occurrences]
    news += [*map(_of_passing, changes.after), *touch.new]
    news = [event for event in news if (event.type, event.code, event.due_at) not in subject.past.told]
    instants = [at for at in (changes.next_at, touch.next_at) if at is not None]
    state = {
        "candidate_id": subject.owner.candidate_id,
        "id": subject.id,
        "last_sequence": subject.past.last_sequence,
        "announced_until": until,
        "touch_base_from": touch.last,
        "touch_base_at": touch.next_at,
        "next_at": min(instants, default=None),
    }
    return news, state


class TouchBaseNews(NamedTuple):
    """What N0 makes news, by time and by what was recorded; what has been told by then, and when there is more."""

    late: list[NewEvent]
    new: list[NewEvent]
    last: datetime | None
    next_at: datetime | None


def _touch_base_news(past: Past, touch_bases: Sequence[TouchBase] | None, now: datetime) -> TouchBaseNews:
    last, at = past.touch_base_from, past.touch_base_at
    late = [_may_touch_base(at, at)] if at is not None and at <= now else []
    if touch_bases is None:
        return TouchBaseNews(late, [], at if late else last, None if late else at)
    told_already = {last, *(event.due_at for event in late)}
    present = [each.named for each in touch_bases if each.at <= now][-1:]
    new = [_may_touch_base(named, now) for named in present if named not in told_already]
    coming = (each.at for each in touch_bases if each.at > now)
    return TouchBaseNews(late, new, present[0] if present else last, next(coming, None))


def _may_touch_base(named: datetime, at: datetime) -> NewEvent:
    return NewEvent(EventType.CANDIDATE_MAY_TOUCH_BASE, at, {"touch_base_from": named}, None, named)


def _of_passing(passing: Passing) -> NewEvent:
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
    return NewEvent(passing.type, passing.at, data, reason.code, reason.due_at)


def _rows(caller: Caller, subject: Subject, news: Iterable[NewEvent], now: datetime) -> list[writes.Row]:
    """The rows of a subject's events."""
    owner, rows = subject.owner, []
    for sequence, event in enumerate(news, start=subject.past.last_sequence + 1):
        data = {
            "application_id": owner.application_id,
            "candidate_id": owner.candidate_id,
            "consultant_id": owner.consultant_id,
            "sequence": sequence,
            "status": subject.status,
            **event.data,
        }
        row = _row(caller, subject.id, sequence, event, data, now)
        rows.append({**row, "application_id": owner.application_id, "candidate_id": owner.candidate_id})
    return rows


def _row(
    caller: Caller, subject_id: UUID, sequence: int, event: NewEvent, data: Mapping[str, Any], now: datetime
) -> writes.Row:
    """The row of an event, with what every receiver gets, to the byte (H16)."""
    said = {"type": event.type, "timestamp": event.occurred_at, "data": data}
    return {
        "agency_id": caller.agency_id,
        "id": uuid7(),
        "type": event.type,
        "subject_id": subject_id,
        "sequence": sequence,
        "code": event.code,
        "due_at": event.due_at,
        "occurred_at": event.occurred_at,
        "recorded_at": now,
        "body": msgspec.json.encode(said),
    }
