"""What reads the rows of two agencies is found, whatever it looks like; what names its agency passes."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import text
from starlette.types import Receive, Scope, Send

from app import postgres
from app.db import Database, driver_of
from tests.partitions import partition
from tests.reach import astray, serving, watched


@pytest.fixture(scope="module")
def partitioned_url(server: postgres.Server, template: str) -> Iterator[str]:
    """A partitioned database, in which nothing is written."""
    server.create_database("partitioned", template)
    partition(server.url_for("partitioned"), 4)
    yield server.url_for("partitioned")
    server.drop_database("partitioned")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM jobs WHERE agency_id = $1",
        "SELECT * FROM jobs j JOIN clients c ON c.agency_id = j.agency_id WHERE j.agency_id = $1",
        "SELECT (SELECT count(*) FROM jobs j WHERE j.agency_id = $1) FROM clients c WHERE c.agency_id = $1",
        "SELECT id FROM wakes WHERE agency_id = $1 FOR UPDATE SKIP LOCKED",
        "SELECT agency_id FROM credentials WHERE CAST($1 AS uuid) IS NOT NULL",
        "INSERT INTO clients (agency_id, id, name) VALUES ($1, gen_random_uuid(), 'Acme')",
        "UPDATE clients SET name = 'Acme' WHERE agency_id = $1",
        "DELETE FROM wakes WHERE agency_id = $1 AND id IN (SELECT id FROM wakes WHERE agency_id = $1)",
    ],
)
def test_what_names_its_agency_for_each_table_passes(partitioned_url: str, statement: str) -> None:
    assert astray(partitioned_url, {statement: (uuid4(),)}) == {}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM jobs WHERE id = $1",
        "SELECT * FROM jobs j JOIN clients c ON c.id = j.client_id WHERE j.agency_id = $1",
        "SELECT (SELECT count(*) FROM jobs j WHERE j.client_id = c.id) FROM clients c WHERE c.agency_id = $1",
        "SELECT (SELECT count(*) FROM jobs j WHERE j.agency_id = c.agency_id) FROM clients c WHERE c.agency_id = $1",
        "SELECT * FROM jobs WHERE agency_id = (SELECT CAST($1 AS uuid))",
        "SELECT id FROM wakes WHERE id = $1 FOR UPDATE SKIP LOCKED",
        "INSERT INTO clients (agency_id, id, name) SELECT agency_id, id, title FROM jobs WHERE id = $1",
        "UPDATE clients SET name = 'Acme' WHERE id = $1",
        "DELETE FROM wakes WHERE agency_id = $1 AND id IN (SELECT id FROM wakes)",
        "WITH gone AS (DELETE FROM wakes RETURNING id) SELECT * FROM jobs WHERE agency_id = $1",
    ],
)
def test_what_leaves_the_agency_to_be_guessed_is_found(partitioned_url: str, statement: str) -> None:
    assert astray(partitioned_url, {statement: (uuid4(),)}).keys() == {statement}


async def test_every_way_to_the_database_is_watched(scratch_url: str) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await ask("served")

    async def ask(name: str) -> None:
        async with database.transaction(None) as db:
            await db.execute(text(f"SELECT '{name} by SQLAlchemy', CAST(:n AS text)"), {"n": "1"})
            await driver_of(db).fetch(f"SELECT '{name} by the driver', $1::int", 2)

    with watched() as sent:
        database = Database(scratch_url)
        await ask("not served")
        await serving(app)({}, None, None)  # type: ignore[arg-type]
        await database.close()
    ours = {statement: values for statement, values in sent.items() if "served" in statement}
    assert ours == {
        "SELECT 'served by SQLAlchemy', CAST($1 AS text)": ("1",),
        "SELECT 'served by the driver', $1::int": (2,),
    }
