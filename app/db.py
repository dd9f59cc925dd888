"""The database: connections, transactions, and the only place that commits.

One unit of work is one transaction of one agency. Row-level security shows it that agency's rows alone (S1),
and the application works under a role that can neither own tables nor pass by that wall.
"""

import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import msgspec
from sqlalchemy import RowMapping, event, make_url, text
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    AsyncSessionTransaction,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import QueuePool

from app import writes
from app.errors import (
    ConflictError,
    DatabaseUnusableError,
    InvalidError,
    NotFoundError,
    RetryError,
    SetupError,
    UnavailableError,
    UnsafeRoleError,
)

APPLICATION_ROLE = "touchbase_app"

_DIALECT = make_url("postgresql+asyncpg://").get_dialect()()

# R8. A request that waits longer than this is better refused than kept waiting.
POOL_WAIT_SECONDS = 2
TIMEOUTS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
}

# Longer than the database lets a statement run: when it comes to this, it is frozen or the way to it is cut.
ANSWER_SECONDS = 6

# What speaks to the driver itself gets its errors without SQLAlchemy's wrapping.
DATABASE_ERRORS = (
    DBAPIError,
    PoolTimeoutError,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)

# Lock or statement timeout, a broken connection, a server that stops, has no room, may only read or has a sick disk.
_UNAVAILABLE_STATES = ("55P03", "57014", "08", "57P01", "57P02", "57P03", "53", "25006", "58")

# Given up for the sake of another transaction, which goes on.
_GIVEN_UP_STATES = ("40001", "40P01")

# The first statement of every transaction: the clock (R6), and what nearly every request reads of its agency.
_CLOCK = "SELECT now()"
_OPENING = "SELECT now(), policy FROM agencies WHERE agency_id = $1"

# Not the second colon of a cast.
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")

IS_CLUSTER = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')"
_PARTS = f"SELECT ({IS_CLUSTER}), EXISTS (SELECT FROM pg_partitioned_table)"

_CONSTRAINT = re.compile(r'constraint "(\w+)"')
_FOREIGN_KEY = re.compile(r"_agency_id_(\w+)_fkey")

logger = logging.getLogger("touchbase.database")


def async_url(url: str) -> URL:
    """A PostgreSQL URL for the driver we use, whatever driver it names."""
    try:
        return make_url(url).set(drivername="postgresql+asyncpg")
    except ArgumentError:
        raise SetupError("TOUCHBASE_DATABASE_URL is not a database URL.") from None


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that sends more with the beginning of a transaction, in the same message.

    Not to a Citus cluster, which repeats the whole message that sets something on every machine that it then asks.
    """

    beginning: Sequence[str] = ()
    is_cluster = False

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        """Run a statement, as the driver does."""
        if query != "BEGIN;":
            done: str = await super().execute(query, *args, **options)
            return done
        statements, self.beginning = ["BEGIN", *self.beginning], ()
        for message in statements if self.is_cluster else [";".join(statements)]:
            done = await super().execute(message)
        return done

    async def fetch(self, query: str, *args: Any, **options: Any) -> list[asyncpg.Record]:
        """Read rows, as the driver does; where no answer comes in time, none is waited for to the undoing either."""
        try:
            rows: list[asyncpg.Record] = await super().fetch(query, *args, **options)
        except TimeoutError:
            self.terminate()
            raise
        return rows


class Database:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine = _engine(url, pool_size, ANSWER_SECONDS)
        # So that whoever asks after the database's health need not queue with those who are at work (R14).
        self.spare = _engine(url, 1, POOL_WAIT_SECONDS)
        self.waiting = 0
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def transaction(
        self, agency_id: UUID | None, beginning: "Beginning | None" = None
    ) -> AsyncIterator[AsyncSession]:
        """A session whose work commits at the end as a whole, or not at all.

        Its `info` has the database's clock as `now` (R6) and the agency's `policy` as it is stored; where there is a
        `beginning`, the row that it reads as `begun`. Without an agency only the look-up of credentials is visible.
        """
        try:
            async with self._sessions() as session, session.begin():
                await self._open(session, agency_id, beginning or Beginning())
                yield session
                await writes.flush(session)
        except DATABASE_ERRORS as error:
            if isinstance(error, TimeoutError):
                # Told by the driver itself; of the others SQLAlchemy takes care: see `_give_up_on_silence`.
                await self.engine.dispose(close=False)
            raise translated(error) from error

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
            raise _unavailable(error) from error
        return revision

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
        await self.spare.dispose()

    async def _open(self, session: AsyncSession, agency_id: UUID | None, beginning: "Beginning") -> None:
        """Begin a transaction. If the first statements of all fail, there is no database for us."""
        connection = None
        try:
            connection = await self._connect(session)
            raw = (await connection.get_raw_connection()).driver_connection
            assert isinstance(raw, Connection)
            session.info["driver"] = raw
            raw.beginning = [_entry(agency_id), *beginning.locks] if agency_id else beginning.locks
            session.info.update(await _begun(connection, agency_id, beginning.first))
        except DATABASE_ERRORS as error:
            if connection is not None:
                # A transaction that failed as it began is one that neither SQLAlchemy nor the driver would end.
                await connection.invalidate()
            raise (RetryError() if _state(error) in _GIVEN_UP_STATES else _unavailable(error)) from error

    async def _connect(self, session: AsyncSession) -> AsyncConnection:
        self.waiting += 1
        try:
            return await session.connection()
        finally:
            self.waiting -= 1


@asynccontextmanager
async def savepoint(session: AsyncSession) -> AsyncIterator[AsyncSessionTransaction]:
    """A part of a transaction that is written as a whole, or undone alone where it raises."""
    await writes.flush(session)
    known = dict(session.info)
    try:
        async with session.begin_nested() as part:
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

    `locks` are statements that travel with BEGIN, so that what they lock is locked before anything is read; nothing
    that somebody sent stands in them. `first` is read instead of the clock and the policy, and says both, as `now` and
    `agency_policy`; if it finds nothing, the transaction begins as every other.
    """

    locks: Sequence[str] = ()
    first: tuple["Statement", Mapping[str, Any]] | None = None


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


