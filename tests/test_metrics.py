"""What `/metrics` tells whoever watches the service: true figures, nothing personal, and no failure of its own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import create_async_engine

from app import postgres
from app.connections import async_url
from app.db import Database
from app.main import create_app
from app.settings import Settings
from app.worker import due_counts
from tests import given
from tests.agency import Agency, found_agency
from tests.clock import ClockedDatabase
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.owner import FAIL_AT_COMMIT, as_owner

LEVELS = ("due", "overdue", "escalated")


@dataclass
class Service:
    """A service of the test's own, with few connections and a clock for the age of its counts."""

    app: FastAPI
    http: httpx.AsyncClient
    database: ClockedDatabase
    seconds: float = 0

    async def figures(self) -> dict[str, float]:
        """Every sample that a scrape finds, by its name and labels as they are written."""
        answer = await self.http.get("/metrics")
        assert answer.status_code == 200
        return figures_in(answer.text)

    async def due_items(self) -> list[float | None]:
        """The items of each level, None where there is no figure."""
        figures = await self.figures()
        return [figures.get(f'touchbase_due_items{{level="{level}"}}') for level in LEVELS]


def figures_in(written: str) -> dict[str, float]:
    """The samples of a scrape."""
    figures = {}
    for family in text_string_to_metric_families(written):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            figures[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return figures


@pytest.fixture
async def service(
    scratch_url: str, document: Document, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    """A service over a database of the test's own, whose scrapes wait for a slow machine too."""
    monkeypatch.setattr(due_counts, "PATIENCE_SECONDS", 30)
    database = ClockedDatabase(scratch_url, pool_size=2)
    app = create_app(database, SECRET)
    async with client_of(app, document) as http:
        service = Service(app, http, database)
        app.state.due_counts = due_counts.DueCounts(database, lambda: service.seconds)
        yield service
        await app.state.due_counts.close()
    await database.close()


async def interviewed(service: Service, name: str) -> Agency:
    """An agency one of whose candidates, of this name, was interviewed on Tuesday 14 July until 11:00."""
    service.database.now = given.at("Fri 10 Jul 09:00")
    agency = await found_agency(service.http, service.database, SECRET)
    application = await agency.application(candidate_id=await agency.candidate(name=name))
    times = (given.at("Tue 14 Jul 10:00"), given.at("Tue 14 Jul 11:00"))
    await agency.interview(application["id"], *(each.isoformat() for each in times))
    return agency


async def test_requests_are_counted_by_operation_and_status_and_by_nothing_a_client_wrote(
    service: Service,
) -> None:
    agency = await found_agency(service.http, service.database, SECRET)
    client = await agency.client(name="Northwind")
    for path in (f"/v1/clients/{client}", "/v1/clients/northwind", "/v1/northwind?x=northwind"):
        await agency.call("GET", path)
    await agency.call("HEAD", f"/v1/clients/{client}")
    await agency.call("NORTHWIND", "/v1/clients")
    written = (await service.http.get("/metrics")).text
    figures = figures_in(written)
    counted = {name: value for name, value in figures.items() if name.startswith("touchbase_requests_total")}
    assert counted == {
        'touchbase_requests_total{operation="create_client",status="201"}': 1,
        'touchbase_requests_total{operation="get_client",status="200"}': 2,
        'touchbase_requests_total{operation="get_client",status="404"}': 1,
        'touchbase_requests_total{operation="none",status="404"}': 1,
        'touchbase_requests_total{operation="none",status="405"}': 1,
    }
    assert figures['touchbase_request_duration_seconds_count{operation="get_client"}'] == 3
    assert figures["touchbase_requests_in_flight"] == 1
    assert "northwind" not in written.lower()
    assert str(agency.id) not in written


async def test_each_application_counts_for_itself(service: Service, database: Database) -> None:
    await service.http.get("/livez")
    other = create_app(database, SECRET)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url="http://touchbase") as http:
        figures = figures_in((await http.get("/metrics")).text)
    assert not any("get_liveness" in name for name in figures)
    assert 'touchbase_requests_total{operation="get_liveness",status="200"}' in await service.figures()


async def test_due_items_are_those_of_the_due_lists_of_all_agencies(service: Service) -> None:
    agencies = [await interviewed(service, "Amara Osei") for _ in range(2)]
    seen = []
    for words in ("Tue 14 Jul 10:30", "Tue 14 Jul 11:30", "Fri 17 Jul 11:30", "Mon 27 Jul 11:30"):
        service.seconds += due_counts.KEPT_SECONDS
        service.database.now = given.at(words)
        listed: Counter[str] = Counter()
        for agency in agencies:
            cards = (await agency.get("/v1/due", limit=200))["items"]
            listed.update(item["level"] for card in cards for item in card["items"])
        seen.append([listed[level] for level in LEVELS])
        assert await service.due_items() == seen[-1], words
    assert seen[0] == [0, 0, 0]
    assert all(any(counts[place] for counts in seen) for place in range(3)), seen


async def test_counts_are_kept_for_a_minute(service: Service) -> None:
    service.database.now = given.at("Tue 14 Jul 11:30")
    assert await service.due_items() == [0, 0, 0]
    await interviewed(service, "Amara Osei")
    service.database.now = given.at("Tue 14 Jul 11:30")
    service.seconds = due_counts.KEPT_SECONDS - 1
    assert await service.due_items() == [0, 0, 0]
    service.seconds = due_counts.KEPT_SECONDS
    assert await service.due_items() == [1, 0, 0]


async def test_scrapes_at_once_count_once(service: Service) -> None:
    await interviewed(service, "Amara Osei")
    counts = []

    def note(*, statement: str, **_: object) -> None:
        if "count(*)" in statement:
            counts.append(statement)

    event.listen(service.database.pool.engine.sync_engine, "before_cursor_execute", note, named=True)
    assert len({tuple(each) for each in await asyncio.gather(*(service.due_items() for _ in range(8)))}) == 1
    assert len(counts) == 1


async def test_a_count_that_takes_long_holds_up_no_scrape(
    service: Service, scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await interviewed(service, "Amara Osei")
    service.database.now = given.at("Tue 14 Jul 11:30")
    assert await service.due_items() == [1, 0, 0]
    service.seconds = due_counts.KEPT_SECONDS
    owner = create_async_engine(async_url(scratch_url))
    async with owner.begin() as connection:
        await connection.execute(text("LOCK TABLE reasons IN ACCESS EXCLUSIVE MODE"))
        with monkeypatch.context() as impatient:
            impatient.setattr(due_counts, "PATIENCE_SECONDS", 1)
            assert (await service.figures())['touchbase_due_items{level="due"}'] == 1
    await owner.dispose()
    assert await service.due_items() == [1, 0, 0]


async def test_without_a_database_a_scrape_says_so_and_the_next_with_one_counts_again(
    service: Service, scratch_url: str, server: postgres.Server
) -> None:
    assert await service.due_items() == [0, 0, 0]
    name = str(async_url(scratch_url).database)
    server.query(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    server.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    figures = await service.figures()
    assert figures["touchbase_database_up"] == 0
    assert not any("due_items" in each for each in figures)
    assert (await service.http.get("/livez")).status_code == 200
    server.query(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert await service.due_items() == [0, 0, 0]
    assert (await service.figures())["touchbase_database_up"] == 1


async def test_a_count_that_fails_leaves_its_figure_out(service: Service, scratch_url: str) -> None:
    await found_agency(service.http, service.database, SECRET)
    await as_owner(scratch_url, "ALTER TABLE reasons RENAME TO gone")
    assert await service.due_items() == [None, None, None]
    assert (await service.figures())["touchbase_database_up"] == 1
    await as_owner(scratch_url, "ALTER TABLE gone RENAME TO reasons")
    assert await service.due_items() == [0, 0, 0]


async def test_a_full_pool_can_be_seen(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    agency = await found_agency(service.http, service.database, SECRET)
    assert (await agency.call("GET", "/v1/clients")).status_code == 200
    figures = await service.figures()
    assert [figures[f"touchbase_pool_{each}"] for each in ("size", "checked_out", "waiting")] == [2, 0, 0]
    monkeypatch.setattr(due_counts, "PATIENCE_SECONDS", 0.05)
    async with AsyncExitStack() as held:
        for _ in range(2):
            await held.enter_async_context(service.database.transaction(None))
        waiting = asyncio.create_task(agency.call("GET", "/v1/clients"))
        await asyncio.sleep(0)
        figures = await service.figures()
    assert figures["touchbase_pool_checked_out"] == 2
    assert figures["touchbase_pool_waiting"] == 2  # the request, and what this scrape asks for
    assert figures["touchbase_requests_in_flight"] == 2
    assert figures["touchbase_database_up"] == 0
    assert (await waiting).status_code == 200


async def test_transactions_that_run_again_are_counted(service: Service, scratch_url: str) -> None:
    agency = await found_agency(service.http, service.database, SECRET)
    await as_owner(scratch_url, FAIL_AT_COMMIT[0] % "40001", FAIL_AT_COMMIT[1])
    assert (await agency.call("POST", "/v1/clients", json={"name": "Acme"})).status_code == 503
    figures = await service.figures()
    assert figures["touchbase_transactions_retried_total"] == 2
    assert figures['touchbase_requests_total{operation="create_client",status="503"}'] == 1


async def test_it_is_plain_text_that_head_finds_too_and_the_document_does_not_tell(
    service: Service, document: Document
) -> None:
    got, head = await service.http.get("/metrics"), await service.http.head("/metrics")
    assert got.headers["content-type"] == head.headers["content-type"]
    assert got.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert head.status_code == 200
    assert head.content == b""
    assert "/metrics" not in document.document["paths"]


async def test_it_can_be_switched_off(database: Database) -> None:
    app = create_app(database, SECRET, Settings(metrics="off"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://touchbase") as http:
        assert (await http.get("/metrics")).status_code == 404
