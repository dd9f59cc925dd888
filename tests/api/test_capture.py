"""One call captures everything: a debrief, and by external ids all that it is about, created where unknown."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.db import Database
from app.models import Candidate, ClientContact, RefKind
from app.services import objects
from app.services.scope import Caller, find
from tests.agency import Agency, Json
from tests.api.conftest import Office
from tests.contract.document import Document
from tests.contract.problems import places_of, problem_of

INTERVIEW = {"start": "2026-07-14T10:00:00+01:00", "end": "2026-07-14T11:00:00+01:00"}
DEBRIEF = {"interest_score": 8, "occurred_at": "2026-07-14T11:30:00+01:00"}
ABOUT = ["client", "client_contact", "candidate", "job", "application", "interview"]

HELD_UP = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))"


def ref(number: int | str) -> Json:
    return {"source": "ats", "id": str(number)}


def named(number: int | str, **members: Any) -> Json:
    return {"external_refs": [ref(number)], **members}


async def whole(agency: Agency, number: int = 1) -> Json:
    """A capture in which everything is new but the owner."""
    await agency.consultant(external_refs=[ref(number)])
    return {
        "client": named(number, name="Northwind Foods"),
        "client_contact": named(number, name="Rosa Blum", holidays="GB-ENG"),
        "candidate": named(number, name="Amara Osei", consultant=ref(number)),
        "job": named(number, title="Buyer"),
        "application": named(number),
        "interview": named(number, **INTERVIEW),
        "debrief": DEBRIEF,
    }


def by_names_alone(number: int | str = 1) -> Json:
    """A capture in which everything is named and nothing said of it."""
    return {**{kind: named(number) for kind in ABOUT}, "debrief": DEBRIEF}


async def capture(agency: Agency, body: Json) -> Json:
    return await agency.post("/v1/debriefs", body)


async def test_the_example_of_the_document_needs_no_more_than_its_consultant(
    office: Office, document: Document
) -> None:
    office.at("Wed 22 Jul 09:05")
    for path in ("/v1/consultants", "/v1/debriefs"):
        operation = document.operation("POST", path)
        assert operation is not None
        example = operation["requestBody"]["content"]["application/json"]["example"]
        await office.agency.post(path, example)
    [candidate] = (await office.agency.get("/v1/candidates"))["items"]
    assert candidate["name"] == example["candidate"]["name"]


async def refused(agency: Agency, body: Json, status: int, code: str | None = None) -> list[tuple[str, str]]:
    problem = problem_of(await agency.call("POST", "/v1/debriefs", json=body), status, code)
    return places_of(problem) if "errors" in problem else []


async def counts(agency: Agency) -> list[int]:
    """How many clients, candidates, jobs and applications there are."""
    nouns = ("clients", "candidates", "jobs", "applications")
    return [len((await agency.get(f"/v1/{noun}"))["items"]) for noun in nouns]


async def test_all_is_created_and_the_debrief_recorded(agency: Agency) -> None:
    done = await capture(agency, await whole(agency))
    assert done["created"] == ABOUT
    application = await agency.get(f"/v1/applications/{done['application_id']}")
    for kind in ("candidate", "job", "client_contact"):
        assert application[f"{kind}_id"] == done[f"{kind}_id"]
    candidate = await agency.get(f"/v1/candidates/{done['candidate_id']}")
    assert application["consultant_id"] == candidate["consultant_id"]
    assert (await agency.get(f"/v1/jobs/{done['job_id']}"))["client_id"] == done["client_id"]
    interview = await agency.get(f"/v1/interviews/{done['interview_id']}")
    assert (interview["application_id"], interview["state"]) == (done["application_id"], "attended")
    assert (await agency.get(f"/v1/debriefs/{done['id']}"))["interest_score"] == 8


async def test_the_answer_is_that_of_a_debrief_with_its_timescale_and_contact(agency: Agency) -> None:
    body = await whole(agency)
    body["debrief"] = {
        **DEBRIEF,
        "timescale": {"kind": "date", "date": "2026-07-17"},
        "contact": {"channel": "phone"},
        "next_promise": {"by": "2026-07-17T17:00:00+01:00"},
    }
    done = await capture(agency, body)
    assert len(done["timescale_ids"]) == 1
    assert done["contact_id"] is not None
    assert done["application_status"]["application_id"] == done["application_id"]
    path = f"/v1/applications/{done['application_id']}/status"
    as_of = done["application_status"]["as_of"]
    assert await agency.get(path, as_of=as_of) == done["application_status"]


async def test_again_creates_nothing_but_a_second_version(agency: Agency) -> None:
    body = await whole(agency)
    first, second = await capture(agency, body), await capture(agency, body)
    assert second["created"] == []
    assert [second[f"{kind}_id"] for kind in ABOUT] == [first[f"{kind}_id"] for kind in ABOUT]
    assert (first["version"], second["version"]) == (1, 2)
    assert await counts(agency) == [1, 1, 1, 1]


async def test_what_is_known_may_be_named_by_its_external_ids_alone(agency: Agency) -> None:
    first = await capture(agency, await whole(agency))
    before = {
        kind: await agency.get(f"/v1/{kind}s/{first[f'{kind}_id']}")
        for kind in ("client", "candidate", "job")
    }
    second = await capture(agency, by_names_alone())
    assert second["created"] == []
    for kind, known in before.items():
        assert await agency.get(f"/v1/{kind}s/{known['id']}") == known


async def test_members_that_are_given_change_what_is_known(agency: Agency) -> None:
    await capture(agency, await whole(agency))
    body = by_names_alone()
    body["candidate"]["phone"] = "+44 20 7946 0000"
    body["interview"]["end"] = "2026-07-14T11:15:00+01:00"
    body["job"]["location"] = "York"
    done = await capture(agency, body)
    candidate = await agency.get(f"/v1/candidates/{done['candidate_id']}")
    assert (candidate["name"], candidate["phone"]) == ("Amara Osei", "+44 20 7946 0000")
    interview = await agency.get(f"/v1/interviews/{done['interview_id']}")
    assert (interview["start"], interview["end"]) == ("2026-07-14T09:00:00Z", "2026-07-14T10:15:00Z")
    [change] = (await agency.get(f"/v1/jobs/{done['job_id']}/changes"))["items"]
    assert change["difference"] == {"location": {"from": None, "to": "York"}}


async def test_what_is_not_given_again_of_a_hold_stays(agency: Agency) -> None:
    body = await whole(agency)
    holds = [{"reason": "budget"}, {"reason": "budget"}, {"until": "2099-09-01"}]
    found = []
    for hold in holds:
        body["application"] = named(1, state="on_hold", hold=hold)
        done = await capture(agency, body)
        found.append((await agency.get(f"/v1/applications/{done['application_id']}"))["hold"])
    first, again, later = found
    assert first["reason"] == "budget"
    assert again == first
    assert later == {**first, "until": "2099-09-01"}


async def test_a_second_round_needs_only_what_is_new(agency: Agency) -> None:
    await capture(agency, await whole(agency))
    body = by_names_alone()
    body["interview"] = named("second", start="2026-07-21T10:00:00Z", end="2026-07-21T11:00:00Z")
    body["debrief"] = {"interest_score": 9, "occurred_at": "2026-07-21T12:00:00Z"}
    done = await capture(agency, body)
    assert done["created"] == ["interview"]
    interviews = await agency.get(f"/v1/applications/{done['application_id']}/interviews")
    assert len(interviews["items"]) == 2


async def test_a_change_reaches_the_candidates_other_applications(agency: Agency) -> None:
    first = await capture(agency, await whole(agency, 1))
    body = await whole(agency, 2)
    pause = {"from": "2026-07-14T00:00:00Z", "until": "2026-08-20T00:00:00Z"}
    body["candidate"] = named(1, do_not_contact=pause)
    await capture(agency, body)
    params = {"as_of": "2026-08-05T12:00:00Z"}
    due = await agency.get("/v1/due", **params)
    status = await agency.get(f"/v1/applications/{first['application_id']}/status", **params)
    shown = [each["code"] for card in due["items"] for each in card["items"]]
    asked = [each["code"] for each in status["reasons"]]
    assert asked == shown == []
    assert status["waiting"]


async def test_a_direct_application_needs_nobody_at_the_client(agency: Agency) -> None:
    body = await whole(agency)
    del body["client_contact"]
    assert await refused(agency, body, 422, "missing") == [("/client_contact", "missing")]
    body["application"]["mode"] = "direct"
    done = await capture(agency, body)
    assert done["client_contact_id"] is None


@pytest.mark.parametrize(
    ("kind", "member", "value", "place", "code"),
    [
        ("client", "name", None, "/client/name", "string_type"),
        ("client", "colour", "red", "/client/colour", "extra_forbidden"),
        ("candidate", "external_refs", [], "/candidate/external_refs", "too_short"),
        ("candidate", "consultant", ref("nobody"), "/candidate/consultant", "not_found"),
        (
            "candidate",
            "last_preference_review_at",
            "2099-01-01T00:00:00Z",
            "/candidate/last_preference_review_at",
            "in_future",
        ),
        ("application", "consultant", ref("nobody"), "/application/consultant", "not_found"),
        ("interview", "end", "2026-07-14T09:00:00Z", "/interview/end", "interview_end"),
        ("debrief", "interest_score", 11, "/debrief/interest_score", "less_than_equal"),
        ("debrief", "occurred_at", "2026-07-14T09:00:00+01:00", "/debrief/occurred_at", "debrief_early"),
        ("debrief", "timescale", {"kind": "date"}, "/debrief/timescale/date", "timescale_members"),
        (
            "debrief",
            "timescale",
            {"kind": "date", "date": "2026-07-01"},
            "/debrief/timescale/date",
            "timescale_past",
        ),
    ],
)
async def test_one_thing_wrong_refuses_it_all_and_names_the_place(
    agency: Agency, kind: str, member: str, value: Any, place: str, code: str
) -> None:
    body = await whole(agency)
    body[kind] = {**body[kind], member: value}
    status = 404 if code == "not_found" else 422
    assert await refused(agency, body, status) == [(place, code)]
    assert await counts(agency) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("client", "/client/name"),
        ("client_contact", "/client_contact/name"),
        ("candidate", "/candidate/name"),
        ("job", "/job/title"),
        ("interview", "/interview/start"),
    ],
)
async def test_what_is_unknown_needs_its_members(agency: Agency, kind: str, place: str) -> None:
    body = await whole(agency)
    body[kind] = named("unknown")
    assert await refused(agency, body, 422, "missing") == [(place, "missing")]
    assert await counts(agency) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("kind", "place", "code"),
    [
        ("client", "/client_contact/external_refs", "external_ref_elsewhere"),
        ("candidate", "/candidate", "external_ref_elsewhere"),
        ("job", "/job", "external_ref_elsewhere"),
        ("application", "/interview/external_refs", "external_ref_elsewhere"),
    ],
)
async def test_what_does_not_belong_together_is_refused(
    agency: Agency, kind: str, place: str, code: str
) -> None:
    """All is known, but one thing is that of another story."""
    await capture(agency, await whole(agency, 1))
    await capture(agency, await whole(agency, 2))
    body = by_names_alone(1)
    body[kind] = named(2)
    if kind in ("candidate", "job"):
        del body["client_contact"]
    if kind == "job":
        body["client"] = named(2)
    if kind == "application":
        body |= {other: named(2) for other in ("client", "client_contact", "candidate", "job")}
    assert await refused(agency, body, 422) == [(place, code)]


async def test_an_interview_that_was_called_off_conflicts(agency: Agency) -> None:
    body = await whole(agency)
    body["interview"]["state"] = "cancelled"
    await refused(agency, body, 409, "interview_not_held")
    assert await counts(agency) == [0, 0, 0, 0]


async def test_captures_at_the_same_moment_make_one_of_each(agency: Agency) -> None:
    body = await whole(agency)
    answers = await asyncio.gather(*(agency.call("POST", "/v1/debriefs", json=body) for _ in range(6)))
    assert {answer.status_code for answer in answers} <= {201, 503}
    done = [answer.json() for answer in answers if answer.status_code == 201]
    assert [answer["created"] for answer in done].count(ABOUT) == 1
    assert await counts(agency) == [1, 1, 1, 1]
    debriefs = await agency.get(f"/v1/interviews/{done[0]['interview_id']}/debriefs")
    assert len(debriefs["items"]) == len(done)


async def test_what_another_makes_while_a_capture_waits_is_found(agency: Agency, database: Database) -> None:
    first = await capture(agency, await whole(agency))
    body = {
        **by_names_alone(),
        "client_contact": named(2),
        "job": named(2, title="Planner"),
        "application": named(2),
        "interview": named(2, **INTERVIEW),
    }
    caller = Caller(agency.id, "another", frozenset())
    async with database.transaction(agency.id) as db:
        await find(db, caller, Candidate, UUID(first["candidate_id"]), lock=True)
        waiting = asyncio.create_task(capture(agency, body))
        while not (await db.execute(text(HELD_UP))).scalar_one() and not waiting.done():  # noqa: ASYNC110 - the database's
            await asyncio.sleep(0.01)
        members = {"name": "Ada Holt", "client_id": UUID(first["client_id"]), "timezone": "Europe/London"}
        await objects.save(
            db, caller, RefKind.CLIENT_CONTACT, ClientContact, members, [ref(2)], now=db.info["now"]
        )
    assert (await waiting)["created"] == ["job", "application", "interview"]


async def test_anothers_external_ids_name_nothing(agency: Agency, rival: Agency) -> None:
    await capture(rival, await whole(rival))
    assert await refused(agency, by_names_alone(), 422, "missing") == [("/client/name", "missing")]
    assert await counts(agency) == [0, 0, 0, 0]
