"""Who waits for whom: a change of policy is not overtaken, and whoever stores a status waits for it first of all.

The operations are those of the document, so that a new one is tried without a change here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.services import facts, locks
from app.services.locks import Lock
from app.services.scope import Caller
from tests.agency import Agency, Json
from tests.contract.calls import Call, calls
from tests.contract.document import Document
from tests.contract.problems import problem_of
from tests.contract.world import World, bodies

# What stores no status, whatever is there already.
FREE = {
    "create_consultant",
    "update_consultant",
    "create_client",
    "update_client",
    "create_cover",
    "cancel_cover",
    "create_calendar_feed",
    "revoke_calendar_feed",
    "create_api_key",
    "update_api_key",
    "rotate_api_key",
    "revoke_api_key",
    "create_identity_provider",
    "update_identity_provider",
    "create_identity",
    "update_identity",
    "revoke_identity",
    "check_contact",
    "interpret_timescale",
    "preview_status",
    "create_webhook_endpoint",
    "update_webhook_endpoint",
    "delete_webhook_endpoint",
    "rotate_webhook_secret",
    "pause_webhook_endpoint",
    "enable_webhook_endpoint",
    "send_test_event",
    "recover_deliveries",
    "resend_delivery",
}

WAITING = """
SELECT pid FROM pg_locks
WHERE locktype = 'advisory' AND NOT granted AND (classid::bigint << 32 | objid::bigint) = :key
"""

# The tables in which a transaction has locked or written rows, or is about to.
TOUCHED = """
SELECT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation AND c.relkind = 'r'
WHERE l.pid = :pid AND l.mode IN ('RowShareLock', 'RowExclusiveLock')
"""

Answer = asyncio.Task[httpx.Response]


@asynccontextmanager
async def locked(
    database: Database, agency: Agency, lock: Callable[[AsyncSession, Caller], Awaitable[None]]
) -> AsyncIterator[AsyncSession]:
    """A transaction that has locked something."""
    async with database.transaction(agency.id) as db:
        await lock(db, Caller(agency.id, "test", frozenset()))
        yield db


async def take_policy(db: AsyncSession, caller: Caller) -> None:
    await locks.take(db, caller, Lock.POLICY)


async def take_covers(db: AsyncSession, caller: Caller) -> None:
    await locks.take(db, caller, Lock.COVERS)


async def waiting(db: AsyncSession, agency: Agency, lock: Lock) -> list[int]:
    """The connections that wait for a lock of an agency."""
    return list(await db.scalars(text(WAITING), {"key": locks.key(agency.id, lock)}))


async def wait_for(
    db: AsyncSession, agency: Agency, number: int, last: Answer, lock: Lock = Lock.POLICY
) -> list[int]:
    """The connections that wait for a lock once they are as many, or once the last request is answered."""
    while len(pids := await waiting(db, agency, lock)) < number and not last.done():  # noqa: ASYNC110 - the database's
        await asyncio.sleep(0.01)
    return pids


def writing(document: Document, world: World) -> Iterator[Call]:
    """Every request that changes something, and those by which an external id names what is there already."""
    yield from (call for call, _ in calls(document, world) if call.method != "get")
    for number, (call, operation) in enumerate(calls(document, world)):
        if call.method == "post" and takes_refs(operation, document.document):
            said = {name: value for name, value in (call.body or {}).items() if name != "supersedes"}
            call.body = {**said, "external_refs": [{"source": "ats", "id": str(number)}]}
            yield call
            yield call


def takes_refs(operation: Json, document: Json) -> bool:
    """Whether a body may have external ids."""
    content: Json = operation.get("requestBody", {}).get("content", {})
    name: str = content.get("application/json", {}).get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema: dict[str, Any] = document["components"]["schemas"].get(name, {})
    return "external_refs" in schema.get("properties", {})


async def test_whoever_stores_a_status_waits_for_the_policy_before_all_else(
    world: World, database: Database, document: Document
) -> None:
    """Who had locked a candidate by then would wait in a ring with a change of policy, which wants them too."""
    waited: dict[str, bool] = {}
    for call in writing(document, world):
        async with locked(database, world.agency, take_policy) as db:
            request = asyncio.create_task(call.send(world))
            pids = await wait_for(db, world.agency, 1, request)
            for pid in pids:
                assert set(await db.scalars(text(TOUCHED), {"pid": pid})) == set(), call
        assert (await request).is_success, (await request).text
        waited[call.operation] = waited.get(call.operation, False) or bool(pids)
    assert {operation for operation, did in waited.items() if not did} == FREE
    assert bodies(world.ids).keys() <= waited.keys()


async def test_a_change_of_policy_is_not_overtaken(world: World, database: Database) -> None:
    agency, person = world.agency, f"/v1/candidates/{world.ids['candidate']}"
    async with locked(database, agency, facts.hold_policy) as db:
        change = asyncio.create_task(agency.call("PUT", "/v1/policy", json={"move_on_working_days": 9}))
        assert len(await wait_for(db, agency, 1, change)) == 1
        writer = asyncio.create_task(agency.call("PATCH", person, json={"seeking": True}))
        assert len(await wait_for(db, agency, 2, writer)) == 2
    answers = [await change, await writer]
    assert [answer.status_code for answer in answers] == [200, 200]


async def test_what_was_read_before_the_policy_is_held_is_read_anew(
    agency: Agency, database: Database
) -> None:
    caller = Caller(agency.id, "test", frozenset())
    async with database.transaction(agency.id) as db:
        assert await facts.overrides_of(db, caller) == {}
        await agency.put("/v1/policy", {"move_on_working_days": 9})
        await facts.hold_policy(db, caller)
        assert await facts.overrides_of(db, caller) == {"move_on_working_days": 9}


async def test_a_cover_waits_for_another_but_not_for_the_policy(world: World, database: Database) -> None:
    agency, ids = world.agency, world.ids
    path = f"/v1/consultants/{ids['consultant']}/covers"
    days = {"from": "2026-07-13", "to": "2026-07-17"}
    async with locked(database, agency, take_policy):
        await agency.post(path, {"covered_by": ids["colleague"], **days})
    async with locked(database, agency, take_covers) as db:
        other = {"covered_by": ids["consultant"], "from": "2026-07-20", "to": "2026-07-24"}
        request = asyncio.create_task(
            agency.call("POST", f"/v1/consultants/{ids['colleague']}/covers", json=other)
        )
        assert len(await wait_for(db, agency, 1, request, Lock.COVERS)) == 1
    assert (await request).status_code == 201


async def test_other_agencies_wait_for_nobody(agency: Agency, rival: Agency, database: Database) -> None:
    async with locked(database, agency, take_policy):
        await rival.candidate()
        await rival.put("/v1/policy", {"move_on_working_days": 9})


async def test_who_waits_too_long_is_told_to_come_again(agency: Agency, database: Database) -> None:
    """R8: the lock's timeout bounds this wait like any other."""
    async with locked(database, agency, take_policy):
        answer = await agency.call("POST", "/v1/candidates", json={"name": "Cand"})
    problem_of(answer, 503, "unavailable")
    assert answer.headers["retry-after"]
