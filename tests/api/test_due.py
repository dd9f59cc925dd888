"""The due list: who, for what, in which order, at which instant."""

from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import update

from app.db import Database
from app.models import Application, Client, Reason, Void
from app.rules.vocabulary import ApplicationMode, ReasonCode, Target
from app.services.facts import FOREVER
from tests.agency import Agency, Json
from tests.examples import EXAMPLES
from tests.recorder import Recorder

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
NOON = "2026-07-14T12:00:00+01:00"


async def codes(agency: Agency, **params: object) -> list[str]:
    due = await agency.get("/v1/due", **params)
    return [item["code"] for card in due["items"] for item in card["items"]]


async def interviewed(agency: Agency, **fields: str) -> Json:
    application = await agency.application(**fields)
    await agency.interview(application["id"], START, END)
    return application


async def test_the_order_is_that_of_p1(agency: Agency) -> None:
    example = next(case for case in EXAMPLES if case["id"] == "E07")
    recorder = Recorder(agency)
    await recorder.play(example["facts"])
    names = {ours: name for name, ours in recorder.applications.items()}
    due = await agency.get("/v1/due", as_of=example["now"])
    listed = [f"{names[i['application_id']]}:{i['code']}" for card in due["items"] for i in card["items"]]
    assert listed == example["expected"]["due_list"]


async def test_what_comes_before_everything_else_says_so(agency: Agency) -> None:
    application = await interviewed(agency)
    assert not (await first_item(agency, NOON))["urgent"]
    [interview] = (await agency.get(f"/v1/applications/{application['id']}/interviews"))["items"]
    body = {"decision": "offer", "received_at": "2026-07-14T11:30:00+01:00", "raw_text": "Yes!"}
    await agency.post(f"/v1/interviews/{interview['id']}/feedback", body)
    item = await first_item(agency, NOON)
    assert (item["code"], item["urgent"]) == ("decision_to_relay", True)


async def test_what_the_client_said_that_discriminates_is_for_the_manager(agency: Agency) -> None:
    application = await interviewed(agency)
    assert (await first_item(agency, NOON))["actor"] == "consultant"
    [interview] = (await agency.get(f"/v1/applications/{application['id']}/interviews"))["items"]
    said = {"decision": "reject", "received_at": "2026-07-14T11:30:00+01:00", "raw_text": "Too old."}
    path = f"/v1/interviews/{interview['id']}/feedback"
    flagged = await agency.post(path, {**said, "flag_discrimination": True})
    item = await first_item(agency, NOON)
    assert (item["code"], item["actor"]) == ("decision_to_relay", "manager")
    status = await agency.get(f"/v1/applications/{application['id']}/status", as_of=NOON)
    assert status["next_action"]["actor"] == "manager"
    await agency.post(path, {**said, "supersedes": flagged["id"]})
    assert (await first_item(agency, NOON))["actor"] == "consultant"


async def test_one_card_per_candidate_with_the_earliest_due_time_and_the_worst_level(agency: Agency) -> None:
    candidate = await agency.candidate(name="Amara Osei")
    first = await interviewed(agency, candidate_id=candidate)
    second = await agency.application(candidate_id=candidate)
    await agency.interview(second["id"], "2026-07-13T10:00:00+01:00", "2026-07-13T11:00:00+01:00")
    [card] = (await agency.get("/v1/due", as_of=NOON))["items"]
    assert card["candidate"] == {"id": candidate, "name": "Amara Osei"}
    assert (card["level"], card["due_at"]) == ("overdue", "2026-07-13T10:00:00Z")
    assert [(i["application_id"], i["code"]) for i in card["items"]] == [
        (second["id"], "debrief_due"),
        (first["id"], "debrief_due"),
        (second["id"], "timescale_missing"),
    ]


