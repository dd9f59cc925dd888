"""Deliveries reach real receivers: signed, in order, each at least once, whatever the receivers are like (H16, S6)."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from standardwebhooks import WebhookVerificationError

from app.db import Database
from app.models import DeliveryQueue, WakeKind
from app.services.sealing import seal
from app.settings import Settings
from app.worker import deliveries
from app.worker.deliveries import Sender
from app.worker.wakes import Watch
from tests import receivers
from tests.agency import Agency
from tests.conftest import SECRET
from tests.hooks import LOOPBACK, endpoint, happen, told
from tests.locks import someone_waits
from tests.owner import as_owner
from tests.receivers import OK, Receiver, answering, failing_first, receiving, waiting_for

SOON = (0, 0.01, 0.02, 0.03)


def settings(**more: Any) -> Settings:
    """Settings under which this machine may be called, and a second attempt comes soon."""
    terms: dict[str, Any] = {
        "webhook_allow_nets": LOOPBACK,
        "webhook_retry_schedule": SOON,
        "webhook_timeout": 1.0,
    }
    return Settings(**{**terms, **more})


@pytest.fixture(autouse=True)
async def nothing_left(database_url: str) -> None:
    """Nothing is left to be sent by other tests: it would take room, and most names in it are nobody's."""
    await as_owner(database_url, "DELETE FROM wakes WHERE kind = 'deliver'")


@asynccontextmanager
async def sending(database: Database, given: Settings | None = None) -> AsyncIterator[Sender]:
    """A worker that sends."""
    sender, stop = Sender(database, SECRET, given or settings()), asyncio.Event()
    watch = Watch(database, {WakeKind.DELIVER: sender.deliver})
    running = asyncio.create_task(watch.run(stop, interval=0.02))
    try:
        yield sender
    finally:
        stop.set()
        await running
        await sender.close()


async def pending(database: Database, agency: Agency) -> int:
    async with database.transaction(agency.id) as db:
        count = "SELECT count(*) FROM deliveries WHERE state = 'pending' AND agency_id = :id"
        return int(await db.scalar(text(count), {"id": agency.id}) or 0)


async def all_done(database: Database, agency: Agency) -> None:
    """Wait until nothing is pending."""
    async with asyncio.timeout(60):
        while await pending(database, agency):  # noqa: ASYNC110 - it happens in another process's stead
            await asyncio.sleep(0.02)


async def test_a_delivery_is_what_the_standard_asks_for(agency: Agency, database: Database) -> None:
    async with receiving(OK) as receiver:
        _, secret = await endpoint(database, agency, receiver.url)
        [event] = await happen(database, agency, [uuid4()])
        async with sending(database):
            await all_done(database, agency)
    [call] = receiver.calls
    assert call.id == str(event.id)
    assert call.body == event.body
    assert call.verified(secret)["type"] == "contact.recorded"
    assert call.headers["content-type"] == "application/json"


async def test_what_fails_is_sent_again_with_the_same_bytes(agency: Agency, database: Database) -> None:
    async with receiving(failing_first(2)) as receiver:
        endpoint_id, secret = await endpoint(database, agency, receiver.url)
        await happen(database, agency, [uuid4()])
        async with sending(database):
            await all_done(database, agency)
    assert len({(call.id, call.body) for call in receiver.calls}) == 1
    assert all(call.verified(secret) for call in receiver.calls)
    [delivery] = await told(database, agency, endpoint_id)
    assert delivery["state"] == "succeeded"
    assert [(each["number"], each["status"]) for each in delivery["attempts"]] == [
        (1, 503),
        (2, 503),
        (3, 200),
    ]


