"""The database: connections, transactions, and the only place that commits.

One unit of work is one transaction of one agency. Row-level security shows it that agency's rows alone (S1),
and the application works under a role that can neither own tables nor pass by that wall.
"""

import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import msgspec
from sqlalchemy import event, make_url, text
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import ArgumentError, DisconnectionError, ProgrammingError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    AsyncSessionTransaction,
    create_async_engine,
)
from sqlalchemy.pool import QueuePool

from app import writes
from app.db_errors import DATABASE_ERRORS, translated, translated_at_opening, unavailable
from app.errors import DatabaseUnusableError, SetupError, UnsafeRoleError

APPLICATION_ROLE = "touchbase_app"

# R8. A request that waits longer than this is better refused than kept waiting.
POOL_WAIT_SECONDS = 2
TIMEOUTS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
}

# Longer than the database lets a statement run: when it comes to this, it is frozen or the way to it is cut.
ANSWER_SECONDS = 6

# The first statement of every transaction: the clock (R6), and what nearly every request reads of its agency.
_CLOCK = "SELECT now()"
_OPENING = "SELECT now(), policy FROM agencies WHERE agency_id = $1"

# Not the second colon of a cast.
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")

IS_CLUSTER = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
_PARTS = f"SELECT ({IS_CLUSTER}), EXISTS (SELECT FROM pg_partitioned_table)"


