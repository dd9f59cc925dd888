"""What is asked about an agency that the planner's statistics do not know yet is looked up by its keys all the same."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.connections import async_url
from app.db import Database, driver_of
from app.main import create_app
from tests.agency import Agency, found_agency
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.sent import Sent, noted

# What a scan of each table looks for. Tables not named have few rows here, and reading them all is right.
CARDS = {"WITH flagged AS": {"applications": "(id = "}, "FROM candidates": {"candidates": "(id = "}}
ASKED: dict[str, dict[str, dict[str, str]]] = {
    "/v1/due": CARDS,
    "/v1/chase": CARDS,
    "/v1/applications/{id}/status": {"json_build_object": {"candidates": "(id = "}},
    "/v1/applications/{id}/timeline": {
        "dated AS": {"interviews": "(application_id = ", "revisions": "(object_id = "}
    },
}

PEOPLE = """
    INSERT INTO candidates (agency_id, id, name, timezone, seeking, pause_allow_urgent)
    SELECT :agency, gen_random_uuid(), 'Cand', 'Europe/London', true, false FROM generate_series(1, :number)
    """
FILES = """
    INSERT INTO applications (
        agency_id, id, candidate_id, job_id, consultant_id, client_contact_id, mode, state)
    SELECT agency_id, gen_random_uuid(), id, :job, :consultant, :contact, 'agency', 'active'
    FROM candidates WHERE agency_id = :agency
    """
INTERVIEWS = """
    INSERT INTO interviews (agency_id, id, application_id, start, "end", state)
    SELECT agency_id, gen_random_uuid(), id, now() - interval '2 hours', now() - interval '1 hour', 'attended'
    FROM applications WHERE agency_id = :agency
    """
REVISIONS = """
    INSERT INTO revisions (agency_id, id, kind, object_id, recorded_at, before, after)
    SELECT agency_id, gen_random_uuid(), 'application', id, now(), '{}', '{}'
    FROM applications WHERE agency_id = :agency
    """
FLAGS = """
    INSERT INTO reasons (agency_id, id, application_id, candidate_id, consultant_id, client_contact_id, code,
        position, rule, target, urgent, due_at, overdue_at, flagged_from, flagged_until, fact_kind, fact_at)
    SELECT agency_id, gen_random_uuid(), id, candidate_id, consultant_id, client_contact_id,
        'client_response_due', 8, 'D1', 'client', false, now(), now(), now() - interval '1 day', '9999-01-01',
        'interview', now()
    FROM applications WHERE agency_id = :agency
    """
STREAMS = """
    INSERT INTO event_streams (agency_id, id, candidate_id, last_sequence, announced_until)
    SELECT agency_id, id, candidate_id, 1, now() FROM applications WHERE agency_id = :agency
    ON CONFLICT DO NOTHING
    """


async def fill(owner: AsyncEngine, agency: Agency, number: int) -> None:
    """Many applications, each with something due, as an import leaves them."""
    client = await agency.client()
    parts = {"job": await agency.job(client), "contact": await agency.client_contact(client)}
    parts |= {"consultant": await agency.consultant(), "agency": str(agency.id)}
    async with owner.begin() as connection:
        for statement in (PEOPLE, FILES, INTERVIEWS, REVISIONS, FLAGS, STREAMS):
            for name, value in parts.items():
                statement = statement.replace(f":{name}", f"'{value}'")  # noqa: PLW2901 - ids of our own
            await connection.execute(text(statement.replace(":number", str(number))))


def scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every scan of a table in a plan."""
    if "Relation Name" in node:
        yield node
    for part in node.get("Plans", []):
        yield from scans(part)


@dataclass
class Unknown:
    """A large agency that came after the statistics, and the statements that its calls send."""

    agency: Agency
    database: Database
    sent: Sent

    async def plan_of(self, words: str) -> list[dict[str, Any]]:
        """The scans in the plan of the first statement with these words, which is the same for whatever values."""
        statement, parameters = next(pair for pair in self.sent if words in pair[0])
        values = ", ".join("NULL" for _ in parameters)
        async with self.database.transaction(self.agency.id) as db:
            driver = driver_of(db)
            await driver.execute(f"PREPARE asked AS {statement}")
            [plan] = await driver.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE asked ({values})")
            await driver.execute("DEALLOCATE asked")
        return list(scans(plan["Plan"]))


@pytest.fixture
async def unknown(scratch_url: str, document: Document) -> AsyncIterator[Unknown]:
    """An agency of which the statistics, made when there was another one alone, expect no rows."""
    owner, database = create_async_engine(async_url(scratch_url)), Database(scratch_url)
    async with client_of(create_app(database, SECRET), document) as http:
        await fill(owner, await found_agency(http, database, SECRET), 300)
        async with owner.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("ANALYZE"))
        agency = await found_agency(http, database, SECRET)
        await fill(owner, agency, 1_000)
        async with noted(database) as sent:
            yield Unknown(agency, database, sent)
    await database.close()
    await owner.dispose()


def assert_looked_up(found: list[dict[str, Any]], keys: dict[str, str]) -> None:
    """Every scan of these tables names the key, and each of them is read."""
    looked_up = [scan for scan in found if scan["Relation Name"] in keys]
    assert {scan["Relation Name"] for scan in looked_up} == set(keys)
    for scan in looked_up:
        assert keys[scan["Relation Name"]] in scan.get("Index Cond", ""), scan


@pytest.mark.parametrize("path", ASKED)
async def test_rows_are_looked_up_by_their_keys(unknown: Unknown, path: str) -> None:
    [application] = (await unknown.agency.get("/v1/applications", limit=1))["items"]
    await unknown.agency.get(path.format(id=application["id"]))
    for words, keys in ASKED[path].items():
        assert_looked_up(await unknown.plan_of(words), keys)


async def test_a_change_of_policy_looks_up_the_applications_of_each_candidate(unknown: Unknown) -> None:
    await unknown.agency.put("/v1/policy", {"courtesy_every_working_days": 4})
    found = await unknown.plan_of("candidates.seeking")
    assert_looked_up(found, {"applications": "(candidate_id = "})


async def test_a_calendar_looks_up_when_what_it_shows_was_recorded(unknown: Unknown) -> None:
    [consultant] = (await unknown.agency.get("/v1/consultants"))["items"]
    feed = await unknown.agency.post(f"/v1/consultants/{consultant['id']}/calendar-feeds", {})
    assert (await unknown.agency.call("GET", feed["url"])).status_code == 200
    assert_looked_up(await unknown.plan_of("event_streams"), {"event_streams": "(id = "})
