"""Calendar feeds: whose they are, what opens them, and that an address is told once and never again."""

import asyncio
import io
import logging
import re
import sys
from collections.abc import AsyncIterator

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import select, text

from app import logs
from app.connections import async_url
from app.db import Database
from app.main import create_app
from app.models import CalendarFeed, Credential
from app.settings import Settings
from tests.agency import Agency, Json, found_agency
from tests.clock import ClockedDatabase
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.contract.problems import problem_of, without_request_id
from tests.owner import as_owner
from tests.trusting import Trusting

ADDRESS = re.compile(r"/v1/calendars/tbc_[0-9A-Za-z_-]{32}\.ics")
UNKNOWN = "/v1/calendars/tbc_0123456789abcdefghijklmnopqrstuv.ics"


async def feed(agency: Agency, consultant: str) -> Json:
    """A new feed, with its address."""
    return await agency.post(f"/v1/consultants/{consultant}/calendar-feeds")


async def test_a_feed_shows_its_address_once(agency: Agency) -> None:
    kim = await agency.consultant()
    made = await feed(agency, kim)
    assert ADDRESS.fullmatch(made["url"])
    assert (made["consultant_id"], made["revoked_at"]) == (kim, None)
    shown = {name: value for name, value in made.items() if name != "url"}
    assert await agency.get(f"/v1/calendar-feeds/{made['id']}") == shown
    assert (await agency.get(f"/v1/consultants/{kim}/calendar-feeds"))["items"] == [shown]
    revoked = await agency.post(f"/v1/calendar-feeds/{made['id']}/revoke")
    assert revoked == {**shown, "revoked_at": revoked["revoked_at"], "etag": revoked["etag"]}
    again = await agency.call("POST", f"/v1/calendar-feeds/{made['id']}/revoke")
    problem_of(again, 409, "feed_revoked")


async def test_of_an_address_only_an_hmac_is_kept(agency: Agency, database: Database) -> None:
    secret = (await feed(agency, await agency.consultant()))["url"][len("/v1/calendars/tbc_") : -len(".ics")]
    async with database.transaction(agency.id) as db:
        rows = [
            row
            for table in (CalendarFeed, Credential)
            for row in (await db.execute(select(table.__table__))).mappings()
        ]
        entries = await db.scalars(text("SELECT a::text FROM audit_entries a"))
        told = [str(row) for row in rows] + list(entries)
    assert len(told) > 3
    assert secret not in "\n".join(told)


