"""Two processes of the service on one database, and the seconds that pass for what they remember."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx
from fastapi import FastAPI

from app.db import Database
from app.main import create_app
from app.settings import Settings
from app.web.auth import REMEMBERED_SECONDS
from tests.conftest import SECRET, client_of
from tests.contract.document import Document


@dataclass
class Processes:
    """The applications, each with a client and a memory of its own, and the time that their clocks show."""

    apps: list[FastAPI] = field(default_factory=list)
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    seconds: float = 0

    async def ask(self, credential: str, path: str = "/v1/due") -> list[httpx.Response]:
        """What each process answers to a reading call."""
        headers = {b"Authorization": f"Bearer {credential}".encode()}
        return [await client.get(path, headers=headers) for client in self.clients]

    async def statuses(self, credential: str, path: str = "/v1/due") -> list[int]:
        """The statuses of what each process answers."""
        return [answer.status_code for answer in await self.ask(credential, path)]

    def forget(self) -> None:
        """Let the time pass for which credentials are remembered."""
        self.seconds += REMEMBERED_SECONDS


@asynccontextmanager
async def processes_on(
    database: Database, document: Document, settings: Settings | None = None
) -> AsyncIterator[Processes]:
    """Two processes of the service."""
    processes = Processes()
    async with AsyncExitStack() as stack:
        for _ in range(2):
            app = create_app(database, SECRET, settings)
            app.state.authenticator.clock = lambda: processes.seconds
            app.state.authenticator.issuers.clock = lambda: processes.seconds
            processes.apps.append(app)
            processes.clients.append(await stack.enter_async_context(client_of(app, document)))
            stack.push_async_callback(app.state.authenticator.issuers.close)
        yield processes
