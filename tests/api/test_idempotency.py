"""`Idempotency-Key`: safe to send again, whatever came of the request (H8)."""

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, update

from app.db import Database
from app.models import Client, IdempotencyKey
from app.services import idempotency, status
from app.services.scope import Caller
from app.services.sealing import seal, unseal
from app.worker.retention import forget
from tests import given
from tests.agency import Agency, Json, found_agency
from tests.api.conftest import Office
from tests.conftest import SECRET
from tests.contract.problems import places_of, problem_of


async def create(agency: Agency, key: str, body: Json | None = None, **options: Any) -> httpx.Response:
    """Create a client under a key."""
    body = {"name": "Acme"} if body is None else body
    headers = {"Idempotency-Key": key}
    return await agency.call("POST", "/v1/clients", json=body, headers=headers, **options)


async def count(database: Database, agency: Agency) -> int:
    """How many clients there are."""
    async with database.transaction(agency.id) as db:
        return await db.scalar(select(func.count()).select_from(Client)) or 0


async def test_a_client_is_created_once(agency: Agency, database: Database) -> None:
    first, again = [await create(agency, "k1") for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"]
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(database, agency) == 1


async def test_the_answer_stays_what_it_was_though_the_object_changed(agency: Agency) -> None:
    first = await create(agency, "k1")
    await agency.patch(f"/v1/clients/{first.json()['id']}", {"name": "Acme & Sons"})
    assert (await create(agency, "k1")).json()["name"] == "Acme"


@pytest.mark.parametrize("change", [{"body": {"name": "Other"}}, {"params": {"x": "1"}}])
async def test_a_key_belongs_to_one_request(agency: Agency, database: Database, change: Json) -> None:
    await create(agency, "k1")
    problem = problem_of(await create(agency, "k1", **change), 422, "idempotency_key_reused")
    assert places_of(problem) == [("Idempotency-Key", "idempotency_key_reused")]
    assert await count(database, agency) == 1


async def test_a_key_belongs_to_all_conditions_of_a_request(agency: Agency) -> None:
    path = f"/v1/clients/{await agency.client()}"
    seen = (await agency.get(path))["etag"]
    headers = [("Authorization", f"Bearer {agency.key}"), ("Idempotency-Key", "k1"), ("If-Match", '"stale"')]
    first, again = [
        await agency.http.patch(path, json={"name": "Other"}, headers=[*headers, *more])
        for more in ([], [("If-Match", f'"{seen}"')])
    ]
    problem_of(first, 412)
    problem_of(again, 422, "idempotency_key_reused")


async def test_keys_of_two_principals_have_nothing_in_common(
    agency: Agency, rival: Agency, database: Database
) -> None:
    colleague = await found_agency(agency.http, database, SECRET, agency_id=agency.id)
    ids = {(await create(caller, "k1")).json()["id"] for caller in (agency, colleague, rival)}
    assert len(ids) == 3
    assert await count(database, agency) == 2


async def test_what_was_refused_for_good_is_refused_again(agency: Agency) -> None:
    """As the state of things was then: a key never does later what it did not do at once."""
    pause = {"from": "2098-01-01T00:00:00Z", "until": "2098-02-01T00:00:00Z"}
    candidate = await agency.candidate()
    made = await agency.post(f"/v1/candidates/{candidate}/pauses", pause)
    await agency.post(f"/v1/pauses/{made['id']}/lift")
    headers = {"Idempotency-Key": "k1"}
    first, again = [
        await agency.call("POST", f"/v1/pauses/{made['id']}/lift", headers=headers) for _ in range(2)
    ]
    problem_of(first, 409)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_body_that_cannot_be_parsed_is_refused_again(agency: Agency) -> None:
    headers = {"Idempotency-Key": "k1", "Content-Type": "application/json"}
    first, again = [await agency.call("POST", "/v1/clients", content=b"{", headers=headers) for _ in range(2)]
    problem_of(first, 400)
    assert again.content == first.content
    problem_of(await create(agency, "k1"), 422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("status", "options"),
    [
        (401, {"headers": {"Authorization": "Bearer nothing"}}),
        (413, {"content": b" " * 2_000_000, "headers": {"Content-Type": "application/json"}}),
        (415, {"content": b"x", "headers": {"Content-Type": "text/plain"}}),
        (422, {"json": {"name": ""}}),
    ],
)
async def test_what_the_caller_can_put_right_uses_no_key_up(
    agency: Agency, status: int, options: Json
) -> None:
    headers = {
        "Authorization": f"Bearer {agency.key}",
        "Idempotency-Key": "k1",
        **options.pop("headers", {}),
    }
    problem_of(await agency.http.post("/v1/clients", headers=headers, **options), status)
    put_right = await create(agency, "k1")
    assert put_right.status_code == 201
    assert "idempotency-replayed" not in put_right.headers


async def test_a_refused_effect_is_undone(agency: Agency, database: Database) -> None:
    """The debrief is refused for what goes with it, and nothing of it stays."""
    application = await agency.application()
    interview = await agency.interview(
        application["id"], "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
    )
    nobody = "0197f3a0-0000-7000-8000-000000000000"
    body = {"interest_score": 8, "contact": {"relays": [nobody]}}
    path = f"/v1/interviews/{interview}/debriefs"
    for _ in range(2):
        answer = await agency.call("POST", path, json=body, headers={"Idempotency-Key": "k1"})
        problem_of(answer, 404)
    assert answer.headers["idempotency-replayed"] == "true"
    assert (await agency.get(path))["items"] == []


async def test_a_second_debrief_does_not_wait_for_the_locks_of_the_first(
    agency: Agency, database: Database
) -> None:
    application = await agency.application()
    interview = await agency.interview(
        application["id"], "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
    )
    path = f"/v1/interviews/{interview}/debriefs"
    caller, keyed = Caller(agency.id, await _principal(agency), frozenset()), idempotency.Keyed("k1", b"")
    async with database.transaction(agency.id, idempotency.claiming(caller, keyed)) as db:
        await status.lock_candidate(db, caller, UUID(application["candidate_id"]))
        headers = {"Idempotency-Key": "k1"}
        problem_of(
            await agency.call("POST", path, json={"interest_score": 8}, headers=headers),
            409,
            "idempotency_key_in_flight",
        )


async def test_while_the_first_is_at_work_the_second_is_told_so(agency: Agency, database: Database) -> None:
    caller, keyed = Caller(agency.id, await _principal(agency), frozenset()), idempotency.Keyed("k1", b"")
    async with database.transaction(agency.id, idempotency.claiming(caller, keyed)) as db:
        assert await idempotency.claim(db, caller, keyed, now=db.info["now"]) is None
        busy = await create(agency, "k1")
        problem_of(busy, 409, "idempotency_key_in_flight")
        assert busy.headers["retry-after"] == "1"
        assert (await create(agency, "k2")).status_code == 201
    assert (await create(agency, "k1")).status_code == 201


async def _principal(agency: Agency) -> str:
    await agency.put("/v1/policy", {"move_on_working_days": 9})
    principal: str = (await agency.get("/v1/policy/versions"))["items"][0]["principal"]
    return principal


async def test_of_many_at_once_one_is_carried_out(agency: Agency, database: Database) -> None:
    answers = await asyncio.gather(*(create(agency, "k1") for _ in range(12)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in made}) == 1
    assert [answer.headers.get("idempotency-replayed") for answer in made].count(None) == 1
    for answer in answers:
        if answer.status_code == 409:
            problem_of(answer, 409, "idempotency_key_in_flight")
    assert await count(database, agency) == 1


async def test_what_is_there_no_more_is_not_found_though_it_was_answered_before(agency: Agency) -> None:
    endpoint = await agency.post("/v1/webhook-endpoints", {"url": "https://example.com/hook"})
    path, headers = f"/v1/webhook-endpoints/{endpoint['id']}", {"Idempotency-Key": "k1"}
    first, again = [await agency.call("POST", f"{path}/rotate-secret", headers=headers) for _ in range(2)]
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert (await agency.call("DELETE", path)).status_code == 204
    problem_of(await agency.call("POST", f"{path}/rotate-secret", headers=headers), 404)


@pytest.mark.parametrize("interview", ["0197f3a0-0000-7000-8000-000000000000", "nope"])
@pytest.mark.parametrize("body", [b"{", b"[NaN]", b"{}", b'{"interest_score": 3}'])
async def test_what_is_not_there_is_kept_whatever_was_said_to_it(
    agency: Agency, interview: str, body: bytes
) -> None:
    headers = {"Idempotency-Key": "k1", "Content-Type": "application/json"}
    path = f"/v1/interviews/{interview}/debriefs"
    first, again = [await agency.call("POST", path, content=body, headers=headers) for _ in range(2)]
    problem_of(first, 404)
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    problem_of(await create(agency, "k1"), 422, "idempotency_key_reused")


async def _liftable(agency: Agency) -> str:
    """The address of an operation that takes no body."""
    pause = {"from": "2098-01-01T00:00:00Z", "until": "2098-02-01T00:00:00Z"}
    made = await agency.post(f"/v1/candidates/{await agency.candidate()}/pauses", pause)
    return f"/v1/pauses/{made['id']}/lift"


@pytest.mark.parametrize("body", ['{"a": 1}', "[]", "null", "0", "-0.0", "false", '""'])
async def test_an_operation_without_a_body_takes_none(agency: Agency, body: str) -> None:
    path = await _liftable(agency)
    answer = await agency.call("POST", path, content=body, headers={"Content-Type": "application/json"})
    problem_of(answer, 422, "unexpected_body")
    assert (await agency.call("POST", path, json={})).is_success


async def test_an_operation_without_a_body_takes_its_key_all_the_same(agency: Agency) -> None:
    path = await _liftable(agency)
    problem_of(await agency.call("POST", path, content="x", headers={"Content-Type": "text/plain"}), 415)
    keyed = {"Idempotency-Key": "k1"}
    assert (await agency.call("POST", path, headers=keyed)).is_success
    problem_of(await agency.call("POST", path, json={"a": 1}, headers=keyed), 422, "idempotency_key_reused")
    problem_of(await agency.call("POST", path, content=b"x" * 2_000_000), 413)


async def test_two_keys_are_none(agency: Agency) -> None:
    headers = [
        ("Authorization", f"Bearer {agency.key}"),
        ("Idempotency-Key", "k1"),
        ("Idempotency-Key", "k2"),
    ]
    answer = await agency.http.post("/v1/clients", json={"name": "Acme"}, headers=headers)
    assert places_of(problem_of(answer, 422)) == [("Idempotency-Key", "invalid_idempotency_key")]


@pytest.mark.parametrize("key", ["", " ", "two words", "é", "x" * 256, "\x7f"])
async def test_a_key_that_is_none_is_refused(agency: Agency, key: str) -> None:
    answer = await agency.call(
        "POST", "/v1/clients", json={"name": "Acme"}, headers={"Idempotency-Key": key.encode("latin-1")}
    )
    assert places_of(problem_of(answer, 422)) == [("Idempotency-Key", "invalid_idempotency_key")]


async def test_a_key_is_kept_for_a_day(office: Office) -> None:
    office.at("Mon 13 Jul 09:00")
    first = await create(office.agency, "k1")
    office.database.now = given.at("Tue 14 Jul 08:59")
    assert (await create(office.agency, "k1")).content == first.content
    office.at("Tue 14 Jul 09:00")
    later = await create(office.agency, "k1")
    assert later.json()["id"] != first.json()["id"]
    assert (await create(office.agency, "k1")).content == later.content


async def test_a_kept_answer_can_be_read_with_the_service_s_secret_alone(
    agency: Agency, database: Database
) -> None:
    first = await create(agency, "k1", {"name": "Acme & Daughters"})
    async with database.transaction(agency.id) as db:
        [row] = await db.scalars(select(IdempotencyKey))
    assert b"Acme" not in row.body
    assert unseal(row.body, SECRET) == first.content


async def test_an_answer_sealed_under_another_secret_is_lost_and_nothing_is_done_again(
    agency: Agency, database: Database
) -> None:
    await create(agency, "k1")
    async with database.transaction(agency.id) as db:
        await db.execute(update(IdempotencyKey).values(body=seal(b"{}", "another secret")))
    problem_of(await create(agency, "k1"), 409, "idempotency_answer_lost")
    assert await count(database, agency) == 1


async def test_old_keys_do_not_pile_up(office: Office) -> None:
    office.at("Mon 13 Jul 09:00")
    for number in range(5):
        await create(office.agency, f"k{number}")
    office.at("Tue 14 Jul 10:00")
    await create(office.agency, "new")
    await forget(office.database, office.agency.id, asyncio.Event())
    async with office.database.transaction(office.agency.id) as db:
        assert list(await db.scalars(select(IdempotencyKey.key))) == ["new"]
