"""A database whose clock a test sets: what is recorded is recorded then."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Beginning, Database


class ClockedDatabase(Database):
    """A database in which it is whatever time the test says."""

    now = datetime(2026, 7, 10, 8, tzinfo=UTC)

    @asynccontextmanager
    async def transaction(
        self, agency_id: UUID | None, beginning: Beginning | None = None
    ) -> AsyncIterator[AsyncSession]:
        """A transaction at the test's time."""
        if beginning and beginning.first and "now" in beginning.first[1]:
            statement, parameters = beginning.first
            beginning = replace(beginning, first=(statement, {**parameters, "now": self.now}))
        async with super().transaction(agency_id, beginning) as db:
            db.info["now"] = self.now
            yield db
