"""Transactions under trouble: failing commits, deadlocks, timeouts, a full pool, a database that goes (R2, R8, R13)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app import connections, db, postgres, writes
from app.connections import async_url
from app.db import Beginning, Database, driver_of, enter, savepoint
from app.errors import (
    SetupError,
    UnavailableError,
)
from app.main import create_app
from app.models import Client
from app.services import facts
from app.services.scope import worker
from tests.agency import Agency, found_agency
from tests.conftest import POOL_WAIT_SECONDS, SECRET, client_of
from tests.contract.document import Document
from tests.contract.problems import problem_of
from tests.locks import advisory_locks
from tests.owner import FAIL_AT_COMMIT, as_owner


@pytest.fixture
async def scratch(scratch_url: str) -> AsyncIterator[Database]:
    """A database of the test's own, with few connections."""
    opened = Database(scratch_url, pool_size=2)
    yield opened
    await opened.close()


@pytest.fixture
async def scratch_agency(scratch: Database, document: Document) -> AsyncIterator[Agency]:
    """An agency in it, served by an application of its own."""
    async with client_of(create_app(scratch, SECRET), document) as http:
        yield await found_agency(http, scratch, SECRET)


@pytest.mark.parametrize("style", ["ISO, DMY", "SQL, DMY", "German"])
async def test_instants_are_read_whatever_style_the_server_writes_dates_in(
    scratch: Database, scratch_url: str, style: str
) -> None:
    await as_owner(scratch_url, f"ALTER DATABASE {make_url(scratch_url).database} SET datestyle TO {style}")
    given = datetime(2026, 12, 31, 23, 59, 59, 999_999, UTC)
    async with scratch.transaction(None) as session:
        [row] = await driver_of(session).fetch(
            "SELECT $1::timestamptz AS given, '2026-03-04 05:06:07.000008+01'::timestamptz AS written", given
        )
    assert row["given"] == given
    assert row["written"] == datetime(2026, 3, 4, 4, 6, 7, 8, UTC)


@pytest.mark.parametrize(
    ("state", "status"),
    [("XX000", 500), ("40001", 503), ("40P01", 503), ("53300", 503), ("57014", 503), ("23514", 422)],
)
async def test_a_commit_that_fails_is_never_answered_as_done(
    scratch_agency: Agency, scratch_url: str, state: str, status: int
) -> None:
    await as_owner(scratch_url, FAIL_AT_COMMIT[0] % state, FAIL_AT_COMMIT[1])
    scratch_agency.http.event_hooks = {}  # 500 is not promised by the document
    response = await scratch_agency.call("POST", "/v1/clients", json={"name": "Acme"})
    problem = problem_of(response, status)
    assert "failed at commit" not in str(problem)
    assert ("retry-after" in response.headers) == (status == 503)
    assert (await scratch_agency.get("/v1/clients"))["items"] == []


@pytest.mark.parametrize(("failures", "status"), [(1, 201), (2, 201), (3, 503)])
async def test_a_serialisation_failure_is_tried_three_times_as_a_whole(
    scratch_agency: Agency, scratch_url: str, failures: int, status: int
) -> None:
    # A sequence keeps its count when a transaction is undone.
    await as_owner(
        scratch_url,
        "CREATE SEQUENCE tries",
        f"GRANT USAGE ON SEQUENCE tries TO {connections.APPLICATION_ROLE}",
        f"""
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('tries') <= {failures} THEN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END IF;
        RETURN NULL; END $$
        """,
        FAIL_AT_COMMIT[1],
    )
    response = await scratch_agency.call("POST", "/v1/clients", json={"name": "Acme"})
    assert response.status_code == status
    assert len((await scratch_agency.get("/v1/clients"))["items"]) == (1 if status == 201 else 0)


