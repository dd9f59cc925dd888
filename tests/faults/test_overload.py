"""More than there are connections for: some are told to come back, health never queues, nothing leaks (R11, R14)."""

import asyncio
import socket
import struct
from random import Random

from tests.faults.conftest import POOL_SIZE, ROUNDS, Site
from tests.faults.load import PATIENCE, under_load
from tests.faults.processes import until

PARALLEL = 200
ABORTED = 60
RESET = struct.pack("ii", 1, 0)  # closes without saying goodbye


async def test_a_full_pool_is_no_illness(site: Site) -> None:
    async def ask() -> None:
        answer = await site.client.call("GET", "/v1/clients")
        assert answer.status == 503
        await asyncio.sleep(int(answer.headers["retry-after"]))

    async with site.cluster.locked("clients"), under_load(*[ask] * PARALLEL):
        await until(lambda: site.has_waiting(POOL_SIZE), PATIENCE)
        for _ in range(10):
            assert await site.client.says("/livez", 200)
            assert await site.client.says("/readyz", 200)
    assert (await site.client.call("GET", "/v1/clients")).done


async def test_many_at_once_are_served_or_told_to_come_back(site: Site) -> None:
    crowd = (site.client.call("POST", "/v1/clients", {"name": f"Client {n}"}) for n in range(PARALLEL))
    answers = await asyncio.gather(*crowd)
    made = sum(answer.done for answer in answers)
    assert {answer.status for answer in answers} <= {201, 503}
    assert made > 0
    assert len(await site.client.items("/v1/clients")) == made
    assert (await site.client.call("GET", "/v1/clients")).done


async def test_clients_that_hang_up_leave_the_pool_whole(site: Site, random: Random) -> None:
    for _ in range(ROUNDS):
        await asyncio.gather(*(hang_up(site, random.uniform(0, 0.5)) for _ in range(ABORTED)))
        async with site.cluster.locked("clients"):
            await asyncio.gather(*(hang_up(site, random.uniform(0, 0.5)) for _ in range(POOL_SIZE)))
    await until(lambda: site.has_waiting(0), PATIENCE)
    async with site.cluster.locked("clients"):
        crowd = [asyncio.create_task(site.client.call("GET", "/v1/clients")) for _ in range(POOL_SIZE)]
        await until(lambda: site.has_waiting(POOL_SIZE), PATIENCE)
    assert all(answer.done for answer in await asyncio.gather(*crowd))


async def hang_up(site: Site, seconds: float) -> None:
    """Send a request and break the connection after a while, answered or not."""
    host, _, port = site.service.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    request = f"GET /v1/clients HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {site.agency.key}\r\n\r\n"
    writer.write(request.encode())
    await writer.drain()
    await asyncio.sleep(seconds)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
