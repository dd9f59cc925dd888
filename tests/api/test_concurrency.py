"""Many at once on the same application: nothing lost, nothing doubled, and the stored rows stay true."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.rules.vocabulary import ApplicationMode, ApplicationState
from app.services import applications, status
from app.services.scope import Caller
from tests.agency import Agency, Json
from tests.locks import queued
from tests.stored import reasons_computed_anew, reasons_of

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"


async def test_writers_of_one_application_queue_up(agency: Agency) -> None:
    application = await agency.application()
    interview = await agency.interview(application["id"], START, END)
    person = application["candidate_id"]
    talk = {"with": "candidate", "person_id": person, "direction": "outbound", "outcome": "reached"}
    writes = []
    for number in range(6):
        at = f"2026-07-15T10:{number:02}:00+01:00"
        facts = f"/v1/interviews/{interview}"
        writes += [
            agency.post(f"{facts}/debriefs", {"interest_score": number, "occurred_at": at}),
            agency.post(f"{facts}/timescales", {"kind": "working_days", "n": number, "given_at": at}),
            agency.post(f"{facts}/feedback", {"decision": "undecided", "received_at": at}),
            agency.post("/v1/contacts", {**talk, "occurred_at": at}),
            agency.patch(
                f"/v1/applications/{application['id']}", {"continue_until": f"2026-08-{number + 10}"}
            ),
            agency.patch(f"/v1/candidates/{person}", {"seeking": number % 2 == 0}),
        ]
    # No more at once than there are connections: how long one may wait for those is not what this is about.
    free = asyncio.Semaphore(10)

    async def send(write: Coroutine[Any, Any, Json]) -> None:
        async with free:
            await write

    await asyncio.gather(*map(send, writes))

    debriefs = (await agency.get(f"/v1/interviews/{interview}/debriefs"))["items"]
    assert sorted(debrief["version"] for debrief in debriefs) == [1, 2, 3, 4, 5, 6]
    for noun in ("timescales", "feedback"):
        assert len((await agency.get(f"/v1/interviews/{interview}/{noun}"))["items"]) == 6
    assert len((await agency.get("/v1/contacts", candidate_id=person))["items"]) == 6
    for moment in ("2026-07-16T09:00:00Z", "2026-07-22T09:00:00Z", "2026-09-01T09:00:00Z"):
        status = await agency.get(f"/v1/candidates/{person}/status", as_of=moment)
        said = [reason["code"] for each in status["applications"] for reason in each["reasons"]]
        due = await agency.get("/v1/due", as_of=moment)
        assert sorted(i["code"] for card in due["items"] for i in card["items"]) == sorted(
            [*said, *(reason["code"] for reason in status["reasons"])]
        )


async def test_one_external_id_makes_one_object(agency: Agency) -> None:
    body = {"name": "Amara Osei", "external_refs": [{"source": "ats", "id": "1"}]}
    answers = await asyncio.gather(*(agency.call("POST", "/v1/candidates", json=body) for _ in range(12)))
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert len((await agency.get("/v1/candidates"))["items"]) == 1


# What comes to a client contact while a fact about them waits


JO = {"source": "ats", "id": "jo"}


class Desk:
    """A client with two contacts. Of two candidates who withdrew, one is Jo's, and the other is to become so."""

    def __init__(self, agency: Agency, database: Database) -> None:
        self.agency, self.database = agency, database
        self.caller = Caller(agency.id, "test", frozenset())
        self.contact = ""  # that is to be voided

    async def open(self) -> "Desk":
        self.client = await self.agency.client()
        self.kim = await self.agency.client_contact(self.client)
        self.jo = await self.agency.client_contact(self.client, external_refs=[JO])
        self.job = await self.agency.job(self.client)
        self.hers, self.coming = await self.withdrawn(self.jo), await self.withdrawn(self.kim)
        return self

    async def withdrawn(self, client_contact_id: str) -> Json:
        people = {"client_contact_id": client_contact_id, "job_id": self.job}
        made = await self.agency.application(**people)
        await self.agency.interview(made["id"], START, END)
        said = {"withdrawn_at": "2026-07-14T12:00:00+01:00"}
        return await self.agency.patch(f"/v1/applications/{made['id']}", said)

    @asynccontextmanager
    async def held(self, *applications: Json) -> AsyncIterator[AsyncSession]:
        async with self.database.transaction(self.agency.id) as db:
            await status.lock(db, self.caller, [UUID(each["id"]) for each in applications])
            yield db

    async def move(self) -> Json:
        return await self.agency.patch(
            f"/v1/applications/{self.coming['id']}", {"client_contact_id": self.jo}
        )

    async def told(self, purpose: str = "withdrawal", day: int = 15) -> Json:
        mail = {"with": "client", "direction": "outbound", "outcome": "sent", "purpose": purpose}
        mail |= {"person_id": self.jo, "occurred_at": f"2026-07-{day}T10:00:00+01:00"}
        return await self.agency.post("/v1/contacts", mail)

    async def chased(self) -> Json:
        return await self.told("chase", 20)

    async def voided(self) -> Json:
        return await self.agency.post(f"/v1/contacts/{self.contact}/void", {"reason": "Nobody called."})

    async def away(self) -> Json:
        absence = {"unavailable_until": "2026-07-20T09:00:00Z"}
        return await self.agency.patch(f"/v1/client-contacts/{self.jo}", absence)

    async def is_true(self) -> bool:
        return await reasons_of(self.database, self.agency) == await reasons_computed_anew(
            self.database, self.agency
        )


