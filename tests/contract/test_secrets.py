"""What an agency wrote is never told elsewhere: in no log line, figure, span or error, nor to another (S1, S5)."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.db import Database
from app.main import create_app
from tests.agency import found_agency
from tests.canaries import Request, of_an_answer, requests, seen_in
from tests.conftest import SECRET, client_of
from tests.contract.calls import calls, is_present, slots
from tests.contract.document import Document
from tests.contract.world import World, build_world
from tests.written import Written, writing


@dataclass
class Planted:
    """A world after requests with a canary in each of their places, and what its service told of them."""

    world: World
    answers: list[tuple[Request, httpx.Response]]
    written: Written
    spans: str

    async def figures(self) -> str:
        """What the service counted."""
        return (await self.world.agency.http.get("/metrics")).text


@pytest.fixture(scope="module")
async def planted(database_url: str, document: Document) -> AsyncIterator[Planted]:
    """One world for all, as the requests are thousands, in a service that is traced."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    database = Database(database_url)
    async with client_of(create_app(database, SECRET, tracer_provider=provider), document) as http:
        world = await build_world(await found_agency(http, database, SECRET))
        answers = []
        with writing() as written:
            for request in requests(world, document.document):
                method, path, options = request
                answers.append((request, await world.agency.call(method, path, **options)))
        spans = "\n".join(span.to_json(indent=None) for span in exporter.get_finished_spans())
        yield Planted(world, answers, written, spans)
    await database.close()


async def test_no_word_of_any_request_is_logged_or_counted_or_traced_or_told_in_an_error(
    planted: Planted,
) -> None:
    secrets = (planted.world.agency.key, planted.world.token)
    for request, answer in planted.answers:
        assert seen_in(of_an_answer(answer), *secrets) == [], request
    statuses = Counter(answer.status_code for _, answer in planted.answers)
    assert set(statuses) >= {200, 201, 400, 401, 404, 405, 415, 422}
    assert statuses[200] + statuses[201] > 150
    assert len(planted.written.lines) > 1_000
    for told in (planted.written.text, planted.spans, await planted.figures()):
        assert "create_candidate" in told
        assert seen_in(told, *secrets) == []


async def test_what_one_agency_wrote_another_never_reads(
    planted: Planted, database: Database, document: Document
) -> None:
    theirs = planted.world
    assert sum(answer.is_success for _, answer in planted.answers) > 150
    ours = await build_world(await found_agency(theirs.agency.http, database, SECRET))
    told = []
    with writing() as written:
        for call, operation in calls(document, ours):
            tried = [call] + [
                call.with_id(slot, theirs.id_for(slot.name, call.body or {}))
                for slot in slots(call, operation, document.document)
                if is_present(call, slot)
            ]
            for each in tried:
                answer = await each.send(ours)
                told.append(f"{answer.headers} {answer.text}")
    assert len(told) > 150
    assert seen_in("\n".join(told)) == []
    assert seen_in(written.text, theirs.agency.key, theirs.token) == []
    assert seen_in(await planted.figures()) == []
