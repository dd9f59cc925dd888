"""Pauses: recorded, lifted, replaced; what falls due in one waits for its end (G3)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.db import Database
from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of
from tests.stored import computed_at

JULY = {"from": "2026-07-14T00:00:00Z", "until": "2026-07-20T08:00:00Z"}
FAR = {"from": "2026-07-14T00:00:00Z", "until": "2097-01-01T09:00:00Z"}
WITHIN = "2026-07-15T10:00:00Z"


def span(first: int, last: int) -> Json:
    """A pause so many days from now, from one to another."""
    now = datetime.now(UTC).replace(microsecond=0)
    return {name: (now + timedelta(days=n)).isoformat() for name, n in (("from", first), ("until", last))}


async def pause(agency: Agency, candidate: str, body: Json) -> Json:
    return await agency.post(f"/v1/candidates/{candidate}/pauses", body)


async def interviewed(agency: Agency) -> Json:
    application = await agency.application()
    await agency.interview(application["id"], "2026-07-14T09:00:00Z", "2026-07-14T10:00:00Z")
    return application


async def shown(agency: Agency, candidate: str) -> Json | None:
    """The candidate's pause as read alone, which is as the list has it."""
    alone: Json | None = (await agency.get(f"/v1/candidates/{candidate}"))["do_not_contact"]
    [listed] = [c for c in (await agency.get("/v1/candidates"))["items"] if c["id"] == candidate]
    assert listed["do_not_contact"] == alone
    return alone


async def until(agency: Agency, candidate: str) -> datetime | None:
    found = await shown(agency, candidate)
    return datetime.fromisoformat(found["until"]) if found else None


async def test_a_pause_holds_back_what_falls_due_in_it(agency: Agency) -> None:
    application = await interviewed(agency)
    assert len((await agency.get("/v1/due", as_of=WITHIN, target="candidate"))["items"]) == 1
    candidate = application["candidate_id"]
    made = await pause(agency, candidate, {**JULY, "reason": "On holiday"})
    assert [s["application_id"] for s in made.pop("application_statuses")] == [application["id"]]
    assert made == await agency.get(f"/v1/pauses/{made['id']}")
    assert (await agency.get(f"/v1/candidates/{candidate}/pauses"))["items"] == [made]
    assert (made["from"], made["until"], made["reason"]) == (JULY["from"], JULY["until"], "On holiday")
    assert (made["candidate_id"], made["allow_urgent"], made["lifted_at"]) == (candidate, False, None)
    due = await agency.get("/v1/due", as_of=WITHIN, target="candidate")
    assert due["items"] == []
    [card] = (await agency.get("/v1/due", as_of=JULY["until"], target="candidate"))["items"]
    assert card["due_at"] == JULY["until"]


async def test_a_lifted_pause_ends_now(agency: Agency) -> None:
    application = await interviewed(agency)
    made = await pause(agency, application["candidate_id"], FAR)
    later = "2096-01-05T12:00:00Z"
    held = await agency.get("/v1/due", as_of=later, target="candidate")
    lifted = await agency.post(f"/v1/pauses/{made['id']}/lift")
    assert lifted["lifted_at"] is not None
    assert lifted["until"] == FAR["until"]
    freed = await agency.get("/v1/due", as_of=later, target="candidate")
    assert (held["items"], len(freed["items"])) == ([], 1)
    assert await shown(agency, application["candidate_id"]) is None


async def test_what_is_over_cannot_be_lifted(agency: Agency) -> None:
    candidate = await agency.candidate()
    coming, past = await pause(agency, candidate, span(1, 2)), await pause(agency, candidate, JULY)
    await agency.post(f"/v1/pauses/{coming['id']}/lift")
    for over in (coming, past):
        problem_of(await agency.call("POST", f"/v1/pauses/{over['id']}/lift"), 409, "pause_over")


@pytest.mark.parametrize(
    ("start", "end", "fits"),
    [
        ("2026-07-13T00:00:00Z", "2026-07-14T00:00:00Z", True),
        ("2026-07-20T08:00:00Z", "2026-07-21T00:00:00Z", True),
        ("2026-07-13T00:00:00Z", "2026-07-14T00:00:01Z", False),
        ("2026-07-20T07:59:59Z", "2026-07-21T00:00:00Z", False),
        ("2026-07-15T00:00:00Z", "2026-07-16T00:00:00Z", False),
        ("2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z", False),
    ],
)
async def test_pauses_of_one_candidate_do_not_overlap(
    agency: Agency, start: str, end: str, fits: bool
) -> None:
    candidate = await agency.candidate()
    path = f"/v1/candidates/{candidate}/pauses"
    await agency.post(path, JULY)
    await pause(agency, await agency.candidate(), {"from": start, "until": end})
    answer = await agency.call("POST", path, json={"from": start, "until": end})
    if fits:
        assert answer.status_code == 201
    else:
        assert places_of(problem_of(answer, 409, "pause_overlap")) == [("/from", "pause_overlap")]
        assert len((await agency.get(path))["items"]) == 1