async def test_after_the_last_attempt_it_is_dead_and_the_next_goes_on(
    agency: Agency, database: Database
) -> None:
    subject = uuid4()
    async with receiving(failing_first(len(SOON))) as receiver:
        endpoint_id, _ = await endpoint(database, agency, receiver.url)
        await happen(database, agency, [subject])
        async with sending(database):
            await all_done(database, agency)
        [dead] = await told(database, agency, endpoint_id)
        assert (dead["state"], len(dead["attempts"])) == ("dead", len(SOON))
        resent = await agency.post(f"/v1/webhook-endpoints/{endpoint_id}/deliveries/{dead['id']}/resend")
        assert resent["state"] == "pending"
        async with sending(database):
            await all_done(database, agency)
    [delivery] = await told(database, agency, endpoint_id)
    assert (delivery["state"], len(delivery["attempts"])) == ("succeeded", len(SOON) + 1)


def first_successes(receiver: Receiver) -> list[str]:
    """The ids of deliveries in the order in which each arrived first, where calls are failed but once."""
    seen: dict[str, int] = defaultdict(int)
    order = []
    for call in receiver.calls:
        seen[call.id] += 1
        if seen[call.id] == 2:
            order.append(call.id)
    return order


async def test_events_of_one_subject_arrive_in_their_order(agency: Agency, database: Database) -> None:
    subjects = [uuid4() for _ in range(3)]
    async with receiving(failing_first(1)) as receiver:
        await endpoint(database, agency, receiver.url)
        events = [event for _ in range(4) for event in await happen(database, agency, subjects)]
        async with sending(database):
            await all_done(database, agency)
    arrived = first_successes(receiver)
    assert len(arrived) == len(events)
    for subject in subjects:
        theirs = [str(event.id) for event in events if event.subject_id == subject]
        assert [each for each in arrived if each in theirs] == theirs


async def test_two_senders_share_the_work(agency: Agency, database: Database, database_url: str) -> None:
    other = Database(database_url)
    async with receiving(failing_first(1)) as receiver:
        await endpoint(database, agency, receiver.url)
        events = await happen(database, agency, [uuid4() for _ in range(40)])
        async with sending(database), sending(other):
            await all_done(database, agency)
    await other.close()
    # Twice each, and not once more: nobody sends what another has leased.
    assert sorted(call.id for call in receiver.calls) == sorted(2 * [str(event.id) for event in events])


async def test_a_slow_endpoint_delays_no_other(agency: Agency, database: Database) -> None:
    let = asyncio.Event()
    async with receiving(waiting_for(let)) as slow, receiving(OK) as quick:
        for receiver in (slow, quick):
            await endpoint(database, agency, receiver.url)
        await happen(database, agency, [uuid4() for _ in range(30)])
        async with sending(database, settings(webhook_timeout=60)):
            async with asyncio.timeout(30):
                while len(quick.calls) < 30:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.02)
            assert slow.most_open == 16
            let.set()
            await all_done(database, agency)


async def test_slow_endpoints_of_an_agency_delay_no_other_agency(
    agency: Agency, rival: Agency, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "CALLS", 8)
    let = asyncio.Event()
    async with receiving(waiting_for(let)) as slow, receiving(OK) as quick:
        await endpoint(database, rival, slow.url)
        await endpoint(database, agency, quick.url)
        await happen(database, rival, [uuid4() for _ in range(20)])
        async with sending(database, settings(webhook_timeout=60)), asyncio.timeout(60):
            while slow.open < 4:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
            await happen(database, agency, [uuid4()])
            while not quick.calls:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
            let.set()
            await all_done(database, rival)


async def test_the_calls_that_have_ended_leave_their_room_to_others_of_the_agency(
    agency: Agency, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "CALLS", 8)
    turns = [asyncio.Event(), asyncio.Event()]

    async def answer(receiver: Receiver, writer: asyncio.StreamWriter) -> None:
        await turns[len(receiver.calls) > 4].wait()
        await OK(receiver, writer)

    async with receiving(answer) as receiver, asyncio.timeout(30):
        await endpoint(database, agency, receiver.url)
        await happen(database, agency, [uuid4() for _ in range(8)])
        sender = Sender(database, SECRET, settings(webhook_timeout=60))
        await sender.deliver(agency.id)
        for turn, calls in zip(turns, (4, 8), strict=True):
            while len(receiver.calls) < calls:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
            turn.set()
        await sender.close()
    assert receiver.most_open == 4


