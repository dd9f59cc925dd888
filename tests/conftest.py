"""One PostgreSQL and one migrated database for all tests; every test has an agency of its own."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app import postgres
from app.db import Database
from app.main import create_app
from app.migrate import migrate
from app.settings import Settings
from tests.agency import Agency, found_agency
from tests.contract.document import Document

SECRET = "a secret of the tests, long enough to be one"


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
def database_url(server: postgres.Server) -> str:
    """A migrated database."""
    migrate(server.url)
    return server.url


@pytest.fixture(scope="session")
async def database(database_url: str) -> AsyncIterator[Database]:
    """The database as the application uses it."""
    opened = Database(database_url)
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


@pytest.fixture
async def http(app: FastAPI, document: Document) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    hooks = {"response": [document.check]}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://touchbase", event_hooks=hooks
    ) as client:
        yield client


@pytest.fixture
async def agency(http: httpx.AsyncClient, database: Database) -> Agency:
    """A fresh agency with a key that may do everything."""
    return await found_agency(http, database, SECRET)


@pytest.fixture
async def rival(http: httpx.AsyncClient, database: Database) -> Agency:
    """Another agency, which must never see the first one's rows."""
    return await found_agency(http, database, SECRET)
