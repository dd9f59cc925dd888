"""The way to the database is slow, cut, or silent (R8, R9, R13)."""

import asyncio
from random import Random

import pytest

from tests.faults.conftest import ROUNDS, Site, only_in_the_long_form
from tests.faults.load import Ledger, living, refused, returned, under_load, users, worked
from tests.faults.proxy import Fault, Proxy
from tests.faults.writes import Write


async def test_a_slow_network_only_takes_longer(far: Site, proxy: Proxy) -> None:
    proxy.delay = 0.02
    for number in range(5):
        assert (await far.client.call("POST", "/v1/clients", {"name": f"Client {number}"})).done


async def test_connections_cut_at_any_moment(far: Site, proxy: Proxy, random: Random) -> None:
    ledger = Ledger()
    async with under_load(*users(far.client, ledger), living(far.client)):
        await worked(far.client)
        for _ in range(10 * ROUNDS):
            await asyncio.sleep(random.uniform(0, 0.3))
            proxy.cut_all()
        await returned(far.client)
    await far.compare(ledger)


@pytest.mark.parametrize("fault", Fault)
async def test_a_commit_whose_outcome_nobody_knows_is_settled_by_its_key(
    far: Site, proxy: Proxy, fault: Fault
) -> None:
    """While the database still believes in a lost session the key is in flight; it does so for 10 seconds at most."""
    write = Write("the-key", "POST", "/v1/clients", {"name": "Northwind"})
    assert (await far.client.call("GET", "/v1/clients")).done
    proxy.plan("Northwind", fault)
    assert (await write.sent(far.client)).status == 503
    stored = len(await far.client.items("/v1/clients"))
    assert stored == (1 if fault is Fault.UNANSWERED else 0)
    settled = await write.settled(far.client)
    assert settled.replayed == bool(stored)
    assert await write.is_replayed(far.client, settled)
    assert len(await far.client.items("/v1/clients")) == 1


async def test_a_network_that_swallows_everything(far: Site, proxy: Proxy) -> None:
    """No connection breaks, none can be made, and no answer comes: it is the service that has to lose patience."""
    ledger = Ledger()
    async with under_load(*users(far.client, ledger), living(far.client)):
        await worked(far.client)
        proxy.silent = True
        await refused(far.client)
        proxy.silent = False
        await returned(far.client)
    await far.compare(ledger)


@only_in_the_long_form
async def test_connections_that_a_firewall_forgot(far: Site, proxy: Proxy) -> None:
    """What waits in the pool is dead and does not know it; the first who takes one finds out for all."""
    ledger = Ledger()
    async with under_load(*users(far.client, ledger)):
        await worked(far.client)
    proxy.forget_all()
    assert (await far.client.call("GET", "/v1/clients")).status == 503
    known = len(far.client.answers)
    async with under_load(*users(far.client, ledger)):
        await worked(far.client)
    assert all(answer.done for answer in far.client.answers[known:])
    await far.compare(ledger)
