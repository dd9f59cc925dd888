"""A system posts records under its own ids: the same again is not recorded again, and a record gives way to none."""

import asyncio
from typing import Any

import httpx
import pytest

from app.api.contacts import ContactCreate
from app.db import Database
from app.errors import RetryError
from app.models import Contact
from app.services import contacts, records
from app.services.scope import Caller
from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
REFS = [{"source": "bullhorn", "id": "88412"}]
ATS = {"source": "ats", "id": "7"}

# A record of each kind with what a correction says instead.
SAID: dict[str, tuple[Json, Json]] = {
    "debriefs": ({"interest_score": 5, "notes": "Liked it", "contact": {}}, {"interest_score": 7}),
    "timescales": ({"kind": "date", "date": "2100-07-20"}, {"date": "2100-07-21"}),
    "feedback": ({"decision": "undecided"}, {"decision": "reject"}),
    "contacts": (
        {"with": "candidate", "direction": "outbound", "outcome": "no_answer"},
        {"outcome": "reached"},
    ),
}
SUPERSEDED = ["debriefs", "timescales", "feedback"]


class Desk:
    """A consultant's system, about one interview."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency

    async def play(self) -> "Desk":
        application = await self.agency.application()
        self.application, self.candidate = application["id"], application["candidate_id"]
        self.interview = await self.agency.interview(self.application, START, END)
        return self

    def path(self, kind: str) -> str:
        return "/v1/contacts" if kind == "contacts" else f"/v1/interviews/{self.interview}/{kind}"

    async def send(self, kind: str, **more: Any) -> httpx.Response:
        """Send the record of a kind under its external id."""
        whose = {"person_id": self.candidate} if kind == "contacts" else {}
        body = {**SAID[kind][0], **whose, "external_refs": REFS, **more}
        return await self.agency.call("POST", self.path(kind), json=body)

    async def send_changed(self, kind: str, **more: Any) -> httpx.Response:
        """Send what a correction says, under the same external id."""
        return await self.send(kind, **SAID[kind][1], **more)

    async def list(self, kind: str, **params: Any) -> list[Json]:
        items: list[Json] = (await self.agency.get(self.path(kind), **params))["items"]
        return items


@pytest.fixture
async def desk(agency: Agency) -> Desk:
    return await Desk(agency).play()


@pytest.mark.parametrize("kind", SAID)
async def test_the_same_again_is_not_recorded_again(desk: Desk, kind: str) -> None:
    made, again = await desk.send(kind), await desk.send(kind)
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["external_refs"] == REFS
    beside = {"timescale_ids", "contact_id", "warnings"}
    for name in made.json().keys() - beside - {"application_status", "application_statuses"}:
        assert again.json()[name] == made.json()[name], name
    [kept] = await desk.list(kind, external_source="bullhorn", external_id="88412")
    assert kept["external_refs"] == REFS
    assert await desk.list(kind, external_id="88413") == []
    one = await desk.agency.get(f"/v1/{kind}/{kept['id']}")
    assert one == kept


async def test_what_came_with_a_debrief_is_not_recorded_again_either(desk: Desk) -> None:
    made, again = (await desk.send("debriefs")).json(), (await desk.send("debriefs")).json()
    assert made["contact_id"] is not None
    assert again["contact_id"] is None
    assert len(await desk.list("contacts")) == 1


@pytest.mark.parametrize("kind", SAID)
async def test_the_same_in_another_spelling_is_the_same(desk: Desk, kind: str) -> None:
    name = {"timescales": "given_at", "feedback": "received_at"}.get(kind, "occurred_at")
    default: Json = {"needs_reply": False} if kind == "contacts" else {"supersedes": None}
    first = await desk.send(kind, **{name: "2026-07-15T10:00:00+01:00"})
    second = await desk.send(kind, **{name: "2026-07-15T09:00:00Z", **default})
    assert (first.status_code, second.status_code) == (201, 200)


async def test_what_is_meant_where_it_is_absent_may_be_said(desk: Desk) -> None:
    terms: Json = {"kind": "working_days", "n": 3, "external_refs": REFS}
    first = await desk.agency.call("POST", desk.path("timescales"), json=terms)
    second = await desk.agency.call("POST", desk.path("timescales"), json={**terms, "anchor": "given"})
    assert (first.status_code, second.status_code) == (201, 200)


@pytest.mark.parametrize("kind", SAID)
async def test_something_else_under_the_id_of_what_counts_is_refused(desk: Desk, kind: str) -> None:
    known = (await desk.send(kind)).json()["id"]
    refused = problem_of(await desk.send_changed(kind), 409)
    assert places_of(refused) == [("/external_refs", "recorded_otherwise")]
    assert known in refused["errors"][0]["detail"], "what to supersede or to void"
    assert len(await desk.list(kind)) == 1


@pytest.mark.parametrize("kind", SUPERSEDED)
async def test_a_correction_takes_the_external_id_over(desk: Desk, kind: str) -> None:
    made = (await desk.send(kind)).json()
    corrected = await desk.send_changed(kind, supersedes=made["id"])
    assert corrected.status_code == 201
    assert corrected.json()["external_refs"] == REFS
    again = await desk.send_changed(kind)
    assert (again.status_code, again.json()["id"]) == (200, corrected.json()["id"])
    [named] = await desk.list(kind, external_id="88412")
    assert named["id"] == corrected.json()["id"]
    assert (await desk.agency.get(f"/v1/{kind}/{made['id']}"))["external_refs"] == []


@pytest.mark.parametrize("kind", SUPERSEDED)
async def test_what_was_corrected_by_hand_stays_corrected(desk: Desk, kind: str) -> None:
    made = (await desk.send(kind)).json()
    by_hand = await desk.send_changed(kind, supersedes=made["id"], external_refs=[])
    assert by_hand.status_code == 201
    nightly = await desk.send(kind)
    assert (nightly.status_code, nightly.json()["superseded_by"]) == (200, by_hand.json()["id"])


@pytest.mark.parametrize("kind", SUPERSEDED)
async def test_a_system_may_take_back_what_was_corrected_by_hand(desk: Desk, kind: str) -> None:
    made = (await desk.send(kind)).json()
    by_hand = (await desk.send_changed(kind, supersedes=made["id"], external_refs=[])).json()
    back, again = [await desk.send(kind, supersedes=by_hand["id"]) for _ in range(2)]
    assert (back.status_code, again.status_code) == (201, 200)
    assert back.json()["id"] == again.json()["id"] != made["id"]
    assert (await desk.agency.get(f"/v1/{kind}/{by_hand['id']}"))["superseded_by"] == back.json()["id"]


@pytest.mark.parametrize("kind", SUPERSEDED)
async def test_words_that_count_are_not_said_again_in_the_place_of_another_record(
    desk: Desk, kind: str
) -> None:
    await desk.send(kind)
    other = (await desk.send_changed(kind, external_refs=[])).json()
    refused = problem_of(await desk.send(kind, supersedes=other["id"]), 409)
    assert places_of(refused) == [("/external_refs", "recorded_otherwise")]


@pytest.mark.parametrize("kind", SUPERSEDED)
async def test_an_id_that_stayed_with_what_was_corrected_goes_on_to_the_correction(
    desk: Desk, kind: str
) -> None:
    """Two systems know a record, and one of them alone corrects it."""
    made = (await desk.send(kind, external_refs=[*REFS, ATS])).json()
    corrected = (await desk.send_changed(kind, external_refs=[ATS], supersedes=made["id"])).json()
    both = await desk.send_changed(kind, external_refs=[*REFS, ATS])
    assert (both.status_code, both.json()["id"]) == (200, corrected["id"])
    for ref in (*REFS, ATS):
        [named] = await desk.list(kind, external_source=ref["source"], external_id=ref["id"])
        assert named["id"] == corrected["id"]


async def test_a_voided_contact_does_not_come_back_but_its_id_is_free_for_another(desk: Desk) -> None:
    made = (await desk.send("contacts")).json()
    await desk.agency.post(f"/v1/contacts/{made['id']}/void", {"reason": "Somebody else"})
    nightly = await desk.send("contacts")
    assert (nightly.status_code, nightly.json()["voided"]["reason"]) == (200, "Somebody else")
    other = await desk.send_changed("contacts")
    assert other.status_code == 201
    [named] = await desk.list("contacts", external_id="88412")
    assert named["id"] == other.json()["id"]


@pytest.mark.parametrize("kind", SAID)
async def test_a_second_system_is_added_and_two_records_are_told_apart(desk: Desk, kind: str) -> None:
    made = (await desk.send(kind)).json()
    both = await desk.send(kind, external_refs=[ATS, *REFS, ATS])
    assert (both.status_code, both.json()["id"]) == (200, made["id"])
    assert sorted(both.json()["external_refs"], key=str) == sorted([*REFS, ATS], key=str)
    other = {"source": "ats", "id": "8"}
    await desk.send_changed(kind, external_refs=[other])
    refused = problem_of(await desk.send(kind, external_refs=[*REFS, other]), 409)
    assert places_of(refused) == [("/external_refs", "external_ref_conflict")]


@pytest.mark.parametrize("kind", SUPERSEDED)
async def test_an_external_id_moves_no_record_to_another_interview(desk: Desk, kind: str) -> None:
    await desk.send(kind)
    desk.interview = await desk.agency.interview(desk.application, START, END)
    refused = problem_of(await desk.send(kind), 422)
    assert places_of(refused) == [("/external_refs", "external_ref_elsewhere")]


async def test_kinds_have_their_external_ids_to_themselves(desk: Desk) -> None:
    sent = [(await desk.send(kind)).status_code for kind in SAID]
    assert sent == [201, 201, 201, 201]


@pytest.mark.parametrize("kind", SAID)
async def test_of_two_that_are_sent_at_once_one_is_recorded(desk: Desk, kind: str) -> None:
    sent = await asyncio.gather(*(desk.send(kind) for _ in range(4)))
    assert sorted(each.status_code for each in sent) == [200, 200, 200, 201]
    assert len({each.json()["id"] for each in sent}) == 1


async def test_an_external_id_is_not_taken_from_what_another_has_just_recorded(
    desk: Desk, database: Database
) -> None:
    """Nothing that both lock keeps two people's contacts apart: who comes second begins anew, and is told."""
    caller = Caller(desk.agency.id, "test", frozenset())
    other = {"person_id": await desk.agency.candidate(), "external_refs": REFS}
    mine = ContactCreate.model_validate({**SAID["contacts"][0], **other})

    async def recorded_meanwhile() -> None:
        async with database.transaction(desk.agency.id) as db:
            assert await records.sent_before(db, caller, Contact, mine.sent()) is None
            first.append((await desk.send("contacts")).json())
            made = await contacts.add(db, caller, mine.values(), now=db.info["now"])
            await records.note(db, caller, made, mine.sent())

    first: list[Json] = []
    with pytest.raises(RetryError):
        await recorded_meanwhile()
    [named] = await desk.list("contacts", external_id="88412")
    assert named["id"] == first[0]["id"]


