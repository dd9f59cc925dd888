"""What is edited in place leaves what it was: the ground of everything that asks what was known at an instant."""

import asyncio

import pytest
from sqlalchemy import select
from uuid_utils.compat import uuid7

from app.db import Database
from app.models import Revision
from app.services import locks
from app.services import revisions as service
from app.services.locks import Lock
from app.services.scope import Caller
from tests.agency import Agency, Json
from tests.api.conftest import Office, iso
from tests.locks import queued

REF = {"source": "ats", "id": "1"}

Revised = tuple[str, Json, Json]


async def revisions(office: Office, object_id: str) -> list[Revised]:
    """Every revision of an object, oldest first: kind, before and after."""
    query = select(Revision).where(Revision.object_id == object_id).order_by(Revision.id)
    async with office.database.transaction(office.agency.id) as db:
        return [(str(row.kind), row.before, row.after) for row in await db.scalars(query)]


async def test_an_edit_leaves_what_it_changed_and_when(office: Office) -> None:
    _, interview = await office.interviewed()
    office.at("Mon 13 Jul 15:00")
    await office.agency.patch(
        f"/v1/interviews/{interview}", {"end": iso("Tue 14 Jul 11:30"), "title": "Second"}
    )
    assert await revisions(office, interview) == [
        ("interview", {"end": "2026-07-14T10:00:00Z"}, {"end": "2026-07-14T10:30:00Z"})
    ]


async def test_an_edit_of_nothing_that_the_rules_read_leaves_nothing(office: Office) -> None:
    application, interview = await office.interviewed()
    candidate = (await office.agency.get(f"/v1/applications/{application}"))["candidate_id"]
    await office.agency.patch(
        f"/v1/interviews/{interview}", {"start": iso("Tue 14 Jul 10:00"), "title": "Second"}
    )
    personal = {"name": "Another Name", "email": "another@mail.example", "phone": "+44 7700 900456"}
    await office.agency.patch(f"/v1/candidates/{candidate}", personal)
    assert await revisions(office, interview) == await revisions(office, candidate) == []


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (
            {"state": "closed"},
            {"state": "active", "closed_at": None},
            {"state": "closed", "closed_at": "NOW"},
        ),
        (
            {"withdrawn_at": "2026-07-15T10:00:00Z"},
            {"withdrawn_at": None},
            {"withdrawn_at": "2026-07-15T10:00:00Z"},
        ),
        ({"continue_until": "2026-08-31"}, {"continue_until": None}, {"continue_until": "2026-08-31"}),
        (
            {"state": "on_hold", "hold": {"since": "2026-07-15T10:00:00Z", "reason": "budget"}},
            {"state": "active", "hold_since": None},
            {"state": "on_hold", "hold_since": "2026-07-15T10:00:00Z"},
        ),
    ],
    ids=["closed", "withdrawn", "wait agreed", "on hold"],
)
@pytest.mark.parametrize("way", ["patch", "external id"])
async def test_every_edit_of_an_application(
    office: Office, way: str, change: Json, before: Json, after: Json
) -> None:
    office.at("Thu 16 Jul 10:00")
    refs = [{"source": "bullhorn", "id": "7"}]
    made = await office.agency.application(external_refs=refs)
    if way == "patch":
        await office.agency.patch(f"/v1/applications/{made['id']}", change)
    else:
        names = ("candidate_id", "job_id", "client_contact_id")
        again = {"external_refs": refs, **{name: made[name] for name in names}}
        await office.agency.post("/v1/applications", {**again, **change})
    found = await revisions(office, made["id"])
    # Saving by an external id edits in two steps.
    assert {name: value for _, old, _ in found for name, value in old.items()} == before
    expected = {name: "2026-07-16T09:00:00Z" if value == "NOW" else value for name, value in after.items()}
    assert {name: value for _, _, new in found for name, value in new.items()} == expected


async def test_an_application_that_comes_on_hold_was_not_edited(office: Office) -> None:
    made = await office.agency.application(state="on_hold")
    assert await revisions(office, made["id"]) == []


