"""Leases of deliveries: one sender at a time, in order, and nothing lost in between (H16, R3)."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text

from app.db import Database
from app.models import DeliveryQueue, WebhookEndpoint
from app.outbound import Reach
from app.rules.events import EventType
from app.services import deliveries, outbox, publications, webhook_endpoints
from app.services.deliveries import Attempt, Job, Room, Terms
from app.services.scope import find, worker
from tests.agency import Agency
from tests.hooks import LOOPBACK, endpoint, happen, told
from tests.locks import queued

SCHEDULE = (0, 0.01, 0.02, 0.03)
TERMS = Terms(timedelta(seconds=60), SCHEDULE)


async def claimed(database: Database, agency: Agency, *, later: float = 0) -> list[Job]:
    """What a sender leases, after so many seconds."""
    room = Room(10, 10, Counter())
    async with database.transaction(agency.id) as db:
        now = db.info["now"] + timedelta(seconds=later)
        return await deliveries.claim(db, worker(agency.id), room, terms=TERMS, now=now)


async def finished(
    database: Database, agency: Agency, job: Job, status: int = 200, *, going_on: bool = True
) -> list[Job]:
    """What a sender goes on with after an answer."""
    async with database.transaction(agency.id) as db:
        attempt = Attempt(job, db.info["now"], 5, status)
        return await deliveries.finish(
            db, worker(agency.id), [attempt], terms=TERMS, now=db.info["now"], going_on=going_on
        )


@pytest.fixture
async def hook(agency: Agency, database: Database) -> UUID:
    """An endpoint that nobody calls."""
    return (await endpoint(database, agency, "http://127.0.0.1:9/hook"))[0]


async def test_who_lost_the_lease_writes_nothing(agency: Agency, database: Database, hook: UUID) -> None:
    await happen(database, agency, [uuid4()])
    [slow] = await claimed(database, agency)
    assert await claimed(database, agency) == []
    [quick] = await claimed(database, agency, later=61)
    assert (quick.delivery_id, quick.number) == (slow.delivery_id, 1)
    assert await finished(database, agency, slow) == []
    [delivery] = await told(database, agency, hook)
    assert (delivery["state"], delivery["attempts"]) == ("pending", [])
    await finished(database, agency, quick)
    assert await finished(database, agency, slow, 500) == []
    [delivery] = await told(database, agency, hook)
    assert (delivery["state"], len(delivery["attempts"])) == ("succeeded", 1)


async def test_a_sender_goes_on_with_the_next_of_the_same_subject(
    agency: Agency, database: Database, hook: UUID
) -> None:
    subject = uuid4()
    events = [event for _ in range(3) for event in await happen(database, agency, [subject])]
    [job] = await claimed(database, agency)
    seen = [job.event_id]
    while jobs := await finished(database, agency, job):
        [job] = jobs
        seen.append(job.event_id)
    assert seen == [event.id for event in events]
    assert await left(database, agency) == 0


async def left(database: Database, agency: Agency) -> int:
    """How many queues there are."""
    async with database.transaction(agency.id) as db:
        mine = select(func.count()).where(DeliveryQueue.agency_id == agency.id)
        return await db.scalar(mine) or 0


async def test_what_comes_while_the_last_is_finished_is_not_lost(
    agency: Agency, database: Database, hook: UUID
) -> None:
    """The queue is empty, and about to be removed, when another event is put into it."""
    subject = uuid4()
    await happen(database, agency, [subject])
    [job] = await claimed(database, agency)
    async with database.transaction(agency.id) as db:
        now = db.info["now"]
        await deliveries.finish(db, worker(agency.id), [Attempt(job, now, 5, 200)], terms=TERMS, now=now)
        coming = asyncio.create_task(happen(database, agency, [subject]))
        await queued(db, coming)
        assert not coming.done()
    [event] = await coming
    [job] = await claimed(database, agency)
    assert job.event_id == event.id


async def test_what_comes_just_before_the_last_is_finished_is_gone_on_with(
    agency: Agency, database: Database, hook: UUID
) -> None:
    subject = uuid4()
    await happen(database, agency, [subject])
    [job] = await claimed(database, agency)
    async with database.transaction(agency.id) as db:
        now = db.info["now"]
        event_id = await outbox.add(
            db, worker(agency.id), subject, EventType.CONTACT_RECORDED, {"n": 1}, now=now
        )
        await publications.publish(db, worker(agency.id), delay=0, now=now)
        finishing = asyncio.create_task(finished(database, agency, job))
        await queued(db, finishing)
        assert not finishing.done()
    assert [job.event_id for job in await finishing] == [event_id]


async def test_a_sender_that_ends_gives_back_what_it_does_not_begin(
    agency: Agency, database: Database, hook: UUID
) -> None:
    subject = uuid4()
    for _ in range(2):
        await happen(database, agency, [subject])
    [job] = await claimed(database, agency)
    assert await finished(database, agency, job, going_on=False) == []
    [job] = await claimed(database, agency)
    assert job.number == 1


async def test_a_new_event_does_not_bring_a_failed_one_forward(
    agency: Agency, database: Database, hook: UUID
) -> None:
    subject = uuid4()
    await happen(database, agency, [subject])
    [job] = await claimed(database, agency)
    async with database.transaction(agency.id) as db:
        now = db.info["now"]
        terms = Terms(timedelta(seconds=60), (0, 100))
        await deliveries.finish(db, worker(agency.id), [Attempt(job, now, 5, 500)], terms=terms, now=now)
    await happen(database, agency, [subject])
    assert await claimed(database, agency) == []
    [job] = await claimed(database, agency, later=121)
    assert job.number == 2


async def test_a_paused_endpoint_is_not_called_until_it_is_enabled(
    agency: Agency, database: Database, hook: UUID
) -> None:
    path = f"/v1/webhook-endpoints/{hook}"
    await agency.post(f"{path}/pause")
    await happen(database, agency, [uuid4()])
    assert await claimed(database, agency) == []
    await agency.post(f"{path}/enable")
    assert len(await claimed(database, agency)) == 1


@pytest.mark.parametrize("put_right", ["enabled", "moved"])
async def test_what_waits_for_an_endpoint_is_sent_at_once_when_that_is_put_right(
    agency: Agency, database: Database, hook: UUID, put_right: str
) -> None:
    """However long its failures had put it off."""
    path = f"/v1/webhook-endpoints/{hook}"
    await happen(database, agency, [uuid4()])
    [job] = await claimed(database, agency)
    async with database.transaction(agency.id) as db:
        now, terms = db.info["now"], Terms(timedelta(seconds=60), (0, 86_400))
        await deliveries.finish(db, worker(agency.id), [Attempt(job, now, 5, 500)], terms=terms, now=now)
    await agency.patch(path, {"description": "Still the same server"})
    assert await claimed(database, agency) == []
    if put_right == "moved":
        await agency.patch(path, {"url": "https://elsewhere.example/"})
    else:
        await agency.post(f"{path}/enable")
    [again] = await claimed(database, agency)
    assert (again.delivery_id, again.number) == (job.delivery_id, 2)


@pytest.mark.parametrize("status", [410, 500, 200])
@pytest.mark.parametrize("put_right", ["moved", "enabled"])
async def test_a_call_says_nothing_of_an_endpoint_that_was_put_right_meanwhile(
    agency: Agency, database: Database, hook: UUID, put_right: str, status: int
) -> None:
    path = f"/v1/webhook-endpoints/{hook}"
    await happen(database, agency, [uuid4() for _ in range(3)])
    first, second, third = await claimed(database, agency)
    if put_right == "moved":
        await finished(database, agency, first, 500)
        await agency.patch(path, {"url": "https://hooks.example/new"})
    else:
        await finished(database, agency, first, 410)
        await agency.post(f"{path}/enable")
    await finished(database, agency, second, status)
    found = await agency.get(path)
    assert (found["state"], found["failing_since"]) == ("enabled", None)
    # What is called from then on says something again.
    await happen(database, agency, [uuid4()])
    *_, fourth = await claimed(database, agency)
    await finished(database, agency, fourth, 500)
    failing_since = (await agency.get(path))["failing_since"]
    assert failing_since is not None
    await finished(database, agency, third, 200)
    assert (await agency.get(path))["failing_since"] == failing_since


async def test_an_endpoint_that_is_put_right_while_a_call_is_written_is_not_judged_by_it(
    agency: Agency, database: Database, hook: UUID
) -> None:
    path = f"/v1/webhook-endpoints/{hook}"
    await happen(database, agency, [uuid4()])
    [job] = await claimed(database, agency)
    async with database.transaction(agency.id) as db:
        terms = {"url": "http://127.0.0.1:9/new"}
        await webhook_endpoints.change(
            db, worker(agency.id), hook, terms, reach=Reach(LOOPBACK), now=db.info["now"]
        )
        writing = asyncio.create_task(finished(database, agency, job, 410))
        await queued(db, writing)
        assert not writing.done()
    assert await writing == []
    assert (await agency.get(path))["state"] == "enabled"


async def test_who_notes_how_an_endpoint_does_waits_in_no_ring_with_who_removes_it(
    agency: Agency, database: Database, hook: UUID
) -> None:
    caller = worker(agency.id)
    await happen(database, agency, [uuid4()])
    [job] = await claimed(database, agency)
    async with database.transaction(agency.id) as db:
        await find(db, caller, WebhookEndpoint, hook, lock=True)
        finishing = asyncio.create_task(finished(database, agency, job, 500))
        await queued(db, finishing)
        assert not finishing.done()
        await webhook_endpoints.remove(db, caller, hook, now=db.info["now"])
    assert await finishing == []
    assert await left(database, agency) == 0


async def test_what_is_sent_again_does_not_pay_for_the_one_that_is_under_way(
    agency: Agency, database: Database, hook: UUID
) -> None:
    """It is the first of its subject again, and begins anew as soon as the other call has ended."""
    subject = uuid4()
    for _ in range(2):
        await happen(database, agency, [subject])
    [dead] = await claimed(database, agency)
    async with database.transaction(agency.id) as db:
        once, now = Terms(timedelta(seconds=60), (0,)), db.info["now"]
        [job] = await deliveries.finish(
            db, worker(agency.id), [Attempt(dead, now, 5, 500)], terms=once, now=now
        )
    await agency.post(f"/v1/webhook-endpoints/{hook}/deliveries/{dead.delivery_id}/resend")
    async with database.transaction(agency.id) as db:
        slow, now = Terms(timedelta(seconds=60), (0, 3_600)), db.info["now"]
        [again] = await deliveries.finish(
            db, worker(agency.id), [Attempt(job, now, 5, 500)], terms=slow, now=now
        )
        assert again.delivery_id == dead.delivery_id
        [after] = await deliveries.finish(
            db, worker(agency.id), [Attempt(again, now, 5, 200)], terms=slow, now=now
        )
    assert after.delivery_id == job.delivery_id


async def recorded(database: Database, agency: Agency) -> None:
    """An event that nobody has placed yet."""
    async with database.transaction(agency.id) as db:
        caller, now = worker(agency.id), db.info["now"]
        await outbox.add(db, caller, uuid4(), EventType.CONTACT_RECORDED, {"n": 1}, now=now)


@pytest.mark.parametrize("missing", ["disabled", "of another type"])
async def test_what_passed_an_endpoint_by_is_recovered_though_it_was_just_being_placed(
    agency: Agency, database: Database, hook: UUID, missing: str
) -> None:
    path = f"/v1/webhook-endpoints/{hook}"
    if missing == "disabled":
        await happen(database, agency, [uuid4()])
        [job] = await claimed(database, agency)
        await finished(database, agency, job, 410)
    else:
        await agency.patch(path, {"types": ["reason.due"]})
    await recorded(database, agency)
    async with database.transaction(agency.id) as db:
        await publications.publish(db, worker(agency.id), delay=0, now=db.info["now"])
        if missing == "disabled":
            await agency.post(f"{path}/enable")
        else:
            await agency.patch(path, {"types": None})
        recovering = asyncio.create_task(agency.post(f"{path}/recover", {"since": "2026-01-01T00:00:00Z"}))
        await queued(db, recovering)
        assert not recovering.done()
    assert await recovering == {"deliveries": 1}


async def test_what_is_put_on_its_way_while_an_endpoint_is_deleted_goes_with_it(
    agency: Agency, database: Database, hook: UUID
) -> None:
    await recorded(database, agency)
    async with database.transaction(agency.id) as db:
        await publications.publish(db, worker(agency.id), delay=0, now=db.info["now"])
        deleting = asyncio.create_task(agency.call("DELETE", f"/v1/webhook-endpoints/{hook}"))
        await queued(db, deleting)
        assert not deleting.done()
    assert (await deleting).status_code == 204
    assert await left(database, agency) == 0


async def test_an_endpoint_is_deleted_however_many_wait_for_it(
    agency: Agency, database: Database, hook: UUID
) -> None:
    """There are more of them than a statement takes parameters."""
    async with database.transaction(agency.id) as db:
        queues = """
            INSERT INTO delivery_queues (agency_id, id, webhook_endpoint_id, subject_id, attempts, next_attempt_at)
            SELECT :agency, gen_random_uuid(), :hook, gen_random_uuid(), 0, now() FROM generate_series(1, 33000)
        """
        await db.execute(text(queues), {"agency": agency.id, "hook": hook})
    assert (await agency.call("DELETE", f"/v1/webhook-endpoints/{hook}")).status_code == 204
    assert await left(database, agency) == 0
