"""A request that is sent again with its key is answered as before and changes nothing, whatever the operation (H8)."""

from uuid import uuid4

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.agency import Json
from tests.contract.calls import Call, calls
from tests.contract.document import Document
from tests.contract.problems import places_of, problem_of
from tests.contract.world import World, stored


def keyed_calls(document: Document, world: World) -> list[Call]:
    """Every POST and PATCH, as requests that succeed."""
    return [call for call, _ in calls(document, world) if call.method in ("post", "patch")]


async def send(world: World, call: Call, key: str) -> httpx.Response:
    """The answer to a request with a key."""
    return await call.send(world, **{"Idempotency-Key": key})


def shown(response: httpx.Response) -> tuple[int, bytes, Json]:
    """Status, body and the headers that an answer has of its own."""
    passing = ("x-request-id", "idempotency-replayed", "ratelimit", "date")
    return (
        response.status_code,
        response.content,
        {name: value for name, value in response.headers.items() if name not in passing},
    )


async def test_the_same_again_is_answered_as_before(
    document: Document, world: World, owner: AsyncEngine
) -> None:
    for call in keyed_calls(document, world):
        key = str(uuid4())
        first = await send(world, call, key)
        assert first.is_success, (call.operation, first.text)
        assert "idempotency-replayed" not in first.headers
        before = await stored(owner, world)
        for _ in range(2):
            again = await send(world, call, key)
            assert shown(again) == shown(first), call.operation
            assert again.headers["idempotency-replayed"] == "true"
        assert await stored(owner, world) == before, call.operation


async def test_another_request_with_the_same_key_is_refused(
    document: Document, world: World, owner: AsyncEngine
) -> None:
    key = str(uuid4())
    [first, *others] = keyed_calls(document, world)
    assert (await send(world, first, key)).is_success
    before = await stored(owner, world)
    for call in others:
        problem = problem_of(await send(world, call, key), 422, "idempotency_key_reused")
        assert places_of(problem) == [("Idempotency-Key", "idempotency_key_reused")]
    assert await stored(owner, world) == before
