"""An agency system posts under its own ids: the first time creates, the next time changes (upsert)."""

import asyncio
from typing import Any

import pytest

from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of

REFS = [{"source": "bullhorn", "id": "1"}]


async def made_and_changed(agency: Agency, path: str, body: Json, change: Json) -> tuple[Json, Json]:
    """The two answers to posting a thing and posting it again with a change."""
    made = await agency.call("POST", path, json={**body, "external_refs": REFS})
    changed = await agency.call("POST", path, json={**body, **change, "external_refs": REFS})
    assert (made.status_code, changed.status_code) == (201, 200)
    return made.json(), changed.json()


@pytest.mark.parametrize("path", ["/v1/consultants", "/v1/clients", "/v1/candidates"])
async def test_the_second_post_changes_the_first(agency: Agency, path: str) -> None:
    made, changed = await made_and_changed(agency, path, {"name": "Old"}, {"name": "New"})
    assert changed["id"] == made["id"]
    assert [item["name"] for item in (await agency.get(path))["items"]] == ["New"]
    found = await agency.get(path, external_source="bullhorn", external_id="1")
    assert found["items"][0]["external_refs"] == REFS


async def test_what_belongs_to_another_object_is_found_by_its_id_there(agency: Agency) -> None:
    client = await agency.client()
    contact = await agency.client_contact(client, external_refs=REFS)
    await agency.client_contact(client)
    application = (await agency.application())["id"]
    times = ("2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00")
    interview = await agency.interview(application, *times, external_refs=REFS)
    await agency.interview(application, *times)
    elsewhere = await agency.application()
    for path, found in (
        (f"/v1/clients/{client}/contacts", contact),
        (f"/v1/applications/{application}/interviews", interview),
    ):
        for known in ({"external_source": "bullhorn"}, {"external_id": "1"}):
            assert [item["id"] for item in (await agency.get(path, **known))["items"]] == [found]
        assert (await agency.get(path, external_id="2"))["items"] == []
    path = f"/v1/applications/{elsewhere['id']}/interviews"
    assert (await agency.get(path, external_id="1"))["items"] == []


async def test_what_is_not_sent_again_stays(agency: Agency) -> None:
    body = {"name": "Cand", "phone": "+44 20 7946 0000", "seeking": True}
    await agency.post("/v1/candidates", {**body, "external_refs": REFS})
    changed = await agency.post("/v1/candidates", {"name": "Cand B", "external_refs": REFS})
    assert (changed["phone"], changed["seeking"], changed["name"]) == (body["phone"], True, "Cand B")


async def test_a_second_system_is_added_and_then_known(agency: Agency) -> None:
    both = [*REFS, {"source": "ats", "id": "7"}]
    first = await agency.post("/v1/clients", {"name": "Acme", "external_refs": REFS})
    assert (await agency.post("/v1/clients", {"name": "Acme", "external_refs": both}))["id"] == first["id"]
    third = await agency.post("/v1/clients", {"name": "Acme", "external_refs": both[1:]})
    assert third["external_refs"] == both


@pytest.mark.parametrize("path", ["/v1/consultants", "/v1/clients", "/v1/candidates"])
async def test_a_new_id_is_a_change_that_a_list_shows(agency: Agency, path: str) -> None:
    body = {"name": "U", "external_refs": REFS}
    made = await agency.post(path, body)
    assert (await agency.post(path, body))["updated_at"] == made["updated_at"]
    both = [*REFS, {"source": "hr", "id": "u1"}]
    changed = await agency.post(path, {"name": "U", "external_refs": both})
    assert changed["updated_at"] > made["updated_at"]
    [listed] = (await agency.get(path, updated_since=changed["updated_at"]))["items"]
    assert (listed["etag"], listed["external_refs"]) == (changed["etag"], both)


async def test_an_id_sent_twice_in_one_body_is_one_id(agency: Agency) -> None:
    made = await agency.post("/v1/clients", {"name": "Acme", "external_refs": REFS * 2})
    assert made["external_refs"] == REFS


async def test_ids_of_two_objects_conflict(agency: Agency) -> None:
    other = [{"source": "ats", "id": "7"}]
    await agency.client(external_refs=REFS)
    await agency.client(external_refs=other)
    response = await agency.call("POST", "/v1/clients", json={"name": "Acme", "external_refs": REFS + other})
    assert places_of(problem_of(response, 409)) == [("/external_refs", "external_ref_conflict")]


async def test_an_id_of_one_kind_says_nothing_of_another(agency: Agency) -> None:
    client, consultant = await agency.client(external_refs=REFS), await agency.consultant(external_refs=REFS)
    assert client != consultant


