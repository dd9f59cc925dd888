"""What PostgreSQL tells of stored rows is what the rules tell of them: rows in, the same events out, to the byte."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import writes
from app.db import Database, driver_of
from app.models import Application, Event, EventStream, Reason, Wake, WakeKind
from app.rules.events import Shown, passings, told
from app.rules.vocabulary import ReasonCode, Target
from app.services import announcements, wakes
from app.services import passings as service
from app.services.facts import FOREVER
from app.services.scope import Caller, worker
from tests.agency import Agency

APPLICATIONS = 3
MOST_LOOKS = 10


def hour(number: float) -> datetime:
    """So many hours after a Monday's midnight, and then some: instants have fractions."""
    return datetime(2026, 7, 13, tzinfo=UTC) + timedelta(hours=number, microseconds=1200 * (number % 3 == 1))


hours = st.integers(0, 60).map(hour)


@st.composite
def reasons(draw: st.DrawFn) -> list[Shown]:
    """A reason as its rows: shown between some hours, one stretch after the other, perhaps with no end."""
    edges = sorted(draw(st.lists(hours, min_size=2, max_size=6, unique=True)))
    if draw(st.booleans()):
        edges[-1] = FOREVER
    code, due_at = draw(st.sampled_from(list(ReasonCode))), draw(hours)
    return [
        Shown(
            code,
            "B1",
            draw(st.sampled_from(list(Target))),
            draw(st.booleans()),
            due_at,
            draw(st.none() | hours),
            draw(st.none() | hours),
            begins,
            ends,
        )
        for begins, ends in zip(edges[::2], edges[1::2], strict=False)
    ]


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """The rows of an application, until when they have been told, what was told before that, and N0."""
    several = draw(st.lists(reasons(), max_size=4, unique_by=lambda rows: rows[0].key))
    rows = [row for each in several for row in each]
    return {
        "rows": rows,
        "since": draw(hours),
        "known": draw(st.sets(st.sampled_from(passings(rows, FOREVER)))) if rows else (),
        "touch_base_at": draw(st.sampled_from([None, None, None, hour(40)])),
    }


@pytest.fixture
async def applications(agency: Agency) -> list[UUID]:
    """Applications in the order of their ids."""
    return sorted([UUID((await agency.application())["id"]) for _ in range(APPLICATIONS)])


@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    several=st.lists(files(), min_size=APPLICATIONS, max_size=APPLICATIONS),
    looks=st.lists(hours, min_size=1, max_size=3).map(sorted),
)
async def test_both_ways_tell_the_same(
    several: list[dict[str, Any]],
    looks: list[datetime],
    agency: Agency,
    applications: list[UUID],
    database: Database,
) -> None:
    caller = worker(agency.id)
    found = []
    for batch in (service.BATCH, 0):  # in a batch of none all is left to the rules
        async with database.transaction(agency.id) as db:
            await begin(db, caller, dict(zip(applications, several, strict=True)))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(service, "BATCH", batch)
                for now in looks:
                    await look(db, caller, now)
            found.append(await stored(db, caller))
            await driver_of(db).rollback()
    assert found[0] == found[1]


async def begin(db: AsyncSession, caller: Caller, several: dict[UUID, dict[str, Any]]) -> None:
    """Store what an example says, in place of all there is."""
    for table in (Event, Reason, Wake):
        await db.execute(delete(table).where(table.agency_id == caller.agency_id))
    wakes.add(db, caller, {WakeKind.ANNOUNCE: hour(0)})
    for application_id, file in several.items():
        application = await db.get_one(Application, (caller.agency_id, application_id))
        owner = {
            "agency_id": caller.agency_id,
            "application_id": application_id,
            "candidate_id": application.candidate_id,
        }
        person = {"consultant_id": application.consultant_id, "client_contact_id": None}
        fact = {"position": 0, "fact_kind": "interview", "fact_at": hour(0)}
        for row in file["rows"]:
            await db.execute(insert(Reason).values(**owner, **person, **fact, **row._asdict()))
        for number, passing in enumerate(sorted(file["known"])):
            reason = {"code": passing.reason.code, "due_at": passing.reason.due_at}
            event = {"type": passing.type, "subject_id": application_id, "sequence": number + 1, **reason}
            await db.execute(
                insert(Event).values(**owner, **event, occurred_at=hour(0), recorded_at=hour(0), body=b"")
            )
        stream = update(EventStream).where(EventStream.id == application_id)
        await db.execute(stream.values(_stream(file)).execution_options(synchronize_session=False))


def _stream(file: dict[str, Any]) -> dict[str, Any]:
    since, touch_base_at = file["since"], file["touch_base_at"]
    coming = (told(file["rows"], file["rows"], since, since, FOREVER).next_at, touch_base_at)
    return {
        "last_sequence": len(file["known"]),
        "announced_until": since,
        "touch_base_at": touch_base_at,
        "next_at": min((at for at in coming if at is not None), default=None),
    }


async def look(db: AsyncSession, caller: Caller, now: datetime) -> None:
    """Announce what has passed by then, as often as there is a wake for it."""
    for _ in range(MOST_LOOKS):
        await writes.flush(db)
        if not await announcements.advance(db, caller, now=now):
            return
    pytest.fail("it never ends")


async def stored(db: AsyncSession, caller: Caller) -> dict[str, Sequence[Any]]:
    """All that was told, where each stream stands, and when a worker is woken next."""
    await writes.flush(db)
    told_of = (Event.subject_id, Event.sequence, Event.candidate_id, Event.type, Event.code, Event.due_at)
    events = select(*told_of, Event.occurred_at, Event.recorded_at, Event.body)
    streams = select(*EventStream.__table__.columns).where(EventStream.agency_id == caller.agency_id)
    woken = select(Wake.kind, func.min(Wake.at)).where(Wake.agency_id == caller.agency_id).group_by(Wake.kind)
    return {
        "events": (await db.execute(events.order_by(Event.subject_id, Event.sequence))).all(),
        "streams": (await db.execute(streams.order_by(EventStream.id))).all(),
        "wakes": (await db.execute(woken.order_by(Wake.kind))).all(),
    }
