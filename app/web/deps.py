"""What handlers ask for: the caller, and the request's one transaction."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.services.scope import Caller


@dataclass(frozen=True, slots=True)
class Work:
    """One request's unit of work: its transaction, who asks, and the database's clock (R6)."""

    db: AsyncSession
    caller: Caller
    now: datetime


def get_caller(request: Request) -> Caller:
    """The caller, whom the route has authenticated before anything else."""
    caller: Caller = request.scope["touchbase.caller"]
    return caller


async def get_work(
    request: Request, caller: Annotated[Caller, Depends(get_caller, scope="function")]
) -> AsyncIterator[Work]:
    """The request's transaction: committed before the answer is sent, or rolled back (R2)."""
    database: Database = request.app.state.database
    async with database.transaction(caller.agency_id) as db:
        request.scope["touchbase.db"] = db
        yield Work(db, caller, db.info["now"])


InWork = Annotated[Work, Depends(get_work, scope="function")]
ByCaller = Annotated[Caller, Depends(get_caller, scope="function")]
