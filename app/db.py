"""The database: connections, transactions, and the only place that commits.

One unit of work is one transaction of one agency. Row-level security shows it that agency's rows alone (S1),
and the application works under a role that can neither own tables nor pass by that wall.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from sqlalchemy import func, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    RetryError,
    UnavailableError,
    UnsafeRoleError,
)

APPLICATION_ROLE = "touchbase_app"

# R8. A request that waits longer than this is better refused than kept waiting.
POOL_WAIT_SECONDS = 2
TIMEOUTS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
}


def async_url(url: str) -> URL:
    """A PostgreSQL URL for the driver we use, whatever driver it names."""
    return make_url(url).set(drivername="postgresql+asyncpg")


class Database:
    """A pool of connections to one PostgreSQL database."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        settings = {"role": APPLICATION_ROLE, "application_name": "touchbase", "timezone": "UTC", **TIMEOUTS}
        self.engine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            connect_args={"server_settings": settings, "timeout": POOL_WAIT_SECONDS},
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def transaction(self, agency_id: UUID | None) -> AsyncIterator[AsyncSession]:
        """A session whose work commits at the end as a whole, or not at all.

        Without an agency only the look-up of credentials is visible.
        """
        try:
            async with self._sessions() as session, session.begin():
                session.info["now"] = await session.scalar(select(func.now()))
                if agency_id is not None:
                    await enter(session, agency_id)
                yield session
        except (DBAPIError, PoolTimeoutError, OSError) as error:
            raise translated(error) from error

    async def check_role(self) -> None:
        """Refuse to work under a role that row-level security does not bind."""
        query = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        async with self.engine.connect() as connection:
            if await connection.scalar(query):
                raise UnsafeRoleError(APPLICATION_ROLE)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def translated(error: Exception) -> Exception:
    """What a database error means to the one who asked (R13); the error itself where it is a bug of ours."""
    if not isinstance(error, DBAPIError):
        return UnavailableError()
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or state is None or state.startswith(_UNAVAILABLE):
        return UnavailableError()
    if state in ("40001", "40P01"):
        return RetryError()
    if state == "42501":
        return NotFoundError()
    if state == "23503":
        return NotFoundError(pointer=_member_of(error))
    if state == "23505":
        return ConflictError("The same thing was recorded at the same moment; read it and try again.")
    return InvalidError() if state.startswith(("22", "23")) else error


# Lock or statement timeout, a broken connection, a server that stops or has no room.
_UNAVAILABLE = ("55P03", "57014", "08", "57P01", "57P02", "57P03", "53300")

_FOREIGN_KEY = re.compile(r"_agency_id_(\w+)_fkey")


def _member_of(error: DBAPIError) -> str | None:
    """The member of the body that names what is not there, from the name of the foreign key."""
    constraint = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None) or ""
    match = _FOREIGN_KEY.search(constraint)
    return f"/{match[1]}" if match else None


async def enter(session: AsyncSession, agency_id: UUID) -> None:
    """Let a running transaction see one agency's rows.

    `SET LOCAL` with a parsed UUID, not a parameter: Citus passes this form on, and a utility statement takes no
    parameters. It goes to the driver as it is so that it fills no cache of prepared statements.
    """
    connection = await (await session.connection()).get_raw_connection()
    assert connection.driver_connection is not None  # noqa: S101 - it is checked out
    await connection.driver_connection.execute(f"SET LOCAL app.agency_id = '{UUID(str(agency_id))}'")