def async_url(url: str) -> URL:
    """A PostgreSQL URL for the driver we use, whatever driver it names."""
    try:
        return make_url(url).set(drivername="postgresql+asyncpg")
    except ArgumentError:
        raise SetupError("TOUCHBASE_DATABASE_URL is not a database URL.") from None


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """The driver's connection, whose transactions are ours to begin and to end.

    An answer that does not come in time is not waited for again: the connection ends with it.
    """

    is_cluster = False
    is_under_way = False
    is_silent = False

    async def begin(self, statements: Sequence[str]) -> None:
        """Begin a transaction with some statements, in one message.

        Not on a Citus cluster, which repeats the whole message that sets something on every machine that it then asks.
        """
        self.is_under_way = True
        messages = ["BEGIN", *statements]
        for message in messages if self.is_cluster else [";".join(messages)]:
            await self.execute(message)

    async def commit(self) -> None:
        """End the transaction; RuntimeError where one of its statements failed and nobody took notice."""
        done = await self.execute("COMMIT")
        self.is_under_way = False
        if done != "COMMIT":
            raise RuntimeError("A transaction that had failed was to be committed.")

    async def rollback(self) -> None:
        """Undo the transaction, if the database can still be told."""
        if not self.is_closed():
            with suppress(*DATABASE_ERRORS):
                await self.execute("ROLLBACK")
                self.is_under_way = False

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        """Run a statement, as the driver does."""
        with self._ended_by_silence():
            done: str = await super().execute(query, *args, **options)
        return done

    async def fetch(self, query: str, *args: Any, **options: Any) -> list[asyncpg.Record]:
        """Read rows, as the driver does."""
        with self._ended_by_silence():
            rows: list[asyncpg.Record] = await super().fetch(query, *args, **options)
        return rows

    @contextmanager
    def _ended_by_silence(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self.is_silent = True
            self.terminate()
            raise


class Database:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine = _engine(url, pool_size, ANSWER_SECONDS)
        # So that whoever asks after the database's health need not queue with those who are at work (R14).
        self.spare = _engine(url, 1, POOL_WAIT_SECONDS)
        self.waiting = 0

    @asynccontextmanager
    async def transaction(
        self, agency_id: UUID | None, beginning: "Beginning | None" = None
    ) -> AsyncIterator[AsyncSession]:
        """A session whose work commits at the end as a whole, or not at all.

        Its `info` has the database's clock as `now` (R6) and the agency's `policy` as it is stored; where there is a
        `beginning`, the row that it reads as `begun`. Without an agency only the look-up of credentials is visible.
        """
        try:
            async with self._session() as session:
                driver = driver_of(session)
                try:
                    await _open(session, agency_id, beginning or Beginning())
                    yield session
                    await writes.flush(session)
                    await driver.commit()
                except Exception:
                    await driver.rollback()
                    raise
        except DATABASE_ERRORS as error:
            raise translated(error) from error

    @asynccontextmanager
    async def _session(self) -> AsyncIterator[AsyncSession]:
        """A session on a connection of its own, which goes on to others only if its transaction has ended in order.

        The transaction is the driver's, so that what needs no session costs none: to SQLAlchemy each statement stands
        alone, and neither closing nor giving back sends anything. What is thrown away is not told so: a statement that
        runs on there ends at its time limit, and is undone.
        """
        pool = self.engine.pool
        connection = await self._connect()
        lent = connection.sync_connection
        assert lent is not None
        driver = lent.connection.driver_connection
        assert isinstance(driver, Connection)
        session = AsyncSession(connection, expire_on_commit=False, autoflush=False)
        session.info["driver"] = driver
        try:
            yield session
        finally:
            session.sync_session.close()
            if driver.is_under_way and not lent.invalidated:
                lent.invalidate()
            lent.close()
            if driver.is_silent and self.engine.pool is pool:
                # The others are no better: each is made anew before its next use.
                await self.engine.dispose(close=False)

    @property
    def pool(self) -> QueuePool:
        """The connections; `waiting` counts the transactions that have none yet."""
        pool = self.engine.pool
        assert isinstance(pool, QueuePool)
        return pool

    async def check_role(self) -> None:
        """Raise SetupError if the database cannot be used, or under a role that row-level security does not bind."""
        query = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        try:
            async with self.engine.connect() as connection:
                unsafe = await connection.scalar(query)
        except DATABASE_ERRORS as error:
            raise DatabaseUnusableError(APPLICATION_ROLE) from error
        if unsafe:
            raise UnsafeRoleError(APPLICATION_ROLE)

    async def revision(self) -> str | None:
        """The schema's revision; None where there is no schema yet, or none that we may read."""
        try:
            async with self.spare.connect() as connection:
                revision: str | None = await connection.scalar(
                    text("SELECT version_num FROM alembic_version")
                )
        except ProgrammingError:
            return None
        except DATABASE_ERRORS as error:
            raise unavailable(error) from error
        return revision

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
        await self.spare.dispose()

    async def _connect(self) -> AsyncConnection:
        self.waiting += 1
        try:
            return await self.engine.connect()
        except DATABASE_ERRORS as error:
            raise unavailable(error) from error
        finally:
            self.waiting -= 1


@asynccontextmanager
async def savepoint(session: AsyncSession) -> AsyncIterator[AsyncSessionTransaction]:
    """A part of a transaction that is written as a whole, or undone alone where it raises."""
    await writes.flush(session)
    known = dict(session.info)
    try:
        async with session.begin_nested() as part:
            await (
                session.connection()
            )  # what went straight to the driver would otherwise go before the savepoint
            yield part
            await writes.flush(session)
    except BaseException:
        # With what was written go the locks, and with them what was read under their protection.
        writes.forget(session)
        session.info.clear()
        session.info.update(known)
        raise


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a transaction begins with, where that of every other would cost more messages.

    `statements` travel with BEGIN, so that what they lock or set holds before anything is read; nothing that somebody
    sent stands in them. `first` is read instead of the clock and the policy, and says both, as `now` and
    `agency_policy`; if it finds nothing, the transaction begins as every other. What holds by then is told as `info`.
    """

    statements: Sequence[str] = ()
    first: tuple["Statement", Mapping[str, Any]] | None = None
    info: Mapping[str, Any] = field(default_factory=dict)


def driver_of(session: AsyncSession) -> Connection:
    """The driver's own connection, in the session's transaction: for statements whose cost counts."""
    driver: Connection = session.info["driver"]
    return driver


class Statement:
    """A reading whose cost counts: its rows come from the driver as they are, without SQLAlchemy's share of the work.

    Parameters are named as in `text()`. The driver must be able to tell the type of each from the statement.
    """

    def __init__(self, sql: str) -> None:
        self.names = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
        numbers = {name: f"${number}" for number, name in enumerate(self.names, 1)}
        self.sql = _PARAMETER.sub(lambda match: numbers[match[1]], sql)

    async def fetch(self, session: AsyncSession, parameters: Mapping[str, Any]) -> list[asyncpg.Record]:
        """Run it in the session's transaction."""
        rows: list[asyncpg.Record] = await driver_of(session).fetch(self.sql, *self.values(parameters))
        return rows

    def values(self, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
        """The parameters in the order in which the driver takes them."""
        return tuple(parameters[name] for name in self.names)


async def _open(session: AsyncSession, agency_id: UUID | None, beginning: Beginning) -> None:
    """Begin a transaction. If the first statements of all fail, there is no database for us."""
    driver = driver_of(session)
    entry = [_entry(agency_id)] if agency_id else []
    try:
        await driver.begin([*entry, *beginning.statements])
        session.info.update(beginning.info, **await _begun(driver, agency_id, beginning.first))
    except DATABASE_ERRORS as error:
        raise translated_at_opening(error) from error


async def _begun(
    driver: Connection, agency_id: UUID | None, first: tuple[Statement, Mapping[str, Any]] | None
) -> dict[str, Any]:
    """What a transaction knows from its first statement."""
    if first is not None:
        statement, parameters = first
        for row in await driver.fetch(statement.sql, *statement.values(parameters)):
            return {"now": row["now"], "policy": row["agency_policy"] or {}, "begun": row}
    if agency_id is not None:
        for row in await driver.fetch(_OPENING, agency_id):
            return {"now": row["now"], "policy": row["policy"] or {}}
    [row] = await driver.fetch(_CLOCK)
    return {"now": row["now"]}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Database]:
    """A database for one piece of work outside the server."""
    database = Database(url, pool_size=1)
    try:
        yield database
    finally:
        await database.close()


def _engine(url: str, pool_size: int, answer_seconds: float) -> AsyncEngine:
    settings = {
        "role": APPLICATION_ROLE,
        "application_name": "touchbase",
        "timezone": "UTC",
        "datestyle": "ISO",
        **TIMEOUTS,
    }
    engine = create_async_engine(
        async_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT",
        connect_args={
            "server_settings": settings,
            "timeout": POOL_WAIT_SECONDS,
            "command_timeout": answer_seconds,
            "connection_class": Connection,
        },
        json_deserializer=msgspec.json.decode,
        hide_parameters=True,  # they stand neither in the words of errors nor in logs (S5)
    )
    event.listen(engine.sync_engine, "connect", _recognise)
    event.listen(engine.sync_engine, "checkout", _pass_over_lost)
    event.listen(engine.sync_engine, "handle_error", _give_up_on_silence)
    return engine


def _recognise(connection: Any, _record: Any) -> None:
    """What every new connection asks and sets.

    One machine plans a statement once for whatever values: planning would cost more than running most of them, and of
    an agency that its statistics do not know the planner would expect no rows. Where tables are in parts, on one
    machine or on many, the planner needs the values: by them it knows which parts need not be looked at.
    """
    driver = connection.driver_connection
    driver.is_cluster, is_parted = connection.run_async(lambda driver: driver.fetchrow(_PARTS))
    if not (driver.is_cluster or is_parted):
        connection.run_async(lambda driver: driver.execute("SET plan_cache_mode = force_generic_plan"))
    connection.run_async(_read_instants_as_text)


async def _read_instants_as_text(driver: Connection) -> None:
    """Python reads an instant that is spelt out four times as fast as the driver makes one of a number."""
    await driver.set_type_codec(
        "timestamptz",
        schema="pg_catalog",
        encoder=datetime.isoformat,
        decoder=datetime.fromisoformat,
        format="text",
    )


def _pass_over_lost(connection: Any, _record: Any, _lent: Any) -> None:
    """One whose end the driver knows of is made anew before anybody gets it."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _give_up_on_silence(context: ExceptionContext) -> None:
    """Where one connection does not answer in time the others are no better: each is made anew before its next use."""
    if isinstance(context.original_exception, TimeoutError):
        context.invalidate_pool_on_disconnect = True


async def enter(session: AsyncSession, agency_id: UUID) -> None:
    """Let a running transaction see one agency's rows."""
    # To the driver as it is, so that it fills no cache of prepared statements.
    await driver_of(session).execute(_entry(agency_id))


def _entry(agency_id: UUID) -> str:
    """`SET LOCAL` with a parsed UUID, not a parameter: Citus passes this form on, and it takes no parameters."""
    return f"SET LOCAL app.agency_id = '{UUID(str(agency_id))}'"