async def test_what_the_client_says_may_edit_the_application(office: Office) -> None:
    application, interview = await office.interviewed()
    office.at("Wed 15 Jul 12:00")
    await office.agency.post(f"/v1/interviews/{interview}/feedback", {"decision": "role_on_hold"})
    assert await revisions(office, application) == [
        (
            "application",
            {"state": "active", "hold_since": None},
            {"state": "on_hold", "hold_since": "2026-07-15T11:00:00Z"},
        )
    ]


async def test_what_the_candidate_says_may_edit_the_interview(office: Office) -> None:
    _, interview = await office.interviewed()
    office.at("Tue 14 Jul 12:00")
    path = f"/v1/interviews/{interview}/debriefs"
    await office.agency.post(path, {"interest_score": 8})
    assert await revisions(office, interview) == [], (
        "an interview that was held is one, scheduled or attended"
    )
    await office.agency.post(path, {"interest_score": 1, "attended": "no_show"})
    assert await revisions(office, interview) == [("interview", {"state": "attended"}, {"state": "no_show"})]


async def test_edits_of_people(office: Office) -> None:
    candidate = await office.agency.candidate()
    contact = await office.agency.client_contact(await office.agency.client())
    await office.agency.patch(f"/v1/candidates/{candidate}", {"timezone": "Europe/Paris", "seeking": True})
    await office.agency.patch(f"/v1/client-contacts/{contact}", {"unavailable_until": "2026-07-20T08:00:00Z"})
    assert await revisions(office, candidate) == [
        (
            "candidate",
            {"timezone": "Europe/London", "seeking": False},
            {"timezone": "Europe/Paris", "seeking": True},
        )
    ]
    assert await revisions(office, contact) == [
        ("client_contact", {"unavailable_until": None}, {"unavailable_until": "2026-07-20T08:00:00Z"})
    ]


async def interviewed(agency: Agency) -> tuple[str, str, str]:
    """The paths of an application and of its interview, and an instant by which both are known."""
    application = (await agency.application())["id"]
    times = ("2026-07-14T09:00:00Z", "2026-07-14T10:00:00Z")
    interview = await agency.interview(application, *times, external_refs=[REF])
    made = (await agency.get(f"/v1/interviews/{interview}"))["created_at"]
    return f"/v1/applications/{application}", f"/v1/interviews/{interview}", made


async def known(agency: Agency, application: str, known_at: str) -> list[str]:
    """What was due on 15 July, as far as one knew at an instant."""
    found = await agency.get(f"{application}/status", as_of="2026-07-15T12:00:00Z", known_at=known_at)
    return [reason["code"] for reason in found["reasons"]]


async def test_edits_follow_one_another_whatever_the_clocks_of_their_hosts(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = uuid7()
    application, interview, made = await interviewed(agency)
    await agency.patch(interview, {"state": "no_show"})
    monkeypatch.setattr(service, "uuid7", lambda: before)
    await agency.patch(interview, {"state": "cancelled"})
    assert await known(agency, application, made) == ["debrief_due", "timescale_missing"]


async def test_an_edit_that_waited_follows_the_one_that_overtook_it(
    agency: Agency, database: Database
) -> None:
    application, interview, made = await interviewed(agency)
    times = {"start": "2026-07-14T09:00:00Z", "end": "2026-07-14T10:00:00Z"}
    again = {"kind": "interview", "application_id": application.rpartition("/")[2], "external_refs": [REF]}
    async with database.transaction(agency.id) as db:
        await locks.take(db, Caller(agency.id, "test", frozenset()), Lock.BULK)
        items = [{**again, **times, "state": "scheduled"}]
        waiting = asyncio.create_task(agency.post("/v1/bulk", {"items": items}))
        await queued(db, waiting)
        called_off = (await agency.patch(interview, {"state": "cancelled"}))["updated_at"]
    assert [each["status"] for each in (await waiting)["items"]] == [200]
    assert await known(agency, application, made) == ["debrief_due", "timescale_missing"]
    assert await known(agency, application, called_off) == []
