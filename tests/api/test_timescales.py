"""Timescales: every kind recorded and read back, and clients' words read."""

import json
from pathlib import Path

import pytest

from app.api.timescales import TimescaleCreate
from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of
from tests.examples import same_instants

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
PHRASES = json.loads(
    (Path(__file__).parents[1] / "rules" / "cases" / "timescale_phrases.json").read_text(encoding="utf-8")
)["cases"]

NOT_RECORDED = ("offset_wd", "expected_by", "needs_confirmation")
KINDS: list[tuple[Json, str]] = [
    ({"kind": "instant", "at": "2026-07-17T12:00:00+01:00"}, "2026-07-17T11:00:00Z"),
    ({"kind": "date", "date": "2026-07-17"}, "2026-07-20T08:00:00Z"),
    ({"kind": "range", "from": "2026-07-20", "to": "2026-07-21"}, "2026-07-22T08:00:00Z"),
    ({"kind": "working_days", "n": 2}, "2026-07-20T08:00:00Z"),
    ({"kind": "working_days", "n": 2, "anchor": "interview"}, "2026-07-17T08:00:00Z"),
    ({"kind": "after_event", "event": "the board", "event_date": "2026-07-16"}, "2026-07-20T08:00:00Z"),
    ({"kind": "after_event", "event": "the board"}, "2026-07-22T09:00:00Z"),
    ({"kind": "unknown"}, "2026-07-22T09:00:00Z"),
]


async def interviewed(agency: Agency) -> tuple[str, str]:
    application = (await agency.application())["id"]
    return application, await agency.interview(application, START, END)


@pytest.mark.parametrize(("terms", "touch_base_from"), KINDS, ids=lambda value: str(value)[:40])
async def test_every_kind_is_recorded_and_moves_the_date(
    agency: Agency, terms: Json, touch_base_from: str
) -> None:
    application, interview = await interviewed(agency)
    given = {"given_at": "2026-07-15T10:00:00+01:00", "phrase": "as they said", **terms}
    saved = await agency.post(f"/v1/interviews/{interview}/timescales", given)
    assert same_instants({name: saved[name] for name in terms}) == same_instants(terms)
    assert await agency.get(f"/v1/timescales/{saved['id']}") == {
        k: saved[k] for k in saved if k != "application_status"
    }
    status = await agency.get(f"/v1/applications/{application}/status", as_of="2026-07-15T11:00:00+01:00")
    assert status["touch_base_from"] == touch_base_from


@pytest.mark.parametrize(("terms", "_touch"), KINDS, ids=lambda value: str(value)[:40])
async def test_what_was_read_can_be_recorded_again(agency: Agency, terms: Json, _touch: str) -> None:
    _, interview = await interviewed(agency)
    given = {"given_at": "2026-07-15T10:00:00+01:00", "confidence": "firm", **terms}
    read = await agency.post(f"/v1/interviews/{interview}/timescales", given)
    asked = {name: read[name] for name in TimescaleCreate.model_json_schema()["properties"]}
    again = await agency.post(f"/v1/interviews/{interview}/timescales", {**asked, "supersedes": read["id"]})
    assert {**asked, "supersedes": read["id"]} == {name: again[name] for name in asked}
    assert again["anchor"] == (terms.get("anchor", "given") if terms["kind"] == "working_days" else None)


@pytest.mark.parametrize(
    "terms",
    [
        {"kind": "date"},
        {"kind": "unknown", "date": "2026-07-17"},
        {"kind": "range", "from": "2026-07-21", "to": "2026-07-20"},
        {"kind": "working_days", "n": -1},
        {"kind": "instant", "at": "2026-07-14T09:00:00+01:00", "given_at": "2026-07-15T10:00:00+01:00"},
        {"kind": "date", "date": "2026-07-14", "given_at": "2026-07-15T10:00:00+01:00"},
        {"kind": "soon"},
    ],
    ids=str,
)
async def test_what_a_kind_does_not_allow_is_refused(agency: Agency, terms: Json) -> None:
    _, interview = await interviewed(agency)
    answer = await agency.call("POST", f"/v1/interviews/{interview}/timescales", json=terms)
    assert answer.status_code == 422
    assert (await agency.get(f"/v1/interviews/{interview}/timescales"))["items"] == []


