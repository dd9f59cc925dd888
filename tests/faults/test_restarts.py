"""The database stops, dies, freezes and returns under load: nothing is lost, and nobody has to be woken (R8, R9)."""

import asyncio
import signal

import pytest

from tests.faults.conftest import Site, only_in_the_long_form
from tests.faults.load import (
    BACK_SECONDS,
    Client,
    Ledger,
    living,
    refused,
    returned,
    under_load,
    users,
    worked,
)
from tests.faults.processes import Cluster, Service, send, until

STOPS = {"asked to stop": signal.SIGINT, "stopped at once": signal.SIGQUIT, "killed": signal.SIGKILL}


@pytest.mark.parametrize("how", STOPS.values(), ids=STOPS.keys())
async def test_a_database_that_stops_and_returns(site: Site, how: signal.Signals) -> None:
    process, ledger = site.service.pid, Ledger()
    async with under_load(*users(site.client, ledger), living(site.client)):
        await worked(site.client)
        await site.cluster.stop(how)
        await until(lambda: site.client.says("/readyz", 503), BACK_SECONDS)
        await asyncio.sleep(0.5)
        await site.cluster.start()
        await returned(site.client)
    await site.compare(ledger)
    assert site.service.runs
    assert site.service.pid == process


async def test_a_session_that_dies_takes_the_others_along(site: Site) -> None:
    """PostgreSQL then ends every session and recovers by itself."""
    ledger = Ledger()
    async with under_load(*users(site.client, ledger), living(site.client)):
        await worked(site.client)
        site.cluster.kill_session()
        await returned(site.client)
    await site.compare(ledger)


async def test_a_database_that_freezes(site: Site) -> None:
    """Connections stay open and nobody answers: it is the service that has to lose patience."""
    ledger = Ledger()
    async with under_load(*users(site.client, ledger), living(site.client)):
        await worked(site.client)
        site.cluster.freeze()
        await until(lambda: site.client.says("/readyz", 503), BACK_SECONDS)
        await refused(site.client)
        await site.cluster.restore()
        await returned(site.client)
    await site.compare(ledger)


@only_in_the_long_form
async def test_an_embedded_database_that_dies_is_started_again(cluster: Cluster) -> None:
    data_dir, ledger = cluster.folder / "embedded", Ledger()
    service = Service(cluster.folder, "--data-dir", str(data_dir), drain_seconds=0)
    await service.start()
    try:
        async with Client(service.url, service.api_key) as client:
            async with under_load(*users(client, ledger), living(client)):
                await worked(client)
                send(int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
                await refused(client, 1)
                await returned(client)
            ledger.compare(found["name"] for found in await client.items("/v1/clients"))
    finally:
        assert await service.end(signal.SIGTERM) == 0
    assert service.complaints() == []
