"""Services are killed amid keyed writes: nothing is lost, nothing is done twice, no key sticks (H8, R2)."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from random import Random

import pytest

from tests.faults.conftest import ROUNDS, Site
from tests.faults.load import PATIENCE, Answer, Client, Json, Work, under_load
from tests.faults.processes import Service, until
from tests.faults.writes import Write

KILLS = 3
REPLAYS = 50
START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
TALK = {"with": "candidate", "direction": "outbound", "outcome": "reached"}


@dataclass
class Desk:
    """Writers of several kinds. Each write carries its key in its words, so that its effects can be counted."""

    clients: list[Client]
    application: Json
    interview_id: str
    told: list[tuple[Write, Answer]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def works(self) -> list[Work]:
        """What is done over and over."""
        return [self.talk, self.debrief, self.change_job, self.apply]

    async def talk(self) -> None:
        """Record a contact."""
        key = self._key()
        body = {**TALK, "person_id": self.application["candidate_id"], "notes": key}
        await self._settle(Write(key, "POST", "/v1/contacts", body))

    async def debrief(self) -> None:
        """Record a debrief."""
        key = self._key()
        body = {"interest_score": 8, "notes": key}
        await self._settle(Write(key, "POST", f"/v1/interviews/{self.interview_id}/debriefs", body))

    async def change_job(self) -> None:
        """Change what a job asks; each change is logged."""
        key = self._key()
        await self._settle(
            Write(key, "PATCH", f"/v1/jobs/{self.application['job_id']}", {"responsibilities": key})
        )

    async def apply(self) -> None:
        """Put a new candidate forward."""
        key = self._key()
        candidate = await self._settle(Write(key, "POST", "/v1/candidates", {"name": key}))
        same = ("job_id", "client_contact_id", "consultant_id")
        body = {**{name: self.application[name] for name in same}, "candidate_id": candidate.body["id"]}
        await self._settle(Write(f"{key}-applies", "POST", "/v1/applications", body))

    async def effects(self) -> Counter[str]:
        """How often each key has had its effect."""
        [client, *_] = self.clients
        contacts = await client.items("/v1/contacts")
        debriefs = await client.items(f"/v1/interviews/{self.interview_id}/debriefs")
        changes = await client.items(f"/v1/jobs/{self.application['job_id']}/changes")
        names = {candidate["id"]: candidate["name"] for candidate in await client.items("/v1/candidates")}
        applied = [
            names[application["candidate_id"]] for application in await client.items("/v1/applications")
        ]
        return Counter(
            [
                *(contact["notes"] for contact in contacts),
                *(debrief["account"]["notes"] for debrief in debriefs),
                *(change["difference"]["responsibilities"]["to"] for change in changes),
                *(name for name in names.values() if name.startswith("key-")),
                *(f"{name}-applies" for name in applied if name.startswith("key-")),
            ]
        )

    def _key(self) -> str:
        return f"key-{next(self.numbers)}"

    async def _settle(self, write: Write) -> Answer:
        answer = await write.settled(*self.clients)
        self.told.append((write, answer))
        return answer


@pytest.fixture
async def desk(site: Site) -> Desk:
    """Writers about one application, who know one service."""
    application = await site.agency.application()
    interview_id = await site.agency.interview(application["id"], START, END)
    return Desk([site.client], application, interview_id)


async def test_a_service_that_is_killed_again_and_again(site: Site, desk: Desk, random: Random) -> None:
    await kill_amid_writes(desk, [site.service], random)


async def test_the_other_service_settles_what_the_killed_one_began(
    site: Site, second_service: Service, desk: Desk, random: Random
) -> None:
    await second_service.start()
    async with site.client_of(second_service) as other:
        desk.clients.append(other)
        await kill_amid_writes(desk, [site.service, second_service], random)


async def kill_amid_writes(desk: Desk, services: list[Service], random: Random) -> None:
    """Kill services in turn, at any moment; then look at what the writers did, and send it once more."""
    async with under_load(*desk.works() * 2):
        for number in range(KILLS * ROUNDS):
            await asyncio.sleep(random.uniform(0.1, 1))
            victim = services[number % len(services)]
            await victim.end()
            await victim.start()
        started = time.monotonic()
    assert time.monotonic() - started < PATIENCE, "a key was stuck"
    assert await desk.effects() == Counter(write.key for write, _ in desk.told)
    for write, answer in random.sample(desk.told, min(REPLAYS, len(desk.told))):
        assert await write.is_replayed(random.choice(desk.clients), answer), write
    assert await desk.effects() == Counter(write.key for write, _ in desk.told)


async def test_a_key_is_free_as_soon_as_the_database_knows_of_the_death(
    site: Site, second_service: Service
) -> None:
    """The session of a killed service ends with its statement; until then its key is in flight for others too."""
    await second_service.start()
    write = Write("the-key", "POST", "/v1/clients", {"name": "Northwind"})
    async with site.client_of(second_service) as other:
        async with site.cluster.locked("clients"):
            doomed = asyncio.create_task(write.sent(site.client))
            await until(lambda: site.has_waiting(1), PATIENCE)
            await site.service.end()
            assert (await doomed).status is None
            assert (await write.sent(other)).status == 409
        settled = await write.settled(other)
        assert not settled.replayed
        assert len(await other.items("/v1/clients")) == 1
