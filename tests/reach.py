"""How far the statements of requests reach: each is of one agency, and says so of every table it names (S1).

On the partitioned schema PostgreSQL itself tells. Of a statement and its values the planner leaves out the partitions
that it can rule out in advance: what remains is one of each table, or the statement names a table without the agency.
Citus decides by the same reasoning whether one machine can answer. Row-level security is left out of it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, Pool, event
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.owner import within
from tests.partitions import SCHEMA

# Every statement, as the driver gets it, with the values it came with first.
Sent = dict[str, tuple[Any, ...]]

_in_request: ContextVar[bool] = ContextVar("in_request", default=False)

_PLANNED = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)


def serving(app: ASGIApp) -> ASGIApp:
    """An application, whose statements are those of requests."""

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        token = _in_request.set(True)
        try:
            await app(scope, receive, send)
        finally:
            _in_request.reset(token)

    return served


@contextmanager
def watched() -> Iterator[Sent]:
    """Every statement that any request sends meanwhile, be it by way of SQLAlchemy or straight to the driver."""
    sent: Sent = {}

    def note(statement: str, values: Any) -> None:
        if _in_request.get():
            # Without values, several may travel in one message.
            for each in [statement] if values else statement.split(";"):
                if _PLANNED.match(each):
                    sent.setdefault(each, tuple(values))

    def execute(_c: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        note(statement, values[0] if many else values)

    def connect(connection: Any, _record: Any) -> None:
        connection.driver_connection.add_query_logger(lambda query: note(query.query, query.args))

    event.listen(Engine, "before_cursor_execute", execute)
    event.listen(Pool, "connect", connect)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", execute)
        event.remove(Pool, "connect", connect)


def astray(url: str, sent: Sent) -> dict[str, set[str]]:
    """The statements that read more than one partition of the database of `url`, and which."""

    def work(connection: Connection) -> dict[str, set[str]]:
        return {statement: partitions(connection, statement, values) for statement, values in sent.items()}

    found = within(url, work)
    return {statement: read for statement, read in found.items() if len({_number(name) for name in read}) > 1}


def partitions(connection: Connection, statement: str, values: tuple[Any, ...]) -> set[str]:
    """The partitions that a statement reads or changes, by its plan."""
    plan = connection.exec_driver_sql(f"EXPLAIN (VERBOSE, FORMAT JSON) {statement}", values).scalar_one()
    return {node["Relation Name"] for node in _nodes(plan) if node.get("Schema") == SCHEMA}


def _number(partition: str) -> str:
    return partition.rpartition("_")[2]


def _nodes(plan: Any) -> Iterator[dict[str, Any]]:
    if isinstance(plan, list):
        for each in plan:
            yield from _nodes(each)
    elif isinstance(plan, dict):
        yield plan
        for each in plan.values():
            yield from _nodes(each)