async def test_posting_at_the_same_moment_makes_one_object(agency: Agency) -> None:
    body: Any = {"name": "Acme", "external_refs": REFS}
    answers = await asyncio.gather(*(agency.call("POST", "/v1/clients", json=body) for _ in range(6)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses.count(201) == 1
    assert set(statuses) <= {200, 201, 409}
    assert len((await agency.get("/v1/clients"))["items"]) == 1


async def test_a_contact_of_another_client_is_not_changed(agency: Agency) -> None:
    here, there = await agency.client(), await agency.client()
    contact = await agency.client_contact(there, name="Chris", external_refs=REFS)
    body = {"name": "Changed", "external_refs": REFS}
    response = await agency.call("POST", f"/v1/clients/{here}/contacts", json=body)
    assert places_of(problem_of(response, 422)) == [("/external_refs", "external_ref_elsewhere")]
    assert (await agency.get(f"/v1/client-contacts/{contact}"))["name"] == "Chris"


async def test_an_application_posted_again_may_be_put_on_hold_and_off(agency: Agency) -> None:
    made = await agency.application(external_refs=REFS)
    people = ("candidate", "consultant", "client_contact", "job")
    parts = {f"{kind}_id": made[f"{kind}_id"] for kind in people}
    hold = {"until": "2099-12-01", "reason": "budget"}
    held = await agency.post(
        "/v1/applications", {**parts, "external_refs": REFS, "state": "on_hold", "hold": hold}
    )
    assert (held["id"], held["state"]) == (made["id"], "on_hold")
    assert held["hold"]["until"] == "2099-12-01"
    assert held["hold"]["since"] is not None
    active = await agency.post("/v1/applications", {**parts, "external_refs": REFS, "state": "active"})
    assert active["hold"]["ended_at"] is not None


async def test_a_hold_sent_again_goes_on_as_it_was(agency: Agency) -> None:
    """A system that sends all it knows every night moves no beginning, so the hold's review comes (F2)."""
    held = {"external_refs": REFS, "state": "on_hold", "hold": {"reason": "budget"}}
    made = await agency.application(**held)
    parts = {name: made[name] for name in ("candidate_id", "job_id", "client_contact_id")}
    again = await agency.post("/v1/applications", {**parts, **held})
    assert (again["id"], again["hold"]) == (made["id"], made["hold"])
    assert again["hold"]["reason"] == "budget"


async def test_what_is_not_sent_again_of_a_hold_stays(agency: Agency) -> None:
    hold = {"since": "2026-07-01T09:00:00Z", "reason": "budget"}
    made = await agency.application(external_refs=REFS, state="on_hold", hold=hold)
    parts = {name: made[name] for name in ("candidate_id", "job_id", "client_contact_id")}
    body = {**parts, "external_refs": REFS, "hold": {"until": "2026-09-01"}}
    later = await agency.post("/v1/applications", body)
    assert later["hold"] == {**hold, "until": "2026-09-01", "ended_at": None}


async def test_an_application_cannot_be_moved_to_another_candidate(agency: Agency) -> None:
    ref = {"external_refs": [{"source": "ats", "id": "a-1"}]}
    application = await agency.application(**ref)
    names = ("job_id", "client_contact_id", "consultant_id")
    body = {name: application[name] for name in names} | {"candidate_id": await agency.candidate(), **ref}
    answer = await agency.call("POST", "/v1/applications", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "external_ref_elsewhere")
    assert answer.json()["errors"][0]["pointer"] == "/candidate_id"


async def test_an_upserted_application_keeps_its_owner(agency: Agency) -> None:
    ref = {"external_refs": [{"source": "ats", "id": "a-2"}]}
    application = await agency.application(**ref)
    names = ("candidate_id", "job_id", "client_contact_id")
    again = await agency.post("/v1/applications", {**{name: application[name] for name in names}, **ref})
    assert (again["id"], again["consultant_id"]) == (application["id"], application["consultant_id"])


async def test_an_upserted_pause_leaves_the_rest_of_the_candidate_alone(agency: Agency) -> None:
    ref = {"external_refs": [{"source": "ats", "id": "c-1"}]}
    first = await agency.post(
        "/v1/candidates", {"name": "Li Wei", "timezone": "Asia/Singapore", "seeking": True, **ref}
    )
    pause = {"from": "2026-07-15T12:00:00Z", "until": "2026-07-27T09:00:00Z"}
    again = await agency.post("/v1/candidates", {"name": "Li Wei", "do_not_contact": pause, **ref})
    assert (again["timezone"], again["seeking"]) == (first["timezone"], True)
    assert again["do_not_contact"]["until"] == "2026-07-27T09:00:00Z"


async def test_a_job_cannot_be_moved_to_another_client(agency: Agency) -> None:
    ref = {"external_refs": [{"source": "ats", "id": "j-1"}]}
    await agency.job(await agency.client(), **ref)
    body = {"client_id": await agency.client(), "title": "Engineer", **ref}
    answer = await agency.call("POST", "/v1/jobs", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "external_ref_elsewhere")
