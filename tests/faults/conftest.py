"""One PostgreSQL and a few services for all faults; an agency for each test, so that it sees its own traces only.

The same processes go through all of them. `FAULTS_SEED` repeats the chances of a run, `FAULTS_ROUNDS` tries more.
"""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom

import httpx
import pytest

from app.db import connected
from tests.agency import Agency, found_agency
from tests.conftest import SECRET
from tests.faults.load import PATIENCE, Client, Ledger
from tests.faults.processes import Cluster, Service, until
from tests.faults.proxy import Proxy, proxying

POOL_SIZE = 4
DRAIN_SECONDS = 3
ROUNDS = int(os.environ.get("FAULTS_ROUNDS", "1"))
SEED = int(os.environ.get("FAULTS_SEED", SystemRandom().randrange(1_000_000)))

only_in_the_long_form = pytest.mark.skipif(ROUNDS == 1, reason="takes long: FAULTS_ROUNDS=2 tries it")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts and breaks real processes."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("faults")


@dataclass
class Site:
    """A service over a database, an agency in it, and a client of both that bears with their troubles."""

    cluster: Cluster
    service: Service
    agency: Agency
    client: Client

    async def has_waiting(self, number: int) -> bool:
        """Whether so many connections wait for the table of clients."""
        return await self.cluster.count("wait_event_type = 'Lock' AND query LIKE '%clients%'") == number

    def client_of(self, service: Service) -> Client:
        """A client of the same agency at another process."""
        return Client(service.url, self.agency.key)

    async def compare(self, ledger: Ledger) -> None:
        """What is stored is what was acknowledged."""
        ledger.compare(client["name"] for client in await self.client.items("/v1/clients"))


@pytest.fixture
def random() -> Random:
    """Chance that can be repeated."""
    print(f"FAULTS_SEED={SEED}")  # noqa: T201 - shown where a test fails
    return Random(SEED)  # noqa: S311 - no secret


@pytest.fixture(scope="session")
def new_cluster() -> Iterator[Cluster]:
    """A PostgreSQL that has yet to be started."""
    folder = Path(tempfile.mkdtemp(prefix="touchbase-faults-"))
    yield Cluster(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def cluster(new_cluster: Cluster) -> AsyncIterator[Cluster]:
    """A PostgreSQL that every test leaves as it found it."""
    await new_cluster.restore()
    yield new_cluster
    await new_cluster.end()


@pytest.fixture(scope="session")
async def proxy(cluster: Cluster) -> AsyncIterator[Proxy]:
    """A way to the database that can be disturbed."""
    async with proxying(cluster.server) as proxy:
        yield proxy


@pytest.fixture(scope="session")
async def near_service(cluster: Cluster) -> AsyncIterator[Service]:
    """A service beside its database."""
    async with serving(cluster, cluster.server.url) as service:
        yield service


@pytest.fixture(scope="session")
async def second_service(cluster: Cluster) -> AsyncIterator[Service]:
    """Another process over the same database."""
    async with serving(cluster, cluster.server.url, drain_seconds=DRAIN_SECONDS) as service:
        yield service


@pytest.fixture(scope="session")
async def far_service(cluster: Cluster, proxy: Proxy) -> AsyncIterator[Service]:
    """A service that reaches the database through the proxy."""
    async with serving(cluster, proxy.url) as service:
        yield service


@pytest.fixture
async def site(cluster: Cluster, near_service: Service) -> AsyncIterator[Site]:
    """A service beside its database, at work for a new agency."""
    async with at_work(cluster, near_service) as site:
        yield site


@pytest.fixture
async def far(cluster: Cluster, far_service: Service, proxy: Proxy) -> AsyncIterator[Site]:
    """A service far from its database, at work for a new agency."""
    async with at_work(cluster, far_service) as site:
        yield site
        proxy.mend()


@asynccontextmanager
async def serving(cluster: Cluster, url: str, **settings: object) -> AsyncIterator[Service]:
    """A service with few connections, as long as the block lasts."""
    service = Service(
        cluster.folder,
        **{
            "database_url": url,
            "secret": SECRET,
            "pool_size": POOL_SIZE,
            "webhook_allow_nets": "127.0.0.0/8",
            **settings,
        },
    )
    try:
        await service.start()
        yield service
    finally:
        await service.end()


@asynccontextmanager
async def at_work(cluster: Cluster, service: Service) -> AsyncIterator[Site]:
    """A service at work for a new agency; it has written of no bug by the end."""
    await service.start()
    async with (
        httpx.AsyncClient(base_url=service.url, timeout=PATIENCE, trust_env=False) as http,
        connected(cluster.server.url) as database,
    ):
        agency = await found_agency(http, database, SECRET)
        try:
            async with Client(service.url, agency.key) as client:
                await until(lambda: works(client), PATIENCE)
                yield Site(cluster, service, agency, client)
        finally:
            service.thaw()
            await cluster.restore()
    assert service.complaints() == []


async def works(client: Client) -> bool:
    """Whether a service has got over what the last test did to it."""
    return (await client.call("GET", "/v1/due")).done
