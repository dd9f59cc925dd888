"""SIGTERM: balancers are told first, whoever is being served is served to the end, and then the service goes (R10)."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from tests.faults.conftest import DRAIN_SECONDS, Site
from tests.faults.load import PATIENCE, REST, Client, Ledger, Work, under_load, users, worked
from tests.faults.processes import Service, until


@pytest.fixture
async def client(site: Site, second_service: Service) -> AsyncIterator[Client]:
    """A client of the service that is to end."""
    await second_service.start()
    async with site.client_of(second_service) as client:
        yield client
    assert second_service.complaints() == []


async def test_nobody_who_heeds_readyz_is_cut_off(
    site: Site, second_service: Service, client: Client
) -> None:
    ledger = Ledger()
    async with under_load(*(balanced(client, work) for work in users(client, ledger))):
        await worked(client)
        ended = asyncio.create_task(second_service.end(signal.SIGTERM))
        await until(lambda: client.says("/readyz", 503), PATIENCE)
        assert await client.says("/livez", 200)
        assert (await client.call("GET", "/v1/due")).done
        assert await ended == 0
    assert all(answer.done for answer in client.answers)
    await site.compare(ledger)


async def test_what_is_under_way_is_finished(site: Site, second_service: Service, client: Client) -> None:
    ledger = Ledger()
    ended = asyncio.create_task(second_service.end(signal.SIGTERM))
    await until(lambda: client.says("/readyz", 503), PATIENCE)
    async with site.cluster.locked("clients"):
        await asyncio.sleep(DRAIN_SECONDS - 1)
        write = asyncio.create_task(client.call("POST", "/v1/clients", {"name": "Northwind"}))
        await until(lambda: refuses(client), PATIENCE)
    answer = await write
    assert answer.status is not None
    ledger.note("Northwind", answer)
    await site.compare(ledger)
    assert await ended == 0


async def refuses(client: Client) -> bool:
    """Whether the service takes no more requests."""
    return not await client.says("/livez", 200)


def balanced(client: Client, work: Work) -> Work:
    """The same work, given to the service only while it says that it is ready."""

    async def do() -> None:
        if await client.says("/readyz", 200):
            await work()
        else:
            await asyncio.sleep(REST)

    return do
