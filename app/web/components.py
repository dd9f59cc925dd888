"""The shapes of the document: each under a name of its own, and those that are sent apart from those answered."""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

Json = dict[str, Any]

PLACE = "#/components/schemas/"

REFS = "external_refs"  # the member of all that may be posted again


def name_shapes(document: Json) -> Json:
    """Call every shape by its title, as ClientPage, and not by where its class stands in our code."""
    titles = {key: schema["title"] for key, schema in document["components"]["schemas"].items()}
    named: Json = _renamed(document, titles)
    shapes = {titles[key]: schema for key, schema in named["components"]["schemas"].items()}
    assert len(shapes) == len(titles), "two shapes of one name"
    named["components"]["schemas"] = shapes
    return named


def part_given(document: Json) -> None:
    """Give what an answer holds just as it was sent a shape of its own there: GivenConcern, of Concern.

    What was left out stays out, so it has no defaults (H15); and it is open, for it may grow.
    """
    shapes = document["components"]["schemas"]
    answered = _reached(list(_answers(document)), shapes)
    names = {name: f"Given{name}" for name in answered if _leaves_out(name, shapes)}
    shapes |= {given: _without_defaults(_renamed(shapes[name], names)) for name, given in names.items()}
    for name in answered - names.keys():
        shapes[name] = _renamed(shapes[name], names)


def tell_defaults(document: Json, records: Collection[str]) -> None:
    """Say in words what it means that a body says nothing of a member, if the body may be posted again.

    Generated clients send a `default`, and what is sent of a known object is changed, or said anew in another version
    of a debrief. `records` are the shapes of what never changes.
    """
    for title, shape in document["components"]["schemas"].items():
        meaning = "if absent." if title in records else "for a new one; a known one keeps its own."
        if REFS in shape.get("properties", {}) and shape.get("additionalProperties") is False:
            for name, member in shape["properties"].items():
                default = member.pop("default", None)
                if default is not None and name != REFS:
                    text = default if isinstance(default, str) else json.dumps(default)
                    words = [member.get("description"), f"`{text}` {meaning}"]
                    member["description"] = " ".join(filter(None, words))


def keep_used(document: Json) -> None:
    """Keep the shapes that something else in the document uses, in the order of their names."""
    shapes = document["components"]["schemas"]
    used = _reached([part for name, part in document.items() if name != "components"], shapes)
    document["components"]["schemas"] = {name: shapes[name] for name in sorted(used)}


def _answers(document: Json) -> Iterator[Json]:
    for path in document["paths"].values():
        for operation in path.values():
            yield from (answer for status, answer in operation["responses"].items() if status < "300")


def _leaves_out(name: str, shapes: Json) -> bool:
    """Whether a shape is one of what is sent, and it or one within it has members that may be left out."""
    whole = [shapes[name], *(shapes[inner] for inner in _reached(shapes[name], shapes))]
    leaves_out = any(len(shape.get("required", [])) < len(shape.get("properties", {})) for shape in whole)
    return leaves_out and shapes[name].get("additionalProperties") is False


def _without_defaults(shape: Json) -> Json:
    properties = {
        name: {key: value for key, value in part.items() if key != "default"}
        for name, part in shape["properties"].items()
    }
    kept = {key: value for key, value in shape.items() if key != "additionalProperties"}
    return {**kept, "properties": properties}


def _reached(node: Any, shapes: Json) -> set[str]:
    """The names of all shapes that a part of the document uses, directly or through others."""
    reached: set[str] = set()
    found = _references(node)
    while found:
        reached |= found
        found = _references([shapes[name] for name in found]) - reached
    return reached


def _references(node: Any) -> set[str]:
    return set(re.findall(f'"{PLACE}(\\w+)"', json.dumps(node)))


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    def new(found: re.Match[str]) -> str:
        return f'"{PLACE}{names.get(found[1], found[1])}"'

    return json.loads(re.sub(f'"{PLACE}(\\w+)"', new, json.dumps(node)))
