"""A debrief, a timescale or a piece of feedback that supersedes an earlier one: it counts, and both can be read."""

import asyncio
from typing import Any

import pytest

from tests.agency import Agency, Json
from tests.api.conftest import Office, iso
from tests.contract.problems import places_of, problem_of

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
NOBODY = "0197f3a0-0000-7000-8000-000000000000"

# The least that a record of each kind says.
RECORDS: dict[str, Json] = {
    "debriefs": {"interest_score": 5, "occurred_at": "2026-07-14T12:00:00+01:00"},
    "timescales": {"kind": "date", "date": "2026-07-20", "given_at": "2026-07-15T10:00:00+01:00"},
    "feedback": {"decision": "reject", "received_at": "2026-07-15T10:00:00+01:00"},
}


class Scene:
    """One application with one interview."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency

    async def play(self) -> "Scene":
        application = await self.agency.application()
        self.application, self.candidate = application["id"], application["candidate_id"]
        self.interview = await self.agency.interview(self.application, START, END)
        return self

    async def say(self, kind: str, earlier: Json | None = None, **fields: Any) -> Json:
        supersedes = earlier["id"] if earlier else None
        body = {**RECORDS[kind], "supersedes": supersedes, **fields}
        return await self.agency.post(f"/v1/interviews/{self.interview}/{kind}", body)

    async def refused(self, kind: str, supersedes: str, status: int, code: str) -> list[Any]:
        body = {**RECORDS[kind], "supersedes": supersedes}
        path = f"/v1/interviews/{self.interview}/{kind}"
        return places_of(problem_of(await self.agency.call("POST", path, json=body), status, code))

    async def tell(self, feedback: Json) -> None:
        talk = {"with": "candidate", "person_id": self.candidate, "direction": "outbound"}
        told = {"outcome": "reached", "occurred_at": "2026-07-15T11:00:00+01:00", "relays": [feedback["id"]]}
        await self.agency.post("/v1/contacts", {**talk, **told})

    async def owed(self, at: str) -> list[str]:
        status = await self.agency.get(f"/v1/applications/{self.application}/status", as_of=at)
        return [reason["code"] for reason in status["reasons"]]

    async def file(self) -> Json:
        return await self.agency.get(f"/v1/applications/{self.application}")


@pytest.fixture
async def scene(agency: Agency) -> Scene:
    return await Scene(agency).play()


@pytest.mark.parametrize("kind", RECORDS)
async def test_both_records_stay_to_be_read_and_name_each_other(scene: Scene, kind: str) -> None:
    wrong = await scene.say(kind)
    right = await scene.say(kind, wrong)
    assert (wrong["supersedes"], wrong["superseded_by"]) == (None, None)
    assert (right["supersedes"], right["superseded_by"]) == (wrong["id"], None)
    links = [(None, right["id"]), (wrong["id"], None)]
    listed = (await scene.agency.get(f"/v1/interviews/{scene.interview}/{kind}"))["items"]
    read = [await scene.agency.get(f"/v1/{kind}/{each['id']}") for each in (wrong, right)]
    for records in (listed, read):
        assert [(record["supersedes"], record["superseded_by"]) for record in records] == links


@pytest.mark.parametrize("kind", RECORDS)
async def test_only_a_record_that_stands_for_the_same_interview_can_be_superseded(
    scene: Scene, kind: str
) -> None:
    assert await scene.refused(kind, NOBODY, 404, "not_found") == [("/supersedes", "not_found")]
    stranger = await (await Scene(scene.agency).play()).say(kind)
    assert await scene.refused(kind, stranger["id"], 422, "wrong_interview") == [
        ("/supersedes", "wrong_interview")
    ]
    wrong = await scene.say(kind)
    await scene.say(kind, wrong)
    assert await scene.refused(kind, wrong["id"], 409, "superseded") == [("/supersedes", "superseded")]
    assert len((await scene.agency.get(f"/v1/interviews/{scene.interview}/{kind}"))["items"]) == 2


@pytest.mark.parametrize("kind", RECORDS)
async def test_of_two_corrections_at_once_one_stands(scene: Scene, kind: str) -> None:
    body = {**RECORDS[kind], "supersedes": (await scene.say(kind))["id"]}
    path = f"/v1/interviews/{scene.interview}/{kind}"
    answers = await asyncio.gather(*(scene.agency.call("POST", path, json=body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_superseded_timescale_promises_nothing(scene: Scene) -> None:
    wrong = await scene.say("timescales", date="2026-07-24")
    await scene.say("timescales", wrong, date="2026-07-17")
    assert "client_response_due" in await scene.owed("2026-07-20T09:30:00+01:00")


async def test_a_debrief_leaves_out_what_was_corrected(scene: Scene) -> None:
    wrong = await scene.say("debriefs", liked=["the canteen"], notes="wrong person")
    right = await scene.say("debriefs", wrong, interest_score=8)
    account = await scene.agency.get(f"/v1/interviews/{scene.interview}/debrief")
    assert account["account"] == {"interest_score": 8}
    assert account["origins"] == {"interest_score": right["id"]}


async def test_a_correction_takes_the_place_of_what_it_corrects(scene: Scene) -> None:
    typed = await scene.say("debriefs", source="self_service", interest_score=4, liked=["the team"])
    call = await scene.say("debriefs", interest_score=9)
    await scene.say("debriefs", typed, source="self_service", interest_score=5, liked=["the tea"])
    account = await scene.agency.get(f"/v1/interviews/{scene.interview}/debrief")
    assert account["account"] == {"interest_score": 9, "liked": ["the tea"]}
    assert account["origins"]["interest_score"] == call["id"]
    assert account["version"] == 3


async def test_a_correction_brings_back_nothing_that_a_later_account_took_back(scene: Scene) -> None:
    rival = {"stage": "final", "deadline_date": "2026-07-17"}
    first = await scene.say("debriefs", other_processes=[rival])
    later = await scene.say("debriefs", other_processes=[])
    second = await scene.say("debriefs", first, other_processes=[rival | {"label": "Initech"}])
    third = await scene.say("debriefs", second, other_processes=[rival | {"label": "Initrode"}])
    account = await scene.agency.get(f"/v1/interviews/{scene.interview}/debrief")
    assert account["account"]["other_processes"] == []
    for saved in (second, third):
        shown = saved["application_status"]["reasons"]
        assert "competing_deadline" not in [reason["code"] for reason in shown]
    assert "competing_deadline" not in await scene.owed("2026-07-15T12:00:00+01:00")
    await scene.say("debriefs", later, other_processes=[rival])
    assert "competing_deadline" in await scene.owed("2026-07-15T12:00:00+01:00")


async def test_a_no_show_told_by_mistake_can_be_corrected(scene: Scene) -> None:
    wrong = await scene.say("debriefs", attended="no_show")
    assert await scene.owed("2026-07-14T12:30:00+01:00") == []
    await scene.say("debriefs", wrong, attended="attended")
    assert (await scene.agency.get(f"/v1/interviews/{scene.interview}"))["state"] == "attended"


async def test_the_same_decision_corrected_need_not_be_told_again(scene: Scene) -> None:
    wrong = await scene.say("feedback", relay_text="Not this time.")
    await scene.tell(wrong)
    await scene.say("feedback", wrong, relay_text="Not this time, sadly.")
    assert "decision_to_relay" not in await scene.owed("2026-07-15T12:00:00+01:00")


async def test_another_decision_must_be_told_anew(scene: Scene) -> None:
    wrong = await scene.say("feedback")
    await scene.tell(wrong)
    await scene.say("feedback", wrong, decision="next_stage")
    assert "decision_to_relay" in await scene.owed("2026-07-15T12:00:00+01:00")


@pytest.mark.parametrize("decision", ["undecided", "next_stage", "reject"])
async def test_a_hold_that_never_was_is_undone(scene: Scene, decision: str) -> None:
    wrong = await scene.say("feedback", decision="role_on_hold", hold={"until": "2026-08-31"})
    assert (await scene.file())["state"] == "on_hold"
    await scene.say("feedback", wrong, decision=decision)
    file = await scene.file()
    assert (file["state"], file["hold"]) == ("active", None)


async def test_a_hold_corrected_begins_and_ends_as_the_new_record_says(scene: Scene) -> None:
    wrong = await scene.say("feedback", decision="role_on_hold", hold={"until": "2026-08-31"})
    later = {"received_at": "2026-07-16T10:00:00+01:00", "hold": {"until": "2026-09-30"}}
    await scene.say("feedback", wrong, decision="role_on_hold", **later)
    hold = (await scene.file())["hold"]
    assert (hold["since"], hold["until"]) == ("2026-07-16T09:00:00Z", "2026-09-30")


async def test_a_hold_agreed_by_hand_outlives_a_correction(scene: Scene) -> None:
    wrong = await scene.say("feedback", decision="role_on_hold")
    hold = {"since": "2026-07-13T10:00:00+01:00"}
    await scene.agency.patch(f"/v1/applications/{scene.application}", {"hold": hold})
    await scene.say("feedback", wrong, decision="undecided")
    assert (await scene.file())["state"] == "on_hold"


async def test_a_decision_that_ended_a_hold_by_mistake_lets_it_go_on(scene: Scene) -> None:
    await scene.say("feedback", decision="role_on_hold", hold={"until": "2026-08-31"})
    wrong = await scene.say("feedback", decision="offer", received_at="2026-07-20T10:00:00+01:00")
    assert (await scene.file())["state"] == "active"
    await scene.say("feedback", wrong, decision="undecided", received_at="2026-07-20T10:00:00+01:00")
    file = await scene.file()
    assert (file["state"], file["hold"]["until"], file["hold"]["ended_at"]) == ("on_hold", "2026-08-31", None)


async def test_a_hold_called_off_in_time_stays_so_when_the_decision_is_worded_anew(office: Office) -> None:
    office.at("Wed 15 Jul 12:00")
    scene = await Scene(office.agency).play()
    path = f"/v1/applications/{scene.application}"
    await office.agency.patch(path, {"state": "on_hold", "hold": {"since": iso("Mon 20 Jul 10:00")}})
    wrong = await scene.say("feedback", decision="next_stage", relay_text="Come again.")
    office.at("Tue 21 Jul 12:00")
    await scene.say("feedback", wrong, decision="next_stage", relay_text="Please come again.")
    assert (await scene.file())["state"] == "active"


async def test_a_decision_corrected_to_one_before_the_hold_lets_it_go_on(scene: Scene) -> None:
    hold = {"since": "2026-07-20T10:00:00+01:00"}
    path = f"/v1/applications/{scene.application}"
    await scene.agency.patch(path, {"state": "on_hold", "hold": hold})
    wrong = await scene.say("feedback", decision="offer", received_at="2026-07-22T10:00:00+01:00")
    assert (await scene.file())["state"] == "active"
    await scene.say("feedback", wrong, decision="offer", received_at="2026-07-15T10:00:00+01:00")
    assert (await scene.file())["state"] == "on_hold"


async def test_a_superseded_decision_is_never_the_latest(scene: Scene) -> None:
    wrong = await scene.say("feedback", decision="offer", received_at="2026-07-20T10:00:00+01:00")
    await scene.say("feedback", wrong, decision="undecided", received_at="2026-07-20T10:00:00+01:00")
    await scene.say("feedback", decision="role_on_hold", received_at="2026-07-16T10:00:00+01:00")
    assert (await scene.file())["state"] == "on_hold"


async def test_a_timescale_given_with_a_corrected_record_stays(scene: Scene) -> None:
    terms = {"kind": "date", "date": "2026-07-24"}
    wrong = await scene.say("feedback", decision="undecided", timescale=terms)
    await scene.say("feedback", wrong, decision="undecided")
    [timescale] = (await scene.agency.get(f"/v1/interviews/{scene.interview}/timescales"))["items"]
    assert timescale["superseded_by"] is None


async def test_without_the_later_hold_the_earlier_one_stands_again(scene: Scene) -> None:
    first: Json = {"received_at": "2026-07-15T10:00:00+01:00", "hold": {"until": "2026-08-14"}}
    await scene.say("feedback", decision="role_on_hold", **first)
    later: Json = {"received_at": "2026-07-20T10:00:00+01:00", "hold": {"until": "2026-09-30"}}
    wrong = await scene.say("feedback", decision="role_on_hold", **later)
    await scene.say("feedback", wrong, decision="undecided", received_at="2026-07-20T10:00:00+01:00")
    file = await scene.file()
    assert (file["state"], file["hold"]["since"], file["hold"]["until"]) == (
        "on_hold",
        "2026-07-15T09:00:00Z",
        "2026-08-14",
    )
