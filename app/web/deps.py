"""What is asked of a request: its unit of work, the ids in its path, and what the service was started with.

The dependency of every request is a coroutine, though it waits for nothing: FastAPI calls others in a thread.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import NotFoundError
from app.services.api_keys import Mint
from app.services.scope import NAMED_IDS, Caller
from app.settings import Settings
from app.web.schema import is_id


@dataclass(frozen=True, slots=True)
class Work:
    """One request's unit of work: its transaction, who asks, and the database's clock (R6)."""

    db: AsyncSession
    caller: Caller
    now: datetime


async def get_work(request: Request) -> Work:
    """The unit of work that the route has begun; it ends before the answer is sent (R2)."""
    work: Work = request.scope["touchbase.work"]
    return work


def ids_in_path(request: Request) -> dict[str, UUID]:
    """The ids that the path names, in its order. Raises NotFoundError for what is none."""
    named = {name: value for name, value in request.path_params.items() if name in NAMED_IDS}
    if not all(map(is_id, named.values())):
        raise NotFoundError
    return {name: UUID(value) for name, value in named.items()}


async def get_settings(request: Request) -> Settings:
    """What the operator has set."""
    settings: Settings = request.app.state.settings
    return settings


async def get_mint(request: Request, settings: Annotated[Settings, Depends(get_settings)]) -> Mint:
    """What new API keys are made with."""
    return Mint(settings.environment, request.app.state.authenticator.secret)


async def get_secret(request: Request) -> str:
    """The service's secret."""
    secret: str = request.app.state.authenticator.secret
    return secret


InWork = Annotated[Work, Depends(get_work)]
AsSet = Annotated[Settings, Depends(get_settings)]
WithMint = Annotated[Mint, Depends(get_mint)]
WithSecret = Annotated[str, Depends(get_secret)]
