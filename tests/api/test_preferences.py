"""Preferences: versions of what a candidate looks for, the review they settle (K1), and whom a change concerns."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from app.db import Database
from app.services import people
from app.services.scope import Caller
from tests.agency import Agency, Json
from tests.api.conftest import Office, iso
from tests.contract.problems import places_of, problem_of
from tests.locks import queued

ASKED = "2026-07-20T10:00:00+01:00"
LATER = "2026-07-22T10:00:00+01:00"
SALARY = {"amount": 50_000, "currency": "GBP", "period": "year"}
WISHES: Json = {
    "roles": ["Buyer", "Planner"],
    "salary_minimum": {**SALARY, "amount": 45_000},
    "salary_target": SALARY,
    "locations": ["Leeds", "York"],
    "contracts": ["permanent"],
    "hybrid": "hybrid",
    "notice_period": {"value": 1, "unit": "month", "negotiable": True},
    "available_from": "2026-10-01",
    "notes": "Would rather not travel at night.",
}


@pytest.fixture
async def candidate(agency: Agency) -> str:
    """A candidate's id."""
    return await agency.candidate(consultant_id=await agency.consultant())


async def record(agency: Agency, candidate_id: str, **said: Any) -> Json:
    """What a candidate said, as answered."""
    return await agency.post(f"/v1/candidates/{candidate_id}/preferences", said)


async def refused(
    agency: Agency, candidate_id: str, *, status: int = 422, **said: Any
) -> list[tuple[str, str]]:
    """Where a body is wrong and how."""
    response = await agency.call("POST", f"/v1/candidates/{candidate_id}/preferences", json=said)
    return places_of(problem_of(response, status))


async def versions(agency: Agency, candidate_id: str, **params: Any) -> list[Json]:
    """The versions of a candidate's preferences."""
    items: list[Json] = (await agency.get(f"/v1/candidates/{candidate_id}/preferences", **params))["items"]
    return items


async def put_forward(agency: Agency, candidate_id: str, *, state: str = "active", **terms: Any) -> Json:
    """A new application of a candidate for a job with these terms."""
    client = await agency.client()
    return await agency.application(
        candidate_id=candidate_id,
        consultant_id=await agency.consultant(),
        client_contact_id=await agency.client_contact(client),
        job_id=await agency.job(client, **terms),
        state=state,
    )


async def test_a_version_holds_all_that_is_known(agency: Agency, candidate: str) -> None:
    answer = await record(agency, candidate, reviewed_at=ASKED, **WISHES)
    assert answer.pop("affected_applications") == []
    assert (answer["version"], answer["reviewed_at"]) == (1, "2026-07-20T09:00:00Z")
    assert answer["wishes"] == WISHES
    assert answer["changed"] == list(WISHES)
    assert await agency.get(f"/v1/preferences/{answer['id']}") == answer
    assert await agency.get(f"/v1/candidates/{candidate}/preference") == answer
    assert await versions(agency, candidate) == [answer]


async def test_what_is_absent_stays_and_null_is_no_longer_known(agency: Agency, candidate: str) -> None:
    await record(agency, candidate, **WISHES)
    answer = await record(
        agency, candidate, locations=["Leeds"], notes=None, hybrid="hybrid", salary_target=None
    )
    changes = {"locations": ["Leeds"], "notes": None, "salary_target": None}
    assert answer["version"] == 2
    assert answer["wishes"] == {**WISHES, **changes}
    assert answer["changed"] == ["salary_target", "locations", "notes"]
    first, second = await versions(agency, candidate)
    assert (first["wishes"], second["wishes"]) == (WISHES, answer["wishes"])


async def test_to_have_asked_is_a_version_too(agency: Agency, candidate: str) -> None:
    await record(agency, candidate, **WISHES)
    asked = await record(agency, candidate)
    assert (asked["version"], asked["wishes"], asked["changed"]) == (2, WISHES, [])


async def test_there_is_no_preference_before_the_first(agency: Agency, candidate: str) -> None:
    problem_of(await agency.call("GET", f"/v1/candidates/{candidate}/preference"), 404, "not_found")
    assert await versions(agency, candidate) == []
    asked = await record(agency, candidate)
    assert asked["wishes"] == dict.fromkeys(WISHES)


