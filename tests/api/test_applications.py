"""Applications: upserts by external id, holds, withdrawals, agreements to wait, snoozes."""

from datetime import datetime

import pytest
from sqlalchemy import select

from app.db import Database
from app.models import Application
from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"


async def test_a_known_external_id_changes_what_was_sent_and_nothing_else(agency: Agency) -> None:
    ref = {"external_refs": [{"source": "ats", "id": "7"}]}
    first = await agency.post("/v1/candidates", {"name": "Amara Osei", "phone": "+44 20 7946 0000", **ref})
    again = await agency.call("POST", "/v1/candidates", json={"name": "Amara Osei-Bonsu", **ref})
    assert again.status_code == 200
    changed = again.json()
    assert (changed["id"], changed["name"], changed["phone"]) == (
        first["id"],
        "Amara Osei-Bonsu",
        "+44 20 7946 0000",
    )
    found = await agency.get("/v1/candidates", external_source="ats", external_id="7")
    assert [item["id"] for item in found["items"]] == [first["id"]]


async def test_external_ids_of_two_objects_conflict(agency: Agency) -> None:
    for number in ("1", "2"):
        await agency.post("/v1/clients", {"name": "Acme", "external_refs": [{"source": "crm", "id": number}]})
    both = [{"source": "crm", "id": "1"}, {"source": "crm", "id": "2"}]
    answer = await agency.call("POST", "/v1/clients", json={"name": "Acme", "external_refs": both})
    assert (answer.status_code, answer.json()["code"]) == (409, "external_ref_conflict")


async def test_the_candidates_owner_owns_the_application(agency: Agency) -> None:
    consultant = await agency.consultant()
    candidate = await agency.candidate(consultant_id=consultant)
    application = await agency.application(candidate_id=candidate, consultant_id=None)
    assert application["consultant_id"] == consultant


async def test_a_client_contact_of_another_client_is_refused(agency: Agency) -> None:
    elsewhere = await agency.client_contact(await agency.client())
    body = {
        "candidate_id": await agency.candidate(),
        "job_id": await agency.job(await agency.client()),
        "client_contact_id": elsewhere,
        "consultant_id": await agency.consultant(),
    }
    answer = await agency.call("POST", "/v1/applications", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "wrong_client")


async def test_a_withdrawal_is_to_be_told_to_the_client_and_then_all_is_closed(agency: Agency) -> None:
    application = await agency.application()
    path = f"/v1/applications/{application['id']}"
    await agency.interview(application["id"], START, END)
    await agency.patch(path, {"withdrawn_at": "2026-07-16T15:00:00+01:00"})
    status = await agency.get(f"{path}/status", as_of="2026-07-16T16:00:00+01:00")
    assert [reason["code"] for reason in status["reasons"]] == ["withdrawal_to_relay"]
    told = {
        "with": "client",
        "person_id": application["client_contact_id"],
        "direction": "outbound",
        "outcome": "sent",
        "purpose": "withdrawal",
        "occurred_at": "2026-07-16T17:00:00+01:00",
    }
    await agency.post("/v1/contacts", told)
    assert (await agency.get(f"{path}/status", as_of="2026-07-16T17:00:00+01:00"))["status"] == "closed"


async def test_a_hold_begins_and_ends_with_the_state(agency: Agency) -> None:
    application = await agency.application()
    path = f"/v1/applications/{application['id']}"
    held = await agency.patch(path, {"state": "on_hold"})
    assert held["hold"]["since"] is not None
    assert held["hold"]["ended_at"] is None
    resumed = await agency.patch(path, {"state": "active"})
    assert resumed["hold"]["ended_at"] is not None


@pytest.mark.parametrize("by_external_id", [False, True])
async def test_a_second_hold_begins_anew(agency: Agency, by_external_id: bool) -> None:
    refs = {"external_refs": [{"source": "ats", "id": "7"}]}
    application = await agency.application(**refs)
    path = f"/v1/applications/{application['id']}"
    first = {"since": "2026-01-12T12:00:00Z", "until": "2026-02-02", "reason": "budget"}
    await agency.patch(path, {"state": "on_hold", "hold": first})
    await agency.patch(path, {"state": "active"})
    if by_external_id:
        same = {name: application[name] for name in ("candidate_id", "job_id", "client_contact_id")}
        again = await agency.post("/v1/applications", {**same, **refs, "state": "on_hold"})
    else:
        again = await agency.patch(path, {"state": "on_hold"})
    assert again["hold"]["since"] > first["since"]
    assert (again["hold"]["until"], again["hold"]["reason"], again["hold"]["ended_at"]) == (None, None, None)


