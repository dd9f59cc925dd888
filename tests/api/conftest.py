"""Agencies in circumstances: one whose clock the test sets, one that trusts an issuer of tokens."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_network
from uuid import uuid4

import pytest

from app.main import create_app
from app.settings import Settings
from tests import given
from tests.agency import Agency, Json, found_agency
from tests.clock import ClockedDatabase
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.issuer import LocalIssuer
from tests.processes import processes_on
from tests.trusting import NOW, Trusting


@dataclass
class Office:
    """An agency, and the database in which it is whatever time the test says."""

    agency: Agency
    database: ClockedDatabase

    def at(self, words: str) -> None:
        """Let it be a time, such as "Tue 14 Jul 11:00"."""
        self.database.now = given.at(words)

    async def interviewed(self) -> tuple[str, str]:
        """The ids of an application put forward on 10 July and of its interview, which ends on the 14th at 11:00."""
        self.at("Fri 10 Jul 09:00")
        application = (await self.agency.application())["id"]
        times = (iso("Tue 14 Jul 10:00"), iso("Tue 14 Jul 11:00"))
        return application, await self.agency.interview(application, *times)

    async def status(self, application: str, **instants: str) -> Json:
        """Where an application stands, with instants in words."""
        params = {name: iso(words) for name, words in instants.items()}
        return await self.agency.get(f"/v1/applications/{application}/status", **params)

    async def timeline(self, application: str, **params: str) -> Json:
        """The first page of an application's timeline, a long one, with `known_at` in words."""
        params = {name: iso(words) for name, words in params.items()}
        return await self.agency.get(f"/v1/applications/{application}/timeline", limit=200, **params)


def iso(words: str) -> str:
    """An instant in words as the API takes it."""
    return given.at(words).isoformat()


@pytest.fixture
async def office(database_url: str, document: Document) -> AsyncIterator[Office]:
    """A fresh agency with a clock of its own."""
    database = ClockedDatabase(database_url, pool_size=2)
    async with client_of(create_app(database, SECRET), document) as http:
        yield Office(await found_agency(http, database, SECRET), database)
    await database.close()


@pytest.fixture
async def issuer() -> AsyncIterator[LocalIssuer]:
    """An issuer that answers."""
    made = LocalIssuer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def trusting(database_url: str, document: Document, issuer: LocalIssuer) -> AsyncIterator[Trusting]:
    """An agency whose consultant Kim can call with tokens, at a time of the test's own."""
    database = ClockedDatabase(database_url, pool_size=2)
    database.now = NOW
    settings = Settings(oidc_allow_nets=(ip_network("127.0.0.0/8"),))
    async with processes_on(database, document, settings) as processes:
        agency = await found_agency(processes.clients[0], database, SECRET)
        trusting = Trusting(agency, issuer, processes, database, audience=f"touchbase-{uuid4()}")
        trusting.consultant = await agency.consultant(name="Kim")
        trusting.provider = await trusting.trust(issuer.url, trusting.audience)
        trusting.identity = (await trusting.link(trusting.provider, "kim"))["id"]
        yield trusting
    await database.close()
