"""Whether the service lives, and whether it can work."""

from fastapi import APIRouter, Request
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.db import Database
from app.errors import DrainingError, NotFoundError, UnavailableError
from app.web.operations import AT_THE_DOOR, problem_responses
from app.web.schema import Output

health = APIRouter(tags=["Health"])


class Health(Output):
    """A plain yes."""

    status: str


@health.get("/livez", responses=problem_responses(*AT_THE_DOOR))
async def get_liveness() -> Health:
    """Answer as long as the process runs; touches nothing else."""
    return Health(status="ok")


@health.get("/readyz", responses=problem_responses(*AT_THE_DOOR, 503))
async def get_readiness(request: Request) -> Health:
    """Answer once the database is there with the schema that this release needs, until the service is to end."""
    if request.app.state.is_draining:
        raise DrainingError
    database: Database = request.app.state.database
    if await _revision(database) != request.app.state.revision:
        raise UnavailableError("The database has another schema revision; run `touchbase migrate`.")
    return Health(status="ok")


async def _revision(database: Database) -> str | None:
    """The schema's revision; None where there is no schema yet, or none that we may read."""
    try:
        async with database.transaction(None) as db:
            revision: str | None = await db.scalar(text("SELECT version_num FROM alembic_version"))
    except (NotFoundError, ProgrammingError):
        return None
    return revision