async def test_a_snooze_quiets_one_reason_until_its_time(agency: Agency) -> None:
    application = await agency.application()
    await agency.interview(application["id"], START, END)
    path = f"/v1/applications/{application['id']}"
    snooze = {"code": "debrief_due", "until": "2026-07-14T14:00:00+01:00", "reason": "on a plane"}
    saved = await agency.post(f"{path}/snoozes", snooze)
    assert (await agency.get(f"/v1/snoozes/{saved['id']}"))["reason"] == "on a plane"
    status = await agency.get(f"{path}/status", as_of="2026-07-14T12:00:00+01:00")
    assert (status["status"], status["waiting"][0]["resume_at"]) == ("waiting", "2026-07-14T13:00:00Z")


async def test_a_reason_that_is_the_candidates_is_no_applications_to_put_off(agency: Agency) -> None:
    path = f"/v1/applications/{(await agency.application())['id']}/snoozes"
    snooze = {"code": "preference_review", "until": "2026-07-14T14:00:00+01:00", "reason": "on a plane"}
    refused = await agency.call("POST", path, json=snooze)
    assert places_of(problem_of(refused, 422)) == [("/code", "snooze_code")]
    assert (await agency.get(path))["items"] == []


async def test_an_interview_that_moves_takes_its_reasons_along(agency: Agency) -> None:
    application = await agency.application()
    interview = await agency.interview(application["id"], START, END)
    moved = {"start": "2026-07-15T10:00:00+01:00", "end": "2026-07-15T11:00:00+01:00"}
    await agency.patch(f"/v1/interviews/{interview}", moved)
    assert (await agency.get("/v1/due", as_of="2026-07-14T12:00:00+01:00"))["items"] == []
    assert (await agency.get("/v1/due", as_of="2026-07-15T12:00:00+01:00"))["items"] != []


async def test_an_interview_cannot_end_before_it_starts(agency: Agency) -> None:
    application = await agency.application()
    interview = await agency.interview(application["id"], START, END)
    answer = await agency.call("PATCH", f"/v1/interviews/{interview}", json={"end": START})
    assert (answer.status_code, answer.json()["code"]) == (422, "interview_end")


async def test_a_members_null_is_refused_where_it_must_have_a_value(agency: Agency) -> None:
    application = await agency.application()
    answer = await agency.call("PATCH", f"/v1/applications/{application['id']}", json={"state": None})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/state"


async def test_a_new_end_of_a_hold_leaves_its_beginning(agency: Agency) -> None:
    application = await agency.application()
    path = f"/v1/applications/{application['id']}"
    await agency.patch(
        path, {"state": "on_hold", "hold": {"since": "2026-07-15T12:00:00Z", "reason": "budget"}}
    )
    later = await agency.patch(path, {"hold": {"until": "2026-12-20"}})
    assert (later["hold"]["since"], later["hold"]["until"], later["hold"]["reason"]) == (
        "2026-07-15T12:00:00Z",
        "2026-12-20",
        "budget",
    )


@pytest.mark.parametrize("by_external_id", [False, True])
async def test_an_empty_hold_changes_nothing_and_null_takes_it_back(
    agency: Agency, by_external_id: bool
) -> None:
    hold = {"since": "2026-07-15T12:00:00Z", "until": "2026-12-20", "reason": "budget"}
    refs = {"external_refs": [{"source": "ats", "id": "7"}]}
    made = await agency.application(**refs, state="on_hold", hold=hold)
    same = {name: made[name] for name in ("candidate_id", "job_id", "client_contact_id")} | refs

    async def changed(changes: Json) -> Json:
        if by_external_id:
            return await agency.post("/v1/applications", {**same, **changes})
        return await agency.patch(f"/v1/applications/{made['id']}", changes)

    assert (await changed({"hold": {}}))["hold"] == {**hold, "ended_at": None}
    assert (await changed({"state": "active", "hold": None}))["hold"] is None


@pytest.mark.parametrize(
    "hold", [{"reason": "budget"}, {"until": "2026-12-20"}, {"ended_at": "2026-07-20T09:00:00Z"}]
)
async def test_a_hold_that_never_began_is_refused_rather_than_dropped(agency: Agency, hold: Json) -> None:
    application = await agency.application()
    path = f"/v1/applications/{application['id']}"
    parts = ("candidate_id", "job_id", "client_contact_id", "consultant_id")
    same = {part: application[part] for part in parts}
    for answer in (
        await agency.call("PATCH", path, json={"hold": hold}),
        await agency.call("POST", "/v1/applications", json={**same, "hold": hold}),
    ):
        assert places_of(problem_of(answer, 422)) == [("/hold", "hold_not_begun")]
    assert (await agency.get(path))["hold"] is None
    assert len((await agency.get("/v1/applications"))["items"]) == 1


