"""Columns: what the columns of a CSV file are called, and the item that the cells of a line make."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.api.bulk import ITEMS
from app.errors import UnreadableFileError

Json = dict[str, Any]

# The columns that a report of rejected lines adds: it can be mended and imported as it is.
REPORTED = "rejected."

# How a report keeps a cell from being taken for a formula.
_GUARDED = re.compile(r"'[=+\-@\t\r]")

_OWN = {"external_ref.source": "string", "external_ref.id": "string"}


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file of one kind; `source` is the system of external ids that have no column for it."""

    kind: str
    names: list[str]
    types: Mapping[str, str]
    source: str | None

    def item(self, cells: list[str]) -> Json:
        """The item of a line: an empty cell is an absent member; numbers and booleans are what their member is."""
        item: Json = {"kind": self.kind}
        for name, cell in zip(self.names, cells, strict=True):
            if cell and name in self.types:
                *within, member = name.split(".")
                target = item
                for part in within:
                    target = target.setdefault(part, {})
                target[member] = _typed(_unguarded(cell), self.types[name])
        for name in _refs(self.types):
            if name in item and self.source is not None:
                item[name].setdefault("source", self.source)
        ref = item.pop("external_ref", None)
        return item if ref is None else {**item, "external_refs": [ref]}


def columns_of(header: list[str], kind: str, source: str | None) -> Columns:
    """The columns that a header names. Raises UnreadableFileError for one that is unknown, doubled or missing."""
    types = {**_OWN, **dict(_members(ITEMS[kind].model_json_schema()))}
    wanted = [name for name in header if not name.startswith(REPORTED)]
    unknown = [name for name in wanted if name not in types]
    if unknown:
        known = ", ".join(sorted(types))
        raise UnreadableFileError(
            f"A {kind} has no {', '.join(map(repr, unknown))}. Its columns are: {known}."
        )
    if len(set(wanted)) < len(wanted):
        raise UnreadableFileError("A column stands twice in the header.")
    if "external_ref.id" not in wanted:
        raise UnreadableFileError("The column external_ref.id is missing: by it a line is known again.")
    for name in _refs(types):
        if f"{name}.id" in wanted and f"{name}.source" not in wanted and source is None:
            raise UnreadableFileError(
                f"Say which system's ids {name}.id are: with --source or {name}.source."
            )
    return Columns(kind, header, types, source)


def _refs(types: Mapping[str, str]) -> list[str]:
    """The members that are external ids."""
    return [name.removesuffix(".source") for name in types if name.endswith(".source")]


def _members(schema: Json, within: str = "") -> Iterator[tuple[str, str]]:
    """The dotted names of the members that a cell can say, each with its JSON type."""
    shapes = schema.get("$defs", {})
    for name, member in schema["properties"].items():
        for part in member.get("anyOf", [member]):
            shape = {**part, **shapes.get(part.get("$ref", "").rpartition("/")[2], {})}
            if "properties" in shape:
                yield from _members({**shape, "$defs": shapes}, f"{within}{name}.")
            elif shape.get("type") in ("string", "integer", "number", "boolean") and "const" not in shape:
                yield f"{within}{name}", shape["type"]


def _typed(cell: str, kind: str) -> Any:
    """A cell as its member's type; one that cannot be stays text, and the service says what is wrong with it."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(cell.lower(), cell)
    if kind == "integer" and re.fullmatch(r"-?[0-9]{1,18}", cell):
        return int(cell)
    if kind == "number" and re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", cell):
        return float(cell)
    return cell


def _unguarded(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell
