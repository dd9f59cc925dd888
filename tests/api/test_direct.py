"""Direct applicants: nobody speaks for them, and they write to their interviewers themselves (N1)."""

from typing import Any

import pytest

from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of
from tests.examples import EXAMPLES
from tests.recorder import Recorder

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
DIRECT = [case for case in EXAMPLES if case["id"] in ("F04", "F05", "F06")]


async def direct(agency: Agency, **fields: Any) -> Json:
    """A direct application of a candidate whom a consultant owns."""
    candidate = await agency.candidate(consultant_id=await agency.consultant())
    body = {"candidate_id": candidate, "job_id": await agency.job(await agency.client()), "mode": "direct"}
    return await agency.post("/v1/applications", {**body, **fields})


def note(application: Json, **fields: Any) -> Json:
    """The applicant's thank-you note."""
    return {
        "with": "interviewer",
        "person_id": application["candidate_id"],
        "direction": "outbound",
        "outcome": "sent",
        "purpose": "thank_you",
        "occurred_at": "2026-07-14T18:00:00+01:00",
        **fields,
    }


async def test_a_direct_application_needs_neither_consultant_nor_client_contact(agency: Agency) -> None:
    saved = await direct(agency)
    assert (saved["mode"], saved["consultant_id"], saved["client_contact_id"]) == ("direct", None, None)
    assert await agency.get(f"/v1/applications/{saved['id']}") == {
        name: value for name, value in saved.items() if name != "application_status"
    }


async def test_it_may_name_them_and_drop_them_again(agency: Agency) -> None:
    consultant = await agency.consultant()
    saved = await direct(agency, consultant_id=consultant)
    assert saved["consultant_id"] == consultant
    dropped = await agency.patch(f"/v1/applications/{saved['id']}", {"consultant_id": None})
    assert dropped["consultant_id"] is None


@pytest.mark.parametrize("missing", ["client_contact_id", "consultant_id"])
async def test_an_agencys_application_needs_both(agency: Agency, missing: str) -> None:
    client = await agency.client()
    body = {
        "candidate_id": await agency.candidate(),
        "job_id": await agency.job(client),
        "client_contact_id": await agency.client_contact(client),
        "consultant_id": await agency.consultant(),
    }
    refused = await agency.call("POST", "/v1/applications", json={**body, missing: None})
    assert places_of(problem_of(refused, 422)) == [(f"/{missing}", "missing")]
    assert (await agency.get("/v1/applications"))["items"] == []
    kept = await agency.post("/v1/applications", body)
    refused = await agency.call("PATCH", f"/v1/applications/{kept['id']}", json={missing: None})
    assert places_of(problem_of(refused, 422)) == [(f"/{missing}", "missing")]
    assert (await agency.get(f"/v1/applications/{kept['id']}"))[missing] == body[missing]


async def test_an_upsert_that_turns_it_into_the_agencys_must_say_who_speaks(agency: Agency) -> None:
    refs = {"external_refs": [{"source": "ats", "id": "9"}]}
    saved = await direct(agency, **refs)
    body = {"candidate_id": saved["candidate_id"], "job_id": saved["job_id"], **refs}
    assert (await agency.post("/v1/applications", body))["mode"] == "direct"
    refused = await agency.call("POST", "/v1/applications", json={**body, "mode": "agency"})
    assert places_of(problem_of(refused, 422)) == [("/client_contact_id", "missing")]
    assert (await agency.get(f"/v1/applications/{saved['id']}"))["mode"] == "direct"


async def test_a_note_to_an_interviewer_stands_under_the_candidate_who_wrote_it(agency: Agency) -> None:
    application = await direct(agency)
    saved = await agency.post("/v1/contacts", note(application))
    assert (saved["with"], saved["person_id"]) == ("interviewer", application["candidate_id"])
    assert saved["warnings"] == []
    assert [each["application_id"] for each in saved["application_statuses"]] == [application["id"]]
    listed = await agency.get("/v1/contacts", candidate_id=application["candidate_id"])
    assert [contact["id"] for contact in listed["items"]] == [saved["id"]]
    voided = await agency.post(f"/v1/contacts/{saved['id']}/void", {"reason": "never sent"})
    assert [each["application_id"] for each in voided["application_statuses"]] == [application["id"]]


async def test_a_note_to_an_interviewer_is_no_word_with_the_candidate(agency: Agency) -> None:
    application = await agency.application()
    await direct(agency, candidate_id=application["candidate_id"])
    await agency.interview(application["id"], START, END)
    path, later = f"/v1/applications/{application['id']}/status", "2026-07-22T10:00:00+01:00"
    before = (await agency.get(path, as_of=later))["reasons"]
    await agency.post("/v1/contacts", note(application, outcome="reached"))
    assert (await agency.get(path, as_of=later))["reasons"] == before


@pytest.mark.parametrize(
    ("fields", "place", "code"),
    [
        ({"needs_reply": True}, "/needs_reply", "needs_reply_party"),
        ({"promise": {"by": "2026-07-16T10:00:00+01:00"}}, "/promise", "promise_party"),
        ({"relays": ["0197f3a0-0000-7000-8000-000000000000"]}, "/relays", "relay_party"),
        ({"answer": "out"}, "/answer", "answer_without_change"),
    ],
)
async def test_an_interviewer_is_told_no_news_and_owed_no_word(
    agency: Agency, fields: Json, place: str, code: str
) -> None:
    body = note(await direct(agency), **fields)
    refused = await agency.call("POST", "/v1/contacts", json=body)
    assert places_of(problem_of(refused, 422)) == [(place, code)]
    assert (await agency.get("/v1/contacts"))["items"] == []


async def test_who_applies_through_us_writes_to_no_interviewer(agency: Agency) -> None:
    ours = await agency.application()
    refused = await agency.call("POST", "/v1/contacts", json=note(ours))
    assert places_of(problem_of(refused, 422)) == [("/with", "not_direct")]
    await direct(agency, candidate_id=ours["candidate_id"])
    named = note(ours, application_ids=[ours["id"]])
    refused = await agency.call("POST", "/v1/contacts", json=named)
    assert places_of(problem_of(refused, 422)) == [("/application_ids", "not_direct")]
    assert (await agency.get("/v1/contacts"))["items"] == []


async def test_an_interviewers_contact_names_the_candidate(agency: Agency) -> None:
    client_contact = await agency.client_contact(await agency.client())
    body = note(await direct(agency), person_id=client_contact)
    refused = await agency.call("POST", "/v1/contacts", json=body)
    assert places_of(problem_of(refused, 404)) == [("/person_id", "not_found")]


@pytest.mark.parametrize("case", DIRECT, ids=lambda case: case["id"])
async def test_the_worked_examples_of_direct_applicants_can_be_recorded(agency: Agency, case: Json) -> None:
    recorder = Recorder(agency)
    await recorder.play(case["facts"])
    [application] = recorder.applications.values()
    assert (await agency.get(f"/v1/applications/{application}"))["mode"] == "direct"
    contacts = (await agency.get("/v1/contacts"))["items"]
    assert [contact["purpose"] for contact in contacts] == [c["purpose"] for c in case["facts"]["contacts"]]