async def test_a_contact_with_a_client_is_known_as_well(desk: Desk) -> None:
    person = (await desk.agency.get(f"/v1/applications/{desk.application}"))["client_contact_id"]
    chaser = {"with": "client", "person_id": person, "purpose": "chase"}
    codes = [(await desk.send("contacts", **chaser)).status_code for _ in range(2)]
    assert codes == [201, 200]


async def test_a_capture_knows_its_debrief_again(agency: Agency) -> None:
    def named(**members: Any) -> Json:
        return {"external_refs": REFS, **members}

    await agency.consultant(external_refs=REFS)
    body = {
        "client": named(name="Northwind Foods"),
        "client_contact": named(name="Rosa Blum"),
        "candidate": named(name="Amara Osei", consultant=REFS[0]),
        "job": named(title="Buyer"),
        "application": named(),
        "interview": named(start=START, end=END),
        "debrief": named(interest_score=8),
    }
    made, again = [await agency.call("POST", "/v1/debriefs", json=body) for _ in range(2)]
    assert (made.status_code, again.status_code) == (201, 200)
    assert (again.json()["id"], again.json()["version"], again.json()["created"]) == (
        made.json()["id"],
        1,
        [],
    )
    body["debrief"] = named(interest_score=9)
    refused = problem_of(await agency.call("POST", "/v1/debriefs", json=body), 409)
    assert places_of(refused) == [("/debrief/external_refs", "recorded_otherwise")]
