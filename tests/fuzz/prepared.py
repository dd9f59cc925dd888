"""The document as the fuzzer reads it: its examples name what is there, so that requests get past the 404."""

import copy
from collections.abc import Iterator
from typing import Any

from tests.agency import Json
from tests.contract.world import PARTS, World, bodies

BODY = "application/json"


def prepared(document: Json, world: World) -> Json:
    """The document with the ids and the bodies of a world as its examples."""
    document = copy.deepcopy(document)
    ids = {**world.ids, "person": world.ids["candidate"]}
    for name, schema in _named_schemas(document):
        kind = PARTS.get(name, name.removesuffix("_id"))
        if kind in ids:
            _show(schema, ids[kind])
        if name == "token":
            schema["examples"] = [world.token]
    for operation in _operations(document):
        if "requestBody" in operation:
            _show_bodies(operation["requestBody"]["content"][BODY], bodies(ids)[operation["operationId"]])
    return document


def _operations(document: Json) -> Iterator[Json]:
    for methods in document["paths"].values():
        yield from methods.values()


def _named_schemas(document: Json) -> Iterator[tuple[str, Json]]:
    """Every parameter and every member of a body, with its schema."""
    for operation in _operations(document):
        for parameter in operation.get("parameters", []):
            yield parameter["name"], parameter["schema"]
    for schema in document["components"]["schemas"].values():
        yield from schema.get("properties", {}).items()


def _show(schema: Json, example: str) -> None:
    for part in (schema, *schema.get("anyOf", []), schema.get("items", {})):
        if part.get("format") == "uuid":
            part["examples"] = [example]


def _show_bodies(content: Json, shown: list[Any]) -> None:
    content.pop("example", None)
    content["examples"] = {f"body_{number}": {"value": body} for number, body in enumerate(shown)}
