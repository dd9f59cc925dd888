"""Contacts and snoozes that were recorded by mistake: the status follows, and the mistake stays to be read."""

import asyncio
from typing import Any

import pytest

from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
WHY = {"reason": "It was another candidate"}


class Scene:
    """A candidate who was told of a rejection."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency

    async def play(self) -> "Scene":
        self.candidate = await self.agency.candidate()
        self.application = (await self.agency.application(candidate_id=self.candidate))["id"]
        self.interview = await self.agency.interview(self.application, START, END)
        said = {"decision": "reject", "received_at": "2026-07-15T10:00:00+01:00"}
        self.feedback = (await self.agency.post(f"/v1/interviews/{self.interview}/feedback", said))["id"]
        self.talk = await self.record(relays=[self.feedback])
        return self

    async def record(self, **fields: Any) -> Json:
        talk = {"with": "candidate", "person_id": self.candidate, "direction": "outbound"}
        at = {"occurred_at": "2026-07-15T11:00:00+01:00"}
        return await self.agency.post("/v1/contacts", {**talk, "outcome": "reached", **at, **fields})

    async def void(self, contact: Json) -> Json:
        return await self.agency.post(f"/v1/contacts/{contact['id']}/void", WHY)

    async def owed(self, at: str = "2026-07-15T12:00:00+01:00") -> list[str]:
        status = await self.agency.get(f"/v1/applications/{self.application}/status", as_of=at)
        return [reason["code"] for reason in status["reasons"]]


@pytest.fixture
async def scene(agency: Agency) -> Scene:
    return await Scene(agency).play()


async def test_what_a_voided_contact_settled_is_owed_again(scene: Scene) -> None:
    assert "decision_to_relay" not in await scene.owed()
    voided = await scene.void(scene.talk)
    assert "decision_to_relay" in await scene.owed()
    due = await scene.agency.get("/v1/due", as_of="2026-07-15T12:00:00+01:00")
    assert "decision_to_relay" in [item["code"] for card in due["items"] for item in card["items"]]
    assert voided["voided"]["reason"] == WHY["reason"]
    assert [each["application_id"] for each in voided["application_statuses"]] == [scene.application]


async def test_exactly_what_it_covered_is_computed_anew(scene: Scene) -> None:
    other = (await scene.agency.application(candidate_id=scene.candidate))["id"]
    named = await scene.record(application_ids=[other])
    assert [s["application_id"] for s in (await scene.void(named))["application_statuses"]] == [other]
    both = {status["application_id"] for status in (await scene.void(scene.talk))["application_statuses"]}
    assert both == {scene.application, other}


async def test_a_voided_contact_stays_to_be_read(scene: Scene) -> None:
    assert scene.talk["voided"] is None
    at = (await scene.void(scene.talk))["voided"]["at"]
    kept = await scene.record()
    read = await scene.agency.get(f"/v1/contacts/{scene.talk['id']}")
    assert read["voided"] == {"at": at, "reason": WHY["reason"]}
    assert read["relays"] == [scene.feedback]
    for voided, expected in (("true", [scene.talk["id"]]), ("false", [kept["id"]])):
        page = await scene.agency.get("/v1/contacts", candidate_id=scene.candidate, voided=voided)
        assert [contact["id"] for contact in page["items"]] == expected
    everything = (await scene.agency.get("/v1/contacts"))["items"]
    assert [contact["voided"] is None for contact in everything] == [False, True]


async def test_a_promise_made_in_a_voided_contact_is_none(scene: Scene) -> None:
    promise = await scene.record(
        occurred_at="2026-07-15T11:30:00+01:00", promise={"by": "2026-07-16T10:00:00+01:00"}
    )
    assert "promised_update_due" in await scene.owed("2026-07-16T09:30:00+01:00")
    await scene.void(promise)
    assert "promised_update_due" not in await scene.owed("2026-07-16T09:30:00+01:00")


async def test_a_chaser_that_is_voided_lets_the_client_be_asked_at_once(agency: Agency) -> None:
    application = await agency.application()
    await agency.interview(application["id"], START, END)
    chaser = {
        "with": "client",
        "person_id": application["client_contact_id"],
        "direction": "outbound",
        "outcome": "sent",
        "purpose": "chase",
        "occurred_at": "2026-07-22T10:00:00+01:00",
    }
    saved = await agency.post("/v1/contacts", chaser)
    path, noon = f"/v1/applications/{application['id']}/status", "2026-07-22T12:00:00+01:00"
    waiting = [item["code"] for item in (await agency.get(path, as_of=noon))["waiting"]]
    assert "client_response_due" in waiting
    voided = await agency.post(f"/v1/contacts/{saved['id']}/void", WHY)
    assert [each["application_id"] for each in voided["application_statuses"]] == [application["id"]]
    status = await agency.get(path, as_of=noon)
    assert "client_response_due" in [reason["code"] for reason in status["reasons"]]
    action = status["next_action"]
    assert action["not_before"] < "2026-07-23"


async def test_a_contact_is_voided_once(scene: Scene) -> None:
    path = f"/v1/contacts/{scene.talk['id']}/void"
    answers = await asyncio.gather(*(scene.agency.call("POST", path, json=WHY) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    problem_of(await scene.agency.call("POST", path, json=WHY), 409, "voided")


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "missing"), ({"reason": ""}, "string_too_short"), ({"reason": None}, "string_type")],
)
async def test_a_void_says_why(scene: Scene, body: Json, code: str) -> None:
    path = f"/v1/contacts/{scene.talk['id']}/void"
    problem = problem_of(await scene.agency.call("POST", path, json=body), 422)
    assert places_of(problem) == [("/reason", code)]
    assert (await scene.agency.get(f"/v1/contacts/{scene.talk['id']}"))["voided"] is None


async def test_a_filter_is_true_or_false(agency: Agency) -> None:
    problem = problem_of(await agency.call("GET", "/v1/contacts", params={"voided": "perhaps"}), 422)
    assert [place for place, _ in places_of(problem)] == ["voided"]


async def test_a_snooze_that_is_ended_shows_its_reason_again(agency: Agency) -> None:
    application = await agency.application()
    await agency.interview(application["id"], START, END)
    path = f"/v1/applications/{application['id']}"
    body = {"code": "debrief_due", "until": "2026-07-14T14:00:00+01:00", "reason": "on a plane"}
    snooze = await agency.post(f"{path}/snoozes", body)
    assert snooze["voided"] is None
    noon = "2026-07-14T12:00:00+01:00"
    assert (await agency.get(f"{path}/status", as_of=noon))["status"] == "waiting"
    ended = await agency.post(f"/v1/snoozes/{snooze['id']}/void", {"reason": "landed early"})
    assert (await agency.get(f"{path}/status", as_of=noon))["status"] == "due"
    assert ended["voided"]["reason"] == "landed early"
    assert ended["application_status"]["application_id"] == application["id"]
    assert (await agency.get(f"/v1/snoozes/{snooze['id']}"))["voided"] == ended["voided"]
    [listed] = (await agency.get(f"{path}/snoozes"))["items"]
    assert listed["voided"] == ended["voided"]
    again = await agency.call("POST", f"/v1/snoozes/{snooze['id']}/void", json=WHY)
    problem_of(again, 409, "voided")
