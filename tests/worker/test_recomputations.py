"""A change of policy reaches every stored status: batch by batch, whoever is killed and however many work at it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from app import postgres
from app.cli import main
from app.db import Database
from app.errors import UnavailableError
from app.main import create_app
from app.services import recomputations as service
from app.services import status
from app.services.scope import Caller
from app.worker.recomputations import advance, run, waiting, work
from tests.agency import Agency, Json, found_agency
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.contract.problems import problem_of
from tests.stored import due_of, reasons_computed_anew, reasons_of

POLICY = {
    "debrief_overdue_working_hours": 260,
    "move_on_working_days": 7,
    "preference_review_working_days": 3,
}
FILES = 7
ALL = FILES + 2  # and two candidates who seek and have nothing open


@pytest.fixture(autouse=True)
def batches_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few that seven applications are many."""
    monkeypatch.setattr(service, "BATCH", 2)


@pytest.fixture
async def busy(agency: Agency) -> Agency:
    """An agency with seven applications, two of them closed, and a candidate who seeks and has none at all."""
    await fill(agency)
    return agency


async def fill(agency: Agency) -> None:
    client = await agency.client()
    contact, job = await agency.client_contact(client), await agency.job(client)
    long_ago = datetime.now(UTC) - timedelta(days=60)
    for number in range(FILES):
        candidate = await agency.candidate(seeking=number % 2 == 0, registered_at=long_ago.isoformat())
        parts = {"candidate_id": candidate, "job_id": job, "client_contact_id": contact}
        application = (await agency.application(**parts))["id"]
        begins, ends = (long_ago + timedelta(days=number, hours=hour) for hour in (0, 1))
        await agency.interview(application, begins.isoformat(), ends.isoformat())
        if number < 2:
            await agency.patch(f"/v1/applications/{application}", {"state": "closed"})
    await agency.candidate(seeking=True, registered_at=long_ago.isoformat())


async def progress(agency: Agency, path: str = "/v1/policy") -> Json:
    found: Json = (await agency.get(path))["recomputation"]
    return found


async def finish(database: Database, agency: Agency) -> int:
    """Work until nothing is left; the number of batches."""
    batches = 0
    while await advance(database, agency.id):
        batches += 1
    return batches


async def test_a_large_agency_is_begun_at_once_and_finished_in_batches(
    busy: Agency, database: Database
) -> None:
    answer = await busy.put("/v1/policy", POLICY)
    assert answer["recomputation"] == {"state": "running", "done": 2, "total": ALL}
    assert busy.id in await waiting(database)
    assert await advance(database, busy.id)
    assert (await progress(busy))["done"] == 2  # what is left has been divided
    assert await advance(database, busy.id)
    assert (await progress(busy))["done"] == 4
    assert await finish(database, busy) == 6  # the last of which finds that all is done
    assert await progress(busy) == {"state": "done", "done": ALL, "total": ALL}
    assert busy.id not in await waiting(database)
    assert await reasons_of(database, busy) == await reasons_computed_anew(database, busy)


async def test_a_change_by_the_release_before_is_applied_to_all(busy: Agency, database: Database) -> None:
    """It knows no stretches, so those of the change before are still there when it begins anew."""
    await busy.put("/v1/policy", POLICY)
    for _ in range(4):
        assert await advance(database, busy.id)
    async with database.transaction(busy.id) as db:
        changed = text(
            "UPDATE agencies SET policy = policy || '{\"move_on_working_days\": 2}' WHERE agency_id = :id"
        )
        await db.execute(changed, {"id": busy.id})
        begun = "phase = 'open', after_id = NULL, done = 0, started_at = now(), finished_at = NULL"
        await db.execute(text(f"UPDATE recomputations SET {begun} WHERE agency_id = :id"), {"id": busy.id})
    await finish(database, busy)
    assert await progress(busy) == {"state": "done", "done": ALL, "total": ALL}
    assert await reasons_of(database, busy) == await reasons_computed_anew(database, busy)