async def _begun(
    connection: AsyncConnection, agency_id: UUID | None, first: tuple["Statement", Mapping[str, Any]] | None
) -> dict[str, Any]:
    """What a transaction knows from its first statement."""
    if first is not None:
        statement, parameters = first
        row = await _row(connection, statement.sql, *statement.values(parameters))
        if row:
            return {"now": row["now"], "policy": row["agency_policy"] or {}, "begun": row}
    if agency_id is not None:
        row = await _row(connection, _OPENING, agency_id)
        if row:
            return {"now": row["now"], "policy": row["policy"] or {}}
    row = await _row(connection, _CLOCK)
    return {"now": row["now"]} if row else {}


async def _row(connection: AsyncConnection, sql: str, *values: Any) -> RowMapping | None:
    """As SQLAlchemy executes it, which begins the transaction with it and judges whether the database is there."""
    return (await connection.exec_driver_sql(sql, values)).mappings().one_or_none()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Database]:
    """A database for one piece of work outside the server."""
    database = Database(url, pool_size=1)
    try:
        yield database
    finally:
        await database.close()


def _engine(url: str, pool_size: int, answer_seconds: float) -> AsyncEngine:
    settings = {"role": APPLICATION_ROLE, "application_name": "touchbase", "timezone": "UTC", **TIMEOUTS}
    engine = create_async_engine(
        async_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
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


def _give_up_on_silence(context: ExceptionContext) -> None:
    """Where one connection does not answer in time the others are no better: each is made anew before its next use."""
    if isinstance(context.original_exception, TimeoutError):
        context.invalidate_pool_on_disconnect = True


def translated(error: Exception) -> Exception:
    """What a database error means to the one who asked (R13); the error itself where it is a bug of ours."""
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return RetryError()  # a migration has overtaken its plan
    state = _state(error)
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if is_lost or state is None or state.startswith(_UNAVAILABLE_STATES):
        return _unavailable(error)
    if state in _GIVEN_UP_STATES:
        return RetryError()
    if state == "42501":
        return NotFoundError()
    if state == "23503":
        return NotFoundError(pointer=_member_of(error))
    if state == "23505" and _constraint(error).startswith("external_refs"):
        return RetryError()  # another has just made the object; this time it is found
    if state == "23505":
        return ConflictError("The same thing was recorded at the same moment; read it and try again.")
    return InvalidError() if state.startswith(("22", "23")) else error


def _state(error: Exception) -> str | None:
    state: str | None = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state


def _unavailable(error: BaseException) -> UnavailableError:
    """The cause is for the operator; its words stay out, as they may quote what a client sent."""
    error = getattr(error, "orig", None) or error
    name = type(error.__cause__ or error).__name__
    logger.warning("database not available: %s %s", name, getattr(error, "sqlstate", None) or "")
    return UnavailableError()


def _constraint(error: Exception) -> str:
    """The name of the constraint that does not hold, which a Citus cluster tells in words alone."""
    original = getattr(getattr(error, "orig", None), "__cause__", error)
    told = _CONSTRAINT.search(str(original))
    return getattr(original, "constraint_name", None) or (told[1] if told else "")


def _member_of(error: Exception) -> str | None:
    """The member of the body that names what is not there, from the name of the foreign key."""
    match = _FOREIGN_KEY.search(_constraint(error))
    return f"/{match[1]}" if match else None


async def enter(session: AsyncSession, agency_id: UUID) -> None:
    """Let a running transaction see one agency's rows."""
    # To the driver as it is, so that it fills no cache of prepared statements.
    await driver_of(session).execute(_entry(agency_id))


def _entry(agency_id: UUID) -> str:
    """`SET LOCAL` with a parsed UUID, not a parameter: Citus passes this form on, and it takes no parameters."""
    return f"SET LOCAL app.agency_id = '{UUID(str(agency_id))}'"
