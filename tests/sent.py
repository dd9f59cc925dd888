"""The statements that a service sends, be it by way of SQLAlchemy or to the driver itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asyncpg.connection import LoggedQuery  # type: ignore[import-untyped]
from sqlalchemy import event

from app.db import Database

Sent = list[tuple[str, Any]]


@asynccontextmanager
async def noted(database: Database) -> AsyncIterator[Sent]:
    """Every statement that is sent meanwhile, with its parameters; but for those that only hold it in a transaction."""
    sent: Sent = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    def note_driven(query: LoggedQuery) -> None:
        if query.args:
            sent.append((query.query, query.args))

    def listen(connection: Any, *_: Any) -> None:
        connection.driver_connection.add_query_logger(note_driven)

    engine = database.pool.engine.sync_engine
    listeners = (("before_cursor_execute", note), ("connect", listen))
    for name, listener in listeners:
        event.listen(engine, name, listener)
    await database.pool.close()  # each connection is made anew, and listened to from its beginning
    try:
        yield sent
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)
        await database.pool.close()