async def test_an_endpoint_is_not_called_more_often_at_once_for_what_it_has_answered(
    agency: Agency, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is answered while another answer is written goes on with the next of its subject, and needs its place."""
    monkeypatch.setattr(deliveries, "CALLS_OF_AN_ENDPOINT", 4)
    first, others, end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def answer(receiver: Receiver, writer: asyncio.StreamWriter) -> None:
        number = len(receiver.calls)
        await (first if number == 1 else others if number <= 4 else end).wait()
        await OK(receiver, writer)

    async with receiving(answer) as receiver, asyncio.timeout(30):
        await endpoint(database, agency, receiver.url)
        subjects = [uuid4() for _ in range(8)]
        for _ in range(2):
            await happen(database, agency, subjects)
        sender = Sender(database, SECRET, settings(webhook_timeout=60))
        await sender.deliver(agency.id)
        while len(receiver.calls) < 4:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        async with database.transaction(agency.id) as db:
            await db.execute(select(DeliveryQueue.id).with_for_update())
            first.set()
            await someone_waits(database)
            others.set()
            await asyncio.sleep(0.1)
        while len(receiver.calls) < 8:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        end.set()
        await sender.close()
    assert receiver.most_open == 4


HOSTILE = {
    "a redirect": (answering("302 Found", b"", "Location: /elsewhere"), "dead", 302, None),
    "an error": (answering("500 Oops"), "dead", 500, None),
    "a dripping body": (receivers.dripping, "succeeded", 200, None),
    "a dripping head": (receivers.dripping_its_head, "dead", None, "It did not answer in time."),
    "an endless body": (receivers.endless, "succeeded", 200, None),
    "an endless head": (receivers.endless_head, "dead", None, "It did not answer as HTTP asks."),
    "a bomb": (receivers.BOMB, "succeeded", 200, None),
    "too little": (answering("200 OK", b"x", length=1_000_000), "succeeded", 200, None),
    "too much": (answering("200 OK", b"x" * 200_000, length=10), "succeeded", 200, None),
    "a reset": (receivers.resetting, "dead", None, "It did not answer as HTTP asks."),
    "no HTTP": (receivers.babbling, "dead", None, "It did not answer as HTTP asks."),
}


@pytest.mark.parametrize(("answer", "state", "status", "error"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_bad_receiver_is_outlived(
    agency: Agency,
    database: Database,
    answer: receivers.Answer,
    state: str,
    status: int | None,
    error: str | None,
) -> None:
    async with receiving(answer) as receiver:
        endpoint_id, _ = await endpoint(database, agency, receiver.url)
        await happen(database, agency, [uuid4()])
        async with sending(database, settings(webhook_retry_schedule=(0,), webhook_timeout=0.5)):
            await all_done(database, agency)
    [delivery] = await told(database, agency, endpoint_id)
    [attempt] = delivery["attempts"]
    assert (delivery["state"], attempt["status"], attempt["error"]) == (state, status, error)
    assert len(receiver.calls) == 1


async def test_after_a_rotation_both_secrets_sign_for_a_day(agency: Agency, database: Database) -> None:
    async with receiving(OK) as receiver:
        endpoint_id, old = await endpoint(database, agency, receiver.url)
        new = (await agency.post(f"/v1/webhook-endpoints/{endpoint_id}/rotate-secret"))["secret"]
        await happen(database, agency, [uuid4()])
        async with sending(database):
            await all_done(database, agency)
        async with database.transaction(agency.id) as db:
            day = "UPDATE webhook_endpoints SET previous_expires_at = now() WHERE agency_id = :id"
            await db.execute(text(day), {"id": agency.id})
        await happen(database, agency, [uuid4()])
        async with sending(database):
            await all_done(database, agency)
    both, one = receiver.calls
    assert both.verified(old) == both.verified(new)
    assert len(both.headers["webhook-signature"].split()) == 2
    assert one.verified(new)
    with pytest.raises(WebhookVerificationError):
        one.verified(old)


async def test_this_machine_is_not_called_unless_it_is_allowed(agency: Agency, database: Database) -> None:
    async with receiving(OK) as receiver:
        endpoint_id, _ = await endpoint(database, agency, receiver.url)
        await happen(database, agency, [uuid4()])
        forbidding = settings(webhook_allow_nets=None, webhook_https_only=False, webhook_retry_schedule=(0,))
        async with sending(database, forbidding):
            await all_done(database, agency)
    assert receiver.calls == []
    [delivery] = await told(database, agency, endpoint_id)
    assert delivery["attempts"][0]["error"] in (
        "It must be on the port 80, 443, 8080 or 8443.",
        "Its address is not a public one.",
    )


async def test_a_secret_sealed_under_another_is_told_and_nothing_is_sent(
    agency: Agency, database: Database
) -> None:
    async with receiving(OK) as receiver:
        endpoint_id, _ = await endpoint(database, agency, receiver.url)
        await happen(database, agency, [uuid4()])
        sender = Sender(database, SECRET + "!", settings(webhook_retry_schedule=(0,)))
        await sender.deliver(agency.id)
        await all_done(database, agency)
        await sender.close()
    assert receiver.calls == []
    [delivery] = await told(database, agency, endpoint_id)
    assert "rotate it" in delivery["attempts"][0]["error"]


async def test_a_rotation_puts_right_an_endpoint_whose_secret_cannot_be_read(
    agency: Agency, database: Database
) -> None:
    async with receiving(OK) as receiver:
        endpoint_id, old = await endpoint(database, agency, receiver.url)
        async with database.transaction(agency.id) as db:
            elsewhere = "UPDATE webhook_endpoints SET secret = :sealed WHERE agency_id = :id"
            await db.execute(text(elsewhere), {"id": agency.id, "sealed": seal(old.encode(), SECRET + "!")})
        rotated = await agency.post(f"/v1/webhook-endpoints/{endpoint_id}/rotate-secret")
        await happen(database, agency, [uuid4()])
        async with sending(database, settings(webhook_retry_schedule=(0,))):
            await all_done(database, agency)
    assert rotated["previous_expires_at"] is None
    [call] = receiver.calls
    assert call.verified(rotated["secret"])


async def test_a_sender_that_ends_finishes_what_is_under_way(agency: Agency, database: Database) -> None:
    let = asyncio.Event()
    async with receiving(waiting_for(let)) as receiver:
        endpoint_id, _ = await endpoint(database, agency, receiver.url)
        await happen(database, agency, [uuid4()])
        sender = Sender(database, SECRET, settings(webhook_timeout=60))
        await sender.deliver(agency.id)
        closing = asyncio.create_task(sender.close())
        await asyncio.sleep(0.1)
        assert not closing.done()
        let.set()
        await closing
    [delivery] = await told(database, agency, endpoint_id)
    assert delivery["state"] == "succeeded"


async def test_neither_secrets_nor_addresses_nor_answers_are_logged(
    agency: Agency, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="touchbase")
    async with receiving(receivers.babbling) as receiver:
        endpoint_id, secret = await endpoint(database, agency, receiver.url + "?token=zqcanary")
        await happen(database, agency, [uuid4()])
        async with sending(database, settings(webhook_retry_schedule=(0,))):
            await all_done(database, agency)
    said = caplog.text + str(await told(database, agency, endpoint_id))
    assert not [word for word in (secret, "zqcanary", "127.0.0.1", "webhook-signature") if word in said]
