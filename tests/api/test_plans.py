"""A list of an agency that the planner's statistics do not know yet is read row by row all the same."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app.db import Database, async_url
from app.main import create_app
from tests.agency import Agency, found_agency
from tests.conftest import SECRET, client_of
from tests.contract.document import Document

LARGE = {"candidates", "applications"}  # of the others there are so few here that a scan is right

PEOPLE = """
    INSERT INTO candidates (agency_id, id, name, timezone, seeking, pause_allow_urgent)
    SELECT :agency, gen_random_uuid(), 'Cand', 'Europe/London', false, false FROM generate_series(1, :number)
    """
FILES = """
    INSERT INTO applications (
        agency_id, id, candidate_id, job_id, consultant_id, client_contact_id, mode, state)
    SELECT agency_id, gen_random_uuid(), id, :job, :consultant, :contact, 'agency', 'active'
    FROM candidates WHERE agency_id = :agency
    """
FLAGS = """
    INSERT INTO reasons (agency_id, id, application_id, candidate_id, consultant_id, client_contact_id, code,
        position, rule, target, urgent, due_at, overdue_at, flagged_from, flagged_until, fact_kind, fact_at)
    SELECT agency_id, gen_random_uuid(), id, candidate_id, consultant_id, client_contact_id,
        'client_response_due', 8, 'D1', 'client', false, now(), now(), now() - interval '1 day', '9999-01-01',
        'interview', now()
    FROM applications WHERE agency_id = :agency
    """


async def fill(owner: AsyncEngine, agency: Agency, number: int) -> None:
    """Many applications, each with something due, as an import leaves them."""
    client = await agency.client()
    parts = {"job": await agency.job(client), "contact": await agency.client_contact(client)}
    parts |= {"consultant": await agency.consultant(), "agency": str(agency.id)}
    async with owner.begin() as connection:
        for statement in (PEOPLE, FILES, FLAGS):
            for name, value in parts.items():
                statement = statement.replace(f":{name}", f"'{value}'")  # noqa: PLW2901 - ids of our own
            await connection.execute(text(statement.replace(":number", str(number))))


def scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every scan of a table in a plan."""
    if "Relation Name" in node:
        yield node
    for part in node.get("Plans", []):
        yield from scans(part)


@pytest.mark.parametrize("path", ["/v1/due", "/v1/chase"])
async def test_names_are_looked_up_by_their_ids(scratch_url: str, document: Document, path: str) -> None:
    owner, database = create_async_engine(async_url(scratch_url)), Database(scratch_url)
    async with client_of(create_app(database, SECRET), document) as http:
        known = await found_agency(http, database, SECRET)
        await fill(owner, known, 300)
        async with owner.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("ANALYZE"))
        unknown = await found_agency(http, database, SECRET)
        await fill(owner, unknown, 1_000)
        sent: list[tuple[str, Any]] = []

        def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, ____: Any) -> None:
            if "flagged AS MATERIALIZED" in statement:
                sent.append((statement, parameters))

        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        await unknown.get(path)
    [(statement, parameters)] = sent
    async with database.transaction(unknown.id) as db:
        explained = await (await db.connection()).exec_driver_sql(
            f"EXPLAIN (FORMAT JSON) {statement}", parameters
        )
        found = explained.scalar_one()
    [plan] = json.loads(found) if isinstance(found, str) else found
    looked_up = [scan for scan in scans(plan["Plan"]) if scan["Relation Name"] in LARGE]
    assert {scan["Relation Name"] for scan in looked_up} == LARGE
    for scan in looked_up:
        assert "(id = " in scan.get("Index Cond", ""), scan
    await database.close()
    await owner.dispose()