async def test_an_item_says_who_must_contact_whom_not_before_when_and_since_which_fact(
    agency: Agency,
) -> None:
    consultant = await agency.consultant(name="Kim Adeyemi")
    candidate = await agency.candidate(name="Li Wei", timezone="Asia/Singapore", holidays=None)
    application = await agency.application(candidate_id=candidate, consultant_id=consultant)
    interview = await agency.interview(
        application["id"], "2026-07-14T14:00:00+01:00", "2026-07-14T15:00:00+01:00"
    )
    [card] = (await agency.get("/v1/due", as_of="2026-07-14T15:00:00+01:00"))["items"]
    [item] = card["items"]
    assert item["consultant"] == {"id": consultant, "name": "Kim Adeyemi"}
    assert item["target"] == {"kind": "candidate", "id": candidate, "name": "Li Wei"}
    assert item["since"] == {"kind": "interview", "id": interview, "at": "2026-07-14T14:00:00Z"}
    assert item["not_before"] == "2026-07-15T00:00:00Z"  # eight in the morning in Singapore
    assert (item["due_at"], item["overdue_at"], item["escalate_at"]) == (
        "2026-07-14T14:00:00Z",
        "2026-07-15T09:30:00Z",
        "2026-07-17T09:30:00Z",
    )


async def test_a_coming_instant_is_asked_with_as_of(agency: Agency) -> None:
    application = await agency.application()
    await agency.interview(application["id"], "2099-07-14T10:00:00+01:00", "2099-07-14T11:00:00+01:00")
    assert await codes(agency) == []
    assert await codes(agency, as_of="2099-07-14T10:59:59+01:00") == []
    assert await codes(agency, as_of="2099-07-14T11:00:00+01:00") == ["debrief_due"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["debrief_due", "timescale_missing"]),
        ({"target": "client"}, ["timescale_missing"]),
        ({"reason": "debrief_due"}, ["debrief_due"]),
        ({"reason": ["debrief_due", "timescale_missing"]}, ["debrief_due", "timescale_missing"]),
        ({"level": "due"}, ["timescale_missing"]),
        ({"level": ["overdue", "escalated"]}, ["debrief_due"]),
        ({"due_before": END}, []),
        ({"due_before": "2026-07-15T11:00:00+01:00"}, ["debrief_due"]),
        ({"due_before": "2026-07-15T10:00:00.000001Z"}, ["debrief_due", "timescale_missing"]),
    ],
    ids=str,
)
async def test_filters(agency: Agency, params: Json, expected: list[str]) -> None:
    await interviewed(agency)
    assert await codes(agency, as_of="2026-07-15T11:00:00+01:00", **params) == expected


async def test_per_consultant(agency: Agency) -> None:
    kim, lee = await agency.consultant(name="Kim"), await agency.consultant(name="Lee")
    await interviewed(agency, consultant_id=kim)
    assert await codes(agency, as_of=NOON, consultant_id=kim) == ["debrief_due"]
    assert await codes(agency, as_of=NOON, consultant_id=lee) == []