async def test_after_a_release_with_other_rules_all_can_be_computed_anew(
    alone: Database, scratch_url: str, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with client_of(create_app(alone, SECRET), document) as http:
        agency = await found_agency(http, alone, SECRET)
        await fill(agency)
    async with alone.transaction(agency.id) as db:
        await db.execute(text("DELETE FROM reasons WHERE agency_id = :id"), {"id": agency.id})
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", scratch_url)
    done = await asyncio.to_thread(CliRunner().invoke, main, ["recompute"])
    assert done.exit_code == 0, done.output
    assert await waiting(alone) == [agency.id]
    await finish(alone, agency)
    assert await reasons_of(alone, agency) == await reasons_computed_anew(alone, agency)


async def test_afterwards_due_list_and_status_agree(busy: Agency, database: Database) -> None:
    await busy.put("/v1/policy", POLICY)
    await finish(database, busy)
    said = []
    for candidate in (await busy.get("/v1/candidates"))["items"]:
        found = await busy.get(f"/v1/candidates/{candidate['id']}/status")
        for reasons in [found["reasons"], *(each["reasons"] for each in found["applications"])]:
            said += [(reason["code"], reason["level"]) for reason in reasons]
    assert sorted(said) == await due_of(busy)
    assert said


async def test_nothing_is_marked_as_changed(busy: Agency, database: Database) -> None:
    paths = ("/v1/applications", "/v1/candidates", "/v1/clients")
    before = [await busy.get(path) for path in paths]
    await busy.put("/v1/policy", POLICY)
    await finish(database, busy)
    assert [await busy.get(path) for path in paths] == before


async def test_what_comes_out_the_same_is_not_written(busy: Agency, database: Database) -> None:
    """The client's contact window says when to ring and not that somebody is due a word, so no row rests on it."""
    before = await versions(database, busy)
    await busy.put("/v1/policy", {"client_window": ["10:00", "16:00"]})
    await finish(database, busy)
    assert await progress(busy) == {"state": "done", "done": ALL, "total": ALL}
    assert await versions(database, busy) == before


async def versions(database: Database, agency: Agency) -> list[tuple[object, ...]]:
    """Which transaction wrote each status row, and each subject's stream of events."""
    async with database.transaction(agency.id) as db:
        rows = (
            "SELECT id, xmin::text FROM reasons UNION ALL SELECT id, xmin::text FROM event_streams ORDER BY 1"
        )
        return [tuple(row) for row in await db.execute(text(rows))]


async def test_killed_half_way_it_goes_on_where_it_was(
    busy: Agency, database: Database, server: postgres.Server, database_url: str
) -> None:
    await busy.put("/v1/policy", POLICY)
    doomed = Database(database_url)
    assert await advance(doomed, busy.id)
    assert await advance(doomed, busy.id)
    stored, done = await reasons_of(database, busy), await progress(busy)
    with pytest.raises(UnavailableError):
        await advance_and_die(doomed, busy, server)
    await doomed.close()
    assert (await reasons_of(database, busy), await progress(busy)) == (stored, done)
    await finish(database, busy)
    assert (await progress(busy))["done"] == ALL
    assert await reasons_of(database, busy) == await reasons_computed_anew(database, busy)


async def advance_and_die(database: Database, agency: Agency, server: postgres.Server) -> None:
    """A batch whose connection is lost when all of it is written, but not committed."""
    async with database.transaction(agency.id) as db:
        assert await service.advance(db, Caller(agency.id, "worker", frozenset()), now=db.info["now"])
        pid = await db.scalar(text("SELECT pg_backend_pid()"))
        await asyncio.to_thread(server.query, f"SELECT pg_terminate_backend({pid})")


async def test_several_processes_share_the_batches(
    busy: Agency, database: Database, other_process: Database
) -> None:
    await busy.put("/v1/policy", POLICY)
    while busy.id in await waiting(database):
        await asyncio.gather(advance(database, busy.id), advance(other_process, busy.id))
    # Each was done once: had two done the same batch, more would have been counted than there are.
    assert await progress(busy) == {"state": "done", "done": ALL, "total": ALL}
    assert await reasons_of(database, busy) == await reasons_computed_anew(database, busy)


async def test_nobody_waits_for_a_batch_that_another_does(
    busy: Agency, database: Database, other_process: Database
) -> None:
    await busy.put("/v1/policy", POLICY)
    async with other_process.transaction(busy.id) as db:
        assert await service.advance(db, Caller(busy.id, "worker", frozenset()), now=db.info["now"])
        assert not await advance(database, busy.id)
        assert busy.id in await waiting(database)
        assert await due_of(busy)
    await finish(database, busy)


async def test_two_processes_work_at_one_agency_at_once(
    busy: Agency, database: Database, other_process: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 1)
    monkeypatch.setattr(service, "STRETCHES", 2)
    await busy.put("/v1/policy", POLICY)
    assert await advance(database, busy.id)  # divides
    async with other_process.transaction(busy.id) as db:
        assert await service.advance(db, Caller(busy.id, "worker", frozenset()), now=db.info["now"])
        assert await advance(database, busy.id)
        assert (await progress(busy))["done"] == 2
    assert (await progress(busy))["done"] == 3
    await finish(database, busy)
    assert await progress(busy) == {"state": "done", "done": ALL, "total": ALL}
    assert await reasons_of(database, busy) == await reasons_computed_anew(database, busy)


async def test_another_change_begins_again(busy: Agency, database: Database) -> None:
    await busy.put("/v1/policy", POLICY)
    await advance(database, busy.id)
    answer = await busy.put("/v1/policy", {**POLICY, "move_on_working_days": 9})
    assert answer["recomputation"]["done"] == 2
    await finish(database, busy)
    assert await reasons_of(database, busy) == await reasons_computed_anew(database, busy)


async def test_the_agencys_and_a_clients_changes_go_on_side_by_side(busy: Agency, database: Database) -> None:
    [client] = (await busy.get("/v1/clients"))["items"]
    path = f"/v1/clients/{client['id']}/policy"
    await busy.put("/v1/policy", POLICY)
    await busy.put(path, {"client_overdue_working_days": 1})
    await finish(database, busy)
    assert [(await progress(busy, each))["state"] for each in ("/v1/policy", path)] == ["done", "done"]
    assert busy.id not in await waiting(database)
    assert await reasons_of(database, busy) == await reasons_computed_anew(database, busy)


async def test_what_is_recorded_meanwhile_is_not_left_behind(
    busy: Agency, database: Database, other_process: Database
) -> None:
    """Whoever stores a status while the policy changes: one of the two waits for the other."""
    async with other_process.transaction(busy.id) as db:
        caller = Caller(busy.id, "test", frozenset())
        last = list(await db.scalars(text("SELECT id FROM applications ORDER BY id DESC LIMIT 1")))
        await status.lock(db, caller, last)
        change = asyncio.create_task(busy.put("/v1/policy", POLICY))
        await asyncio.sleep(0.2)
        # Opened again, and moved from one phase of the work to another.
        await db.execute(text("UPDATE applications SET state = 'active', closed_at = NULL"))
        everything = list(await db.scalars(text("SELECT id FROM applications")))
        await status.refresh(db, caller, everything, now=db.info["now"])
    await change
    await finish(database, busy)
    assert await reasons_of(database, busy) == await reasons_computed_anew(database, busy)


async def test_writers_and_changes_of_policy_at_once(busy: Agency, database: Database) -> None:
    applications = (await busy.get("/v1/applications"))["items"]
    writes = [
        busy.patch(f"/v1/applications/{each['id']}", {"continue_until": f"2027-03-{number + 10}"})
        for number, each in enumerate(applications[:8])  # no more than find a connection at once
    ]
    changes = [busy.put("/v1/policy", {"move_on_working_days": days}) for days in (3, 4, 5)]
    await asyncio.gather(*writes, *changes, *(advance(database, busy.id) for _ in range(3)))
    await finish(database, busy)
    assert (await busy.get("/v1/policy"))["version"] == 3
    assert await reasons_of(database, busy) == await reasons_computed_anew(database, busy)


async def test_one_that_cannot_be_computed_stops_nobody_else(
    busy: Agency, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    far = await busy.application()
    await busy.interview(far["id"], "2036-07-15T10:00:00Z", "2036-07-15T11:00:00Z")
    await busy.put("/v1/policy", {**POLICY, "holidays": "IN"})
    kept = [row for row in await reasons_of(database, busy) if row.application_id == far["id"]]
    await finish(database, busy)
    assert (await progress(busy))["state"] == "done"
    assert [r for r in await reasons_of(database, busy) if r.application_id == far["id"]] == kept
    assert [r.getMessage() for r in caplog.records if far["id"] in r.getMessage()]
    problem_of(await busy.call("GET", f"/v1/applications/{far['id']}/status"), 422, "calendar_range")


async def test_an_agency_in_trouble_rests_and_the_others_go_on(
    busy: Agency, rival: Agency, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(rival)
    for each in (busy, rival):
        await each.put("/v1/policy", POLICY)
    await set_policy(database, busy, '{"no_such": 1}')
    resting: dict[object, float] = {}
    await work(database, asyncio.Event(), resting)  # type: ignore[arg-type]
    assert (await progress(rival))["state"] == "done"
    assert list(resting) == [busy.id]
    assert busy.id in await waiting(database)
    assert [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING] == [
        f"agency {busy.id}: batch failed: ValueError"
    ]
    await set_policy(database, busy, "{}")
    await work(database, asyncio.Event(), {})
    assert busy.id not in await waiting(database)


async def set_policy(database: Database, agency: Agency, policy: str) -> None:
    """Write a policy past every check."""
    async with database.transaction(agency.id) as db:
        await db.execute(text(f"UPDATE agencies SET policy = '{policy}' WHERE agency_id = '{agency.id}'"))


async def test_the_worker_runs_until_it_is_stopped(busy: Agency, database: Database) -> None:
    await busy.put("/v1/policy", POLICY)
    stop = asyncio.Event()
    worker = asyncio.create_task(run(database, stop))
    await until(lambda: finished(busy))
    stop.set()
    await worker


async def test_the_worker_outlives_a_database_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")
    stop = asyncio.Event()
    worker = asyncio.create_task(run(nowhere, stop))

    async def tried() -> bool:
        return "cannot look for work: UnavailableError" in caplog.text

    await until(tried)
    assert not worker.done()
    stop.set()
    await worker
    await nowhere.close()


async def finished(agency: Agency) -> bool:
    """Whether the agency's last change has been applied."""
    state: str = (await progress(agency))["state"]
    return state == "done"


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that others bring about."""
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110 - it happens in another process's stead
            await asyncio.sleep(0.01)


async def test_an_agency_without_work_costs_nothing(agency: Agency, database: Database) -> None:
    assert not await advance(database, agency.id)
    assert (await found_agency(agency.http, database, SECRET)).id not in await waiting(database)
