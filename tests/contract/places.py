"""Every place of an operation's body where a value can stand, each with a body around it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.agency import Json

Path = tuple[str | int, ...]
Put = Callable[[Any], Any]

HOLE = "a hole to be filled"
KEY = "key"  # of an object whose members the client names
LATER = {"until", "to", "end"}  # ends, which come after what they end


@dataclass(frozen=True)
class Place:
    """A place in a body: the schemas that a value there may follow, and the body with a hole there."""

    path: Path
    kinds: list[Json]
    around: Any

    @property
    def pointer(self) -> str:
        """The place as an error names it."""
        return "".join(f"/{part}" for part in self.path)

    def filled(self, fragment: str) -> bytes:
        """The body with a fragment of JSON at the place, whatever it is."""
        return json.dumps(self.around).replace(json.dumps(HOLE), fragment).encode()


def schema_of(operation: Json) -> Json:
    """The schema of an operation's body."""
    schema: Json = operation["requestBody"]["content"]["application/json"]["schema"]
    return schema


def places(schema: Json, document: Json, body: Any) -> Iterator[Place]:
    """Every place below a schema; the body around it is the one given, filled up where it has nothing."""
    return _below(schema, document, body, (), lambda value: value)


def kinds_of(schema: Json, document: Json) -> list[Json]:
    """The schemas of which a value must follow one, none of them a reference."""
    if "$ref" in schema:
        return kinds_of(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    parts = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    return [kind for part in parts for kind in kinds_of(part, document)] if parts else [schema]


def least(schema: Json, document: Json, name: str = "") -> Any:
    """A small value that is true to a schema."""
    kind = kinds_of(schema, document)[0]
    if kind["type"] == "object":
        members = kind.get("properties", {})
        return {member: least(members[member], document, member) for member in kind.get("required", [])}
    if kind["type"] == "array":
        return [least(kind["items"], document)] * kind.get("minItems", 0)
    return _least_scalar(kind, name)


def _least_scalar(kind: Json, name: str) -> Any:
    if "const" in kind:
        return kind["const"]
    if "enum" in kind:
        return "unknown" if "unknown" in kind["enum"] else kind["enum"][0]
    if name in LATER and "format" in kind:
        return {"date": "2026-07-18", "date-time": "2026-07-18T10:00:00Z"}[kind["format"]]
    if "examples" in kind:
        return kind["examples"][0]
    patterns = {"^(candidate|client|interviewer)$": "candidate", "^[A-Z]{3}$": "GBP"}
    words = patterns.get(kind.get("pattern", ""), "x")
    numbers = dict.fromkeys(("integer", "number"), kind.get("minimum", 1))
    return {"string": words, "boolean": False, **numbers}[kind["type"]]


def _below(schema: Json, document: Json, given: Any, path: Path, put: Put) -> Iterator[Place]:
    for kind in kinds_of(schema, document):
        for name, member, around in _members(kind, document, given):
            here, inner = (*path, name), partial(_put, put, around, name)
            yield Place(here, kinds_of(member, document), inner(HOLE))
            yield from _below(member, document, _at(around, name), here, inner)


def _members(kind: Json, document: Json, given: Any) -> Iterator[tuple[str | int, Json, Any]]:
    """The members of an object, or the first item of an array, with what stands around it."""
    if kind.get("type") == "object":
        around = given if _fits(given, kind) else least(kind, document)
        for name, member in kind.get("properties", {}).items():
            yield name, member, around
        if isinstance(kind.get("additionalProperties"), dict):
            yield KEY, kind["additionalProperties"], {}
    if kind.get("type") == "array":
        yield 0, kind["items"], given if isinstance(given, list) and given else [None]


def _fits(given: Any, kind: Json) -> bool:
    """Whether a value is an object of a kind, and not of another that may stand there."""
    words = {name: part["const"] for name, part in kind.get("properties", {}).items() if "const" in part}
    return isinstance(given, dict) and all(given.get(name) == word for name, word in words.items())


def _at(around: Any, name: str | int) -> Any:
    return around.get(name) if isinstance(around, dict) else around[0]


def _put(put: Put, around: Any, name: str | int, value: Any) -> Any:
    return put({**around, name: value} if isinstance(around, dict) else [value])
