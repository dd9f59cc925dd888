"""Another agency's id is the same as an id that does not exist, wherever an id can stand (S2).

Made from the document: a new operation, or a new place for an id, is tested without a change here, or fails
until `tests/contract/world.py` names it.
"""

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app import postgres
from app.connections import async_url
from app.db import Database
from app.main import create_app
from app.models import Base
from tests.agency import Json, found_agency
from tests.conftest import SECRET, client_of
from tests.contract.calls import Call, Slot, calls, is_present, slots
from tests.contract.document import Document
from tests.contract.problems import problem_of
from tests.contract.world import World, build_world, stored

# A list narrowed by the id of whatever was written is empty for what is not ours.
OF_ANY_KIND = {"object_id"}

NOBODY = "0197f3a0-0000-7000-8000-000000000000"


@pytest.fixture(scope="module", params=["every wall", "no row-level security"])
async def owner(
    request: pytest.FixtureRequest, server: postgres.Server, template: str
) -> AsyncIterator[AsyncEngine]:
    """A database as its owner sees it; once without PostgreSQL's own wall, so that the queries must hold alone."""
    server.create_database("walled", template)
    engine = create_async_engine(async_url(server.url_for("walled")))
    if request.param != "every wall":
        async with engine.begin() as connection:
            for table in Base.metadata.tables:
                await connection.execute(text(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"))
    yield engine
    await engine.dispose()
    server.drop_database("walled")


@pytest.fixture(scope="module")
async def worlds(
    server: postgres.Server, document: Document, owner: AsyncEngine
) -> AsyncIterator[tuple[World, World]]:
    """An agency and its rival, each with one of everything."""
    assert owner
    database = Database(server.url_for("walled"))
    async with client_of(create_app(database, SECRET), document) as http:
        ours = await build_world(await found_agency(http, database, SECRET))
        theirs = await build_world(await found_agency(http, database, SECRET))
        yield ours, theirs
    await database.close()


async def test_every_request_succeeds_in_its_own_agency(
    worlds: tuple[World, World], document: Document
) -> None:
    ours, _ = worlds
    for call, _ in calls(document, ours):
        response = await call.send(ours)
        assert response.is_success, f"{call.operation}: {response.text}"


async def test_every_place_for_an_id_is_tried(worlds: tuple[World, World], document: Document) -> None:
    tried: dict[tuple[str, Slot], bool] = {}
    for call, operation in calls(document, worlds[0]):
        for slot in slots(call, operation, document.document):
            key = (call.operation, slot)
            tried[key] = tried.get(key, False) or is_present(call, slot)
    assert [key for key, present in tried.items() if not present] == []
    assert len(tried) > 60


async def test_anothers_id_is_answered_as_one_that_does_not_exist(
    worlds: tuple[World, World], document: Document, owner: AsyncEngine
) -> None:
    ours, theirs = worlds
    before = await stored(owner, *worlds)
    for call, operation in calls(document, ours):
        for slot in slots(call, operation, document.document):
            if is_present(call, slot):
                anothers = theirs.id_for(slot.name, call.body or {})
                await refused_alike(call, slot, ours, anothers)
    assert await stored(owner, *worlds) == before


def refusal_of(response: httpx.Response) -> Json:
    """The problem that says a thing is not there: the whole answer, or that of the one item of a bulk call."""
    if response.status_code != 207:
        return problem_of(response, 404, "not_found")
    [item] = response.json()["items"]
    problem: Json = item["problem"]
    assert (item["status"], problem["code"]) == (404, "not_found"), response.text
    return problem


async def refused_alike(call: Call, slot: Slot, ours: World, anothers: str) -> None:
    """Fail unless two ids at a place get the same answer, byte for byte but for the ids."""
    bodies = set()
    for value in (anothers, NOBODY):
        response = await call.with_id(slot, value).send(ours)
        if slot.name in OF_ANY_KIND:
            assert response.json()["items"] == [], call.operation
        else:
            problem = refusal_of(response)
        replaced = {value: "ID", response.headers["x-request-id"]: "REQUEST"}
        body = response.text
        for given, name in replaced.items():
            body = body.replace(given, name)
        bodies.add(body)
        if slot.where == "body":
            [error] = problem["errors"]
            assert error["pointer"] == "".join(f"/{part}" for part in slot.path), call.operation
    assert len(bodies) == 1, (call.operation, slot, bodies)


async def test_lists_hold_nothing_of_another_agency(worlds: tuple[World, World], document: Document) -> None:
    ours, theirs = worlds
    for call, _ in calls(document, ours):
        if call.operation.startswith("list_"):
            call.query = {}
            answer = (await call.send(ours)).text
            assert not any(object_id in answer for object_id in theirs.ids.values()), call.operation
