"""One PostgreSQL and one migrated database for all tests; every test has an agency of its own."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import hypothesis
import pytest
from fastapi import FastAPI

from app import connections, postgres
from app.db import Database
from app.main import create_app
from app.migrate import migrate
from app.settings import Settings
from tests import reach
from tests.agency import Agency, found_agency
from tests.contract.document import Document
from tests.partitions import partition

# How long an example takes is the machine's business.
hypothesis.settings.register_profile("touchbase", deadline=None)
hypothesis.settings.load_profile("touchbase")

SECRET = "a secret of the tests, long enough to be one"

# So long a request waits for a connection; in tests longer, which is the machine's business too.
POOL_WAIT_SECONDS = connections.POOL_WAIT_SECONDS
connections.POOL_WAIT_SECONDS = 30


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """A PostgreSQL that forgets everything at the end: its own, or the one that TOUCHBASE_POSTGRES_BIN names."""
    folder = Path(tempfile.mkdtemp(prefix="touchbase-tests-"))
    try:
        with postgres.running(folder, bin_dir=postgres_bin(), durable=False) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def postgres_bin() -> Path | None:
    """The PostgreSQL programs to test with."""
    return Settings().postgres_bin


@pytest.fixture(scope="session")
def database_url(server: postgres.Server) -> Iterator[str]:
    """A migrated database.

    Where TOUCHBASE_TEST_PARTITIONS says so it is partitioned by agency, and no request may have left its own.
    """
    migrate(server.url)
    if "TOUCHBASE_TEST_PARTITIONS" not in os.environ:
        yield server.url
        return
    partition(server.url, int(os.environ["TOUCHBASE_TEST_PARTITIONS"]))
    with reach.watched() as sent:
        yield server.url
    if found := reach.astray(server.url, sent):
        pytest.fail("\n\n".join(["Not of one agency alone:", *found]), pytrace=False)


@pytest.fixture(scope="session")
def template(server: postgres.Server) -> str:
    """The name of a migrated database that nobody is connected to, to be copied."""
    server.create_database("template_migrated")
    migrate(server.url_for("template_migrated"))
    return "template_migrated"


@pytest.fixture
def empty_url(server: postgres.Server) -> Iterator[str]:
    """An empty database of the test's own."""
    yield from _scratch(server, None)


@pytest.fixture
def scratch_url(server: postgres.Server, template: str) -> Iterator[str]:
    """A migrated database of the test's own, to be broken as it likes."""
    yield from _scratch(server, template)


def _scratch(server: postgres.Server, template: str | None) -> Iterator[str]:
    name = f"scratch_{uuid4().hex}"
    server.create_database(name, template)
    try:
        yield server.url_for(name)
    finally:
        server.drop_database(name)


@pytest.fixture(scope="session")
async def database(database_url: str) -> AsyncIterator[Database]:
    """The database as the application uses it."""
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def other_process(database_url: str) -> AsyncIterator[Database]:
    """The same database with connections of its own."""
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
async def alone(scratch_url: str) -> AsyncIterator[Database]:
    """A database of the test's own."""
    opened = Database(scratch_url)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def app(database: Database) -> FastAPI:
    """The application, as `touchbase serve` runs it."""
    return create_app(database, SECRET)


@pytest.fixture(scope="session")
def document(app: FastAPI) -> Document:
    """The served document; every answer of every test is checked against it."""
    return Document(app.openapi())


@asynccontextmanager
async def client_of(app: FastAPI, document: Document) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application in this process; a bug answers 500, as it does when served."""
    transport = httpx.ASGITransport(reach.serving(app), raise_app_exceptions=False)
    hooks = {"response": [document.check]}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://touchbase", event_hooks=hooks
    ) as client:
        yield client
    await app.state.due_counts.close()  # else a count that a scrape began would outlive the connections


@pytest.fixture
async def http(app: FastAPI, document: Document) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    async with client_of(app, document) as client:
        yield client


@pytest.fixture
async def agency(http: httpx.AsyncClient, database: Database) -> Agency:
    """A fresh agency with a key that may do everything."""
    return await found_agency(http, database, SECRET)


@pytest.fixture
async def rival(http: httpx.AsyncClient, database: Database) -> Agency:
    """Another agency, which must never see the first one's rows."""
    return await found_agency(http, database, SECRET)
