"""The database: its transactions, and the only place that commits.

One unit of work is one transaction of one agency. Row-level security shows it that agency's rows alone (S1),
and the application works under a role that can neither own tables nor pass by that wall.
"""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

from app import writes
from app.connections import APPLICATION_ROLE, POOL_WAIT_SECONDS, Connection, Pool
from app.db_errors import DATABASE_ERRORS, translated, translated_at_opening, unavailable
from app.errors import DatabaseUnusableError, RefusedError, UnsafeRoleError

# The first statement of every transaction: the clock (R6), and what nearly every request reads of its agency.
_CLOCK = "SELECT now()"
_OPENING = "SELECT now(), policy FROM agencies WHERE agency_id = $1"

# Not the second colon of a cast.
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


class Database:
    """One PostgreSQL database."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.pool = Pool(url, pool_size)
        # So that whoever asks after the database's health need not queue with those who are at work (R14).
        self.spare = Pool(url, 1, answer_seconds=POOL_WAIT_SECONDS)

    @asynccontextmanager
    async def transaction(
        self, agency_id: UUID | None, beginning: "Beginning | None" = None
    ) -> AsyncIterator[AsyncSession]:
        """A session whose work commits at the end as a whole, or not at all; the next transaction may get the same.

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
        """A session on a connection of its own, which knows nothing of what it was used for before."""
        async with self.pool.connection() as lent:
            lent.session.info["driver"] = lent.driver
            try:
                yield lent.session
            finally:
                lent.session.info.clear()
                lent.session.sync_session.reset()

    async def check_role(self) -> None:
        """Raise SetupError if the database cannot be used, or under a role that row-level security does not bind."""
        query = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        try:
            async with self.pool.engine.connect() as connection:
                unsafe = await connection.scalar(query)
        except DATABASE_ERRORS as error:
            raise DatabaseUnusableError(APPLICATION_ROLE) from error
        if unsafe:
            raise UnsafeRoleError(APPLICATION_ROLE)

    async def revision(self) -> str | None:
        """The schema's revision; None where there is no schema yet, or none that we may read."""
        try:
            async with self.spare.connection() as lent:
                rows = await lent.driver.fetch("SELECT version_num FROM alembic_version")
        except asyncpg.SyntaxOrAccessError:
            return None
        except DATABASE_ERRORS as error:
            raise unavailable(error) from error
        return rows[0]["version_num"] if rows else None

    async def close(self) -> None:
        """Close every connection."""
        await self.pool.close()
        await self.spare.close()


@asynccontextmanager
async def savepoint(session: AsyncSession) -> AsyncIterator[AsyncSessionTransaction]:
    """A part of a transaction that is written as a whole, or undone alone where it raises."""
    await writes.flush(session)
    known = dict(session.info)
    try:
        async with session.begin_nested() as part:
            # What goes straight to the driver would otherwise go before the savepoint.
            await session.connection()
            yield part
            await writes.flush(session)
    except BaseException:
        _forget(session, known)
        raise


@asynccontextmanager
async def attempt(session: AsyncSession, beginning: "Beginning | None") -> AsyncIterator[None]:
    """The rest of a transaction, which a refusal undoes as far as it has come, with what `beginning` locked.

    It costs less than a `savepoint`: it comes with the statements of `beginning`, its rows are written with whatever
    follows, and it is not released, as the commit ends it too.
    """
    await writes.flush(session)
    known, begin = dict(session.info), "SAVEPOINT attempt"
    if beginning is None:
        await driver_of(session).execute(begin)
    else:
        await begin_late(session, replace(beginning, statements=[begin, *beginning.statements]))
    try:
        yield
    except RefusedError:
        await driver_of(session).execute("ROLLBACK TO SAVEPOINT attempt")
        session.sync_session.reset()
        _forget(session, known)
        raise


def _forget(session: AsyncSession, known: Mapping[str, Any]) -> None:
    """With what was written go the locks, and with them what was read under their protection."""
    writes.forget(session)
    session.info.clear()
    session.info.update(known)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a transaction begins with, where that of every other would cost more messages.

    `statements` travel with BEGIN, so that what they lock or set holds before anything is read; nothing that somebody
    sent stands in them. `first` is read instead of the clock and the policy. It says the clock as `now`, and the policy
    as `agency_policy` unless few will ask for it; if it finds nothing, `begun` is None, and the transaction begins as
    every other. What holds by then is told as `info`.
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


async def begin_late(session: AsyncSession, beginning: Beginning) -> None:
    """Do within a transaction what it might have begun with; the clock stays what it was.

    The policy is forgotten unless it is read with the rest: what is locked by now may have been waited for.
    """
    driver = driver_of(session)
    await driver.run(beginning.statements)
    begun = await _first(driver, beginning.first)
    session.info.pop("policy", None)
    session.info.update({**beginning.info, **begun, "now": session.info["now"]})


async def _begun(
    driver: Connection, agency_id: UUID | None, first: tuple[Statement, Mapping[str, Any]] | None
) -> dict[str, Any]:
    """What a transaction knows from its first statement."""
    begun = await _first(driver, first)
    if "now" in begun:
        return begun
    if agency_id is not None:
        for row in await driver.fetch(_OPENING, agency_id):
            return {**begun, "now": row["now"], "policy": row["policy"] or {}}
    [row] = await driver.fetch(_CLOCK)
    return {**begun, "now": row["now"]}


async def _first(driver: Connection, first: tuple[Statement, Mapping[str, Any]] | None) -> dict[str, Any]:
    """What the first statement of a beginning tells."""
    if first is None:
        return {}
    statement, parameters = first
    for row in await driver.fetch(statement.sql, *statement.values(parameters)):
        policy = {"policy": row["agency_policy"] or {}} if "agency_policy" in row else {}
        return {"now": row["now"], "begun": row, **policy}
    return {"begun": None}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Database]:
    """A database for one piece of work outside the server."""
    database = Database(url, pool_size=1)
    try:
        yield database
    finally:
        await database.close()


async def enter(session: AsyncSession, agency_id: UUID) -> None:
    """Let a running transaction see one agency's rows."""
    # To the driver as it is, so that it fills no cache of prepared statements.
    await driver_of(session).execute(_entry(agency_id))


def _entry(agency_id: UUID) -> str:
    """`SET LOCAL` with a parsed UUID, not a parameter: Citus passes this form on, and it takes no parameters."""
    return f"SET LOCAL app.agency_id = '{UUID(str(agency_id))}'"
