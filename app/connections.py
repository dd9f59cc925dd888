"""Connections to PostgreSQL: the driver's, what each is set to, and the pool that lends them."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import msgspec
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import NullPool, event, make_url
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from app.db_errors import DATABASE_ERRORS, unavailable
from app.errors import SetupError

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
        """Begin a transaction with some statements."""
        self.is_under_way = True
        await self.run(["BEGIN", *statements])

    async def run(self, statements: Sequence[str]) -> None:
        """Run statements without parameters, in one message.

        Not on a Citus cluster, which repeats the whole message that sets something on every machine that it then asks.
        """
        for message in statements if self.is_cluster else [";".join(statements)]:
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

    def end_silent(self) -> None:
        """Give up a connection whose answer has not come in time."""
        self.is_silent = True
        self.terminate()

    @contextmanager
    def _ended_by_silence(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            self.end_silent()
            raise


@dataclass(frozen=True, slots=True)
class Lent:
    """A connection as SQLAlchemy has it, the driver's own, a session on it, and the epoch of its pool."""

    connection: AsyncConnection
    driver: Connection
    session: AsyncSession
    epoch: int

    @property
    def is_fit(self) -> bool:
        """Whether another transaction can begin on it."""
        is_over = not (self.driver.is_under_way or self.connection.in_transaction())
        return is_over and not (self.driver.is_closed() or self.connection.invalidated)

    def end(self) -> None:
        """Throw it away. The server is not told: a statement that runs on ends at its time limit, and is undone."""
        connection = self.connection.sync_connection
        assert connection is not None
        if not connection.invalidated:
            connection.invalidate()
        connection.close()


class Pool:
    """Connections that are made when they are needed, and lent to one transaction after the other.

    SQLAlchemy's pool makes a connection's wrapping anew for everybody it lends it to, and to wait for one takes a task
    and a timer: together more work than the messages of a transaction. So each stays wrapped here, session and all.
    """

    def __init__(self, url: str, size: int, *, answer_seconds: float | None = None) -> None:
        self.size = size
        self.waiting = 0
        self.lent = 0
        self.engine = _engine(url, answer_seconds or ANSWER_SECONDS)
        self._places = asyncio.Semaphore(size)
        self._idle: list[Lent] = []
        self._epoch = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Lent]:
        """A connection without a transaction; it goes on to others only if it is without one again in the end.

        Raises UnavailableError where none is to be had.
        """
        lent = await self._take()
        try:
            yield lent
        except asyncio.CancelledError:
            lent.driver.terminate()  # what it was cancelled in would keep the next one waiting
            raise
        finally:
            try:
                self._give_back(lent)
            finally:
                self._leave()

    async def close(self) -> None:
        """Close every connection; one that is lent ends when it is given back."""
        for lent in self._emptied():
            await lent.connection.close()

    async def _take(self) -> Lent:
        self.waiting += 1
        try:
            await self._enter()
            try:
                return self._idle_one() or await self._connected()
            except BaseException:
                self._leave()
                raise
        except DATABASE_ERRORS as error:
            raise unavailable(error) from error
        finally:
            self.waiting -= 1

    async def _enter(self) -> None:
        """Take a place. TimeoutError, which is an OSError, where none gets free in time."""
        if self._places.locked():
            async with asyncio.timeout(POOL_WAIT_SECONDS):
                await self._places.acquire()
        else:
            await self._places.acquire()
        self.lent += 1

    def _leave(self) -> None:
        self.lent -= 1
        self._places.release()

    def _give_back(self, lent: Lent) -> None:
        if lent.driver.is_silent and lent.epoch == self._epoch:
            for other in self._emptied():  # they are no better
                other.end()
        if lent.is_fit and lent.epoch == self._epoch:
            self._idle.append(lent)
        else:
            lent.end()

    def _idle_one(self) -> Lent | None:
        """The connection that was used last; any whose end the driver knows of are thrown away."""
        while self._idle:
            lent = self._idle.pop()
            if lent.is_fit:
                return lent
            lent.end()
        return None

    async def _connected(self) -> Lent:
        epoch = self._epoch
        connection = await self.engine.connect()
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, Connection)
        return Lent(
            connection, driver, AsyncSession(connection, expire_on_commit=False, autoflush=False), epoch
        )

    def _emptied(self) -> list[Lent]:
        """The idle connections; neither they nor those that are lent go on to others."""
        idle, self._idle = self._idle, []
        self._epoch += 1
        return idle


def _engine(url: str, answer_seconds: float) -> AsyncEngine:
    """What makes connections that are set as ours must be, and that wait so long for an answer.

    To SQLAlchemy each statement stands alone: the transaction is the driver's, so that what needs no session costs
    none, and neither closing nor giving back sends anything.
    """
    settings = {
        "role": APPLICATION_ROLE,
        "application_name": "touchbase",
        "timezone": "UTC",
        "datestyle": "ISO",
        "tcp_keepalives_idle": "60",  # what is idle between here and there is otherwise cut off in silence
        **TIMEOUTS,
    }
    engine = create_async_engine(
        async_url(url),
        poolclass=NullPool,
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
    engine.dialect.do_savepoint = partial(_send, "SAVEPOINT")  # type: ignore[method-assign]
    engine.dialect.do_release_savepoint = partial(_send, "RELEASE SAVEPOINT")  # type: ignore[method-assign]
    engine.dialect.do_rollback_to_savepoint = partial(_send, "ROLLBACK TO SAVEPOINT")  # type: ignore[method-assign]
    event.listen(engine.sync_engine, "connect", _recognise)
    event.listen(engine.sync_engine, "handle_error", _end_silent)
    return engine


def _send(words: str, connection: SyncConnection, savepoint: str) -> None:
    """To the driver as it is: each savepoint of a connection has another name, and none is worth preparing."""
    lent: Any = connection.connection.dbapi_connection
    lent.run_async(lambda driver: driver.execute(f"{words} {savepoint}"))


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
    connection.run_async(_read_as_text)


async def _read_as_text(driver: Connection) -> None:
    """Python reads an instant that is spelt out four times as fast as the driver makes one of a number.

    Nothing reads records or ranges of them, which the driver has only as numbers. What decodes JSON is called by the
    driver itself; SQLAlchemy would have it called by functions of its own, which cost more than it does.
    """
    codecs: dict[str, tuple[Any, Any]] = {
        "timestamptz": (datetime.isoformat, datetime.fromisoformat),
        "json": (str, msgspec.json.decode),
        "jsonb": (str, msgspec.json.decode),
    }
    for name, (encoder, decoder) in codecs.items():
        await driver.set_type_codec(
            name, schema="pg_catalog", encoder=encoder, decoder=decoder, format="text"
        )


def _end_silent(context: ExceptionContext) -> None:
    """SQLAlchemy's statements go past our `execute` and `fetch`."""
    if isinstance(context.original_exception, TimeoutError) and context.connection is not None:
        driver = context.connection.connection.driver_connection
        assert isinstance(driver, Connection)
        driver.end_silent()
