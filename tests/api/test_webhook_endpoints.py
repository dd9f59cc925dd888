"""Webhook endpoints: what may be one, what may change about it, and what becomes of its deliveries (H16, S6)."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.db import Database
from app.rules.events import EventType
from app.services import outbox
from app.services.scope import worker
from tests.agency import Agency, Json
from tests.api.conftest import Office
from tests.contract.problems import places_of, problem_of
from tests.told import answered, look

PATH = "/v1/webhook-endpoints"
HOOK: Json = {"url": "https://hooks.example/touchbase"}


async def made(agency: Agency, **terms: Any) -> str:
    """The path of a new endpoint."""
    return f"{PATH}/{(await agency.post(PATH, HOOK | terms))['id']}"


async def deliveries(agency: Agency, path: str, **params: Any) -> list[tuple[str, str]]:
    """The deliveries of an endpoint: of what, and where they stand."""
    items = (await agency.get(f"{path}/deliveries", **params))["items"]
    return [(each["type"], each["state"]) for each in items]


async def happen(database: Database, agency: Agency, *types: EventType) -> None:
    """Events, each of a subject of its own."""
    async with database.transaction(agency.id) as db:
        for each in types:
            await outbox.add(db, worker(agency.id), uuid4(), each, {}, now=db.info["now"])
    await look(database, agency)


async def test_an_endpoint_is_made_and_its_secret_shown_once(agency: Agency, rival: Agency) -> None:
    issued = await agency.post(PATH, {**HOOK, "types": ["reason.due"]})
    assert issued.pop("secret").startswith("whsec_")
    assert (issued["state"], issued["types"]) == ("enabled", ["reason.due"])
    assert await agency.get(f"{PATH}/{issued['id']}") == issued
    assert (await agency.get(PATH))["items"] == [issued]
    assert (await rival.get(PATH))["items"] == []


async def test_the_secret_is_stored_sealed(agency: Agency, database: Database) -> None:
    issued = await agency.post(PATH, HOOK)
    async with database.transaction(agency.id) as db:
        stored = await db.scalar(
            text("SELECT secret FROM webhook_endpoints WHERE agency_id = :id"), {"id": agency.id}
        )
    assert issued["secret"].encode() not in stored


URLS = [
    "https://10.0.0.1/",
    "https://127.0.0.1/",
    "https://[::1]/",
    "https://169.254.169.254/latest",
    "http://hooks.example/",
    "https://hooks.example:22/",
    "https://user:secret@hooks.example/",
    "ftp://hooks.example/",
    "hooks.example",
]


@pytest.mark.parametrize("url", URLS)
async def test_an_address_that_must_not_be_called_is_refused(agency: Agency, url: str) -> None:
    problem = problem_of(await agency.call("POST", PATH, json={"url": url}), 422)
    assert places_of(problem) == [("/url", "webhook_url")]
    assert "secret" not in problem["detail"]
    path = await made(agency)
    assert places_of(problem_of(await agency.call("PATCH", path, json={"url": url}), 422)) == [
        ("/url", "webhook_url")
    ]


@pytest.mark.parametrize("types", [[], ["reason.unknown"], "reason.due"])
async def test_only_events_that_there_are_can_be_chosen(agency: Agency, types: Any) -> None:
    problem_of(await agency.call("POST", PATH, json={**HOOK, "types": types}), 422)


async def test_an_agency_has_twenty_at_most(agency: Agency) -> None:
    for _ in range(20):
        path = await made(agency)
    problem_of(await agency.call("POST", PATH, json=HOOK), 409, "too_many_webhook_endpoints")
    await agency.call("DELETE", path)
    await made(agency)


async def test_it_is_told_of_what_it_asked_for(agency: Agency, database: Database) -> None:
    some = await made(agency, types=["reason.due"])
    everything = await made(agency)
    await happen(database, agency, EventType.REASON_DUE, EventType.FEEDBACK_RECORDED)
    assert await deliveries(agency, some) == [("reason.due", "pending")]
    assert len(await deliveries(agency, everything)) == 2
    await agency.patch(some, {"types": None})
    await happen(database, agency, EventType.CONTACT_VOIDED)
    assert await deliveries(agency, some) == [("reason.due", "pending"), ("contact.voided", "pending")]


async def test_a_test_event_reaches_this_endpoint_alone(agency: Agency, database: Database) -> None:
    asked, other = await made(agency, types=["reason.due"]), await made(agency)
    sent = await agency.post(f"{asked}/test")
    await look(database, agency)
    assert await deliveries(agency, asked) == [("webhook_endpoint.test", "pending")]
    assert await deliveries(agency, other) == []
    assert (await agency.get(f"/v1/events/{sent['event_id']}"))["type"] == "webhook_endpoint.test"


async def test_a_deleted_endpoint_is_gone_with_all_that_was_pending(
    agency: Agency, database: Database
) -> None:
    path = await made(agency)
    await agency.post(f"{path}/test")
    [delivery] = (await agency.get("/v1/events"))["items"] and (await agency.get(f"{path}/deliveries"))[
        "items"
    ]
    await answered(database, agency, 503)
    deleted = await agency.call("DELETE", path)
    assert (deleted.status_code, deleted.content) == (204, b"")
    one = f"{path}/deliveries/{delivery['id']}"
    calls = [
        ("GET", path),
        ("DELETE", path),
        ("GET", one),
        ("GET", f"{path}/deliveries"),
        ("POST", f"{one}/resend"),
    ]
    calls += [("POST", f"{path}/{verb}") for verb in ("pause", "enable", "test", "rotate-secret")]
    for method, each in calls:
        problem_of(await agency.call(method, each), 404, "not_found")
    problem_of(await agency.call("PATCH", path, json={"url": 7}), 404, "not_found")
    assert (await agency.get(PATH))["items"] == []
    async with database.transaction(agency.id) as db:
        for table in ("deliveries", "delivery_attempts", "delivery_queues"):
            assert (
                await db.scalar(
                    text(f"SELECT count(*) FROM {table} WHERE agency_id = :id"), {"id": agency.id}
                )
                == 0
            )


async def test_an_endpoint_that_is_gone_is_disabled_and_the_others_hear_of_it(
    agency: Agency, database: Database
) -> None:
    path, other = (
        await made(agency, types=["webhook_endpoint.disabled"]),
        await made(agency, types=["webhook_endpoint.disabled"]),
    )
    await agency.post(f"{path}/test")
    await look(database, agency)
    await answered(database, agency, 410)
    await look(database, agency)
    found = await agency.get(path)
    assert (found["state"], found["disabled_reason"]) == ("disabled", "gone")
    assert found["disabled_at"] is not None
    assert await deliveries(agency, other) == [("webhook_endpoint.disabled", "pending")]
    assert await deliveries(agency, path) == [("webhook_endpoint.test", "pending")]
    for verb in ("pause", "test"):
        problem_of(await agency.call("POST", f"{path}/{verb}"), 409, "webhook_endpoint_disabled")
    enabled = await agency.post(f"{path}/enable")
    assert (enabled["state"], enabled["disabled_reason"], enabled["failing_since"]) == ("enabled", None, None)


async def test_five_days_of_failures_disable(office: Office) -> None:
    agency, database = office.agency, office.database
    office.at("Mon 13 Jul 09:00")
    path = await made(agency)
    for day in ("Mon 13", "Sat 18"):
        office.at(f"{day} Jul 09:00")
        await agency.post(f"{path}/test")
        await look(database, agency)
        await answered(database, agency, 500)
    found = await agency.get(path)
    assert (found["state"], found["disabled_reason"]) == ("disabled", "failing")


async def test_a_success_in_between_ends_the_count(office: Office) -> None:
    agency, database = office.agency, office.database
    office.at("Mon 13 Jul 09:00")
    path = await made(agency)
    for day, status in (("Mon 13", 500), ("Tue 14", 200), ("Sat 18", 500)):
        office.at(f"{day} Jul 09:00")
        await agency.post(f"{path}/test")
        await look(database, agency)
        await answered(database, agency, status)
    assert (await agency.get(path))["state"] == "enabled"


async def test_deliveries_are_listed_by_state(agency: Agency, database: Database) -> None:
    path = await made(agency)
    for status in (200, 503):
        await agency.post(f"{path}/test")
        await look(database, agency)
        await answered(database, agency, status)
    test = "webhook_endpoint.test"
    assert await deliveries(agency, path) == [(test, "succeeded"), (test, "pending")]
    assert await deliveries(agency, path, state="pending") == [(test, "pending")]
    assert await deliveries(agency, path, state="dead") == []
    assert await deliveries(agency, path, state=["dead", "pending"]) == [(test, "pending")]


async def test_what_was_missed_since_an_instant_is_recovered(agency: Agency, database: Database) -> None:
    await happen(database, agency, EventType.REASON_DUE, EventType.FEEDBACK_RECORDED)
    path = await made(agency, types=["reason.due"])
    assert await deliveries(agency, path) == []
    since = {"since": "2026-01-01T00:00:00Z"}
    assert await agency.post(f"{path}/recover", since) == {"deliveries": 1}
    assert await agency.post(f"{path}/recover", since) == {"deliveries": 0}
    assert await deliveries(agency, path) == [("reason.due", "pending")]
    await answered(database, agency, 200)
    assert await agency.post(f"{path}/recover", since) == {"deliveries": 0}
    assert await agency.post(f"{path}/recover", {"since": "2099-01-01T00:00:00Z"}) == {"deliveries": 0}


async def test_dead_deliveries_are_recovered_in_their_order(agency: Agency, database: Database) -> None:
    path = await made(agency)
    await agency.post(f"{path}/test")
    await happen(database, agency, EventType.REASON_DUE)
    await look(database, agency)
    async with database.transaction(agency.id) as db:
        dead = "UPDATE deliveries SET state = 'dead' WHERE agency_id = :id"
        await db.execute(text(dead), {"id": agency.id})
        await db.execute(text("DELETE FROM delivery_queues WHERE agency_id = :id"), {"id": agency.id})
    assert await agency.post(f"{path}/recover", {"since": "2026-01-01T00:00:00Z"}) == {"deliveries": 1}
    assert await deliveries(agency, path, state="pending") == [("reason.due", "pending")]
