"""Every member of every body, given what it cannot be: never a 500, and never stored half (H13).

Made from the document: a new member is tried without a change here.
"""

import copy
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from app.db import Database
from tests.agency import Json, found_agency
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.contract.world import World, bodies, build_world

NASTY: list[Any] = [
    None,
    True,
    -1,
    10**400,
    1e308,
    "",
    "x" * 5_000,
    "1990-01-01T00:00:00Z",
    "2100-12-31T23:59:59+14:00",
    "2100-12-31",
    [],
    [[]],
    {},
    {"": {}},
    "\U0010ffff\u202e\u0001",
    "0197f3a0-0000-7000-8000-000000000000",
]

# What an object must have before its other members are looked at.
FILLED: dict[str, Json] = {
    "Concern": {"category": "salary", "text": "x"},
    "Question": {"question": "x"},
    "TimescaleTerms": {"kind": "unknown"},
    "DebriefTimescale": {"kind": "unknown"},
    "Money": {"amount": 1, "currency": "GBP", "period": "year"},
    "PauseTerms": {"from": "2026-07-01T00:00:00Z", "until": "2026-07-02T00:00:00Z"},
    "ExternalRef": {"source": "x", "id": "1"},
}


@pytest.fixture(scope="module")
async def world(app: FastAPI, document: Document, database: Database) -> AsyncIterator[World]:
    """An agency with one of everything."""
    async with client_of(app, document) as http:
        yield await build_world(await found_agency(http, database, SECRET))


def members(schema: Json, document: Json, filled: Any, depth: int = 0) -> Iterator[tuple[Any, ...]]:
    """Paths to the members of a body, and what must stand around each."""
    for part in [schema, *schema.get("anyOf", []), *schema.get("oneOf", [])]:
        name = part.get("$ref", "").rpartition("/")[2]
        target = document["components"]["schemas"][name] if name else part
        for member, below in target.get("properties", {}).items():
            around = {**FILLED.get(name, {}), **(filled if isinstance(filled, dict) else {})}
            yield (around, (member,))
            if depth < 3:
                inner = around.get(member)
                for value, path in members(below, document, inner, depth + 1):
                    yield ({**around, member: value}, (member, *path))
        if "items" in target and depth < 3:
            inner = filled[0] if isinstance(filled, list) and filled else None
            for value, path in members(target["items"], document, inner, depth + 1):
                yield ([value], (0, *path))


def requests(operation: Json, document: Json, body: Json) -> Iterator[tuple[Any, ...]]:
    """Bodies with one member that is nasty, and where; each member gets a few of the values in turn."""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    for turn, (around, path) in enumerate(members(schema, document, body)):
        for value in NASTY[turn % 5 :: 5]:
            nasty: Any = copy.deepcopy({**body, **around})
            target = nasty
            for part in path[:-1]:
                target = target[part]
            target[path[-1]] = value
            yield nasty, path, value


async def test_nothing_in_a_body_gives_a_500(world: World, document: Document) -> None:
    tried = 0
    for url, methods in document.document["paths"].items():
        for method, operation in methods.items():
            for body in bodies(world.ids).get(operation["operationId"], [])[:1]:
                ids = {f"{kind}_id": value for kind, value in world.ids.items()}
                for nasty, path, value in requests(operation, document.document, body):
                    tried += 1
                    answer = await world.agency.call(method, url.format(**ids), json=nasty)
                    assert answer.status_code < 500, (operation["operationId"], path, value, answer.text)
    assert tried > 1_000
