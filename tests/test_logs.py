"""Every log line says which request it belongs to, and none says what anybody wrote (H5, S5)."""

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import logs, postgres
from app.connections import async_url
from app.db import Database
from app.main import create_app
from app.services.api_keys import generate
from tests.agency import Agency, found_agency
from tests.canaries import MARK, canary, of_an_answer, seen_in
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.contract.problems import problem_of
from tests.owner import as_owner
from tests.written import Written, writing


@pytest.fixture
def written() -> Iterator[Written]:
    """The log as an operator has it who asked for everything."""
    with writing() as written:
        yield written


@pytest.fixture
async def scratch(scratch_url: str, document: Document) -> AsyncIterator[Agency]:
    """An agency of a service over a database of the test's own, whose bugs the document need not promise."""
    database = Database(scratch_url, pool_size=2)
    async with client_of(create_app(database, SECRET), document) as http:
        agency = await found_agency(http, database, SECRET)
        http.event_hooks = {}
        yield agency
    await database.close()


async def test_the_line_of_a_request_says_whose_it_was_and_how_it_went(
    agency: Agency, written: Written
) -> None:
    await agency.call("GET", "/v1/clients", headers={"X-Request-Id": "mine"})
    [line] = written.lines
    assert line.pop("at")
    assert line.pop("milliseconds") > 0
    assert line == {
        "level": "info",
        "logger": "touchbase.requests",
        "message": "GET /v1/clients 200",
        "request_id": "mine",
        "agency_id": str(agency.id),
        "operation": "list_clients",
        "status": 200,
    }


async def test_what_asks_for_no_operation_is_logged_without_one(agency: Agency, written: Written) -> None:
    for method, path in (("GET", "/nothing"), ("BREW", "/v1/clients")):
        await agency.call(method, path)
    assert [line["message"] for line in written.lines] == ["GET - 404", "OTHER /v1/clients 405"]
    assert all("operation" not in line for line in written.lines)


@pytest.mark.parametrize("state", ["XX000", "40001", "57014"])
async def test_every_line_within_a_request_says_whose_it_is(
    scratch: Agency, scratch_url: str, written: Written, state: str
) -> None:
    await as_owner(scratch_url, *quoting(state))
    await scratch.call("POST", "/v1/clients", json={"name": "Acme"}, headers={"X-Request-Id": "mine"})
    assert len(written.lines) >= 2
    for line in written.lines:
        facts = (line["request_id"], line["agency_id"], line["operation"])
        assert facts == ("mine", str(scratch.id), "create_client"), line


async def test_trouble_with_the_database_says_whose_request_met_it(
    scratch: Agency, scratch_url: str, server: postgres.Server, written: Written
) -> None:
    name = str(async_url(scratch_url).database)
    server.query(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    server.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    problem_of(await scratch.call("GET", "/v1/clients", headers={"X-Request-Id": "mine"}), 503)
    [trouble] = [line for line in written.lines if line["logger"] == "touchbase.database"]
    assert trouble["request_id"] == "mine"
    assert trouble["operation"] == "list_clients"


def quoting(state: str) -> tuple[str, ...]:
    """Let every new client fail with an error that quotes it."""
    return (
        f"""
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'cannot take %', NEW.name USING ERRCODE = '{state}', DETAIL = NEW::text, HINT = NEW.name;
        END $$
        """,
        "CREATE TRIGGER fail BEFORE INSERT ON clients FOR EACH ROW EXECUTE FUNCTION fail()",
    )


@pytest.mark.parametrize("state", ["XX000", "22P02", "23505", "23514", "40001", "42501", "53300", "57014"])
async def test_an_error_of_the_database_is_never_quoted(
    scratch: Agency, scratch_url: str, written: Written, state: str
) -> None:
    await as_owner(scratch_url, *quoting(state))
    answer = await scratch.call("POST", "/v1/clients", json={"name": canary()})
    assert answer.is_error
    assert written.lines
    assert seen_in(of_an_answer(answer) + written.text, scratch.key) == []


async def test_a_statement_that_cannot_work_is_never_quoted(
    scratch: Agency, scratch_url: str, written: Written
) -> None:
    await as_owner(scratch_url, "ALTER TABLE clients DROP COLUMN policy, ADD CHECK (name = 'one name only')")
    answers = [
        await scratch.call("POST", "/v1/clients", json={"name": canary()}),
        await scratch.call("GET", "/v1/clients", params={"external_id": canary()}),
    ]
    for answer in answers:
        problem_of(answer, 500)
        assert seen_in(answer.text) == []
    assert [line["level"] for line in written.lines].count("error") == 2
    assert all("traceback" in line for line in written.lines if line["level"] == "error")
    assert seen_in(written.text, scratch.key) == []


async def test_an_error_of_a_statement_does_not_hold_its_parameters(database: Database) -> None:
    with pytest.raises(DBAPIError) as told:
        async with database.transaction(None) as db:
            await db.execute(text("SELECT * FROM nothing WHERE name = :name"), {"name": canary()})
    assert seen_in(str(told.value)) == []


async def test_no_key_is_logged_whether_good_or_bad(agency: Agency, written: Written) -> None:
    keys = [agency.key, generate("test"), agency.key[:-1] + "x"]
    for key in keys:
        await agency.http.get("/v1/due", headers={"Authorization": f"Bearer {key}"})
    assert len(written.lines) == len(keys)
    assert seen_in(written.text, *keys) == []


def failing() -> Exception:
    """An error that quotes somebody, and was caused by one that does."""
    try:
        try:
            int(canary())
        except ValueError as cause:
            raise LookupError(canary()) from cause
    except LookupError as error:
        error.add_note(canary())
        failed = error
    return failed


@pytest.mark.parametrize("name", ["uvicorn.error", "sqlalchemy.pool", "asyncio", "touchbase.requests"])
def test_an_error_is_logged_by_its_types_and_places_alone(written: Written, name: str) -> None:
    logging.getLogger(name).error("Exception in application", exc_info=failing())
    [line] = written.lines
    assert seen_in(written.text) == []
    assert "LookupError" in line["traceback"]
    assert "ValueError" in line["traceback"]
    assert "in failing" in line["traceback"]


async def test_what_fails_outside_every_request_is_logged_in_the_same_way(written: Written) -> None:
    async def fail(message: str) -> None:
        raise LookupError(message)

    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(logs.report_loop_error)
    try:
        task = asyncio.create_task(fail(canary()))
        await asyncio.wait({task})
        del task
        gc.collect()  # nobody has asked how it went
        loop.call_soon(int, canary())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(before)
    told = [line["message"] for line in written.lines]
    assert told == ["unexpected LookupError outside a request", "unexpected ValueError outside a request"]
    assert seen_in(written.text) == []


def test_what_is_no_error_is_not_called_one(written: Written) -> None:
    """As of a task that is thrown away before its end."""
    loop = asyncio.new_event_loop()
    logs.report_loop_error(loop, {"message": canary()})
    loop.close()
    [line] = written.lines
    assert line["message"] == "unexpected trouble outside a request"
    assert "traceback" not in line
    assert seen_in(written.text) == []


@pytest.mark.parametrize(
    "library", ["sqlalchemy.engine", "uvicorn.error", "asyncio", "opentelemetry", "httpx"]
)
def test_libraries_are_heard_only_when_something_is_wrong(written: Written, library: str) -> None:
    for level in (logging.DEBUG, logging.INFO):
        logging.getLogger(library).log(level, "[parameters: %s]", MARK)
    logging.getLogger(library).warning("wrong")
    assert [line["message"] for line in written.lines] == ["wrong"]
