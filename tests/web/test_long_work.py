"""A call that takes long to work out leaves room for others meanwhile, and there is an end to how long it takes."""

import asyncio
import time
from collections.abc import Awaitable

import httpx

from app.db import Database
from app.main import create_app
from app.services.previews import MOST_PAIRS
from tests.agency import Agency, Json
from tests.conftest import SECRET, client_of
from tests.contract.document import Document

APPLICATIONS = 500


async def silence(http: httpx.AsyncClient, work: Awaitable[object]) -> float:
    """The longest part of some work's time in which nobody else was answered."""
    began = answered = time.monotonic()
    working = asyncio.ensure_future(work)
    longest = 0.0
    while not working.done():
        await asyncio.sleep(0)  # the answer itself waits for nothing
        await http.get("/livez")
        longest = max(longest, time.monotonic() - answered)
        answered = time.monotonic()
    await working
    return longest / (answered - began)


def previewed(contacts: int) -> Json:
    """A preview in which one candidate has many applications, and was called so often about all of them."""
    call = {"with": "candidate", "person": "c", "direction": "outbound", "outcome": "no_answer"}
    facts = {
        "people": {"c": {"kind": "candidate", "timezone": "Europe/London"}},
        "applications": [{"id": f"a{number}", "candidate": "c"} for number in range(APPLICATIONS)],
        "contacts": [call | {"at": f"2026-07-14T10:00:{n % 60:02}Z"} for n in range(contacts)],
    }
    return {"facts": facts, "now": "2026-07-20T09:00:00Z"}


async def test_others_are_answered_while_a_large_preview_is_worked_out(agency: Agency) -> None:
    work = agency.post("/v1/status/preview", previewed(MOST_PAIRS // APPLICATIONS))
    assert await silence(agency.http, work) < 1 / 2


async def test_others_are_answered_while_the_document_is_made(database: Database, document: Document) -> None:
    async with client_of(create_app(database, SECRET), document) as http:
        assert await silence(http, http.get("/openapi.json")) < 1 / 2