async def test_what_was_lifted_is_free_again(agency: Agency) -> None:
    candidate = await agency.candidate()
    for body in (span(1, 3), span(-2, 2)):
        made = await pause(agency, candidate, body)
        await agency.post(f"/v1/pauses/{made['id']}/lift")
    await pause(agency, candidate, span(1, 3))
    answer = await agency.call("POST", f"/v1/candidates/{candidate}/pauses", json=span(-1, 1))
    problem_of(answer, 409, "pause_overlap")  # of the second the two days before it was lifted remain


async def test_of_many_at_once_one_is_recorded(agency: Agency) -> None:
    path = f"/v1/candidates/{await agency.candidate()}/pauses"
    answers = await asyncio.gather(*(agency.call("POST", path, json=JULY) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    assert len((await agency.get(path))["items"]) == 1


@pytest.mark.parametrize(
    ("change", "place", "code"),
    [
        ({"until": JULY["from"]}, "/until", "pause_end"),
        ({"until": "2026-07-13T00:00:00Z"}, "/until", "pause_end"),
        ({"until": None}, "/until", "instant_format"),
        ({"from": "2026-07-14"}, "/from", "instant_format"),
        ({"from": "1800-01-01T00:00:00Z"}, "/from", "instant_range"),
        ({"allow_urgent": "yes"}, "/allow_urgent", "bool_type"),
        ({"reason": ""}, "/reason", "string_too_short"),
        ({"reason": "x" * 201}, "/reason", "string_too_long"),
        ({"lifted_at": None}, "/lifted_at", "extra_forbidden"),
    ],
    ids=str,
)
async def test_bad_input_names_the_member_and_stores_nothing(
    agency: Agency, change: Json, place: str, code: str
) -> None:
    path = f"/v1/candidates/{await agency.candidate()}/pauses"
    problem = problem_of(await agency.call("POST", path, json={**JULY, **change}), 422)
    assert places_of(problem) == [(place, code)]
    assert (await agency.get(path))["items"] == []


async def test_a_candidate_is_described_by_the_present_pause_else_the_next_else_the_last(
    agency: Agency,
) -> None:
    candidate = await agency.candidate()
    assert await shown(agency, candidate) is None
    for body in (span(-10, -9), span(-20, -19), span(20, 30), span(10, 15), span(-1, 5)):
        await pause(agency, candidate, body)
        known = (await agency.get(f"/v1/candidates/{candidate}/pauses"))["items"]
        expected = {1: 0, 2: 0, 3: 2, 4: 3, 5: 4}[len(known)]
        assert await until(agency, candidate) == datetime.fromisoformat(known[expected]["until"])


async def test_do_not_contact_takes_the_place_of_all_other_pauses(agency: Agency) -> None:
    candidate = await agency.candidate(do_not_contact=span(-2, 2))
    path = f"/v1/candidates/{candidate}"
    await pause(agency, candidate, span(5, 6))
    changed = await agency.patch(path, {"do_not_contact": {**span(-1, 9), "allow_urgent": True}})
    assert changed["do_not_contact"]["allow_urgent"] is True
    lifted = [bool(p["lifted_at"]) for p in (await agency.get(f"{path}/pauses"))["items"]]
    assert lifted == [True, True, False]
    assert (await agency.patch(path, {"phone": "1"}))["do_not_contact"] == changed["do_not_contact"]
    assert (await agency.patch(path, {"do_not_contact": None}))["do_not_contact"] is None
    assert await shown(agency, candidate) is None


async def test_a_pause_that_is_said_again_stays_as_it_is(agency: Agency) -> None:
    body = {"name": "Li Wei", "external_refs": [{"source": "ats", "id": "c-1"}], "do_not_contact": FAR}
    first = await agency.post("/v1/candidates", body)
    second = await agency.post("/v1/candidates", body)
    assert second == first
    path = f"/v1/candidates/{first['id']}"
    assert await agency.patch(path, {"do_not_contact": FAR}) == first
    assert await agency.patch(path, {"do_not_contact": {**FAR, "reason": None}}) == first
    assert len((await agency.get(f"/v1/candidates/{first['id']}/pauses"))["items"]) == 1


async def test_a_candidate_counts_as_changed_by_a_pause(agency: Agency) -> None:
    candidate, other = await agency.candidate(), await agency.candidate()
    since = (await agency.get(f"/v1/candidates/{other}"))["updated_at"]
    await pause(agency, candidate, JULY)
    items = (await agency.get("/v1/candidates", updated_since=since))["items"]
    assert [item["id"] for item in items] == [candidate, other]


async def test_only_that_candidates_status_is_computed_anew(agency: Agency, database: Database) -> None:
    mine, other = await interviewed(agency), await interviewed(agency)

    before = [await computed_at(database, agency, each["id"]) for each in (mine, other)]
    await pause(agency, mine["candidate_id"], JULY)
    after = [await computed_at(database, agency, each["id"]) for each in (mine, other)]
    assert after[0] > before[0]
    assert after[1] == before[1]