async def test_a_review_settles_the_preference_review(agency: Agency) -> None:
    candidate = await agency.candidate(
        consultant_id=await agency.consultant(), seeking=True, registered_at="2026-05-04T09:00:00+01:00"
    )
    moment = "2026-07-20T12:00:00+01:00"
    assert await due(agency, as_of=moment) == ["preference_review"]
    await record(agency, candidate, reviewed_at=ASKED)
    assert await due(agency, as_of=moment) == []
    assert await due(agency, as_of="2026-08-17T12:00:00+01:00") == ["preference_review"]
    reviewed = (await agency.get(f"/v1/candidates/{candidate}"))["last_preference_review_at"]
    assert reviewed == "2026-07-20T09:00:00Z"


async def test_a_review_is_for_who_put_the_candidate_forward_last_where_they_have_no_consultant(
    agency: Agency,
) -> None:
    candidate = await agency.candidate(seeking=True, registered_at="2026-05-04T09:00:00+01:00")
    kim, lee, ann = [await agency.consultant(name=name) for name in ("Kim", "Lee", "Ann")]
    moment = "2026-07-20T12:00:00+01:00"

    async def whose() -> list[str]:
        named = {kim: "Kim", lee: "Lee", ann: "Ann"}
        return [named[each] for each in named if await due(agency, as_of=moment, consultant_id=each)]

    assert await whose() == []
    for consultant in (kim, lee):
        last = await agency.application(candidate_id=candidate, consultant_id=consultant, state="closed")
    assert await whose() == ["Lee"]
    await agency.patch(f"/v1/applications/{last['id']}", {"consultant_id": kim})
    assert await whose() == ["Kim"]
    await agency.patch(f"/v1/candidates/{candidate}", {"consultant_id": ann})
    assert await whose() == ["Ann"]


async def test_an_attempt_in_vain_lets_the_review_rest_before_any_application(office: Office) -> None:
    """G1, with a voicemail of eleven o'clock that was voided at two."""
    office.at("Mon 20 Jul 09:00")
    candidate = await office.agency.candidate(
        consultant_id=await office.agency.consultant(), seeking=True, registered_at=iso("Mon 4 May 09:00")
    )
    office.at("Mon 20 Jul 11:00")
    contact = {"with": "candidate", "person_id": candidate, "direction": "outbound"}
    voicemail = await office.agency.post("/v1/contacts", {**contact, "outcome": "left_message"})

    async def listed_and_said(as_of: str) -> tuple[list[str], list[str]]:
        return await due(office.agency, as_of=iso(as_of)), await said(as_of)

    async def said(as_of: str, **known: str) -> list[str]:
        answer = await office.agency.get(f"/v1/candidates/{candidate}/status", as_of=iso(as_of), **known)
        return [reason["code"] for reason in answer["reasons"]]

    review = ["preference_review"]
    assert await listed_and_said("Mon 20 Jul 10:59") == (review, review)
    assert await listed_and_said("Mon 20 Jul 12:00") == ([], [])
    assert await listed_and_said("Mon 20 Jul 14:59") == ([], [])
    assert await listed_and_said("Mon 20 Jul 15:00") == (review, review)
    office.at("Mon 20 Jul 14:00")
    await office.agency.post(f"/v1/contacts/{voicemail['id']}/void", {"reason": "another candidate's"})
    assert await listed_and_said("Mon 20 Jul 12:00") == (review, review)
    assert await said("Mon 20 Jul 12:00", known_at=iso("Mon 20 Jul 13:59")) == []
    assert await said("Mon 20 Jul 12:00", known_at=iso("Mon 20 Jul 10:59")) == review


