"""Two services over one database: they queue up, bear with deadlocks, and the stored statuses stay true (R8)."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from app.db import connected
from tests.faults.conftest import ROUNDS, Site
from tests.faults.load import Client, Json, Work, under_load
from tests.faults.processes import Cluster, Service
from tests.stored import reasons_computed_anew, reasons_of

SECONDS = 4
START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
LOOKS = ("2026-07-16T09:00:00Z", "2026-07-22T09:00:00Z", "2026-09-01T09:00:00Z")
TALK = {"with": "candidate", "direction": "outbound", "outcome": "reached"}


@pytest.fixture
async def other(site: Site, second_service: Service) -> AsyncIterator[Client]:
    """The same agency's client of another process."""
    await second_service.start()
    async with site.client_of(second_service) as client:
        yield client
    assert second_service.complaints() == []


async def test_writers_about_the_same_people_on_both(site: Site, other: Client, random: Random) -> None:
    application = await site.agency.application()
    second = await site.agency.application(candidate_id=application["candidate_id"])
    interviews = [await site.agency.interview(each["id"], START, END) for each in (application, second)]
    works = writers(application, interviews, (site.client, other), random)
    async with under_load(*works * 2):
        await asyncio.sleep(SECONDS * ROUNDS)
    assert sum(answer.done for answer in site.client.answers) > 0
    assert sum(answer.done for answer in other.answers) > 0
    await agree(site, other, application["candidate_id"])


def writers(
    application: Json, interviews: list[str], clients: tuple[Client, Client], random: Random
) -> list[Work]:
    """Whatever moves the statuses of one candidate, on either service."""
    person = application["candidate_id"]

    def at() -> str:
        return f"2026-07-{random.randint(14, 20)}T{random.randint(12, 17)}:{random.randint(10, 59)}:00+01:00"

    async def write(method: str, path: str, body: Json) -> None:
        await random.choice(clients).call(method, path, body)

    def facts() -> str:
        return f"/v1/interviews/{random.choice(interviews)}"

    return [
        lambda: write("POST", f"{facts()}/debriefs", {"interest_score": 7, "occurred_at": at()}),
        lambda: write("POST", f"{facts()}/timescales", {"kind": "working_days", "n": 2, "given_at": at()}),
        lambda: write("POST", f"{facts()}/feedback", {"decision": "undecided", "received_at": at()}),
        lambda: write("POST", "/v1/contacts", {**TALK, "person_id": person, "occurred_at": at()}),
        lambda: write("PATCH", f"/v1/candidates/{person}", {"seeking": random.random() < 0.5}),
        lambda: write("PUT", "/v1/policy", {"move_on_working_days": random.randint(5, 9)}),
    ]


async def agree(site: Site, other: Client, candidate_id: str) -> None:
    """Both services say the same, the due list says what the statuses do, and nothing stored is out of date."""
    for look in LOOKS:
        path = f"/v1/candidates/{candidate_id}/status?as_of={look}"
        status = (await site.client.call("GET", path)).body
        assert (await other.call("GET", path)).body == status
        reasons = [*status["reasons"], *(r for each in status["applications"] for r in each["reasons"])]
        due = (await other.call("GET", f"/v1/due?as_of={look}")).body
        shown = [item["code"] for card in due["items"] for item in card["items"]]
        assert sorted(shown) == sorted(reason["code"] for reason in reasons)
    async with connected(site.cluster.server.url) as database:
        assert await reasons_of(database, site.agency) == await reasons_computed_anew(database, site.agency)


async def test_a_deadlock_between_them_is_nobodys_failure(site: Site, other: Client, crossing: None) -> None:
    """Each waits and then touches the other's row; the database gives one of them up, and that one runs again."""
    clients = [await site.agency.client(name=name) for name in ("Crossing A", "Crossing B")]
    answers = await asyncio.gather(
        site.client.call("PATCH", f"/v1/clients/{clients[0]}", {"name": "Crossing C"}),
        other.call("PATCH", f"/v1/clients/{clients[1]}", {"name": "Crossing D"}),
    )
    assert [answer.status for answer in answers] == [200, 200]
    names = [client["name"] for client in await other.items("/v1/clients")]
    assert names == ["Crossing C", "Crossing D"]


@pytest.fixture
async def crossing(cluster: Cluster) -> AsyncIterator[None]:
    """To change a client of such a name also touches the others, a little later."""
    function = """
        CREATE FUNCTION cross_over() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_sleep(0.5);
            UPDATE clients SET updated_at = updated_at WHERE id <> NEW.id AND name LIKE 'Crossing %';
            RETURN NULL;
        END $$
    """
    trigger = """
        CREATE TRIGGER cross_over AFTER UPDATE ON clients FOR EACH ROW
        WHEN (NEW.name LIKE 'Crossing %' AND pg_trigger_depth() = 0) EXECUTE FUNCTION cross_over()
    """
    await cluster.change(f"{function}; {trigger}")
    yield
    await cluster.restore()
    await cluster.change("DROP FUNCTION cross_over CASCADE")
