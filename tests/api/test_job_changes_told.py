"""Changes of a job, told in a contact, and what the candidate says to them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from app.db import Database
from app.models import JobChange
from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
TALKED = "2026-07-16T11:00:00+01:00"


class Scene:
    """A candidate for two jobs, of which the first has changed."""

    def __init__(self, agency: Agency, database: Database) -> None:
        self.agency = agency
        self.database = database

    async def play(self) -> "Scene":
        self.candidate = await self.agency.candidate()
        one = await self.agency.application(candidate_id=self.candidate)
        self.one, self.job = one["id"], one["job_id"]
        self.two = (await self.agency.application(candidate_id=self.candidate))["id"]
        self.change = await self.change_job(self.job)
        return self

    async def change_job(self, job_id: str) -> str:
        change_id = uuid7()
        change = JobChange(
            agency_id=self.agency.id,
            id=change_id,
            job_id=job_id,
            changed_at=datetime(2026, 7, 16, 9, tzinfo=UTC),
            difference={"location": {"from": "Leeds", "to": "York"}},
        )
        async with self.database.transaction(self.agency.id) as db:
            db.add(change)
        return str(change_id)

    def talk(self, **fields: Any) -> Json:
        return {
            "with": "candidate",
            "person_id": self.candidate,
            "direction": "outbound",
            "outcome": "reached",
            "occurred_at": TALKED,
            "relays": [self.change],
            **fields,
        }

    async def withdrawn(self) -> list[str | None]:
        """When each of the two applications was withdrawn."""
        files = [await self.agency.get(f"/v1/applications/{each}") for each in (self.one, self.two)]
        return [file["withdrawn_at"] for file in files]


@pytest.fixture
async def scene(agency: Agency, database: Database) -> Scene:
    return await Scene(agency, database).play()


async def test_feedback_and_changes_are_relayed_alike(scene: Scene) -> None:
    interview = await scene.agency.interview(scene.one, START, END)
    said = {"decision": "next_stage", "received_at": "2026-07-16T10:00:00+01:00"}
    feedback = (await scene.agency.post(f"/v1/interviews/{interview}/feedback", said))["id"]
    saved = await scene.agency.post("/v1/contacts", scene.talk(relays=[scene.change, feedback, scene.change]))
    assert saved["relays"] == [scene.change, feedback]
    assert (await scene.agency.get(f"/v1/contacts/{saved['id']}"))["relays"] == [scene.change, feedback]


async def test_a_change_of_another_job_is_no_news_for_the_candidate(scene: Scene) -> None:
    strange = await scene.change_job(await scene.agency.job(await scene.agency.client()))
    for body, place in (
        (scene.talk(relays=[scene.change, strange]), "/relays/1"),
        (scene.talk(application_ids=[scene.two]), "/relays/0"),
    ):
        refused = await scene.agency.call("POST", "/v1/contacts", json=body)
        assert places_of(problem_of(refused, 422)) == [(place, "not_covered")]


async def test_news_that_is_not_there_is_404(scene: Scene) -> None:
    body = scene.talk(relays=[scene.change, scene.candidate])
    refused = await scene.agency.call("POST", "/v1/contacts", json=body)
    assert places_of(problem_of(refused, 404)) == [("/relays/1", "not_found")]


@pytest.mark.parametrize("answer", ["still_in", "thinking"])
async def test_a_candidate_who_stays_withdraws_nothing(scene: Scene, answer: str) -> None:
    saved = await scene.agency.post("/v1/contacts", scene.talk(answer=answer))
    assert saved["answer"] == answer
    assert await scene.withdrawn() == [None, None]


async def test_a_candidate_who_is_out_withdraws_from_the_changed_job_alone(scene: Scene) -> None:
    saved = await scene.agency.post("/v1/contacts", scene.talk(answer="out"))
    assert await scene.withdrawn() == ["2026-07-16T10:00:00Z", None]
    statuses = {each["application_id"]: each for each in saved["application_statuses"]}
    assert [reason["code"] for reason in statuses[scene.one]["reasons"]] == ["withdrawal_to_relay"]


@pytest.mark.parametrize("role_change", [{"salary": "reduced"}, None])
async def test_a_change_that_came_with_feedback_is_answered_too(
    scene: Scene, role_change: Json | None
) -> None:
    interview = await scene.agency.interview(scene.two, START, END)
    said = {"decision": "undecided", "received_at": "2026-07-15T10:00:00+01:00", "role_change": role_change}
    feedback = await scene.agency.post(f"/v1/interviews/{interview}/feedback", said)
    body = scene.talk(relays=[feedback["id"]], answer="out")
    answer = await scene.agency.call("POST", "/v1/contacts", json=body)
    if role_change:
        assert await scene.withdrawn() == [None, "2026-07-16T10:00:00Z"]
        await scene.agency.post(f"/v1/contacts/{answer.json()['id']}/void", {"reason": "misheard"})
    else:
        assert places_of(problem_of(answer, 422)) == [("/answer", "answer_without_change")]
    assert await scene.withdrawn() == [None, None]


async def test_voiding_the_contact_takes_the_withdrawal_back(scene: Scene) -> None:
    saved = await scene.agency.post("/v1/contacts", scene.talk(answer="out", application_ids=[scene.one]))
    voided = await scene.agency.post(f"/v1/contacts/{saved['id']}/void", {"reason": "misheard"})
    assert await scene.withdrawn() == [None, None]
    [status] = voided["application_statuses"]
    assert [reason["code"] for reason in status["reasons"]] == ["job_change_to_relay"]


async def test_a_call_entered_twice_still_withdraws_once_one_of_them_is_voided(scene: Scene) -> None:
    twice = [await scene.agency.post("/v1/contacts", scene.talk(answer="out")) for _ in range(2)]
    await scene.agency.post(f"/v1/contacts/{twice[0]['id']}/void", {"reason": "entered twice"})
    assert await scene.withdrawn() == ["2026-07-16T10:00:00Z", None]
    await scene.agency.post(f"/v1/contacts/{twice[1]['id']}/void", {"reason": "misheard"})
    assert await scene.withdrawn() == [None, None]


async def test_a_withdrawal_noted_by_hand_outlives_the_contact(scene: Scene) -> None:
    saved = await scene.agency.post("/v1/contacts", scene.talk(answer="out"))
    by_hand = {"withdrawn_at": "2026-07-17T10:00:00+01:00"}
    await scene.agency.patch(f"/v1/applications/{scene.one}", by_hand)
    await scene.agency.post(f"/v1/contacts/{saved['id']}/void", {"reason": "misheard"})
    assert await scene.withdrawn() == ["2026-07-17T09:00:00Z", None]


async def test_who_has_withdrawn_or_is_closed_stays_so(scene: Scene) -> None:
    path = f"/v1/applications/{scene.one}"
    for file in ({"withdrawn_at": "2026-07-15T10:00:00+01:00"}, {"withdrawn_at": None, "state": "closed"}):
        await scene.agency.patch(path, file)
        before = await scene.withdrawn()
        await scene.agency.post("/v1/contacts", scene.talk(answer="out"))
        assert await scene.withdrawn() == before


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"relays": []}, "answer_without_change"),
        ({"outcome": "left_message"}, "answer_in_vain"),
        ({"outcome": "no_answer"}, "answer_in_vain"),
    ],
)
async def test_an_answer_goes_with_a_change_that_was_told(scene: Scene, fields: Json, code: str) -> None:
    body = scene.talk(answer="out", **fields)
    refused = await scene.agency.call("POST", "/v1/contacts", json=body)
    assert places_of(problem_of(refused, 422)) == [("/answer", code)]
    assert await scene.withdrawn() == [None, None]


async def test_a_client_gives_no_answer_for_the_candidate(scene: Scene) -> None:
    file = await scene.agency.get(f"/v1/applications/{scene.one}")
    body = scene.talk(answer="out", relays=[])
    body |= {"with": "client", "person_id": file["client_contact_id"]}
    refused = await scene.agency.call("POST", "/v1/contacts", json=body)
    assert places_of(problem_of(refused, 422)) == [("/answer", "answer_without_change")]


async def test_an_unknown_answer_is_refused(scene: Scene) -> None:
    refused = await scene.agency.call("POST", "/v1/contacts", json=scene.talk(answer="maybe"))
    assert places_of(problem_of(refused, 422)) == [("/answer", "enum")]