async def test_a_review_that_a_pause_holds_back_is_said_to_wait(agency: Agency) -> None:
    candidate = await agency.candidate(seeking=True, registered_at=iso("Mon 4 May 09:00"))
    path = f"/v1/candidates/{candidate}"
    pause = {"from": iso("Mon 20 Jul 00:00"), "until": iso("Mon 27 Jul 10:00")}
    await agency.post(f"{path}/pauses", pause)
    status = await agency.get(f"{path}/status", as_of=iso("Wed 22 Jul 12:00"))
    assert (status["status"], status["reasons"], status["applications"]) == ("paused", [], [])
    [held] = status["waiting"]
    assert (held["code"], held["level"], held["rule"]) == ("preference_review", "scheduled", "K1")
    assert held["resume_at"] == held["due_at"] == "2026-07-27T09:00:00Z"
    assert "asked not to be contacted" in held["explanation"]
    after = await agency.get(f"{path}/status", as_of=iso("Mon 27 Jul 10:00"))
    assert (after["status"], [r["code"] for r in after["reasons"]], after["waiting"]) == (
        "due",
        ["preference_review"],
        [],
    )


async def test_a_review_that_rests_waits_though_every_application_is_closed(agency: Agency) -> None:
    candidate = await agency.candidate(seeking=True, registered_at=iso("Mon 4 May 09:00"))
    path = f"/v1/candidates/{candidate}/status"
    await put_forward(agency, candidate, state="closed")
    voicemail = {"with": "candidate", "person_id": candidate, "direction": "outbound"}
    at = iso("Mon 20 Jul 11:00")
    await agency.post("/v1/contacts", {**voicemail, "outcome": "left_message", "occurred_at": at})
    status = await agency.get(path, as_of=iso("Mon 20 Jul 12:00"))
    assert (status["status"], status["reasons"]) == ("waiting", [])
    assert [application["status"] for application in status["applications"]] == ["closed"]
    assert [(w["code"], w["resume_at"]) for w in status["waiting"]] == [
        ("preference_review", "2026-07-20T14:00:00Z")
    ]
    to_come = await agency.get(path, as_of=iso("Mon 18 May 12:00"))
    assert (to_come["status"], to_come["waiting"]) == ("closed", [])


async def test_so_says_the_preview(agency: Agency) -> None:
    person = {"kind": "candidate", "timezone": "Europe/London", "holidays": "GB-ENG"}
    seeking = {**person, "seeking": True, "registered_at": iso("Mon 4 May 09:00")}
    voicemail = {"with": "candidate", "direction": "outbound", "outcome": "left_message", "person": "p"}
    facts = {
        "people": {"p": seeking, "another": seeking},
        "applications": [],
        "contacts": [{**voicemail, "at": iso("Mon 20 Jul 11:00")}],
    }
    for now, due_list in (
        ("Mon 20 Jul 14:59", ["another:preference_review"]),
        ("Mon 20 Jul 15:00", ["another:preference_review", "p:preference_review"]),
    ):
        answer = await agency.post("/v1/status/preview", {"facts": facts, "now": iso(now)})
        assert answer["due_list"] == due_list


async def due(agency: Agency, **params: Any) -> list[str]:
    """What is due, by its code."""
    cards = (await agency.get("/v1/due", **params))["items"]
    return [item["code"] for card in cards for item in card["items"]]


async def test_a_review_noted_elsewhere_and_later_is_kept(agency: Agency, candidate: str) -> None:
    await agency.patch(f"/v1/candidates/{candidate}", {"last_preference_review_at": LATER})
    await record(agency, candidate, reviewed_at=ASKED)
    reviewed = (await agency.get(f"/v1/candidates/{candidate}"))["last_preference_review_at"]
    assert reviewed == "2026-07-22T09:00:00Z"


async def test_a_review_is_neither_to_come_nor_before_the_latest(agency: Agency, candidate: str) -> None:
    assert await refused(agency, candidate, reviewed_at="2099-01-01T00:00:00Z") == [
        ("/reviewed_at", "in_future")
    ]
    await record(agency, candidate, reviewed_at=LATER, **WISHES)
    assert await refused(agency, candidate, status=409, reviewed_at=ASKED, roles=["Driver"]) == [
        ("/reviewed_at", "review_order")
    ]
    await record(agency, candidate, reviewed_at=LATER, roles=["Planner"])
    assert [each["wishes"]["roles"] for each in await versions(agency, candidate)] == [
        ["Buyer", "Planner"],
        ["Planner"],
    ]


