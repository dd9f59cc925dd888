"""Workers look for work at once where there was some, and at their interval where there was none for them."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from app.db import Database
from app.main import create_app
from app.models import WakeKind
from app.services import wakes
from app.services.scope import worker
from app.worker.publications import publish
from app.worker.wakes import Watch
from tests.agency import Agency, found_agency
from tests.conftest import SECRET, client_of
from tests.contract.document import Document


@pytest.fixture
async def told(alone: Database, document: Document) -> AsyncIterator[Agency]:
    """An agency of which there is something to publish, and no other."""
    async with client_of(create_app(alone, SECRET), document) as http:
        agency = await found_agency(http, alone, SECRET)
        await agency.application()
        yield agency


async def test_what_another_worker_is_at_is_no_work(alone: Database, told: Agency) -> None:
    """It would be looked for again and again without a rest until the other has committed."""
    watch, stop = Watch(alone, {WakeKind.PUBLISH: partial(publish, alone)}), asyncio.Event()
    async with alone.transaction(told.id) as db:
        assert await wakes.take(db, worker(told.id), WakeKind.PUBLISH, now=db.info["now"])
        wakes.add(db, worker(told.id), {WakeKind.PUBLISH: db.info["now"]})
        assert not await watch.look(stop)
    assert [await watch.look(stop) for _ in range(3)] == [True, True, False]
