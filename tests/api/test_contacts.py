"""Contacts: what they settle, what they relay and promise, and what is refused."""

from typing import Any

import pytest

from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"


class Scene:
    """One candidate with an application whose client said no."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency

    async def play(self) -> "Scene":
        self.candidate = await self.agency.candidate()
        self.application = (await self.agency.application(candidate_id=self.candidate))["id"]
        self.interview = await self.agency.interview(self.application, START, END)
        said = {"decision": "reject", "received_at": "2026-07-15T10:00:00+01:00"}
        self.feedback = (await self.agency.post(f"/v1/interviews/{self.interview}/feedback", said))["id"]
        return self

    def talk(self, **fields: Any) -> Json:
        return {
            "with": "candidate",
            "person_id": self.candidate,
            "direction": "outbound",
            "outcome": "reached",
            "occurred_at": "2026-07-15T11:00:00+01:00",
            **fields,
        }

    def asked(self, feedback: str) -> Json:
        return {"with": "candidate", "person_id": self.candidate, "relays": [feedback]}

    async def say(self, earlier: str, *, flagged: bool) -> str:
        said = {"decision": "reject", "received_at": "2026-07-15T10:00:00+01:00", "supersedes": earlier}
        path = f"/v1/interviews/{self.interview}/feedback"
        saved: str = (await self.agency.post(path, {**said, "flag_discrimination": flagged}))["id"]
        return saved


@pytest.fixture
async def scene(agency: Agency) -> Scene:
    return await Scene(agency).play()


async def refusal(agency: Agency, body: Json) -> tuple[int, str, str]:
    answer = await agency.call("POST", "/v1/contacts", json=body)
    problem = answer.json()
    return answer.status_code, problem["code"], problem.get("errors", [{}])[0].get("pointer", "")


async def test_a_talk_that_relays_the_decision_settles_it_for_every_application_it_covers(
    scene: Scene,
) -> None:
    other = await scene.agency.application(candidate_id=scene.candidate)
    saved = await scene.agency.post("/v1/contacts", scene.talk(relays=[scene.feedback]))
    assert saved["application_ids"] is None
    covered = {status["application_id"] for status in saved["application_statuses"]}
    assert covered == {scene.application, other["id"]}
    status = await scene.agency.get(
        f"/v1/applications/{scene.application}/status", as_of="2026-07-15T12:00:00+01:00"
    )
    assert "decision_to_relay" not in [reason["code"] for reason in status["reasons"]]
    assert status["touch_base_from"] is None


async def test_a_voicemail_relays_nothing_but_lets_the_matter_rest(scene: Scene) -> None:
    await scene.agency.post("/v1/contacts", scene.talk(outcome="left_message", relays=[scene.feedback]))
    status = await scene.agency.get(
        f"/v1/applications/{scene.application}/status", as_of="2026-07-15T12:00:00+01:00"
    )
    assert status["reasons"] == []
    assert [(item["code"], item["resume_at"]) for item in status["waiting"]] == [
        ("decision_to_relay", "2026-07-15T14:00:00Z")
    ]


async def test_feedback_about_another_candidate_cannot_be_relayed(scene: Scene) -> None:
    stranger = await Scene(scene.agency).play()
    body = scene.talk(relays=[scene.feedback, stranger.feedback])
    assert await refusal(scene.agency, body) == (422, "wrong_person", "/relays/1")
    assert (await scene.agency.get("/v1/contacts", candidate_id=scene.candidate))["items"] == []


async def test_relayed_feedback_must_belong_to_a_covered_application(scene: Scene) -> None:
    other = await scene.agency.application(candidate_id=scene.candidate)
    body = scene.talk(relays=[scene.feedback], application_ids=[other["id"]])
    assert await refusal(scene.agency, body) == (422, "not_covered", "/relays/0")


async def test_feedback_flagged_as_discriminating_is_the_managers_and_relayed_by_nobody(scene: Scene) -> None:
    flagged = await scene.say(scene.feedback, flagged=True)
    for feedback in (flagged, scene.feedback):
        body = scene.talk(relays=[feedback])
        assert await refusal(scene.agency, body) == (422, "discrimination_flagged", "/relays/0")
        answer = await scene.agency.call("POST", "/v1/contacts/check", json=scene.asked(feedback))
        assert places_of(problem_of(answer, 422)) == [("/relays/0", "discrimination_flagged")]
    lifted = await scene.say(flagged, flagged=False)
    told = await scene.agency.post("/v1/contacts", scene.talk(relays=[lifted]))
    assert told["relays"] == [lifted]


@pytest.mark.parametrize("path", ["/v1/contacts", "/v1/contacts/check"])
async def test_a_flag_counts_for_every_earlier_record_of_the_same_news(scene: Scene, path: str) -> None:
    chain = [scene.feedback]
    for flagged in (False, True):
        chain.append(await scene.say(chain[-1], flagged=flagged))
    for each in chain:
        body = scene.talk(relays=[each]) if path == "/v1/contacts" else scene.asked(each)
        answer = await scene.agency.call("POST", path, json=body)
        assert places_of(problem_of(answer, 422)) == [("/relays/0", "discrimination_flagged")]
    await scene.say(chain[-1], flagged=False)
    assert (await scene.agency.post("/v1/contacts", scene.talk(relays=chain)))["relays"] == chain


async def test_the_talk_of_a_debrief_relays_nothing_that_a_later_record_flags(scene: Scene) -> None:
    await scene.say(await scene.say(scene.feedback, flagged=False), flagged=True)
    body = {"interest_score": 5, "contact": {"relays": [scene.feedback]}}
    answer = await scene.agency.call("POST", f"/v1/interviews/{scene.interview}/debriefs", json=body)
    assert places_of(problem_of(answer, 422)) == [("/contact/relays/0", "discrimination_flagged")]


async def test_an_application_of_somebody_else_cannot_be_covered(scene: Scene) -> None:
    other = await scene.agency.application()
    body = scene.talk(application_ids=[other["id"]])
    assert await refusal(scene.agency, body) == (422, "wrong_person", "/application_ids/0")


@pytest.mark.parametrize(
    ("promise", "pointer"),
    [
        ({"by": "2026-07-15T10:59:59+01:00"}, "/promise/by"),
        ({"by_date": "2026-07-14"}, "/promise/by_date"),
    ],
)
async def test_a_promise_cannot_be_for_a_time_before_it_was_made(
    scene: Scene, promise: Json, pointer: str
) -> None:
    assert await refusal(scene.agency, scene.talk(promise=promise)) == (422, "promise_past", pointer)


async def test_a_promise_for_the_same_day_is_one(scene: Scene) -> None:
    saved = await scene.agency.post("/v1/contacts", scene.talk(promise={"by_date": "2026-07-15"}))
    assert saved["promise"] == {"by": None, "by_date": "2026-07-15"}


async def test_a_promise_names_a_time_or_a_date(scene: Scene) -> None:
    assert (await refusal(scene.agency, scene.talk(promise={})))[:2] == (422, "invalid")


async def test_a_chaser_over_several_applications_of_one_client_contact(agency: Agency) -> None:
    client = await agency.client()
    people = {"client_contact_id": await agency.client_contact(client), "job_id": await agency.job(client)}
    two = [(await agency.application(**people))["id"] for _ in range(2)]
    saved = await agency.post(
        "/v1/contacts",
        {
            "with": "client",
            "person_id": people["client_contact_id"],
            "direction": "outbound",
            "outcome": "sent",
            "purpose": "chase",
            "application_ids": two,
        },
    )
    assert saved["application_ids"] == two
    assert [status["application_id"] for status in saved["application_statuses"]] == sorted(two)
    assert (await agency.get("/v1/contacts", application_id=two[1]))["items"][0]["id"] == saved["id"]


async def test_a_word_to_the_client_while_the_interview_was_to_last_speeds_them_up(agency: Agency) -> None:
    """The interview was over early: the debrief, and the word to the client, came before its planned end."""
    application = await agency.application()
    interview = await agency.interview(application["id"], START, END)
    rival = {"stage": "offer", "deadline_date": "2026-07-17", "share_with_client": True}
    debrief = {"interest_score": 8, "occurred_at": "2026-07-14T10:35:00+01:00", "other_processes": [rival]}
    await agency.post(f"/v1/interviews/{interview}/debriefs", debrief)
    path, later = f"/v1/applications/{application['id']}/status", "2026-07-15T12:00:00+01:00"
    assert "competing_deadline" in codes_of(await agency.get(path, as_of=later))
    word = {
        "with": "client",
        "person_id": application["client_contact_id"],
        "direction": "outbound",
        "outcome": "sent",
        "purpose": "competing_deadline",
        "occurred_at": "2026-07-14T10:45:00+01:00",
    }
    await agency.post("/v1/contacts", word)
    assert "competing_deadline" not in codes_of(await agency.get(path, as_of=later))


def codes_of(status: Json) -> list[str]:
    return [reason["code"] for reason in status["reasons"]]
