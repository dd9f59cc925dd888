"""Jobs and how they change: what is logged, and whose applications are computed anew (H4)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from app.db import Database
from app.services import facts, jobs, locks, status
from app.services.locks import Lock
from app.services.scope import Caller
from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of
from tests.locks import queued
from tests.stored import computed_at, reasons_computed_anew, reasons_of

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
SALARY = {"amount": 52_000, "currency": "GBP", "period": "year"}
TERMS = {
    "location": "Leeds",
    "salary": SALARY,
    "responsibilities": "Runs the plant",
    "contract": "permanent",
    "state": "open",
}
REFS = {"external_refs": [{"source": "ats", "id": "j-1"}]}


async def new_job(agency: Agency, **fields: Any) -> str:
    """The id of a job of which everything is known."""
    return await agency.job(await agency.client(), **{**TERMS, **fields})


async def changes(agency: Agency, job_id: str) -> list[Json]:
    """What was logged of a job."""
    items: list[Json] = (await agency.get(f"/v1/jobs/{job_id}/changes"))["items"]
    return items


async def put_forward(agency: Agency, job_id: str, **fields: Any) -> str:
    """The id of a new application for a job."""
    job = await agency.get(f"/v1/jobs/{job_id}")
    contact = await agency.client_contact(job["client_id"])
    fields.setdefault("consultant_id", await agency.consultant())
    made = await agency.application(job_id=job_id, client_contact_id=contact, **fields)
    await agency.interview(made["id"], START, END)
    application_id: str = made["id"]
    return application_id


def caller_of(agency: Agency) -> Caller:
    """The agency as the services know it."""
    return Caller(agency.id, "test", frozenset())


async def changes_to_tell(agency: Agency, database: Database, application_id: str) -> list[str]:
    """The job changes that the rules are told of."""
    async with database.transaction(agency.id) as db:
        now = db.info["now"]
        loaded = await facts.load(db, caller_of(agency), [UUID(application_id)], as_of=now)
    return [change.id for change in loaded[UUID(application_id)].application.job_changes]


async def test_a_new_job_may_say_everything_and_is_no_change(agency: Agency) -> None:
    body = {"client_id": await agency.client(), "title": "Buyer"}
    full = await agency.post("/v1/jobs", {**body, **TERMS})
    assert {name: full[name] for name in TERMS} == TERMS
    assert (full["change"], full["applications_to_tell"]) == (None, [])
    bare = await agency.post("/v1/jobs", body)
    assert {name: bare[name] for name in TERMS} == {**dict.fromkeys(TERMS), "state": "open"}
    for job in (full, bare):
        assert await changes(agency, job["id"]) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("salary", {**SALARY, "amount": 48_000}),
        ("salary", {**SALARY, "period": "day"}),
        ("salary", {**SALARY, "amount": 18.5, "period": "hour"}),
        ("salary", None),
        ("responsibilities", "Runs half of the plant"),
        ("location", "York"),
        ("location", None),
        ("contract", "12 months"),
        ("state", "on_hold"),
        ("state", "eliminated"),
        ("state", "filled"),
    ],
)
async def test_a_real_change_is_logged_with_its_difference(agency: Agency, name: str, value: Any) -> None:
    job_id = await new_job(agency)
    answer = await agency.patch(f"/v1/jobs/{job_id}", {name: value})
    assert answer[name] == value
    assert answer["change"]["difference"] == {name: {"from": TERMS[name], "to": value}}
    assert answer["change"]["changed_at"] == answer["change"]["recorded_at"]
    assert await changes(agency, job_id) == [answer["change"]]
    assert await agency.get(f"/v1/job-changes/{answer['change']['id']}") == answer["change"]


async def test_several_members_make_one_change(agency: Agency) -> None:
    job_id = await agency.job(await agency.client())
    answer = await agency.patch(f"/v1/jobs/{job_id}", {"title": "Lead buyer", "location": "York"})
    assert answer["change"]["difference"] == {"location": {"from": None, "to": "York"}}
    await agency.patch(f"/v1/jobs/{job_id}", {"location": "Leeds", "state": "reduced"})
    assert [set(change["difference"]) for change in await changes(agency, job_id)] == [
        {"location"},
        {"location", "state"},
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": "Another title"},
        TERMS,
        {"correction": True},
        {"changed_at": "2026-07-20T10:00:00+01:00", "correction": False},
    ],
    ids=["nothing", "title", "equal", "correction", "changed_at"],
)
async def test_what_changes_nothing_is_not_logged(agency: Agency, body: Json) -> None:
    job_id = await new_job(agency)
    await put_forward(agency, job_id)
    answer = await agency.patch(f"/v1/jobs/{job_id}", body)
    assert (answer["change"], answer["applications_to_tell"]) == (None, [])
    assert await changes(agency, job_id) == []


async def test_a_change_may_be_dated_back_but_not_forward(agency: Agency) -> None:
    job_id = await new_job(agency)
    answer = await agency.patch(
        f"/v1/jobs/{job_id}", {"state": "filled", "changed_at": "2026-07-20T10:00:00+01:00"}
    )
    assert answer["change"]["changed_at"] == "2026-07-20T09:00:00Z"
    late = {"state": "open", "changed_at": "2099-01-01T00:00:00Z"}
    problem = problem_of(await agency.call("PATCH", f"/v1/jobs/{job_id}", json=late), 422)
    assert places_of(problem) == [("/changed_at", "in_future")]
    assert (await agency.get(f"/v1/jobs/{job_id}"))["state"] == "filled"
    assert len(await changes(agency, job_id)) == 1


async def test_an_upsert_logs_what_it_changes(agency: Agency) -> None:
    body = {"client_id": await agency.client(), "title": "Buyer", **REFS}
    made = await agency.post("/v1/jobs", {**body, **TERMS})
    application_id = await put_forward(agency, made["id"])
    same = await agency.post("/v1/jobs", {**body, **TERMS})
    assert same["change"] is None
    unsaid = await agency.post("/v1/jobs", body)
    assert (unsaid["change"], unsaid["salary"]) == (None, SALARY)
    changed = await agency.post("/v1/jobs", {**body, "salary": None, "state": "reduced"})
    assert changed["id"] == made["id"]
    assert changed["applications_to_tell"] == [application_id]
    assert changed["change"]["difference"] == {
        "salary": {"from": SALARY, "to": None},
        "state": {"from": "open", "to": "reduced"},
    }
    assert await changes(agency, made["id"]) == [changed["change"]]


async def test_a_change_reaches_the_open_applications_of_the_job(agency: Agency, database: Database) -> None:
    job_id = await new_job(agency)
    first, second = await put_forward(agency, job_id), await put_forward(agency, job_id, state="on_hold")
    closed = await put_forward(agency, job_id)
    await agency.patch(f"/v1/applications/{closed}", {"state": "closed"})
    withdrawn = await put_forward(agency, job_id)
    await agency.patch(f"/v1/applications/{withdrawn}", {"withdrawn_at": "2026-07-15T10:00:00+01:00"})
    elsewhere = await put_forward(agency, await new_job(agency))
    everyone = (first, second, closed, withdrawn, elsewhere)
    before = {each: await computed_at(database, agency, each) for each in everyone}

    answer = await agency.patch(f"/v1/jobs/{job_id}", {"location": "York"})

    assert answer["applications_to_tell"] == [first, second]
    after = {each: await computed_at(database, agency, each) for each in everyone}
    for each in (first, second):
        assert await changes_to_tell(agency, database, each) == [answer["change"]["id"]]
        assert after[each] > before[each]
    for each in (closed, withdrawn, elsewhere):
        assert after[each] == before[each]
    assert await changes_to_tell(agency, database, closed) == []
    assert await changes_to_tell(agency, database, elsewhere) == []


async def test_a_correction_is_logged_and_told_to_nobody(agency: Agency, database: Database) -> None:
    job_id = await new_job(agency)
    application_id = await put_forward(agency, job_id)
    answer = await agency.patch(f"/v1/jobs/{job_id}", {"contract": "temporary", "correction": True})
    assert answer["change"]["correction"] is True
    assert answer["applications_to_tell"] == []
    assert await changes(agency, job_id) == [answer["change"]]
    assert await changes_to_tell(agency, database, application_id) == []


async def test_a_candidate_put_forward_later_knows_the_job_as_it_is(
    agency: Agency, database: Database
) -> None:
    job_id = await new_job(agency)
    await agency.patch(f"/v1/jobs/{job_id}", {"location": "York"})
    assert await changes_to_tell(agency, database, await put_forward(agency, job_id)) == []


async def test_many_applications_are_computed_in_batches(
    agency: Agency, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "BATCH", 2)
    job_id = await new_job(agency)
    consultant = await agency.consultant()
    made = [await put_forward(agency, job_id, consultant_id=consultant) for _ in range(5)]
    before = [await computed_at(database, agency, each) for each in made]
    answer = await agency.patch(f"/v1/jobs/{job_id}", {"location": "York"})
    assert answer["applications_to_tell"] == made
    after = [await computed_at(database, agency, each) for each in made]
    assert all(earlier < later for earlier, later in zip(before, after, strict=True))


async def test_changes_at_the_same_moment_follow_one_another(agency: Agency) -> None:
    job_id = await new_job(agency)
    places = [f"Place {number}" for number in range(6)]
    await asyncio.gather(*(agency.patch(f"/v1/jobs/{job_id}", {"location": place}) for place in places))
    told = [change["difference"]["location"] for change in await changes(agency, job_id)]
    assert sorted(each["to"] for each in told) == places
    stations = {each["from"]: each["to"] for each in told}
    place, way = "Leeds", []
    while place in stations:
        place = stations[place]
        way.append(place)
    assert sorted(way) == places
    assert (await agency.get(f"/v1/jobs/{job_id}"))["location"] == place


async def parts_of(agency: Agency, job_id: str) -> Json:
    """What an application for a job needs, with a candidate of its own."""
    client = (await agency.get(f"/v1/jobs/{job_id}"))["client_id"]
    return {
        "job_id": job_id,
        "client_contact_id": await agency.client_contact(client),
        "consultant_id": await agency.consultant(),
        "candidate_id": await agency.candidate(),
    }


async def test_one_who_is_put_forward_in_between_is_told_too(agency: Agency, database: Database) -> None:
    job_id = await new_job(agency)
    parts, first = await parts_of(agency, job_id), await put_forward(agency, job_id)
    async with database.transaction(agency.id) as db:
        await status.lock(db, caller_of(agency), [UUID(first)])
        change = asyncio.create_task(agency.patch(f"/v1/jobs/{job_id}", {"location": "York"}))
        second = await agency.application(**parts)
    assert (await change)["applications_to_tell"] == [first, second["id"]]


async def test_nobody_is_put_forward_while_a_change_is_under_way(agency: Agency, database: Database) -> None:
    """They wait; here until they give up, as the changes do not end before."""
    here, there = await new_job(agency), await new_job(agency)
    parts, closed = await parts_of(agency, here), await put_forward(agency, there, state="closed")
    async with database.transaction(agency.id) as db:
        now = {"changed_at": None, "now": db.info["now"]}
        for each in (here, there):
            terms = {"location": "York"}
            await jobs.update(db, caller_of(agency), UUID(each), terms, correction=False, **now)
        answers = await asyncio.gather(
            agency.call("POST", "/v1/applications", json=parts),
            agency.call("PATCH", f"/v1/applications/{closed}", json={"state": "active"}),
        )
    for answer in answers:
        problem_of(answer, 503)


async def test_the_status_rows_stay_true_while_all_happens_at_once(agency: Agency) -> None:
    job_id = await new_job(agency)
    parts = [await parts_of(agency, job_id) for _ in range(4)]
    calls: list[Any] = [agency.application(**each) for each in parts]
    calls += [agency.patch(f"/v1/jobs/{job_id}", {"location": f"Place {number}"}) for number in range(4)]
    await asyncio.gather(*calls)
    moment = "2099-01-05T12:00:00Z"
    due = await agency.get("/v1/due", as_of=moment)
    stored = {card["candidate"]["id"]: [item["code"] for item in card["items"]] for card in due["items"]}
    for candidate in (each["candidate_id"] for each in parts):
        standing = await agency.get(f"/v1/candidates/{candidate}/status", as_of=moment)
        said = [reason["code"] for each in standing["applications"] for reason in each["reasons"]]
        assert stored.get(candidate, []) == said


async def test_jobs_are_listed_by_state(agency: Agency) -> None:
    made = {state: await new_job(agency, state=state) for state in ("open", "filled", "reduced")}
    found = await agency.get("/v1/jobs", state=["open", "reduced"])
    assert [job["id"] for job in found["items"]] == [made["open"], made["reduced"]]


async def test_the_changes_come_in_pages(agency: Agency) -> None:
    job_id = await new_job(agency)
    for place in ("York", "Hull", "Bath"):
        await agency.patch(f"/v1/jobs/{job_id}", {"location": place})
    page = await agency.get(f"/v1/jobs/{job_id}/changes", limit=2)
    rest = await agency.get(f"/v1/jobs/{job_id}/changes", limit=2, cursor=page["next_cursor"])
    told = [change["difference"]["location"]["to"] for change in [*page["items"], *rest["items"]]]
    assert told == ["York", "Hull", "Bath"]


BAD = [
    ("title", None, "/title"),
    ("state", None, "/state"),
    ("state", "gone", "/state"),
    ("location", "", "/location"),
    ("location", "x" * 201, "/location"),
    ("responsibilities", " ", "/responsibilities"),
    ("responsibilities", "x" * 4_001, "/responsibilities"),
    ("contract", 7, "/contract"),
    ("contract", "x" * 201, "/contract"),
    ("salary", 52_000, "/salary"),
    ("salary", {}, "/salary/amount"),
    ("salary", {**SALARY, "amount": -1}, "/salary/amount"),
    ("salary", {**SALARY, "amount": 18.505}, "/salary/amount"),
    ("salary", {**SALARY, "currency": "gbp"}, "/salary/currency"),
    ("salary", {**SALARY, "period": "month"}, "/salary/period"),
    ("salary", {**SALARY, "bonus": 1}, "/salary/bonus"),
    ("changed_at", "yesterday", "/changed_at"),
    ("correction", "no", "/correction"),
    ("correction", None, "/correction"),
    ("client_id", "0197f3a0-0000-7000-8000-000000000000", "/client_id"),
]


@pytest.mark.parametrize(("name", "value", "pointer"), BAD, ids=[f"{n}={str(v)[:30]}" for n, v, _ in BAD])
async def test_a_wrong_value_is_named_and_changes_nothing(
    agency: Agency, name: str, value: Any, pointer: str
) -> None:
    job_id = await new_job(agency)
    before = await agency.get(f"/v1/jobs/{job_id}")
    body = {"location": "York", "state": "filled", name: value}
    problem = problem_of(await agency.call("PATCH", f"/v1/jobs/{job_id}", json=body), 422)
    assert pointer in [place for place, _ in places_of(problem)]
    assert await agency.get(f"/v1/jobs/{job_id}") == before
    assert await changes(agency, job_id) == []


@pytest.mark.parametrize("name", ["changed_at", "correction"])
async def test_a_new_job_is_not_dated_or_corrected(agency: Agency, name: str) -> None:
    body = {"client_id": await agency.client(), "title": "Buyer", name: "2026-07-20T10:00:00Z"}
    problem = problem_of(await agency.call("POST", "/v1/jobs", json=body), 422)
    assert places_of(problem) == [(f"/{name}", "extra_forbidden")]


# The duty that follows (H4)


async def owed(agency: Agency, application_id: str) -> list[str]:
    """The changes that a candidate has yet to hear of, by the status."""
    status = await agency.get(f"/v1/applications/{application_id}/status", as_of="2026-12-31T10:00:00Z")
    found = [*status["reasons"], *status["waiting"]]
    return [reason["facts"][0]["id"] for reason in found if reason["code"] == "job_change_to_relay"]


async def test_a_change_has_to_be_told_to_whoever_is_put_forward(agency: Agency) -> None:
    job_id = await new_job(agency)
    application_id = await put_forward(agency, job_id)
    closed = await put_forward(agency, job_id, state="closed")
    answer = await agency.patch(f"/v1/jobs/{job_id}", {"state": "reduced"})
    change = answer["change"]["id"]
    assert answer["applications_to_tell"] == [application_id]
    assert await owed(agency, application_id) == [change]
    assert await owed(agency, closed) == []
    due = await agency.get("/v1/due", as_of="2026-12-31T10:00:00Z", reason="job_change_to_relay")
    assert [item["application_id"] for card in due["items"] for item in card["items"]] == [application_id]


async def test_a_correction_that_puts_the_old_value_back_takes_the_duty_back(agency: Agency) -> None:
    job_id = await new_job(agency)
    application_id = await put_forward(agency, job_id)
    slip = await agency.patch(f"/v1/jobs/{job_id}", {"location": "York", "contract": "temporary"})
    half = {"location": "Leeds", "correction": True}
    await agency.patch(f"/v1/jobs/{job_id}", half)
    assert await owed(agency, application_id) == [slip["change"]["id"]]
    again = await agency.patch(f"/v1/jobs/{job_id}", {"location": "York"})
    assert await owed(agency, application_id) == [slip["change"]["id"]]
    answer = await agency.patch(
        f"/v1/jobs/{job_id}", {"location": "Leeds", "contract": "permanent", "correction": True}
    )
    assert answer["applications_to_tell"] == []
    assert await owed(agency, application_id) == []
    assert again["change"]["id"] in {change["id"] for change in await changes(agency, job_id)}


@asynccontextmanager
async def change_that_waits(agency: Agency, database: Database, job_id: str) -> AsyncIterator[None]:
    """A change of a job in a bulk call that has begun, and is not carried out before all that happens meanwhile."""
    job = await agency.get(f"/v1/jobs/{job_id}")
    item = {"kind": "job", "title": "Engineer", "client_id": job["client_id"], "location": "York", **REFS}
    async with database.transaction(agency.id) as db:
        await locks.take(db, caller_of(agency), Lock.BULK)
        bulk = asyncio.create_task(agency.post("/v1/bulk", {"items": [item]}))
        await queued(db, bulk)
        yield
    assert [each["status"] for each in (await bulk)["items"]] == [200]


async def test_a_change_that_waited_has_to_be_told_to_whoever_was_put_forward_meanwhile(
    agency: Agency, database: Database
) -> None:
    job_id = await new_job(agency, **REFS)
    async with change_that_waits(agency, database, job_id):
        application_id = await put_forward(agency, job_id)
    [change] = await changes(agency, job_id)
    assert await owed(agency, application_id) == [change["id"]]
    assert await reasons_of(database, agency) == await reasons_computed_anew(database, agency)


async def test_a_change_that_waited_does_not_concern_who_was_closed_meanwhile(
    agency: Agency, database: Database
) -> None:
    job_id = await new_job(agency, **REFS)
    application_id = await put_forward(agency, job_id)
    async with change_that_waits(agency, database, job_id):
        await agency.patch(f"/v1/applications/{application_id}", {"state": "closed"})
    assert await owed(agency, application_id) == []
    assert await reasons_of(database, agency) == await reasons_computed_anew(database, agency)


async def test_a_correction_follows_the_change_whatever_the_clock_of_the_host_that_makes_it(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = uuid7()
    job_id = await new_job(agency)
    application_id = await put_forward(agency, job_id)
    slip = await agency.patch(f"/v1/jobs/{job_id}", {"location": "York"})
    assert await owed(agency, application_id) == [slip["change"]["id"]]
    monkeypatch.setattr(jobs, "uuid7", lambda: before)
    await agency.patch(f"/v1/jobs/{job_id}", {"location": "Leeds", "correction": True})
    assert await owed(agency, application_id) == []


async def test_a_change_that_waited_follows_the_one_that_overtook_it(
    agency: Agency, database: Database
) -> None:
    job_id = await new_job(agency, **REFS)
    async with change_that_waits(agency, database, job_id):
        await agency.patch(f"/v1/jobs/{job_id}", {"location": "Hull"})
    first, second = await changes(agency, job_id)
    assert second["difference"]["location"] == {"from": "Hull", "to": "York"}
    assert first["recorded_at"] < second["recorded_at"]
