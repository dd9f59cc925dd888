"""Whether a chaser or a call may be made now, why not, and from when: help before it, a warning after it."""

from typing import Any

import pytest

from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"


class Scene:
    """Two applications whose client contact is the same person."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency

    async def play(self) -> "Scene":
        client = await self.agency.client()
        self.client_contact = await self.agency.client_contact(client)
        self.candidate = await self.agency.candidate()
        people = {"client_contact_id": self.client_contact, "job_id": await self.agency.job(client)}
        self.one = (await self.agency.application(candidate_id=self.candidate, **people))["id"]
        self.other = (await self.agency.application(**people))["id"]
        self.interviews = [
            await self.agency.interview(application, START, END) for application in (self.one, self.other)
        ]
        return self

    def to_client(self, **fields: Any) -> Json:
        return {"with": "client", "person_id": self.client_contact, "purpose": "chase", **fields}

    def to_candidate(self, **fields: Any) -> Json:
        return {"with": "candidate", "person_id": self.candidate, **fields}

    async def record(self, body: Json, at: str, outcome: str = "sent", **fields: Any) -> Json:
        made = {**body, "direction": "outbound", "outcome": outcome, "occurred_at": at, **fields}
        return await self.agency.post("/v1/contacts", made)

    async def check(self, body: Json, at: str) -> Json:
        return await self.agency.post("/v1/contacts/check", {**body, "at": at})


@pytest.fixture
async def scene(agency: Agency) -> Scene:
    return await Scene(agency).play()


def said(objections: list[Json]) -> list[tuple[str, str | None, str | None]]:
    """The rules that object, each with its end and what it is about."""
    return [(o["rule"], o["until"], o["application_id"]) for o in objections]


async def test_a_first_chaser_is_allowed(scene: Scene) -> None:
    answer = await scene.check(scene.to_client(), "2026-07-20T10:00:00+01:00")
    assert answer == {"allowed": True, "allowed_from": "2026-07-20T09:00:00Z", "objections": []}


async def test_a_second_chaser_waits_for_the_day_and_for_the_cool_down(scene: Scene) -> None:
    chaser = scene.to_client(application_ids=[scene.one])
    await scene.record(chaser, "2026-07-20T10:00:00+01:00")
    answer = await scene.check(scene.to_client(), "2026-07-20T15:00:00+01:00")
    assert said(answer["objections"]) == [
        ("M2", "2026-07-21T08:00:00Z", None),
        ("G2", "2026-07-23T09:00:00Z", scene.one),
    ]
    assert (answer["allowed"], answer["allowed_from"]) == (False, "2026-07-23T09:00:00Z")
    about_the_other = scene.to_client(application_ids=[scene.other])
    tomorrow = await scene.check(about_the_other, "2026-07-21T09:00:00+01:00")
    assert tomorrow["allowed"] is True


async def test_after_three_chasers_there_is_no_date(scene: Scene) -> None:
    for day in ("16", "21", "24"):
        await scene.record(scene.to_client(), f"2026-07-{day}T10:00:00+01:00")
    answer = await scene.check(scene.to_client(application_ids=[scene.one]), "2026-08-03T10:00:00+01:00")
    assert said(answer["objections"]) == [("G2", None, scene.one)]
    assert (answer["allowed"], answer["allowed_from"]) == (False, None)


async def test_a_chaser_too_early_is_recorded_all_the_same_and_the_answer_warns(scene: Scene) -> None:
    first = await scene.record(scene.to_client(), "2026-07-20T10:00:00+01:00")
    assert first["warnings"] == []
    second = await scene.record(scene.to_client(), "2026-07-20T15:00:00+01:00")
    assert [warning["rule"] for warning in second["warnings"]] == ["M2", "G2", "G2"]
    assert second["warnings"][0]["explanation"].endswith("one chaser on a working day is enough.")
    assert len((await scene.agency.get("/v1/contacts"))["items"]) == 2


async def test_the_clients_own_word_is_never_warned_about(scene: Scene) -> None:
    await scene.record(scene.to_client(), "2026-07-20T10:00:00+01:00")
    saved = await scene.record(scene.to_client(), "2026-07-20T23:00:00+01:00", direction="inbound")
    assert saved["warnings"] == []


async def test_after_a_voicemail_a_call_waits_and_a_note_does_not(scene: Scene) -> None:
    await scene.record(scene.to_candidate(channel="phone"), "2026-07-14T15:00:00+01:00", "left_message")
    later = "2026-07-14T16:00:00+01:00"
    for channel in (None, "phone", "video", "in_person"):
        answer = await scene.check(scene.to_candidate(channel=channel), later)
        assert said(answer["objections"]) == [("G1", "2026-07-15T09:30:00Z", None)]
    for channel in ("email", "sms", "whatsapp", "form"):
        assert (await scene.check(scene.to_candidate(channel=channel), later))["allowed"] is True


async def test_so_it_does_with_somebody_without_applications(scene: Scene) -> None:
    scene.candidate = await scene.agency.candidate()
    body, later = scene.to_candidate(channel="phone"), "2026-07-14T16:00:00+01:00"
    await scene.record(body, "2026-07-14T15:00:00+01:00", "left_message")
    answer = await scene.check(body, later)
    assert said(answer["objections"]) == [("G1", "2026-07-15T09:30:00Z", None)]
    again = await scene.record(body, later, "left_message")
    assert said(again["warnings"]) == said(answer["objections"])
    written = await scene.check(scene.to_candidate(channel="email"), later)
    assert written["allowed"] is True


async def test_a_voicemail_that_was_voided_keeps_nobody_from_calling(scene: Scene) -> None:
    body = scene.to_candidate(channel="phone")
    voicemail = await scene.record(body, "2026-07-14T15:00:00+01:00", "left_message")
    await scene.agency.post(f"/v1/contacts/{voicemail['id']}/void", {"reason": "another candidate's"})
    assert (await scene.check(body, "2026-07-14T16:00:00+01:00"))["allowed"] is True


async def test_a_chaser_that_was_voided_counts_neither_for_the_day_nor_for_the_cool_down(
    scene: Scene,
) -> None:
    chaser = await scene.record(scene.to_client(), "2026-07-20T10:00:00+01:00")
    await scene.agency.post(f"/v1/contacts/{chaser['id']}/void", {"reason": "never sent"})
    assert (await scene.check(scene.to_client(), "2026-07-20T15:00:00+01:00"))["allowed"] is True


async def test_an_absent_client_contact_is_not_chased(scene: Scene) -> None:
    away = {"unavailable_until": "2026-07-27T00:00:00+01:00"}
    await scene.agency.patch(f"/v1/client-contacts/{scene.client_contact}", away)
    answer = await scene.check(scene.to_client(), "2026-07-20T10:00:00+01:00")
    assert said(answer["objections"]) == [("G4", "2026-07-27T08:00:00Z", None)]


async def test_a_call_at_night_is_allowed_in_the_morning(scene: Scene) -> None:
    answer = await scene.check(scene.to_candidate(), "2026-07-17T21:00:00+01:00")
    assert said(answer["objections"]) == [("T7", "2026-07-20T07:00:00Z", None)]
    assert answer["allowed_from"] == "2026-07-20T07:00:00Z"


@pytest.mark.parametrize("direction", ["outbound", "inbound"])
async def test_news_told_under_embargo_is_recorded_all_the_same_and_the_answer_warns(
    scene: Scene, direction: str
) -> None:
    """Whoever rang."""
    said_by_client = {"decision": "offer", "received_at": "2026-07-14T14:00:00+01:00"}
    embargo = {"embargo_until": "2026-07-16T12:00:00+01:00"}
    feedback = await scene.agency.post(
        f"/v1/interviews/{scene.interviews[0]}/feedback", {**said_by_client, **embargo}
    )
    talk, at = scene.to_candidate(relays=[feedback["id"]]), "2026-07-15T10:00:00+01:00"
    held = [("H1", "2026-07-16T11:00:00Z", scene.one)]
    answer = await scene.check(talk, at)
    assert (said(answer["objections"]), answer["allowed_from"]) == (held, "2026-07-16T11:00:00Z")
    made = await scene.record(talk, at, "reached", direction=direction)
    assert (said(made["warnings"]), made["relays"]) == (held, [feedback["id"]])


async def test_a_check_stores_nothing(scene: Scene) -> None:
    await scene.check(scene.to_client(), "2026-07-20T10:00:00+01:00")
    assert (await scene.agency.get("/v1/contacts"))["items"] == []


async def test_a_check_is_now_unless_it_says_when(scene: Scene) -> None:
    answer = await scene.agency.post("/v1/contacts/check", scene.to_candidate())
    assert answer["allowed"] == (answer["objections"] == [])
    assert answer["allowed_from"] > "2026-07-20"


@pytest.mark.parametrize(
    ("fields", "place", "code"),
    [
        ({"with": "interviewer"}, "/with", "enum"),
        ({"at": "2026-07-20T10:00:00"}, "/at", "instant_format"),
        ({"purpose": "nag"}, "/purpose", "enum"),
        ({"channel": "pigeon"}, "/channel", "enum"),
        ({"application_ids": []}, "/application_ids", "too_short"),
        ({"occurred_at": "2026-07-20T10:00:00Z"}, "/occurred_at", "extra_forbidden"),
    ],
)
async def test_a_check_is_as_strict_as_the_record(scene: Scene, fields: Json, place: str, code: str) -> None:
    body = {**scene.to_client(), **fields}
    problem = problem_of(await scene.agency.call("POST", "/v1/contacts/check", json=body), 422)
    assert places_of(problem) == [(place, code)]


async def test_a_check_names_only_that_persons_applications_and_news(scene: Scene) -> None:
    body = scene.to_candidate(application_ids=[scene.other])
    problem = problem_of(await scene.agency.call("POST", "/v1/contacts/check", json=body), 422)
    assert places_of(problem) == [("/application_ids/0", "wrong_person")]
    said = {"decision": "reject", "received_at": "2026-07-15T10:00:00+01:00"}
    news = (await scene.agency.post(f"/v1/interviews/{scene.interviews[1]}/feedback", said))["id"]
    problem = problem_of(
        await scene.agency.call("POST", "/v1/contacts/check", json=scene.to_candidate(relays=[news])), 422
    )
    assert places_of(problem) == [("/relays/0", "wrong_person")]


async def test_a_later_chaser_does_not_speak_against_an_earlier_one(scene: Scene) -> None:
    """M2, of a call that is noted down late."""
    await scene.record(scene.to_client(application_ids=[scene.one]), "2026-07-20T10:00:00+01:00")
    about_the_other = scene.to_client(application_ids=[scene.other])
    answer = await scene.check(about_the_other, "2026-07-17T10:00:00+01:00")
    assert answer["objections"] == []
