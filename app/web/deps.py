"""What handlers ask for: the caller, and the request's one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.services.scope import Caller


@dataclass(frozen=True, slots=True)
class Work:
    """One request's unit of work: its transaction, who asks, and the database's clock (R6)."""

    db: AsyncSession
    caller: Caller
    now: datetime


def get_work(request: Request) -> Work:
    """The unit of work that the route has begun; it ends before the answer is sent (R2)."""
    work: Work = request.scope["touchbase.work"]
    return work


def get_caller(request: Request) -> Caller:
    """The caller, whom the route has authenticated before anything else."""
    return get_work(request).caller


InWork = Annotated[Work, Depends(get_work)]
ByCaller = Annotated[Caller, Depends(get_caller)]
