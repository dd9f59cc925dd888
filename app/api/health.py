"""Whether the service lives, and whether it can work."""

from fastapi import APIRouter, Request
from sqlalchemy import text

from app.db import Database
from app.errors import UnavailableError
from app.web.schema import Output

health = APIRouter(tags=["Health"])


class Health(Output):
    """A plain yes."""

    status: str


@health.get("/livez")
async def get_liveness() -> Health:
    """Answer as long as the process runs; touches nothing else."""
    return Health(status="ok")


@health.get("/readyz", responses={503: {"description": "The database cannot be used."}})
async def get_readiness(request: Request) -> Health:
    """Answer once the database is there with the schema that this release needs."""
    database: Database = request.app.state.database
    async with database.transaction(None) as db:
        revision = await db.scalar(text("SELECT version_num FROM alembic_version"))
    if revision != request.app.state.revision:
        raise UnavailableError("The database has another schema revision; run `touchbase migrate`.")
    return Health(status="ok")