@pytest.fixture
async def desk(agency: Agency, database: Database) -> Desk:
    return await Desk(agency, database).open()


async def test_a_contact_that_waits_covers_what_comes_to_the_client_contact(desk: Desk) -> None:
    async with desk.held(desk.hers) as db:
        contact = asyncio.create_task(desk.told())
        await queued(db, contact)
        await desk.move()
    covered = [each["application_id"] for each in (await contact)["application_statuses"]]
    assert covered == sorted([desk.hers["id"], desk.coming["id"]])
    assert await desk.is_true()


async def test_a_contact_covers_what_came_to_the_client_contact_just_before(desk: Desk) -> None:
    async with desk.held(desk.hers, desk.coming) as db:
        move = asyncio.create_task(desk.move())
        await queued(db, move)
        contact = asyncio.create_task(desk.told())
        await queued(db, move, contact)
    await asyncio.gather(move, contact)
    assert await desk.is_true()


async def test_voiding_a_contact_reaches_what_came_to_the_client_contact_meanwhile(desk: Desk) -> None:
    desk.contact = (await desk.told())["id"]
    async with desk.held(desk.hers) as db:
        void = asyncio.create_task(desk.voided())
        await queued(db, void)
        await desk.move()
    covered = [each["application_id"] for each in (await void)["application_statuses"]]
    assert covered == sorted([desk.hers["id"], desk.coming["id"]])
    assert await desk.is_true()


@pytest.mark.parametrize("fact", [Desk.chased, Desk.voided, Desk.away])
@pytest.mark.parametrize("saved", [False, True])
async def test_a_fact_about_a_client_contact_waits_for_an_application_that_is_opened_again(
    desk: Desk, fact: Callable[[Desk], Coroutine[Any, Any, Json]], *, saved: bool
) -> None:
    desk.contact = (await desk.told("chase"))["id"]
    parts = {"candidate_id": await desk.agency.candidate(), "job_id": desk.job}
    people = {"client_contact_id": desk.jo, "consultant_id": desk.hers["consultant_id"]}
    ref = {"source": "ats", "id": "1"}
    body = {**parts, **people, "state": "closed", "external_refs": [ref]}
    closed = await desk.agency.post("/v1/applications", body)
    await desk.agency.interview(closed["id"], START, END)
    async with desk.held() as db:
        opened: dict[str, Any] = {"state": ApplicationState.ACTIVE}
        if saved:
            values = {name: UUID(value) for name, value in parts.items()} | opened
            values |= {"client_contact_id": None, "mode": ApplicationMode.AGENCY}
            given, now = frozenset(opened), db.info["now"]
            await applications.create(db, desk.caller, values, [ref], given=given, now=now)
        else:
            application_id = UUID(closed["id"])
            await applications.update(db, desk.caller, application_id, opened, now=db.info["now"])
        waiting = asyncio.create_task(fact(desk))
        await queued(db, waiting)
    await waiting
    assert await desk.is_true()


async def test_a_bulk_call_locks_who_withdrew_before_their_client_contact(desk: Desk) -> None:
    """As all others do, or they would wait in a ring."""
    jo = {"kind": "client_contact", "client_id": desk.client, "name": "Jo", "external_refs": [JO]}
    async with desk.held(desk.hers) as db:
        bulk = asyncio.create_task(desk.agency.post("/v1/bulk", {"items": [jo]}))
        await queued(db, bulk)
        at_once = text("SELECT id FROM client_contacts WHERE id = :id FOR UPDATE NOWAIT")
        assert await db.scalar(at_once, {"id": desk.jo}) == UUID(desk.jo)
    assert [each["status"] for each in (await bulk)["items"]] == [200]