async def test_an_address_needs_no_key_and_a_bad_one_does_not_harm(agency: Agency) -> None:
    url = (await feed(agency, await agency.consultant()))["url"]
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": f"Bearer {agency.key}"}):
        answer = await agency.http.get(url, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_head_is_get_without_the_body(agency: Agency) -> None:
    url = (await feed(agency, await agency.consultant()))["url"]
    got, head = await agency.http.get(url), await agency.http.head(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "content-type", "cache-control"):
        assert head.headers[name] == got.headers[name]


async def test_every_address_that_is_none_gets_the_same_404(agency: Agency) -> None:
    url = (await feed(agency, await agency.consultant()))["url"]
    wrong = [
        UNKNOWN,
        url[:-5] + ("A" if url[-5] != "A" else "B") + ".ics",
        url.replace("tbc_", "tb_live_"),
        url.removesuffix(".ics"),
        url + "/",
        url.upper(),
        "/v1/calendars/.ics",
        "/v1/calendars/%00.ics",
        "/v1/calendars/tbc_%C3%A9%0D%0A.ics",
        f"/v1/calendars/{'x' * 5_000}.ics",
    ]
    answers = [await agency.http.get(each) for each in wrong]
    for answer in answers:
        problem_of(answer, 404, "not_found")
    assert len({without_request_id(answer) for answer in answers}) == 1


async def test_a_revoked_address_is_gone_at_once_and_the_others_stay(agency: Agency) -> None:
    kim = await agency.consultant()
    lost, kept = await feed(agency, kim), await feed(agency, kim)
    await agency.post(f"/v1/calendar-feeds/{lost['id']}/revoke")
    problem = problem_of(await agency.http.get(lost["url"]), 410, "gone")
    assert problem["instance"] == f"urn:touchbase:request:{problem['request_id']}"
    assert (await agency.http.head(lost["url"])).status_code == 410
    assert (await agency.http.get(kept["url"])).status_code == 200


async def test_an_address_can_only_be_read(agency: Agency) -> None:
    url = (await feed(agency, await agency.consultant()))["url"]
    for method in ("POST", "PUT", "DELETE", "PROPFIND", "OPTIONS"):
        answer = await agency.http.request(method, url)
        problem_of(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "GET, HEAD"
        assert "tbc_" not in answer.text


async def test_reading_writes_nothing(scratch_url: str, document: Document) -> None:
    database = Database(scratch_url, pool_size=2)
    async with client_of(create_app(database, SECRET), document) as http:
        agency = await found_agency(http, database, SECRET)
        url = (await feed(agency, await agency.consultant()))["url"]
    await database.close()
    name = async_url(scratch_url).database
    await as_owner(scratch_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    database = Database(scratch_url, pool_size=2)
    async with client_of(create_app(database, SECRET, Settings(rate_limit="off")), document) as http:
        assert (await http.get(url)).status_code == 200
    await database.close()


async def test_a_consultant_has_at_most_five_that_are_live(agency: Agency) -> None:
    kim, lee = await agency.consultant(), await agency.consultant()
    path = f"/v1/consultants/{kim}/calendar-feeds"
    answers = await asyncio.gather(*(agency.call("POST", path) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 3
    problem_of(await agency.call("POST", path), 409, "too_many_feeds")
    await feed(agency, lee)
    made = next(answer.json() for answer in answers if answer.is_success)
    await agency.post(f"/v1/calendar-feeds/{made['id']}/revoke")
    await feed(agency, kim)


async def test_a_retried_creation_shows_the_same_address(agency: Agency) -> None:
    path = f"/v1/consultants/{await agency.consultant()}/calendar-feeds"
    first, again = [
        (await agency.call("POST", path, headers={"Idempotency-Key": "1"})).json()["url"] for _ in range(2)
    ]
    assert first == again


async def test_consultants_make_and_revoke_their_own_alone(trusting: Trusting) -> None:
    lee = await trusting.agency.consultant(name="Lee")
    theirs = await feed(trusting.agency, lee)
    headers = {"Authorization": f"Bearer {trusting.token()}"}

    async def ask(path: str) -> httpx.Response:
        return await trusting.agency.http.post(path, headers=headers)

    mine = await ask(f"/v1/consultants/{trusting.consultant}/calendar-feeds")
    assert mine.status_code == 201
    assert (await ask(f"/v1/calendar-feeds/{mine.json()['id']}/revoke")).status_code == 200
    for path in (f"/v1/consultants/{lee}/calendar-feeds", f"/v1/calendar-feeds/{theirs['id']}/revoke"):
        problem_of(await ask(path), 403, "not_own_calendar")
    await trusting.agency.patch(f"/v1/identities/{trusting.identity}", {"role": "admin"})
    trusting.processes.forget()
    assert (await ask(f"/v1/calendar-feeds/{theirs['id']}/revoke")).status_code == 200


async def test_another_agencys_feed_is_read_by_its_address_alone(agency: Agency, rival: Agency) -> None:
    theirs = await feed(rival, await rival.consultant())
    for method, path in (("GET", ""), ("POST", "/revoke")):
        answer = await agency.call(method, f"/v1/calendar-feeds/{theirs['id']}{path}")
        problem_of(answer, 404, "not_found")
    assert (await agency.http.get(theirs["url"])).status_code == 200


async def test_readings_count_against_the_limit_of_the_agency(database_url: str, document: Document) -> None:
    database = ClockedDatabase(database_url, pool_size=2)
    async with client_of(create_app(database, SECRET, Settings(rate_limit=5)), document) as http:
        agency, other = [await found_agency(http, database, SECRET) for _ in range(2)]
        url = (await feed(agency, await agency.consultant()))["url"]
        answers = [await http.get(url) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["ratelimit"].split(";")[1] for answer in answers] == [
            "r=2",
            "r=1",
            "r=0",
            "r=0",
        ]
        problem_of(answers[-1], 429, "rate_limited")
        assert int(answers[-1].headers["retry-after"]) > 0
        theirs = await feed(other, await other.consultant())
        assert (await http.get(theirs["url"])).status_code == 200
    await database.close()


@pytest.fixture
async def traced(
    database: Database, document: Document
) -> AsyncIterator[tuple[Agency, InMemorySpanExporter]]:
    """An agency in a service that is traced."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    watched = Database(str(database.pool.engine.url))
    async with client_of(create_app(watched, SECRET, tracer_provider=provider), document) as http:
        yield await found_agency(http, watched, SECRET), exporter
    await watched.close()


async def test_an_address_is_told_in_no_log_figure_trace_or_answer(
    traced: tuple[Agency, InMemorySpanExporter], monkeypatch: pytest.MonkeyPatch
) -> None:
    agency, exporter = traced
    lost, kept = [await feed(agency, await agency.consultant()) for _ in range(2)]
    await agency.post(f"/v1/calendar-feeds/{lost['id']}/revoke")
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    root, ours = logging.getLogger(), logging.getLogger("touchbase")
    before = (root.handlers, root.level, ours.level)
    logs.configure("debug")
    told = []
    for made in (lost, kept):
        for method in ("GET", "POST", "HEAD"):
            for url in (made["url"], made["url"] + "/", made["url"] + "?x=1", f"{made['url']}.ics"):
                answer = await agency.http.request(method, url)
                told.append(f"{answer.headers} {answer.text}")
    root.handlers, root.level, ours.level = before
    told += [span.to_json() for span in exporter.get_finished_spans()]
    told += [stream.getvalue(), (await agency.http.get("/metrics")).text]
    assert "GET /v1/calendars/{token}.ics 200" in stream.getvalue()
    assert f'"agency_id": "{agency.id}"' in stream.getvalue()
    assert "get_calendar" in told[-1]
    assert "tbc_" not in "\n".join(told)
