"""Another agency's id is the same as an id that does not exist, wherever an id can stand (S2).

Made from the document: a new operation, or a new place for an id, is tested without a change here, or fails
until `tests/contract/world.py` names it.
"""

import copy
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from app import postgres
from app.db import Database, async_url
from app.main import create_app
from app.models import Base
from tests.agency import Json, found_agency
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.contract.problems import problem_of
from tests.contract.world import World, bodies, build_world

# A list narrowed by the id of whatever was written is empty for what is not ours.
OF_ANY_KIND = {"object_id"}

NOBODY = "0197f3a0-0000-7000-8000-000000000000"


@dataclass
class Call:
    """A request that its agency may make, in the parts it is made of."""

    operation: str
    method: str
    path: str
    parameters: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Json | None = None

    async def send(self, world: World) -> httpx.Response:
        """The answer an agency gets."""
        url = self.path.format(**self.parameters)
        return await world.agency.call(self.method, url, params=self.query, json=self.body)

    def with_id(self, slot: "Slot", value: str) -> "Call":
        """The same request with another id at one place."""
        call = copy.deepcopy(self)
        target: Any = {"path": call.parameters, "query": call.query, "body": call.body}[slot.where]
        for part in slot.path[:-1]:
            target = target[part]
        target[slot.path[-1]] = value
        return call


@dataclass(frozen=True)
class Slot:
    """A place where an id can stand; `name` says what it is an id of."""

    where: str
    path: tuple[str | int, ...]

    @property
    def name(self) -> str:
        """The member's or parameter's name."""
        return next(part for part in reversed(self.path) if isinstance(part, str))


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


def calls(document: Document, world: World) -> Iterator[tuple[Call, Json]]:
    """Every operation that needs a key, as requests that succeed, with its part of the document."""
    for path, methods in document.document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/v1") and "security" in operation:
                for body in bodies(world.ids).get(operation["operationId"], [None]):
                    yield _call(operation, method, path, world, body), operation


def _call(operation: Json, method: str, path: str, world: World, body: Json | None) -> Call:
    given: dict[str, dict[str, str]] = {"path": {}, "query": {}}
    for parameter in operation.get("parameters", []):
        if _is_id(parameter["schema"]):
            name = parameter["name"]
            given[parameter["in"]][name] = world.id_for(name, {})
    return Call(operation["operationId"], method, path, given["path"], given["query"], body)


def slots(call: Call, operation: Json, document: Json) -> Iterator[Slot]:
    """Every place of a request where the document lets an id stand."""
    for parameter in operation.get("parameters", []):
        if _is_id(parameter["schema"]):
            yield Slot(parameter["in"], (parameter["name"],))
    if call.body is not None:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        for path in _id_paths(schema, document, ()):
            yield Slot("body", path)


def _is_id(schema: Json) -> bool:
    return any(kind.get("format") == "uuid" for kind in [schema, *schema.get("anyOf", [])])


def _id_paths(schema: Json, document: Json, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """The places of ids in a body, by its schema; of an array the first."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("format") == "uuid":
        yield path
    for kind in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
        yield from _id_paths(kind, document, path)
    if "items" in schema:
        yield from _id_paths(schema["items"], document, (*path, 0))
    for name, member in schema.get("properties", {}).items():
        yield from _id_paths(member, document, (*path, name))


def is_present(call: Call, slot: Slot) -> bool:
    """Whether a request names an id there at all; a client is told no relays, for instance."""
    value: Any = {"path": call.parameters, "query": call.query, "body": call.body}[slot.where]
    for part in slot.path:
        if isinstance(part, str) and part not in value:
            return False
        value = value[part]
    return True


async def stored(owner: AsyncEngine, *worlds: World) -> dict[str, str]:
    """A digest of everything that some agencies have, by table; how much is used is noted all the time."""
    agencies = [world.agency.id for world in worlds]
    tables = [
        name for name in Base.metadata.tables if name not in ("agency_usage", "api_keys", "credentials")
    ]
    digests = " UNION ALL ".join(
        f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
        f" FROM {name} t WHERE agency_id = ANY(:agencies)"
        for name in tables
    )
    async with owner.connect() as connection:
        return {row[0]: row[1] for row in await connection.execute(text(digests), {"agencies": agencies})}


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
