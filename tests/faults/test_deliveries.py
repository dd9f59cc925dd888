"""Every event arrives, in order and as it was signed, although endpoints fail and workers are killed (R3, R7, H16)."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from signal import SIGKILL

import msgspec

from tests.agency import Agency, Json
from tests.conftest import SECRET
from tests.faults.conftest import ROUNDS, Site
from tests.faults.processes import Worker, until
from tests.receivers import OK, Answer, Receiver, answering, receiving

APPLICATIONS = 12
EVENTS = 250 if ROUNDS == 1 else 5_000
ENDPOINTS = 3
SETTINGS = {
    "announce_interval": 0.1,
    "lease_seconds": 2,
    "webhook_timeout": 2,
    "webhook_allow_nets": "127.0.0.0/8",
    # Nothing dies of chance: thirty failures in a row do not happen.
    "webhook_retry_schedule": ",".join(["0", *["0.2"] * 30]),
}
PATIENCE = 300 if ROUNDS == 1 else 900


@dataclass
class Endpoint:
    """An endpoint that fails half of the time, and what it has said yes to, in the order in which it did."""

    receiver: Receiver
    secret: str
    taken: list[Json] = field(default_factory=list)
    bodies: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))


def failing_half_the_time(endpoints: dict[int, Endpoint], number: int, random: Random) -> Answer:
    """Verifies each call, then takes it or not, as chance has it."""
    no = answering("500 Oh")

    async def answer(receiver: Receiver, writer: asyncio.StreamWriter) -> None:
        endpoint, call = endpoints[number], receiver.calls[-1]
        event = call.verified(endpoint.secret)
        endpoint.bodies[call.id].add(call.body)
        is_taken = random.random() < 0.5
        if is_taken:
            endpoint.taken.append({"id": call.id, **event})
        await (OK if is_taken else no)(receiver, writer)

    return answer


@asynccontextmanager
async def endpoints_of(agency: Agency, random: Random) -> AsyncIterator[list[Endpoint]]:
    """Endpoints of the agency, registered and listening."""
    endpoints: dict[int, Endpoint] = {}
    async with AsyncExitStack() as stack:
        for number in range(ENDPOINTS):
            receiver = await stack.enter_async_context(
                receiving(failing_half_the_time(endpoints, number, random))
            )
            made = await agency.post("/v1/webhook-endpoints", {"url": receiver.url})
            endpoints[number] = Endpoint(receiver, made["secret"])
        yield list(endpoints.values())


async def write(agency: Agency, number: int) -> None:
    """So many events, of a few applications in turn."""
    first = await agency.application()
    row = await agency.get(f"/v1/applications/{first['id']}")
    shared = {name: row[name] for name in ("job_id", "client_contact_id", "consultant_id")}
    people = [await agency.candidate() for _ in range(APPLICATIONS)]
    ids = [(await agency.application(candidate_id=person, **shared))["id"] for person in people]
    for each in range(number - APPLICATIONS - 1):
        path = f"/v1/applications/{ids[each % APPLICATIONS]}"
        await agency.patch(path, {"continue_until": f"2026-12-{each % 28 + 1:02}"})


async def kill_now_and_then(workers: list[Worker], random: Random) -> None:
    """Kill one worker after another, at any moment, and start it again."""
    while True:
        await asyncio.sleep(random.uniform(1, 6))
        worker = random.choice(workers)
        await worker.end(SIGKILL)
        await worker.start()


async def test_nothing_is_lost_nor_out_of_order_when_everything_fails(site: Site, random: Random) -> None:
    settings = {"database_url": site.cluster.server.url, "secret": SECRET, **SETTINGS}
    workers = [Worker(site.cluster.folder, **settings) for _ in range(2)]
    async with endpoints_of(site.agency, random) as endpoints:
        for worker in workers:
            await worker.start()
        killing = asyncio.create_task(kill_now_and_then(workers, random))
        try:
            await write(site.agency, EVENTS)
            log = await log_of(site.agency)
            await until(lambda: all_taken(endpoints, log), PATIENCE)
        finally:
            killing.cancel()
            for worker in workers:
                await worker.end()
    for endpoint in endpoints:
        check(endpoint, log)
    assert [complaint for worker in workers for complaint in worker.complaints()] == []


async def all_taken(endpoints: list[Endpoint], log: dict[str, Json]) -> bool:
    """Whether every endpoint has said yes to every event."""
    return all({event["id"] for event in endpoint.taken} >= log.keys() for endpoint in endpoints)


async def log_of(agency: Agency) -> dict[str, Json]:
    """All events by their ids."""
    found: dict[str, Json] = {}
    after = "0"
    while True:
        page = await agency.get("/v1/events", after=after, limit=200)
        if not page["items"]:
            return found
        found |= {event["id"]: event for event in page["items"]}
        after = page["next_cursor"]


def check(endpoint: Endpoint, log: dict[str, Json]) -> None:
    """Each event had the same bytes every time, and each application's came first in their order."""
    seen: set[str] = set()
    sequences: dict[str, list[int]] = defaultdict(list)
    for event in endpoint.taken:
        if event["id"] not in seen:
            seen.add(event["id"])
            sequences[event["data"]["application_id"]].append(event["data"]["sequence"])
    assert seen == log.keys()
    for application, each in sequences.items():
        assert each == list(range(1, len(each) + 1)), application
    for event_id, bodies in endpoint.bodies.items():
        [body] = bodies
        said = {name: log[event_id][name] for name in ("type", "timestamp", "data")}
        assert msgspec.json.decode(body) == said
