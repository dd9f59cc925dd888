"""Locks, statements and processes that last too long: each has its end, and only those it concerns are refused (R8)."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.faults.conftest import Site, only_in_the_long_form
from tests.faults.load import PATIENCE
from tests.faults.processes import Cluster, until

IDLE_AFTER_INSERT = "state = 'idle in transaction' AND query LIKE '%INTO clients%'"
NEW_CLIENT = {"name": "Northwind Foods"}


@pytest.fixture(autouse=True)
async def dawdling(cluster: Cluster) -> AsyncIterator[None]:
    """To insert a client by the name of `Wait 3` takes three seconds."""
    function = """
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(split_part(NEW.name, ' ', 2)::float); RETURN NEW; END $$
    """
    trigger = """
        CREATE TRIGGER dawdle BEFORE INSERT ON clients
        FOR EACH ROW WHEN (NEW.name LIKE 'Wait %') EXECUTE FUNCTION dawdle()
    """
    await cluster.change(f"{function}; {trigger}")
    yield
    await cluster.restore()
    await cluster.change("DROP FUNCTION dawdle CASCADE")


async def test_what_another_session_has_locked_is_refused_until_it_lets_go(site: Site) -> None:
    async with site.cluster.locked("clients"):
        assert (await site.client.call("POST", "/v1/clients", NEW_CLIENT)).status == 503
        assert (await site.client.call("GET", "/v1/consultants")).done
    assert (await site.client.call("POST", "/v1/clients", NEW_CLIENT)).done
    assert len(await site.client.items("/v1/clients")) == 1


@only_in_the_long_form
async def test_a_statement_that_lasts_too_long_is_undone(site: Site) -> None:
    assert (await site.client.call("POST", "/v1/clients", {"name": "Wait 60"})).status == 503
    assert await site.cluster.count("wait_event = 'PgSleep'") == 0
    assert await site.client.items("/v1/clients") == []


@only_in_the_long_form
async def test_a_service_that_freezes_keeps_nothing_locked(site: Site) -> None:
    """Its session is ended in the middle of a transaction; when it goes on, it finds that out and recovers."""
    write = asyncio.create_task(site.client.call("POST", "/v1/clients", {"name": "Wait 1"}))
    await until(lambda: shown(site, "wait_event = 'PgSleep'"), PATIENCE)
    site.service.freeze()
    await until(lambda: shown(site, IDLE_AFTER_INSERT), PATIENCE)
    await until(lambda: not_shown(site, IDLE_AFTER_INSERT), PATIENCE)
    site.service.thaw()
    assert (await write).status == 503
    assert await site.client.items("/v1/clients") == []


async def shown(site: Site, condition: str) -> bool:
    return await site.cluster.count(condition) == 1


async def not_shown(site: Site, condition: str) -> bool:
    return await site.cluster.count(condition) == 0
