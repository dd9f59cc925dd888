"""Debriefs: the account, what may come with it, and what is refused."""

import pytest

from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"


async def interviewed(agency: Agency, **fields: str) -> tuple[str, str]:
    """An application with one interview."""
    application = (await agency.application())["id"]
    return application, await agency.interview(application, START, END, **fields)


async def debrief(agency: Agency, interview: str, **fields: object) -> Json:
    body = {"interest_score": 8, "occurred_at": "2026-07-14T11:30:00+01:00", **fields}
    return await agency.post(f"/v1/interviews/{interview}/debriefs", body)


async def test_only_the_interest_score_must_be_given(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    saved = await agency.post(f"/v1/interviews/{interview}/debriefs", {"interest_score": 0})
    assert (saved["source"], saved["version"], saved["contact_id"]) == ("call", 1, None)
    assert (await agency.get(f"/v1/interviews/{interview}"))["state"] == "attended"


async def test_one_call_records_account_timescale_promise_and_contact(agency: Agency) -> None:
    application, interview = await interviewed(agency)
    saved = await debrief(
        agency,
        interview,
        timescale={"kind": "date", "date": "2026-07-17", "phrase": "by Friday"},
        next_steps_timescale={"kind": "working_days", "n": 3},
        contact={"channel": "phone"},
        next_promise={"by": "2026-07-16T12:00:00+01:00"},
    )
    contact = await agency.get(f"/v1/contacts/{saved['contact_id']}")
    assert contact["promise"]["by"] == "2026-07-16T11:00:00Z"
    assert contact["application_ids"] == [application]
    sources = [(await agency.get(f"/v1/timescales/{each}"))["source"] for each in saved["timescale_ids"]]
    assert sources == ["client", "candidate"]
    status = await agency.get(f"/v1/applications/{application}/status", as_of="2026-07-16T09:00:00+01:00")
    assert [reason["code"] for reason in status["reasons"]] == ["promised_update_due"]


@pytest.mark.parametrize("source", ["self_service", "voice_note", "import"])
async def test_only_a_call_is_itself_the_talk_in_which_a_promise_was_made(
    agency: Agency, source: str
) -> None:
    _, interview = await interviewed(agency)
    promised = {"source": source, "next_promise": {"by": "2026-07-16T12:00:00+01:00"}}
    body = {"interest_score": 8, "occurred_at": "2026-07-14T11:30:00+01:00", **promised}
    refused = await agency.call("POST", f"/v1/interviews/{interview}/debriefs", json=body)
    assert places_of(problem_of(refused, 422)) == [("/next_promise", "promise_party")]
    assert (await agency.get("/v1/contacts"))["items"] == []
    assert (await debrief(agency, interview, contact={"channel": "phone"}, **promised))["contact_id"]


async def test_all_or_nothing(agency: Agency) -> None:
    application, interview = await interviewed(agency)
    body = {"interest_score": 8, "occurred_at": END, "next_promise": {"by": "2026-07-14T09:00:00+01:00"}}
    refused = await agency.call("POST", f"/v1/interviews/{interview}/debriefs", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "promise_past")
    assert (await agency.get(f"/v1/interviews/{interview}/debriefs"))["items"] == []
    status = await agency.get(f"/v1/applications/{application}/status", as_of="2026-07-14T12:00:00+01:00")
    assert [reason["code"] for reason in status["reasons"]] == ["debrief_due"]


async def test_an_interview_that_was_not_held_has_nothing_to_debrief(agency: Agency) -> None:
    for state in ("cancelled", "no_show"):
        _, interview = await interviewed(agency, state=state)
        refused = await agency.call(
            "POST", f"/v1/interviews/{interview}/debriefs", json={"interest_score": 5}
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "interview_not_held")


@pytest.mark.parametrize("attended", ["attended", "cut_short"])
async def test_the_talk_cannot_have_been_before_the_interview(agency: Agency, attended: str) -> None:
    _, interview = await interviewed(agency)
    body = {"interest_score": 5, "occurred_at": "2026-07-14T09:59:00+01:00", "attended": attended}
    refused = await agency.call("POST", f"/v1/interviews/{interview}/debriefs", json=body)
    assert places_of(problem_of(refused, 422)) == [("/occurred_at", "debrief_early")]


@pytest.mark.parametrize(
    ("attended", "state"),
    [
        ("rescheduled", "cancelled"),
        ("cancelled_by_client", "cancelled"),
        ("cancelled_by_candidate", "cancelled"),
        ("no_show", "no_show"),
    ],
)
async def test_that_it_was_not_held_may_be_told_before_its_time(
    agency: Agency, attended: str, state: str
) -> None:
    _, interview = await interviewed(agency)
    saved = await debrief(agency, interview, attended=attended, occurred_at="2026-07-13T16:00:00+01:00")
    assert saved["application_status"]["reasons"] == []
    assert (await agency.get(f"/v1/interviews/{interview}"))["state"] == state


async def test_a_no_show_told_in_the_debrief_ends_the_round(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    saved = await debrief(agency, interview, attended="no_show")
    assert saved["application_status"]["status"] == "on_track"
    assert (await agency.get(f"/v1/interviews/{interview}"))["state"] == "no_show"


async def test_an_interview_put_off_is_debriefed_when_it_has_been(agency: Agency) -> None:
    application, interview = await interviewed(agency)
    await debrief(agency, interview, attended="rescheduled", occurred_at="2026-07-14T10:05:00+01:00")
    moved = {"start": "2026-07-21T10:00:00+01:00", "end": "2026-07-21T11:00:00+01:00", "state": "scheduled"}
    await agency.patch(f"/v1/interviews/{interview}", moved)
    ended = "2026-07-21T11:00:00+01:00"
    status = await agency.get(f"/v1/applications/{application}/status", as_of=ended)
    assert [reason["code"] for reason in status["reasons"]] == ["debrief_due"]
    due = await agency.get("/v1/due", as_of=ended)
    assert [item["code"] for card in due["items"] for item in card["items"]] == ["debrief_due"]


async def test_a_later_call_adds_to_what_the_candidate_typed(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    typed = await debrief(agency, interview, source="self_service", liked=["the team"], notice_period=None)
    call = await debrief(agency, interview, interest_score=9, would_accept="yes")
    account = await agency.get(f"/v1/interviews/{interview}/debrief")
    assert account["version"] == 2
    assert account["account"]["interest_score"] == 9
    assert account["account"]["liked"] == ["the team"]
    assert account["origins"]["liked"] == typed["id"]
    assert account["origins"]["would_accept"] == call["id"]


async def test_a_correction_takes_back_what_was_said(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    await debrief(agency, interview, attended="cut_short", liked=["the team"], notes="wrong")
    await debrief(agency, interview, attended="attended", liked=[], notes=None)
    account = (await agency.get(f"/v1/interviews/{interview}/debrief"))["account"]
    assert (account["attended"], account["liked"], account["notes"]) == ("attended", [], None)


async def test_conditions_may_be_added_to_what_was_said_before(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    await debrief(agency, interview, would_accept="yes_if")
    await debrief(agency, interview, accept_conditions="two days at home")
    account = (await agency.get(f"/v1/interviews/{interview}/debrief"))["account"]
    assert (account["would_accept"], account["accept_conditions"]) == ("yes_if", "two days at home")


async def test_conditions_leave_the_account_with_the_word_that_they_went_with(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    first = await debrief(
        agency, interview, would_accept="yes_if", accept_conditions="two days at home", liked=["the team"]
    )
    second = await debrief(agency, interview, would_accept="no")
    account = await agency.get(f"/v1/interviews/{interview}/debrief")
    assert account["account"] == {"interest_score": 8, "would_accept": "no", "liked": ["the team"]}
    assert account["origins"] == {
        "interest_score": second["id"],
        "would_accept": second["id"],
        "liked": first["id"],
    }


async def test_conditions_given_later_take_the_place_of_a_no(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    await debrief(agency, interview, would_accept="no")
    await debrief(agency, interview, accept_conditions="two days at home")
    account = (await agency.get(f"/v1/interviews/{interview}/debrief"))["account"]
    assert account == {"interest_score": 8, "accept_conditions": "two days at home"}


async def test_conditions_do_not_come_back_by_themselves(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    await debrief(agency, interview, would_accept="yes_if", accept_conditions="two days at home")
    await debrief(agency, interview, would_accept="no")
    await debrief(agency, interview, would_accept="yes_if")
    account = (await agency.get(f"/v1/interviews/{interview}/debrief"))["account"]
    assert account == {"interest_score": 8, "would_accept": "yes_if"}


async def test_conditions_go_with_no_other_word_than_yes_if(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    body = {"interest_score": 6, "would_accept": "no", "accept_conditions": "two days at home"}
    refused = await agency.call("POST", f"/v1/interviews/{interview}/debriefs", json=body)
    assert places_of(problem_of(refused, 422)) == [("/accept_conditions", "accept_conditions")]