async def test_a_review_noted_elsewhere_is_not_to_come_either(agency: Agency) -> None:
    """It would put off the next review for good (K1)."""
    whole = {"name": "Li Wei", "external_refs": [{"source": "ats", "id": "c-1"}]}
    path = f"/v1/candidates/{await agency.candidate(**whole)}"
    ahead = {"last_preference_review_at": "2099-01-01T00:00:00Z"}
    for answer in (
        await agency.call("PATCH", path, json=ahead),
        await agency.call("POST", "/v1/candidates", json={**whole, **ahead}),
        await agency.call("POST", "/v1/candidates", json={"name": "Amara Osei", **ahead}),
    ):
        assert places_of(problem_of(answer, 422)) == [("/last_preference_review_at", "in_future")]
    assert (await agency.get(path))["last_preference_review_at"] is None


async def test_reviews_at_the_same_moment_follow_one_another(agency: Agency, candidate: str) -> None:
    said = [{"roles": [f"Role {number}"]} for number in range(4)] + [
        {"locations": [f"Place {number}"]} for number in range(4)
    ]
    await asyncio.gather(*(record(agency, candidate, **each) for each in said))
    found = await versions(agency, candidate)
    assert sorted(each["version"] for each in found) == list(range(1, 9))
    found.sort(key=lambda each: int(each["version"]))
    assert [each["reviewed_at"] for each in found] == sorted(each["reviewed_at"] for each in found)
    for before, after in pairwise(found):
        differing = [name for name in WISHES if before["wishes"][name] != after["wishes"][name]]
        assert differing == after["changed"]


async def test_only_versions_that_changed_something_since(agency: Agency, candidate: str) -> None:
    first = await record(agency, candidate, **WISHES)
    second = await record(agency, candidate, locations=["Hull"])
    await record(agency, candidate)
    fourth = await record(agency, candidate, locations=["Bath"])
    for since, expected in (
        (first, [first, second, fourth]),
        (second, [second, fourth]),
        (fourth, [fourth]),
    ):
        found = await versions(agency, candidate, changed_since=since["recorded_at"])
        assert [each["id"] for each in found] == [each["id"] for each in expected]
    assert await versions(agency, candidate, changed_since="2099-01-01T00:00:00Z") == []


async def test_candidates_whose_preferences_changed_since(agency: Agency) -> None:
    changed, asked, silent = [await agency.candidate(name=name) for name in ("A", "B", "C")]
    await record(agency, asked, **WISHES)
    again = await record(agency, changed, **WISHES)
    await record(agency, asked, hybrid="hybrid")
    assert await ids(agency, preferences_changed_since=again["recorded_at"]) == [changed]
    assert await ids(agency, preferences_changed_since="2026-01-01T00:00:00Z") == [changed, asked]
    assert silent in await ids(agency)


async def ids(agency: Agency, **params: Any) -> list[str]:
    """The ids of the candidates found."""
    return [item["id"] for item in (await agency.get("/v1/candidates", **params))["items"]]


async def test_the_open_applications_that_a_change_may_affect_are_named(
    agency: Agency, candidate: str
) -> None:
    low = await put_forward(agency, candidate, salary={**SALARY, "amount": 44_000}, location="Leeds")
    high = await put_forward(agency, candidate, salary=SALARY, location=" york ", state="on_hold")
    open_ended = await put_forward(agency, candidate)
    withdrawn = await put_forward(agency, candidate, location="Leeds")
    await agency.patch(f"/v1/applications/{withdrawn['id']}", {"withdrawn_at": ASKED})
    await put_forward(agency, candidate, location="Leeds", state="closed")
    await put_forward(agency, await agency.candidate(), location="Leeds")

    answer = await record(
        agency, candidate, salary_minimum={**SALARY, "amount": 45_000}, locations=["York"], notes="New"
    )

    def affected(application: Json, members: list[str], conflicts: list[str]) -> Json:
        parts = {"application_id": application["id"], "job_id": application["job_id"]}
        return {**parts, "members": members, "conflicts": conflicts}

    both = ["salary_minimum", "locations"]
    assert answer["affected_applications"] == [affected(low, both, both), affected(open_ended, both, [])]

    roles = await record(agency, candidate, roles=["Planner"])
    assert [each["application_id"] for each in roles["affected_applications"]] == [
        each["id"] for each in (low, high, open_ended)
    ]
    assert {tuple(each["conflicts"]) for each in roles["affected_applications"]} == {()}
    assert (await record(agency, candidate, locations=["York"]))["affected_applications"] == []


