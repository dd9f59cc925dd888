"""Rows to be written, gathered in a transaction and sent as one statement for all their tables.

Whatever is recorded with a fact (its status, its events, its entry in the audit trail) so costs one round trip. The
rows are sent when somebody is about to read them, and at the latest before the commit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession

from app.models.base import Base

Row = dict[str, Any]


class Verb(StrEnum):
    """What is done with rows.

    One statement has no order within, so no row may be deleted whose unique values another inserts.
    """

    DELETE = "delete"
    INSERT = "insert"
    PUT = "put"
    CHANGE = "change"


class Part(NamedTuple):
    """Rows of one table that have the same columns, and what is done with them."""

    verb: Verb
    table: str
    columns: tuple[str, ...]


@dataclass
class Writes:
    """The rows that a transaction has still to write."""

    parts: dict[Part, list[Row]] = field(default_factory=dict)

    def add(self, verb: Verb, table: str, rows: Iterable[Row]) -> None:
        """Gather rows."""
        for row in rows:
            self.parts.setdefault(Part(verb, table, tuple(row)), []).append(row)


def insert(db: AsyncSession, model: type[Base], rows: Iterable[Row]) -> None:
    """Write new rows; what is left out of all of them gets the database's default."""
    of(db).add(Verb.INSERT, model.__tablename__, rows)


def put(db: AsyncSession, model: type[Base], rows: Iterable[Row]) -> None:
    """Write rows by their ids, whether they are there or not; no id twice before they are sent."""
    of(db).add(Verb.PUT, model.__tablename__, rows)


def change(db: AsyncSession, model: type[Base], rows: Iterable[Row]) -> None:
    """Change some columns of rows that are there, by `agency_id` and `id`."""
    of(db).add(Verb.CHANGE, model.__tablename__, rows)


def delete(db: AsyncSession, model: type[Base], rows: Iterable[Row]) -> None:
    """Delete rows, given by `agency_id` and `id`."""
    of(db).add(Verb.DELETE, model.__tablename__, rows)


def add(db: AsyncSession, entity: Base) -> None:
    """Write what a new object holds; with it go the defaults of its columns, as they would with a session's."""
    row = {}
    for column in inspect(type(entity)).columns:
        value = getattr(entity, column.key)
        if value is None and column.server_default is not None:
            continue
        if value is None and column.default is not None:
            value = _default(column.default)
            setattr(entity, column.key, value)
        row[column.name] = value
    insert(db, type(entity), [row])


def _default(default: Any) -> Any:
    return default.arg(None) if default.is_callable else default.arg


def of(db: AsyncSession) -> Writes:
    """The rows that a session has still to write."""
    writes: Writes = db.info.setdefault("writes", Writes())
    return writes


async def flush(db: AsyncSession) -> None:
    """Send what is gathered, after whatever the session itself has to write."""
    if db.new or db.dirty or db.deleted:
        await db.flush()
    parts = sorted(of(db).parts.items(), key=lambda part: _place(part[0]))
    of(db).parts = {}
    if parts:
        driver: Any = db.info["driver"]  # as `db.driver_of` gives it, which is above this module
        statement = _statement(tuple(part for part, _ in parts))
        rows = [msgspec.json.encode([*map(_spelt, rows)]).decode() for _, rows in parts]
        await driver.execute(statement, parts[0][1][0]["agency_id"], *rows)


def forget(db: AsyncSession) -> None:
    """Leave unwritten what is gathered: the part of the work that it belongs to is undone."""
    of(db).parts = {}


def _place(part: Part) -> tuple[int, int]:
    """First what makes room, then each table after those it refers to: not every database judges that at the end."""
    tables = _tables()
    return list(Verb).index(part.verb), tables[part.table] if part.verb is not Verb.DELETE else -tables[
        part.table
    ]


@lru_cache
def _tables() -> dict[str, int]:
    return {table.name: place for place, table in enumerate(Base.metadata.sorted_tables)}


def _spelt(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row as PostgreSQL reads it in JSON: bytes in its own spelling."""
    if any(isinstance(value, bytes) for value in row.values()):
        return {name: f"\\x{v.hex()}" if isinstance(v, bytes) else v for name, v in row.items()}
    return row


@lru_cache
def _statement(parts: tuple[Part, ...]) -> str:
    """One statement that does it all: the rows of each part come as one parameter, after the agency's id."""
    steps = (f"part_{n} AS ({_step(part, f'${n}')} RETURNING 1)" for n, part in enumerate(parts, start=2))
    return f"WITH {', '.join(steps)} SELECT CAST($1 AS uuid)"


def _step(part: Part, rows: str) -> str:
    table = part.table
    given = f"json_populate_recordset(CAST(NULL AS {table}), CAST({rows} AS json)) AS given"
    columns = [f'"{name}"' for name in part.columns]
    mine = f"{table}.agency_id = $1 AND {table}.id = given.id"
    listed, rest = ", ".join(columns), [c for c in columns if c not in ('"agency_id"', '"id"')]
    match part.verb:
        case Verb.DELETE:
            return f"DELETE FROM {table} USING {given} WHERE {mine}"
        case Verb.CHANGE:
            return (
                f"UPDATE {table} SET {', '.join(f'{c} = given.{c}' for c in rest)} FROM {given} WHERE {mine}"
            )
    step = f"INSERT INTO {table} ({listed}) SELECT {listed} FROM {given}"
    if part.verb is Verb.PUT:
        step += f" ON CONFLICT (agency_id, id) DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in rest)}"
    return step
