"""The harness itself: what it reads off the wire, what it makes of that for pgbench, and its client."""

import asyncio
from pathlib import Path

import httpx
import pytest

from app import postgres
from tests.bench import bare, limit, measure
from tests.bench.data import Dataset
from tests.bench.desks import connect
from tests.bench.load import Load, Outcome, Plan, request
from tests.bench.measure import Contestant, Match
from tests.bench.operations import OPERATIONS, Target, recorded_stories, targets
from tests.bench.wire import recorder


async def test_pgbench_does_what_the_service_did(server: postgres.Server, dataset: Dataset) -> None:
    """Reading and writing run without an error, about places that were never recorded."""
    async with limit.listening(server, dataset.name) as listener:
        for name in ("due", "debrief"):
            operation = OPERATIONS[name]
            scripts, recordings = await limit.record(
                listener, operation, recorded_stories(operation, dataset.desk.stories), dataset
            )
            assert len(scripts) == len(recordings), "no story is left out"
            pgbench = await limit.Pgbench.like(listener, server, dataset)
            assert pgbench.settings["role"] == "touchbase_app"
            assert pgbench.settings["plan_cache_mode"] == "force_generic_plan"
            before = await status_rows(dataset)
            outcome = await pgbench.run(scripts, 2, seconds=1, warmup=0, draw_every=1)
            assert outcome.latencies
            assert (await status_rows(dataset) > before) == operation.is_write
            await pgbench.tidy()
            assert await status_rows(dataset) == before


async def test_the_bare_stack_sends_what_the_service_sent_in_as_many_messages(
    server: postgres.Server, dataset: Dataset, tmp_path: Path
) -> None:
    operation, place = OPERATIONS["due"], list(dataset.places())[-1]
    async with limit.listening(server, dataset.name) as listener:
        target = Target(place, dataset.desk.stories[0])
        answer = await listener.ask(operation, target)
        recording = await listener.record(operation, target)
        connect = limit.parameters(server, dataset, await listener.settings())
    async with recorder(server.socket_dir, limit.PORT, tmp_path) as wire:
        app = bare.create_app(
            bare.Plan({**connect, "host": str(tmp_path)}, recording.statements, answer), connections=1
        )
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://bench") as http,
        ):
            await http.get("/")  # the first prepares the statements
            async with wire.listening() as sent:
                answered = await http.get("/")
    assert answered.text == answer
    assert [each.sql for each in sent.statements] == [each.sql for each in recording.statements]
    assert sent.round_trips == recording.round_trips


async def status_rows(dataset: Dataset) -> int:
    """How many there are of all agencies."""
    connection = await connect(dataset.url)
    try:
        count: int = await connection.fetchval("SELECT count(*) FROM reasons")
    finally:
        await connection.close()
    return count


async def test_a_script_holds_every_statement_of_the_service(
    server: postgres.Server, dataset: Dataset
) -> None:
    async with limit.listening(server, dataset.name) as listener:
        operation = OPERATIONS["due"]
        story = dataset.desk.stories[0]
        [script], [recording] = await limit.record(listener, operation, [story], dataset)
    assert recording.round_trips <= len(recording.statements)
    assert any("FROM reasons" in statement.sql for statement in recording.statements)
    pipeline = script.text.partition("\\startpipeline\n")[2]
    assert pipeline.count(";\n") == len(recording.statements)
    here = str(list(dataset.places())[-1].id(story.consultant_id))
    assert here not in script.text + str(script.constants), "the consultant is drawn, not the recorded one"


async def test_the_client_counts_every_answer() -> None:
    bodies = [b"x" * 10, b"y" * 200_000, b""]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"":
            body = bodies[int(head.split()[1].strip(b"/"))]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        requests = [request("GET", f"/{number}", "Bearer none") for number in range(len(bodies))]
        outcome = await Load(Plan(port, requests, 3, 20, most=60)).run()
    assert outcome.statuses == {"200": 60}
    assert len(outcome.latencies) == 60


def test_no_two_requests_have_the_same_key() -> None:
    plan = Plan(0, [request("POST", "/", "Bearer none", {}, keyed=True)], 1, 20)
    loads = [Load(plan) for _ in range(4)]
    sent = [load.next() or b"" for load in loads for _ in range(25)]
    keys = {message.split(b"Idempotency-Key: ")[1].split(b"\r\n")[0] for message in sent}
    assert len(keys) == 100


def test_what_failed_does_not_count() -> None:
    found = measure.figures(Outcome(2.0, [0.2, 0.1], {"200": 2, "503": 1}), {"api": 1.0})
    assert (found.rps, found.requests, found.failed) == (1.0, 2, 1)
    assert found.cpu_ms == {"api": 500.0}
    with pytest.raises(RuntimeError, match="no request succeeded"):
        measure.figures(Outcome(1.0, [], {"503": 1}), {})


async def test_one_contestants_sizes_follow_one_another_and_who_goes_first_changes() -> None:
    order = []

    def contestant(name: str, size: str) -> Contestant:
        async def run(_connections: int, _seconds: float, _warmup: float) -> Outcome:
            order.append(f"{name} {size}")
            return Outcome(1.0, [0.1], {"200": 1})

        return Contestant(name, run, {})

    matches = [Match(size, "due", 8, [contestant(name, size) for name in "ab"]) for size in ("1k", "1m")]
    await measure.compete(matches, 2, 1, 0, lambda _words: None)
    assert order == ["a 1k", "a 1m", "b 1k", "b 1m", "b 1k", "b 1m", "a 1k", "a 1m"]


def test_every_operation_can_be_asked_of_every_place(dataset: Dataset) -> None:
    for operation in OPERATIONS.values():
        chosen = targets(dataset, operation)
        stories = recorded_stories(operation, dataset.desk.stories)
        assert (
            len({operation.text(target) for target in chosen}) == len(chosen) or operation.name == "preview"
        )
        assert len(chosen) == len(stories) * 6