BAD = [
    ("roles", [], "/roles"),
    ("roles", "Buyer", "/roles"),
    ("roles", [""], "/roles/0"),
    ("roles", ["x" * 201], "/roles/0"),
    ("roles", ["x"] * 51, "/roles"),
    ("locations", [None], "/locations/0"),
    ("locations", {}, "/locations"),
    ("contracts", [7], "/contracts/0"),
    ("salary_minimum", 45_000, "/salary_minimum"),
    ("salary_minimum", {**SALARY, "amount": "45000"}, "/salary_minimum/amount"),
    ("salary_target", {**SALARY, "currency": "£"}, "/salary_target/currency"),
    ("salary_target", {**SALARY, "period": "week"}, "/salary_target/period"),
    ("hybrid", "sometimes", "/hybrid"),
    ("hybrid", True, "/hybrid"),
    ("notice_period", "a month", "/notice_period"),
    ("notice_period", {"value": 1}, "/notice_period/unit"),
    ("notice_period", {"value": 400, "unit": "day"}, "/notice_period/value"),
    ("available_from", "soon", "/available_from"),
    ("available_from", "2026-02-30", "/available_from"),
    ("notes", "", "/notes"),
    ("notes", "x" * 4_001, "/notes"),
    ("reviewed_at", "2026-07-20", "/reviewed_at"),
    ("reviewed_at", "2026-07-20T10:00:00", "/reviewed_at"),
    ("version", 7, "/version"),
]


@pytest.mark.parametrize(("name", "value", "pointer"), BAD, ids=[f"{n}={str(v)[:30]}" for n, v, _ in BAD])
async def test_a_wrong_value_is_named_and_stores_nothing(
    agency: Agency, candidate: str, name: str, value: Any, pointer: str
) -> None:
    places = await refused(agency, candidate, **{**WISHES, name: value})
    assert [place for place, _ in places] == [pointer]
    assert await versions(agency, candidate) == []
    assert (await agency.get(f"/v1/candidates/{candidate}"))["last_preference_review_at"] is None


# The talk about moving on, from which a review counts, rests on what was known of the client contact by then

JO = {"source": "ats", "id": "jo"}
SINCE_TALK, SINCE_REGISTRATION = "2026-07-29T08:00:00Z", "2026-06-02T08:00:00Z"


