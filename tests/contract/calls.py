"""Every operation of the document as requests that succeed, and the places in them where an id can stand."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.agency import Json
from tests.contract.document import Document
from tests.contract.world import SPARE, World, bodies


@dataclass
class Call:
    """A request that its agency may make, in the parts it is made of."""

    operation: str
    method: str
    path: str
    parameters: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Json | None = None

    async def send(self, world: World, **headers: str) -> httpx.Response:
        """The answer an agency gets."""
        url = self.path.format(**self.parameters)
        return await world.agency.call(self.method, url, params=self.query, json=self.body, headers=headers)

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
            kind = SPARE.get((operation["operationId"], name), name)
            given[parameter["in"]][name] = world.id_for(kind, {})
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