@pytest.mark.parametrize("case", PHRASES, ids=lambda case: case["phrase"])
async def test_phrases_are_read(agency: Agency, case: Json) -> None:
    request = {"phrase": case["phrase"], "given_at": case["given_at"], **case["client"]}
    if "interview_end" in case:
        request["interview_end"] = case["interview_end"]
    answer = await agency.post("/v1/timescales/interpret", request)
    assert same_instants({name: answer[name] for name in case["expected"]}) == same_instants(case["expected"])


@pytest.mark.parametrize(
    "phrase",
    ["by 4pm on Friday", "by Friday", "next week", "in three days or so", "two days after the board", "soon"],
)
async def test_a_phrase_that_was_read_is_recorded_as_it_is_answered(agency: Agency, phrase: str) -> None:
    _, interview = await interviewed(agency)
    said = {"phrase": phrase, "given_at": "2026-07-14T12:00:00+01:00"}
    read = await agency.post("/v1/timescales/interpret", {**said, "timezone": "Europe/London"})
    terms = {name: value for name, value in read.items() if name not in NOT_RECORDED}
    saved = await agency.post(f"/v1/interviews/{interview}/timescales", {**terms, **said})
    assert {name: saved[name] for name in terms} == terms


async def test_a_phrase_is_read_in_the_zone_of_a_client_contact(agency: Agency) -> None:
    contact = await agency.client_contact(await agency.client(), timezone="America/New_York", holidays="US")
    request = {"phrase": "by Friday", "given_at": "2026-03-11T15:00:00-04:00", "client_contact_id": contact}
    assert (await agency.post("/v1/timescales/interpret", request))["expected_by"] == "2026-03-13T21:30:00Z"


async def test_a_phrase_needs_one_place(agency: Agency) -> None:
    request = {"phrase": "by Friday", "given_at": "2026-03-11T15:00:00-04:00"}
    answer = await agency.call("POST", "/v1/timescales/interpret", json=request)
    assert answer.status_code == 422


async def test_words_nobody_can_read_are_asked_about(agency: Agency) -> None:
    request = {
        "phrase": "when the cows come home",
        "given_at": "2026-03-11T15:00:00Z",
        "timezone": "Europe/London",
    }
    answer = await agency.post("/v1/timescales/interpret", request)
    assert answer["needs_confirmation"]


async def test_a_client_contact_of_another_client_gave_no_timescale(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    stranger = await agency.client_contact(await agency.client())
    terms = {"kind": "date", "date": "2026-07-17", "given_by": stranger}
    path = f"/v1/interviews/{interview}"
    for answer, member in (
        (await agency.call("POST", f"{path}/timescales", json=terms), "/given_by"),
        (
            await agency.call("POST", f"{path}/debriefs", json={"interest_score": 8, "timescale": terms}),
            "/timescale/given_by",
        ),
    ):
        assert places_of(problem_of(answer, 422)) == [(member, "wrong_client")]


async def test_a_colleague_of_the_client_contact_may_have_given_it(agency: Agency) -> None:
    application, interview = await interviewed(agency)
    contact = (await agency.get(f"/v1/applications/{application}"))["client_contact_id"]
    client = (await agency.get(f"/v1/client-contacts/{contact}"))["client_id"]
    colleague = await agency.client_contact(client)
    terms = {"kind": "date", "date": "2026-07-17", "given_at": "2026-07-15T10:00:00Z", "given_by": colleague}
    assert (await agency.post(f"/v1/interviews/{interview}/timescales", terms))["given_by"] == colleague