async def test_what_a_cluster_tells_of_a_constraint_is_understood(
    scratch_agency: Agency, scratch_url: str
) -> None:
    """It passes on another machine's error without the constraint but in words, which name it as a shard's."""
    client_id = await scratch_agency.client()
    broken = 'insert or update on table "jobs_102021" violates foreign key constraint "%s"'
    await as_owner(
        scratch_url,
        f"""
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE '{broken % "jobs_agency_id_client_id_fkey_102021"}' USING ERRCODE = '23503'; END $$
        """,
        "CREATE TRIGGER fail BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION fail()",
    )
    response = await scratch_agency.call(
        "POST", "/v1/jobs", json={"client_id": client_id, "title": "Engineer"}
    )
    assert problem_of(response, 404)["errors"][0]["pointer"] == "/client_id"


async def test_two_requests_that_block_each_other_both_succeed(
    scratch_agency: Agency, scratch_url: str
) -> None:
    """Each client's change waits and then touches the other's row: a deadlock, whose victim runs again."""
    first, second = await scratch_agency.client(), await scratch_agency.client()
    await as_owner(
        scratch_url,
        """
        CREATE FUNCTION touch_other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF pg_trigger_depth() = 1 THEN
            PERFORM pg_sleep(0.3);
            UPDATE clients SET updated_at = updated_at WHERE id <> NEW.id;
        END IF;
        RETURN NULL; END $$
        """,
        "CREATE TRIGGER touch_other AFTER UPDATE ON clients FOR EACH ROW EXECUTE FUNCTION touch_other()",
    )
    answers = await asyncio.gather(
        scratch_agency.call("PATCH", f"/v1/clients/{first}", json={"name": "First"}),
        scratch_agency.call("PATCH", f"/v1/clients/{second}", json={"name": "Second"}),
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    names = {client["name"] for client in (await scratch_agency.get("/v1/clients"))["items"]}
    assert names == {"First", "Second"}


async def test_no_statement_lock_or_pause_lasts_long(scratch: Database) -> None:
    async with scratch.transaction(None) as session:
        for setting, value in {
            "statement_timeout": "5s",
            "lock_timeout": "2s",
            "idle_in_transaction_session_timeout": "10s",
            "timezone": "UTC",
            "role": "touchbase_app",
        }.items():
            assert await session.scalar(text(f"SHOW {setting}")) == value


async def test_a_full_pool_is_503_with_a_time_to_come_back(
    scratch: Database, scratch_agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert POOL_WAIT_SECONDS == 2
    monkeypatch.setattr(connections, "POOL_WAIT_SECONDS", 0.1)
    async with scratch.transaction(None), scratch.transaction(None):
        response = await scratch_agency.call("GET", "/v1/clients")
        problem_of(response, 503, "unavailable")
        assert response.headers["retry-after"] == "2"
        assert (await scratch_agency.http.get("/livez")).status_code == 200
        assert (await scratch_agency.http.get("/readyz")).status_code == 200
    assert (await scratch_agency.call("GET", "/v1/clients")).status_code == 200


async def test_a_database_that_restarts_is_503_and_then_works_again(
    scratch: Database, scratch_agency: Agency, server: postgres.Server
) -> None:
    assert (await scratch_agency.call("GET", "/v1/clients")).status_code == 200
    name = str(async_url(str(scratch.pool.engine.url)).database)
    server.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    statuses = [(await scratch_agency.call("GET", "/v1/clients")).status_code for _ in range(3)]
    assert set(statuses) <= {200, 503}
    assert statuses[-1] == 200


async def test_a_connection_lost_before_the_agency_is_set_is_unavailable(
    scratch: Database, server: postgres.Server, scratch_agency: Agency
) -> None:
    async def lose_connection_and_enter() -> None:
        async with scratch.transaction(None) as session:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            server.query(f"SELECT pg_terminate_backend({pid})")
            await enter(session, scratch_agency.id)

    with pytest.raises(UnavailableError):
        await lose_connection_and_enter()


async def test_a_database_that_is_not_there_is_unavailable(server: postgres.Server) -> None:
    for url in (server.url_for("nowhere"), "postgresql://127.0.0.1:1/nothing"):
        absent = Database(url)
        with pytest.raises(UnavailableError):
            async with absent.transaction(None):
                pass
        with pytest.raises(SetupError, match="database"):
            await absent.check_role()
        await absent.close()


async def test_a_database_without_a_schema_is_not_ready(empty_url: str, document: Document) -> None:
    empty = Database(empty_url)
    async with client_of(create_app(empty, SECRET), document) as http:
        problem_of(await http.get("/readyz"), 503, "unavailable")
        assert (await http.get("/livez")).status_code == 200
    await empty.close()


async def test_an_older_schema_is_not_ready(scratch_agency: Agency, scratch_url: str) -> None:
    assert (await scratch_agency.http.get("/readyz")).status_code == 200
    await as_owner(scratch_url, "UPDATE alembic_version SET version_num = '0006_unbind_credentials'")
    problem = problem_of(await scratch_agency.http.get("/readyz"), 503, "unavailable")
    assert "touchbase migrate" in problem["detail"]


async def test_the_next_releases_schema_is_ready(scratch_agency: Agency, scratch_url: str) -> None:
    await as_owner(scratch_url, "UPDATE alembic_version SET version_num = '9999_what_comes_next'")
    assert (await scratch_agency.http.get("/readyz")).status_code == 200


async def test_a_role_that_passes_every_wall_is_refused(
    scratch_url: str, server: postgres.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.query("CREATE ROLE passes_walls BYPASSRLS NOLOGIN")
    try:
        for role in ("passes_walls", postgres.server.OWNER):
            for module in (connections, db):
                monkeypatch.setattr(module, "APPLICATION_ROLE", role)
            unsafe = Database(scratch_url)
            with pytest.raises(SetupError, match=role):
                await unsafe.check_role()
            await unsafe.close()
    finally:
        server.query("DROP ROLE passes_walls")


STATUSES = {  # R13
    404: "23503 42501",
    409: "23505",
    422: "22001 22003 22007 22008 22021 22P02 22P05 23502 23514",
    500: "42P01 P0001 XX000",
    503: "40001 40P01 55P03 57014 57P01 57P02 57P03 08000 08001 08003 08004 08006 08P01 53300"
    " 25006 53000 53100 53200 58030",
}


async def test_every_error_of_the_database_has_its_status(scratch_agency: Agency, scratch_url: str) -> None:
    """Whoever creates a client here gets the error that it is named after."""
    await as_owner(
        scratch_url,
        """
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'in our own words' USING ERRCODE = NEW.name; END $$
        """,
        "CREATE TRIGGER fail BEFORE INSERT ON clients FOR EACH ROW EXECUTE FUNCTION fail()",
    )
    scratch_agency.http.event_hooks = {}  # 500 is not promised by the document
    for status, states in STATUSES.items():
        for state in states.split():
            response = await scratch_agency.call("POST", "/v1/clients", json={"name": state})
            assert response.status_code == status, state
            problem_of(response, status)
            assert "in our own words" not in response.text
            assert ("retry-after" in response.headers) == (status == 503)
    assert (await scratch_agency.get("/v1/clients"))["items"] == []


async def execute(database: Database, *statements: str) -> None:
    """Run statements in one transaction."""
    async with database.transaction(None) as session:
        for statement in statements:
            await session.execute(text(statement))


@pytest.mark.parametrize(
    ("setting", "statement"),
    [
        ("statement_timeout", "SELECT pg_sleep(1)"),
        ("lock_timeout", "SELECT pg_advisory_xact_lock(1)"),
    ],
)
async def test_what_takes_too_long_is_unavailable(scratch: Database, setting: str, statement: str) -> None:
    async with scratch.transaction(None) as other:
        await other.execute(text("SELECT pg_advisory_xact_lock(1)"))
        with pytest.raises(UnavailableError):
            await execute(scratch, f"SET LOCAL {setting} = '50ms'", statement)


async def test_a_transaction_left_idle_is_ended_by_the_database(scratch: Database) -> None:
    async def be_idle() -> None:
        async with scratch.transaction(None) as session:
            await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '50ms'"))
            await asyncio.sleep(0.3)
            await session.execute(text("SELECT 1"))

    with pytest.raises(UnavailableError):
        await be_idle()


async def test_a_foreign_key_names_the_member_at_fault(agency: Agency) -> None:
    nobody = "0197f3a0-0000-7000-8000-000000000000"
    response = await agency.call("POST", "/v1/jobs", json={"client_id": nobody, "title": "Engineer"})
    problem = problem_of(response, 404, "not_found")
    assert problem["errors"][0]["pointer"] == "/client_id"


async def test_a_cancelled_request_gives_its_connection_back(
    scratch: Database, scratch_agency: Agency
) -> None:
    for _ in range(3):
        with pytest.raises((TimeoutError, httpx.TimeoutException)):
            async with asyncio.timeout(0.001):
                await scratch_agency.call("GET", "/v1/clients")
    await asyncio.sleep(0.05)
    assert scratch.pool.lent == 0


async def test_a_transaction_that_is_cancelled_is_undone_at_once(
    scratch: Database, scratch_agency: Agency, scratch_url: str
) -> None:
    entered = asyncio.Event()

    async def write() -> None:
        async with scratch.transaction(scratch_agency.id) as db:
            await db.execute(text("UPDATE agencies SET name = 'Half done'"))
            entered.set()
            await asyncio.sleep(60)

    writing = asyncio.create_task(write())
    await entered.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await as_owner(scratch_url, "UPDATE agencies SET name = 'Whole'")  # waits for no lock of it
    async with scratch.transaction(scratch_agency.id) as db:
        assert await db.scalar(text("SELECT name FROM agencies")) == "Whole"


async def test_a_connection_that_ended_while_nobody_used_it_harms_nobody(
    scratch: Database, server: postgres.Server
) -> None:
    async with scratch.transaction(None) as db:
        ended = asyncio.Event()
        driver_of(db).add_termination_listener(lambda _connection: ended.set())
        pid = await db.scalar(text("SELECT pg_backend_pid()"))
    server.query(f"SELECT pg_terminate_backend({pid})")
    await ended.wait()
    async with scratch.transaction(None) as db:
        assert await db.scalar(text("SELECT pg_backend_pid()")) != pid


async def test_a_statement_that_failed_unnoticed_is_never_answered_as_done(scratch: Database) -> None:
    async def take_no_notice() -> None:
        async with scratch.transaction(None) as db:
            with pytest.raises(DBAPIError):
                await db.execute(text("SELECT 1 / 0"))

    with pytest.raises(RuntimeError, match="failed"):
        await take_no_notice()
    async with scratch.transaction(None) as db:
        assert await db.scalar(text("SELECT 1")) == 1


async def test_a_lock_that_is_not_had_at_the_beginning_is_all_that_fails(
    scratch_url: str, scratch: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.TIMEOUTS, "lock_timeout", "50ms")
    impatient = Database(scratch_url, pool_size=1)
    beginning = Beginning(["SELECT pg_advisory_xact_lock(1)"])

    async def lock() -> None:
        async with impatient.transaction(uuid4(), beginning) as db:
            await db.execute(text("SELECT 1"))

    async with scratch.transaction(None) as other:
        await other.execute(text("SELECT pg_advisory_xact_lock(1)"))
        with pytest.raises(UnavailableError):
            await lock()
    await lock()
    await impatient.close()


async def by_session(session: AsyncSession, seconds: float) -> None:
    await session.execute(text(f"SELECT pg_sleep({seconds})"))


async def by_driver(session: AsyncSession, seconds: float) -> None:
    await driver_of(session).fetch("SELECT pg_sleep($1)", seconds)


async def pid_after(
    database: Database, seconds: float, sleep: Callable[[AsyncSession, float], Awaitable[None]] = by_driver
) -> int:
    """The server's process of a transaction in which it slept."""
    async with database.transaction(uuid4()) as db:
        await sleep(db, seconds)
        pid: int = await db.scalar(text("SELECT pg_backend_pid()"))
        return pid


@pytest.mark.parametrize("sleep", [by_session, by_driver])
async def test_a_statement_without_an_answer_ends_its_connection_and_those_that_are_idle(
    scratch_url: str, monkeypatch: pytest.MonkeyPatch, sleep: Callable[[AsyncSession, float], Awaitable[None]]
) -> None:
    monkeypatch.setattr(connections, "ANSWER_SECONDS", 0.2)
    hasty = Database(scratch_url, pool_size=2)

    before = set(await asyncio.gather(*(pid_after(hasty, 0.05, sleep) for _ in range(2))))
    with pytest.raises(UnavailableError):
        await pid_after(hasty, 1, sleep)
    assert not before & set(await asyncio.gather(*(pid_after(hasty, 0.05, sleep) for _ in range(2))))
    assert len(before) == 2
    assert hasty.pool.lent == 0
    await hasty.close()


async def test_whoever_waited_out_a_silence_keeps_the_connection_made_for_them(
    scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "ANSWER_SECONDS", 0.2)
    hasty = Database(scratch_url, pool_size=1)

    asked = [pid_after(hasty, seconds) for seconds in (1, 0, 0, 0)]
    silent, *others = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(silent, UnavailableError)
    assert len(set(others)) == 1
    await hasty.close()


@pytest.mark.parametrize("end", [None, ValueError, asyncio.CancelledError])
async def test_a_session_knows_nothing_of_the_transaction_before(
    database_url: str, agency: Agency, end: type[BaseException] | None
) -> None:
    single = Database(database_url, pool_size=1)
    known = UUID(await agency.client())

    async def work() -> None:
        async with single.transaction(agency.id) as session:
            client = await session.get_one(Client, (agency.id, known))
            client.name = "Changed"
            session.add(Client(agency_id=agency.id, name="Added"))
            session.info["learnt"] = True
            if end is not None:
                writes.insert(session, Client, [{"agency_id": agency.id, "id": uuid4(), "name": "Gathered"}])
                raise end

    with nullcontext() if end is None else pytest.raises(end):
        await work()
    async with single.transaction(agency.id) as session:
        assert [*session, *session.deleted] == []
        assert session.info.keys() == {"driver", "now", "policy"}
    names = {each["name"] for each in (await agency.get("/v1/clients"))["items"]}
    assert names == ({"Changed", "Added"} if end is None else {"Acme"})
    await single.close()


async def test_savepoints_leave_nothing_prepared(scratch_url: str) -> None:
    single = Database(scratch_url, pool_size=1)
    for _ in range(3):
        async with single.transaction(None) as session, savepoint(session):
            assert await session.scalar(text("SELECT 1")) == 1
    async with single.transaction(None) as session:
        prepared = await session.scalars(text("SELECT statement FROM pg_prepared_statements"))
        assert [statement for statement in prepared if "SAVEPOINT" in statement] == []
    await single.close()


async def test_connections_that_are_lent_at_the_end_are_closed_when_they_come_back(scratch: Database) -> None:
    async with scratch.transaction(None) as db:
        driver = driver_of(db)
        await scratch.close()
        assert await db.scalar(text("SELECT 1")) == 1
    assert driver.is_closed()


async def test_what_is_undone_holds_no_policy(database: Database, agency: Agency) -> None:
    async def fail(db: AsyncSession) -> None:
        async with savepoint(db):
            await facts.hold_policy(db, worker(agency.id))
            raise ValueError("undone")

    async with database.transaction(agency.id) as db:
        with pytest.raises(ValueError, match="undone"):
            await fail(db)
        assert await advisory_locks(db) == 0
        await facts.hold_policy(db, worker(agency.id))
        assert await advisory_locks(db) == 1


async def test_a_cluster_gets_the_beginning_in_messages_of_their_own(scratch: Database) -> None:
    sent: list[str] = []
    agency_id = uuid4()
    async with scratch.transaction(None) as db:
        driver = driver_of(db)
        assert not driver.is_cluster
        driver.is_cluster = True
        driver.add_query_logger(lambda query: sent.append(query.query))
    async with scratch.transaction(agency_id, Beginning(["SELECT pg_advisory_xact_lock(1)"])):
        pass
    entry = f"SET LOCAL app.agency_id = '{agency_id}'"
    began = sent.index("BEGIN")
    assert sent[began : began + 3] == ["BEGIN", entry, "SELECT pg_advisory_xact_lock(1)"]