@pytest.mark.parametrize(
    ("hold", "member"),
    [
        ({"since": "2026-07-15T12:00:00Z", "ended_at": "2026-07-14T12:00:00Z"}, "/hold/ended_at"),
        ({"ended_at": "2026-07-01T12:00:00Z"}, "/hold/ended_at"),
        ({"since": "2026-07-14T12:00:00Z"}, "/hold/since"),
    ],
)
async def test_a_hold_cannot_end_before_it_begins(agency: Agency, hold: Json, member: str) -> None:
    path = f"/v1/applications/{(await agency.application())['id']}"
    past = {"since": "2026-07-02T12:00:00Z", "ended_at": "2026-07-10T12:00:00Z"}
    await agency.patch(path, {"hold": past})
    answer = await agency.call("PATCH", path, json={"hold": hold})
    assert places_of(problem_of(answer, 422)) == [(member, "hold_end")]


@pytest.mark.parametrize(
    ("hold", "member"),
    [
        ({"since": "2026-08-01T12:00:00Z", "until": "2026-01-01"}, "/hold/until"),
        ({"until": "2026-07-14"}, "/hold/until"),
        ({"since": "2026-08-01T12:00:00Z"}, "/hold/since"),
        ({"since": None}, "/hold/since"),
    ],
    ids=["both", "until before the stored since", "since after the stored until", "since now"],
)
async def test_a_hold_lasts_until_a_day_that_is_not_before_it(
    agency: Agency, hold: Json, member: str
) -> None:
    held = {"since": "2026-07-15T12:00:00Z", "until": "2026-07-31"}
    refs = {"external_refs": [{"source": "ats", "id": "7"}]}
    application = await agency.application(**refs, state="on_hold", hold=held)
    same = {name: application[name] for name in ("candidate_id", "job_id", "client_contact_id")}
    path = f"/v1/applications/{application['id']}"
    for answer in (
        await agency.call("PATCH", path, json={"hold": hold}),
        await agency.call("POST", "/v1/applications", json={**same, **refs, "hold": hold}),
    ):
        assert places_of(problem_of(answer, 422)) == [(member, "hold_end")]
    assert (await agency.get(path))["hold"] == application["hold"]


async def test_a_hold_that_begins_now_does_not_last_until_a_day_gone_by(agency: Agency) -> None:
    application = await agency.application()
    body = {name: application[name] for name in ("job_id", "client_contact_id", "consultant_id")}
    body |= {"candidate_id": await agency.candidate(), "state": "on_hold", "hold": {"until": "2026-07-14"}}
    answer = await agency.call("POST", "/v1/applications", json=body)
    assert places_of(problem_of(answer, 422)) == [("/hold/until", "hold_end")]


async def test_a_hold_may_last_until_the_day_on_which_it_begins_where_the_agency_is(agency: Agency) -> None:
    await agency.put("/v1/policy", {"timezone": "America/New_York"})
    held = {"since": "2026-07-15T02:00:00Z", "until": "2026-07-14"}
    application = await agency.application(state="on_hold", hold=held)
    assert application["hold"]["until"] == "2026-07-14"
    path = f"/v1/applications/{application['id']}"
    answer = await agency.call("PATCH", path, json={"hold": {"until": "2026-07-13"}})
    assert places_of(problem_of(answer, 422)) == [("/hold/until", "hold_end")]


@pytest.mark.parametrize("state", ["active", "closed"])
async def test_a_hold_called_off_before_it_begins_never_was(agency: Agency, state: str) -> None:
    path = f"/v1/applications/{(await agency.application())['id']}"
    ahead = {"since": "2099-07-15T12:00:00Z"}
    await agency.patch(path, {"state": "on_hold", "hold": ahead})
    called_off = await agency.patch(path, {"state": state})
    assert (called_off["state"], called_off["hold"]) == (state, None)
    answer = await agency.call("PATCH", path, json={"hold": ahead})
    assert places_of(problem_of(answer, 422)) == [("/hold/since", "hold_end")]


async def closed_at(agency: Agency, database: Database) -> datetime | None:
    """When the agency's only application was closed, as later computations need it."""
    async with database.transaction(agency.id) as db:
        found: datetime | None = await db.scalar(
            select(Application.closed_at).where(Application.agency_id == agency.id)
        )
        return found


async def test_when_it_was_closed_is_kept_for_as_long_as_it_is(agency: Agency, database: Database) -> None:
    refs = {"external_refs": [{"source": "ats", "id": "7"}]}
    application = await agency.application(**refs)
    same = {name: application[name] for name in ("candidate_id", "job_id", "client_contact_id")} | refs
    assert await closed_at(agency, database) is None
    await agency.post("/v1/applications", {**same, "state": "closed"})
    by_upsert = await closed_at(agency, database)
    assert by_upsert is not None
    await agency.post("/v1/applications", {**same, "state": "closed"})
    assert await closed_at(agency, database) == by_upsert
    await agency.patch(f"/v1/applications/{application['id']}", {"state": "active"})
    assert await closed_at(agency, database) is None
    await agency.patch(f"/v1/applications/{application['id']}", {"state": "closed"})
    assert await closed_at(agency, database) is not None


async def test_an_application_that_came_closed_was_closed_nobody_knows_when(
    agency: Agency, database: Database
) -> None:
    await agency.application(state="closed")
    assert await closed_at(agency, database) is None
