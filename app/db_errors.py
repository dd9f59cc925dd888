"""What an error of the database means to the one who asked (R13)."""

import logging
import re

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.exc import DBAPIError

from app.errors import ConflictError, InvalidError, NotFoundError, RetryError, UnavailableError

# What speaks to the driver itself gets its errors without SQLAlchemy's wrapping.
DATABASE_ERRORS = (
    DBAPIError,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server's last word on a connection came while it was asked nothing
)

# Lock or statement timeout, a broken connection, a server that stops, has no room, may only read or has a sick disk.
_UNAVAILABLE_STATES = ("55P03", "57014", "08", "57P01", "57P02", "57P03", "53", "25006", "58")

# Given up for the sake of another transaction, which goes on.
_GIVEN_UP_STATES = ("40001", "40P01")

# What is looked for before it is made: another has just made the same, which is found when all begins anew.
_LOOKED_FOR = ("credentials", "external_refs", "identities", "identity_providers")

_CONSTRAINT = re.compile(r'constraint "(\w+)"')
_FOREIGN_KEY = re.compile(r"_agency_id_(\w+)_fkey")

logger = logging.getLogger("touchbase.database")


def translated(error: Exception) -> Exception:
    """What a database error means to the one who asked (R13); the error itself where it is a bug of ours."""
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return RetryError()  # a migration has overtaken its plan
    state = _state(error)
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if is_lost or state is None or state.startswith(_UNAVAILABLE_STATES):
        return unavailable(error)
    if state in _GIVEN_UP_STATES:
        return RetryError()
    if state == "42501":
        return NotFoundError()
    if state == "23503":
        return NotFoundError(pointer=_member_of(error))
    if state == "23505" and _constraint(error).startswith(_LOOKED_FOR):
        return RetryError()
    if state == "23505":
        return ConflictError("The same thing was recorded at the same moment; read it and try again.")
    return InvalidError() if state.startswith(("22", "23")) else error


def translated_at_opening(error: Exception) -> Exception:
    """The same where a transaction cannot even begin: then there is no database for us, whatever it says."""
    return RetryError() if _state(error) in _GIVEN_UP_STATES else unavailable(error)


def _state(error: Exception) -> str | None:
    state: str | None = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state


def unavailable(error: BaseException) -> UnavailableError:
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