class Ended:
    """An answer promised by 8 July, three chasers, a talk on the 22nd, and the application was closed."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency

    async def end(self, zone: str = "Europe/London") -> "Ended":
        registered = {"seeking": True, "registered_at": iso("Mon 4 May 09:00")}
        consultant = await self.agency.consultant()
        self.candidate = await self.agency.candidate(consultant_id=consultant, **registered)
        self.client = await self.agency.client()
        self.jo = await self.agency.client_contact(self.client, timezone=zone, external_refs=[JO])
        place = {"client_contact_id": self.jo, "job_id": await self.agency.job(self.client)}
        application = await self.agency.application(candidate_id=self.candidate, **place)
        held = (iso("Mon 6 Jul 10:00"), iso("Mon 6 Jul 11:00"))
        interview = await self.agency.interview(application["id"], *held)
        promise = {"kind": "date", "date": "2026-07-08", "given_at": iso("Mon 6 Jul 12:00")}
        await self.agency.post(f"/v1/interviews/{interview}/timescales", promise)
        for day in ("Thu 9 Jul", "Tue 14 Jul", "Fri 17 Jul"):
            self.last_chaser = await self.wrote(f"{day} 12:00", purpose="chase")
        talk = {"with": "candidate", "person_id": self.candidate, "occurred_at": iso("Wed 22 Jul 13:00")}
        await self.agency.post("/v1/contacts", {**talk, "direction": "outbound", "outcome": "reached"})
        await self.agency.patch(f"/v1/applications/{application['id']}", {"state": "closed"})
        return self

    async def wrote(self, when: str, direction: str = "outbound", **more: Any) -> Json:
        mail = {"with": "client", "person_id": self.jo, "direction": direction, "outcome": "sent"}
        return await self.agency.post("/v1/contacts", {**mail, "occurred_at": iso(when), **more})

    async def voided(self) -> None:
        path = f"/v1/contacts/{self.last_chaser['id']}/void"
        await self.agency.post(path, {"reason": "another client's"})

    async def answered(self) -> None:
        await self.wrote("Tue 21 Jul 12:00", "inbound")

    async def chased_later(self) -> None:
        await self.wrote("Thu 23 Jul 12:00", purpose="chase")

    async def moved(self) -> None:
        await self.agency.patch(f"/v1/client-contacts/{self.jo}", {"timezone": "Europe/London"})

    async def moved_by_external_id(self) -> None:
        jo = {"name": "Jo", "external_refs": [JO], "timezone": "Europe/London"}
        await self.agency.post(f"/v1/clients/{self.client}/contacts", jo)

    async def moved_in_bulk(self) -> None:
        jo = {"kind": "client_contact", "client_id": self.client, "name": "Jo", "external_refs": [JO]}
        await self.agency.post("/v1/bulk", {"items": [{**jo, "timezone": "Europe/London"}]})

    async def reviewed_from(self) -> str:
        """When the review is due, of which the list and the status must say the same."""
        as_of = iso("Mon 3 Aug 12:00")
        [card] = (await self.agency.get("/v1/due", as_of=as_of))["items"]
        [listed] = card["items"]
        status = await self.agency.get(f"/v1/candidates/{self.candidate}/status", as_of=as_of)
        [said] = status["reasons"]
        assert (listed["code"], listed["due_at"]) == (said["code"], said["due_at"])
        found: str = said["due_at"]
        return found


@pytest.mark.parametrize(
    ("fact", "since"),
    [
        (Ended.voided, SINCE_REGISTRATION),
        (Ended.answered, SINCE_REGISTRATION),
        (Ended.chased_later, SINCE_TALK),
    ],
)
async def test_a_contact_with_the_client_bears_on_the_review_after_a_closed_application(
    agency: Agency, fact: Callable[[Ended], Awaitable[None]], since: str
) -> None:
    ended = await Ended(agency).end()
    assert await ended.reviewed_from() == SINCE_TALK
    await fact(ended)
    assert await ended.reviewed_from() == since


@pytest.mark.parametrize("fact", [Ended.moved, Ended.moved_by_external_id, Ended.moved_in_bulk])
async def test_so_does_the_zone_of_the_client_contact(
    agency: Agency, fact: Callable[[Ended], Awaitable[None]]
) -> None:
    """In Singapore the 8th of July ends seven hours before it does in London."""
    ended = await Ended(agency).end(zone="Asia/Singapore")
    await ended.voided()
    assert await ended.reviewed_from() == SINCE_TALK
    await fact(ended)
    assert await ended.reviewed_from() == SINCE_REGISTRATION


async def test_a_contact_with_the_client_waits_for_who_begins_to_seek(
    agency: Agency, database: Database
) -> None:
    ended = await Ended(agency).end()
    await agency.patch(f"/v1/candidates/{ended.candidate}", {"seeking": False})
    caller, candidate = Caller(agency.id, "test", frozenset()), UUID(ended.candidate)
    async with database.transaction(agency.id) as db:
        await people.update_candidate(db, caller, candidate, {"seeking": True}, now=db.info["now"])
        void = asyncio.create_task(ended.voided())
        await queued(db, void)
    await void
    assert await ended.reviewed_from() == SINCE_REGISTRATION