async def test_an_unknown_level_is_refused(agency: Agency) -> None:
    answer = await agency.call("GET", "/v1/due", params={"level": "urgent"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "level"


async def test_pages_follow_the_order_and_keep_to_the_instant(agency: Agency) -> None:
    for _ in range(5):
        await interviewed(agency)
    whole = await agency.get("/v1/due", as_of=NOON)
    seen, params = [], {"as_of": NOON, "limit": 2}
    page = await agency.get("/v1/due", **params)
    while True:
        seen += page["items"]
        if page["next_cursor"] is None:
            break
        page = await agency.get("/v1/due", **params, cursor=page["next_cursor"])
    assert seen == whole["items"]
    assert len(seen) == 5


async def test_what_is_done_leaves_the_list_at_once(agency: Agency) -> None:
    application = await interviewed(agency)
    [interview] = (await agency.get(f"/v1/applications/{application['id']}/interviews"))["items"]
    body = {"interest_score": 7, "occurred_at": "2026-07-14T11:30:00+01:00"}
    await agency.post(f"/v1/interviews/{interview['id']}/debriefs", body)
    assert await codes(agency, as_of=NOON) == []


async def first_item(agency: Agency, as_of: str, **params: object) -> Json:
    [card] = (await agency.get("/v1/due", as_of=as_of, **params))["items"]
    item: Json = card["items"][0]
    return item


async def test_an_item_says_who_acts_and_who_covers(agency: Agency) -> None:
    await interviewed(agency)
    item = await first_item(agency, NOON)
    assert (item["actor"], item["covered_by"]) == ("consultant", None)


async def test_a_chaser_leaves_the_client_alone_until_the_next_working_day_unless_it_is_void(
    agency: Agency, database: Database
) -> None:
    asked = await interviewed(agency)
    call: Json = {"with": "client", "direction": "outbound", "outcome": "no_answer", "purpose": "chase"}
    call |= {"person_id": asked["client_contact_id"], "application_ids": [asked["id"]]}
    waiting = {name: asked[name] for name in ("client_contact_id", "job_id")}
    other = await interviewed(agency, **waiting)
    chaser = await agency.post("/v1/contacts", {**call, "occurred_at": "2026-07-15T10:30:00+01:00"})
    at = {"as_of": "2026-07-15T11:00:00+01:00", "target": "client"}
    item = await first_item(agency, **at)
    assert (item["application_id"], item["not_before"]) == (other["id"], "2026-07-16T08:00:00Z")
    async with database.transaction(agency.id) as db:
        db.add(Void(agency_id=agency.id, contact_id=UUID(chaser["id"]), reason="That was another client"))
    assert (await first_item(agency, **at))["not_before"] == "2026-07-15T10:00:00Z"


async def test_a_client_with_hours_of_its_own_is_called_in_those(agency: Agency, database: Database) -> None:
    client = await agency.client()
    place = {"job_id": await agency.job(client), "client_contact_id": await agency.client_contact(client)}
    await interviewed(agency, **place)
    await interviewed(agency)
    async with database.transaction(agency.id) as db:
        hours = {"client_window": ["13:00", "15:00"]}
        await db.execute(update(Client).where(Client.id == UUID(client)).values(policy=hours))
    due = await agency.get("/v1/due", as_of="2026-07-15T11:00:00+01:00", target="client")
    found = {i["target"]["id"]: i["not_before"] for card in due["items"] for i in card["items"]}
    assert found.pop(place["client_contact_id"]) == "2026-07-15T12:00:00Z"
    assert list(found.values()) == ["2026-07-15T10:00:00Z"]


async def test_what_a_direct_applicant_does_alone_is_never_overdue(
    agency: Agency, database: Database
) -> None:
    application = await agency.application()
    own = Application.id == UUID(application["id"])
    alone = {"mode": ApplicationMode.DIRECT, "consultant_id": None, "client_contact_id": None}
    due, end = datetime.fromisoformat(NOON), datetime.fromisoformat(END)
    reason = Reason(
        agency_id=agency.id,
        application_id=UUID(application["id"]),
        candidate_id=UUID(application["candidate_id"]),
        code=ReasonCode.TOUCH_BASE_DUE,
        position=0,
        rule="N1",
        target=Target.INTERVIEWER,
        due_at=due,
        flagged_from=due,
        flagged_until=FOREVER,
        fact_kind="interview",
        fact_at=end,
    )
    async with database.transaction(agency.id) as db:  # as the rules give it
        await db.execute(update(Application).where(own).values(**alone))
        db.add(reason)
    item = await first_item(agency, "2026-08-14T22:00:00+01:00", level="due")
    assert (item["level"], item["overdue_at"], item["escalate_at"]) == ("due", None, None)
    assert (item["actor"], item["consultant"], item["covered_by"]) == ("candidate", None, None)
    assert item["target"] == {"kind": "interviewer", "id": None, "name": None}
    assert item["not_before"] == "2026-08-17T08:00:00Z"  # within the hours of a client
