"""The agency's systems hear of everything once, in order: what is recorded, and what time brings (R1, R4, R5)."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.db import Database
from app.errors import GoneError
from app.rules.events import EventType
from app.services import events as service
from app.services import outbox, publications, status
from app.services.outbox import Occurrence
from app.services.scope import worker
from app.worker.announcements import announce
from app.worker.retention import forget
from tests.agency import Agency, Json
from tests.api.conftest import Office, iso
from tests.contract.document import Document
from tests.contract.problems import places_of, problem_of
from tests.contract.world import build_world
from tests.locks import someone_waits
from tests.told import events_of, look, told

Told = list[tuple[str, str | None]]


async def looked(office: Office, words: str) -> Told:
    """What is in the log after a worker has looked at a time, in short."""
    office.at(words)
    await look(office.database, office.agency)
    return [told(event) for event in await events_of(office.agency)]


BEGINNING: Told = [("application.created", None), ("interview.created", None)]


async def test_time_alone_makes_news_once(office: Office) -> None:
    await office.interviewed()
    assert await looked(office, "Tue 14 Jul 10:59") == BEGINNING
    due = [*BEGINNING, ("reason.due", "debrief_due")]
    assert await looked(office, "Tue 14 Jul 11:00") == due
    assert await looked(office, "Tue 14 Jul 11:01") == due
    overdue = [*due, ("reason.overdue", "debrief_due")]
    assert await looked(office, "Tue 14 Jul 15:00") == overdue


async def test_a_debrief_is_told_before_what_it_settles(office: Office) -> None:
    application, interview = await office.interviewed()
    await looked(office, "Tue 14 Jul 11:00")
    office.at("Tue 14 Jul 12:00")
    body = {"interest_score": 8, "timescale": {"kind": "date", "date": "2026-07-17", "phrase": "by Friday"}}
    debrief = (await office.agency.post(f"/v1/interviews/{interview}/debriefs", body))["id"]
    *_, recorded, timescale, settled = await events_of(office.agency)
    assert [told(each) for each in (recorded, timescale, settled)] == [
        ("debrief.recorded", None),
        ("timescale.recorded", None),
        ("reason.settled", "debrief_due"),
    ]
    data = recorded["data"]
    assert (data["debrief_id"], data["interview_id"], data["application_id"]) == (
        debrief,
        interview,
        application,
    )
    assert data["status"] == "on_track"
    assert [each["data"]["sequence"] for each in await events_of(office.agency)] == [1, 2, 3, 4, 5, 6]


async def test_what_passed_unseen_is_told_by_the_next_record(office: Office) -> None:
    """No worker has looked since before the interview; the record's own transaction tells what it missed."""
    _, interview = await office.interviewed()
    office.at("Tue 14 Jul 16:00")
    await office.agency.post(f"/v1/interviews/{interview}/debriefs", {"interest_score": 8})
    assert [told(event) for event in await events_of(office.agency)][2:6] == [
        ("reason.due", "debrief_due"),
        ("reason.overdue", "debrief_due"),
        ("debrief.recorded", None),
        ("reason.settled", "debrief_due"),
    ]
    due, overdue = (await events_of(office.agency))[2:4]
    assert (due["timestamp"], overdue["timestamp"]) == ("2026-07-14T10:00:00Z", "2026-07-14T14:00:00Z")


async def test_the_candidate_may_touch_base_when_the_answer_is_late(office: Office) -> None:
    _, interview = await office.interviewed()
    office.at("Tue 14 Jul 12:00")
    timescale = {"kind": "date", "date": "2026-07-17", "source": "client", "phrase": "by Friday"}
    await office.agency.post(f"/v1/interviews/{interview}/timescales", timescale)
    before = await looked(office, "Mon 20 Jul 08:59")
    assert ("candidate.may_touch_base", None) not in before
    after = await looked(office, "Mon 20 Jul 09:00")
    assert after.count(("candidate.may_touch_base", None)) == 1
    assert await looked(office, "Mon 20 Jul 12:00") == after


async def test_one_of_whom_nothing_can_be_announced_stops_nobody_else(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    """A contact is in a zone that the holders of the list have struck out since."""
    timescale = {"kind": "date", "date": "2026-07-17", "source": "client", "phrase": "by Friday"}
    applications = []
    for _ in range(2):
        application, interview = await office.interviewed()
        office.at("Tue 14 Jul 12:00")
        await office.agency.post(f"/v1/interviews/{interview}/timescales", timescale)
        applications.append(application)
    broken, healthy = applications
    contact = (await office.agency.get(f"/v1/applications/{broken}"))["client_contact_id"]
    async with office.database.transaction(office.agency.id) as db:
        zone = "UPDATE client_contacts SET timezone = 'Mars/Phobos' WHERE agency_id = :agency AND id = :id"
        await db.execute(text(zone), {"agency": office.agency.id, "id": contact})
    await looked(office, "Mon 20 Jul 09:00")
    touching = [e for e in await events_of(office.agency) if e["type"] == "candidate.may_touch_base"]
    assert [event["data"]["application_id"] for event in touching] == [healthy]
    assert "is put off: ValueError" in caplog.text


async def test_a_payload_holds_ids_and_no_word_of_anybody(office: Office) -> None:
    await office.interviewed()
    await looked(office, "Thu 16 Jul 11:00")
    due = next(e for e in await events_of(office.agency) if told(e) == ("reason.due", "debrief_due"))
    assert due["data"].keys() == {
        "application_id",
        "candidate_id",
        "consultant_id",
        "sequence",
        "status",
        "reason",
    }
    assert due["data"]["reason"]["due_at"] == "2026-07-14T10:00:00Z"
    body = str(await events_of(office.agency))
    assert not any(word in body for word in ("Cand Idate", "Kim", "Acme", "Chris", "Engineer"))


async def test_every_event_is_as_the_document_says(agency: Agency, document: Document) -> None:
    await build_world(agency)
    events = await events_of(agency)
    for event in events:
        body = {name: event[name] for name in ("type", "timestamp", "data")}
        assert document.errors_of_event(body) == [], body
    assert len({event["type"] for event in events}) > 12


async def test_a_contact_concerns_each_application_it_covers(office: Office) -> None:
    office.at("Fri 10 Jul 09:00")
    candidate = await office.agency.candidate()
    mine = [(await office.agency.application(candidate_id=candidate))["id"] for _ in range(2)]
    contact = {"with": "candidate", "person_id": candidate, "direction": "outbound", "outcome": "reached"}
    made = (await office.agency.post("/v1/contacts", {**contact, "channel": "phone"}))["id"]
    await office.agency.post(f"/v1/contacts/{made}/void", {"reason": "wrong person"})
    found = [e for e in await events_of(office.agency) if e["data"].get("contact_id") == made]
    assert [(e["type"], e["data"]["application_id"]) for e in found] == [
        (event_type, application)
        for event_type in ("contact.recorded", "contact.voided")
        for application in sorted(mine)
    ]


async def test_a_contact_with_somebody_without_applications_concerns_the_person(office: Office) -> None:
    candidate = await office.agency.candidate()
    contact = {"with": "candidate", "person_id": candidate, "direction": "outbound", "outcome": "reached"}
    await office.agency.post("/v1/contacts", {**contact, "channel": "phone"})
    [event] = await events_of(office.agency)
    assert (event["type"], event["data"]["application_id"], event["data"]["candidate_id"]) == (
        "contact.recorded",
        None,
        candidate,
    )


async def test_a_bulk_call_tells_of_what_it_saved_and_of_nothing_it_refused(office: Office) -> None:
    application, _ = await office.interviewed()
    office.at("Fri 10 Jul 09:01")
    row = await office.agency.get(f"/v1/applications/{application}")
    ids = {name: row[name] for name in ("candidate_id", "job_id", "client_contact_id", "consultant_id")}
    ref = [{"source": "ats", "id": "1"}]
    times = {"start": iso("Wed 15 Jul 10:00"), "end": iso("Wed 15 Jul 09:00")}
    items = [
        {"kind": "application", "external_refs": ref, **ids},
        {"kind": "interview", "external_refs": ref, "application_id": application, **times},
    ]
    answer = await office.agency.call("POST", "/v1/bulk", json={"items": items})
    assert [item["status"] for item in answer.json()["items"]] == [201, 422]
    assert [told(event) for event in await events_of(office.agency)] == [
        *BEGINNING,
        ("application.created", None),
    ]


async def test_what_fails_tells_nothing(office: Office) -> None:
    _, interview = await office.interviewed()
    body = {"interest_score": 8, "occurred_at": iso("Mon 13 Jul 09:00")}
    problem_of(await office.agency.call("POST", f"/v1/interviews/{interview}/debriefs", json=body), 422)
    assert [told(event) for event in await events_of(office.agency)] == BEGINNING


async def test_a_policy_that_goes_to_and_fro_makes_no_news_twice(office: Office) -> None:
    application, interview = await office.interviewed()
    office.at("Tue 14 Jul 12:00")
    await office.agency.post(f"/v1/interviews/{interview}/debriefs", {"interest_score": 8})
    first = await looked(office, "Wed 15 Jul 12:00")
    assert ("reason.due", "timescale_missing") in first
    for days in (4, 1, 4, 1):
        await office.agency.put("/v1/policy", {"timescale_due_working_days": days})
    found = await events_of(office.agency)
    names = Counter((*told(e), e["data"]["reason"]["due_at"]) for e in found if "reason" in e["data"])
    assert set(names.values()) == {1}
    assert (await office.status(application))["status"] == "due"


async def test_what_a_voided_contact_had_settled_is_due_again_without_a_second_event(office: Office) -> None:
    application, interview = await office.interviewed()
    candidate = (await office.agency.get(f"/v1/applications/{application}"))["candidate_id"]
    office.at("Wed 15 Jul 10:00")
    offer = await office.agency.post(f"/v1/interviews/{interview}/feedback", {"decision": "offer"})
    talk = {"with": "candidate", "person_id": candidate, "direction": "outbound", "outcome": "reached"}
    office.at("Wed 15 Jul 11:00")
    call = await office.agency.post("/v1/contacts", {**talk, "relays": [offer["id"]]})
    before = await events_of(office.agency)
    assert told(before[-1]) == ("reason.settled", "decision_to_relay")
    office.at("Wed 15 Jul 11:30")
    await office.agency.post(f"/v1/contacts/{call['id']}/void", {"reason": "another candidate's"})
    await look(office.database, office.agency)
    [voided] = (await events_of(office.agency))[len(before) :]
    assert (voided["type"], voided["data"]["status"]) == ("contact.voided", "due")
    status = await office.status(application)
    assert [reason["code"] for reason in status["reasons"]] == ["decision_to_relay"]


async def test_a_clock_that_lies_makes_no_news_twice_and_skips_none(office: Office) -> None:
    """A sweep in which the clock jumps ahead and back, against one in which it does not."""
    _, interview = await office.interviewed()
    for words in ("Tue 14 Jul 11:00", "Tue 14 Jul 17:00", "Tue 14 Jul 12:00", "Mon 13 Jul 09:00"):
        await looked(office, words)
    office.at("Tue 14 Jul 12:30")
    await office.agency.post(f"/v1/interviews/{interview}/debriefs", {"interest_score": 8})
    assert await looked(office, "Tue 14 Jul 17:05") == [
        *BEGINNING,
        ("reason.due", "debrief_due"),
        ("reason.overdue", "debrief_due"),
        ("debrief.recorded", None),
        ("reason.settled", "debrief_due"),
    ]


async def test_several_workers_announce_each_instant_once(office: Office, database_url: str) -> None:
    for _ in range(5):
        await office.interviewed()
    office.at("Wed 15 Jul 17:00")
    workers = [type(office.database)(database_url, pool_size=2) for _ in range(3)]
    for each in workers:
        each.now = office.database.now
    await asyncio.gather(*(announce(each, office.agency.id) for each in workers for _ in range(4)))
    for each in workers:
        await each.close()
    found = Counter(told(event) for event in await events_of(office.agency))
    assert found["reason.due", "debrief_due"] == found["reason.overdue", "debrief_due"] == 5


async def test_of_those_computed_together_each_is_announced_at_its_own_time(office: Office) -> None:
    """A change of policy computes both applications in one step; the later instant is not lost with the earlier."""
    await office.interviewed()
    application = (await office.agency.application())["id"]
    await office.agency.interview(application, iso("Tue 14 Jul 10:30"), iso("Tue 14 Jul 11:30"))
    await looked(office, "Tue 14 Jul 11:30")
    await office.agency.put("/v1/policy", {"debrief_overdue_working_hours": 20})
    escalated = ("reason.escalated", "timescale_missing")
    times = ("Thu 16 Jul 14:29", "Thu 16 Jul 14:59", "Mon 20 Jul 11:15", "Mon 20 Jul 11:45")
    assert [(await looked(office, words)).count(escalated) for words in times] == [0, 0, 1, 2]


async def test_a_worker_looks_at_nothing_whose_time_has_not_come(office: Office) -> None:
    await office.interviewed()
    office.at("Tue 14 Jul 11:00")
    await looked(office, "Tue 14 Jul 11:00")
    async with office.database.transaction(office.agency.id) as db:
        due = "SELECT count(*) FROM event_streams WHERE next_at <= :now"
        assert await db.scalar(text(due), {"now": office.database.now}) == 0
        wakes = "SELECT count(*) FROM wakes WHERE agency_id = :id AND at <= :now AND kind IN ('announce', 'publish')"
        assert await db.scalar(text(wakes), {"id": office.agency.id, "now": office.database.now}) == 0


async def test_the_log_goes_on_from_a_cursor_and_from_an_event(office: Office) -> None:
    await office.interviewed()
    first = await office.agency.get("/v1/events", limit=1)
    [event] = first["items"]
    assert event["position"] == 1
    for after in (first["next_cursor"], event["id"]):
        rest = await office.agency.get("/v1/events", after=after)
        assert [told(each) for each in rest["items"]] == BEGINNING[1:]
    nothing = await office.agency.get("/v1/events", after=rest["next_cursor"])
    assert (nothing["items"], nothing["next_cursor"]) == ([], rest["next_cursor"])


async def test_a_full_stretch_of_the_log_links_to_the_next(office: Office) -> None:
    await office.interviewed()
    types = ["application.created", "interview.created", "reason.due"]
    first = await office.agency.call("GET", "/v1/events", params={"limit": 1, "type": types})
    second = await office.agency.call("GET", first.links["next"]["url"])
    told_of = [told(event) for page in (first, second) for event in page.json()["items"]]
    assert told_of == BEGINNING
    last = await office.agency.call("GET", second.links["next"]["url"])
    assert (last.json()["items"], last.links) == ([], {})


async def test_the_log_is_read_by_types(office: Office) -> None:
    await office.interviewed()
    found = await office.agency.get("/v1/events", type=["interview.created", "reason.due"])
    assert [told(event) for event in found["items"]] == BEGINNING[1:]
    assert found["next_cursor"] == "2"


@pytest.mark.parametrize(
    ("params", "place", "code"),
    [
        ({"after": "x"}, "after", "after_format"),
        ({"after": "-1"}, "after", "after_format"),
        ({"after": "1"}, "after", "after_beyond"),
        ({"wait": "31"}, "wait", "less_than_equal"),
        ({"wait": "soon"}, "wait", "int_parsing"),
        ({"type": "reason.gone"}, "type", "enum"),
        ({"limit": "0"}, "limit", "greater_than_equal"),
    ],
)
async def test_what_cannot_be_asked_is_said(agency: Agency, params: Json, place: str, code: str) -> None:
    problem = problem_of(await agency.call("GET", "/v1/events", params=params), 422)
    assert places_of(problem) == [(place, code)]


async def test_an_event_of_another_agency_is_none(agency: Agency, rival: Agency) -> None:
    await rival.application()
    [event] = (await rival.get("/v1/events"))["items"]
    for after in (event["id"], str(uuid4())):
        problem_of(await agency.call("GET", "/v1/events", params={"after": after}), 404)


async def test_a_reader_who_waits_is_answered_with_the_next_event(agency: Agency) -> None:
    waiting = asyncio.create_task(agency.get("/v1/events", wait=30))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await agency.application()
    assert [told(event) for event in (await waiting)["items"]] == BEGINNING[:1]


async def test_a_reader_who_waits_in_vain_may_go_on_from_there(agency: Agency) -> None:
    nothing = await agency.get("/v1/events", wait=1)
    assert (nothing["items"], nothing["next_cursor"]) == ([], "0")


async def test_no_event_is_skipped_however_late_its_transaction_commits(
    agency: Agency, database: Database, other_process: Database
) -> None:
    """The slow one began first and commits last: a reader has gone past its time by then."""
    slow_candidate, quick_candidate = await agency.candidate(), await agency.candidate()
    client = await agency.client()
    contact, job, owner = (
        await agency.client_contact(client),
        await agency.job(client),
        await agency.consultant(),
    )
    parts = {"job_id": job, "client_contact_id": contact, "consultant_id": owner}
    slow = (await agency.application(candidate_id=slow_candidate, **parts))["id"]
    quick = (await agency.application(candidate_id=quick_candidate, **parts))["id"]
    cursor = (await agency.get("/v1/events"))["next_cursor"]
    async with other_process.transaction(agency.id) as db:
        caller = worker(agency.id)
        await status.lock(db, caller, [UUID(slow)])
        occurrence = Occurrence(EventType.APPLICATION_UPDATED, UUID(slow))
        await status.refresh(db, caller, [UUID(slow)], [occurrence], now=db.info["now"])
        await agency.patch(f"/v1/applications/{quick}", {"continue_until": "2026-12-01"})
        seen = await agency.get("/v1/events", after=cursor)
        assert [event["data"]["application_id"] for event in seen["items"]] == [quick]
    seen = await agency.get("/v1/events", after=seen["next_cursor"])
    assert [event["data"]["application_id"] for event in seen["items"]] == [slow]


async def test_events_are_forgotten_after_ninety_days(office: Office) -> None:
    await office.interviewed()
    await look(office.database, office.agency)
    old = (await events_of(office.agency))[0]["id"]
    office.database.now += service.KEPT + timedelta(days=1)
    await office.agency.application()
    await forget(office.database, office.agency.id, asyncio.Event())
    assert [event["position"] for event in await events_of(office.agency)] == [3]
    for after, code in (("1", 410), (old, 404), ("2", 200)):
        answer = await office.agency.call("GET", "/v1/events", params={"after": after})
        assert answer.status_code == code


async def test_a_reader_of_the_log_keeps_nothing_from_the_endpoints(
    agency: Agency, database: Database
) -> None:
    """Whoever gives events their place hands them on, be it a worker or a reader."""
    await agency.post("/v1/webhook-endpoints", {"url": "https://hooks.brightpath.example/touchbase"})
    await agency.application()
    assert len(await events_of(agency)) == 1
    async with database.transaction(agency.id) as db:
        assert await db.scalar(text("SELECT count(*) FROM deliveries")) == 1


async def test_a_reader_misses_nothing_that_is_forgotten_meanwhile(
    office: Office, other_process: Database
) -> None:
    """The reader asks before the old events are gone, and reads them after that."""
    await office.interviewed()
    await look(office.database, office.agency)
    caller = worker(office.agency.id)
    office.database.now += service.KEPT + timedelta(days=1)
    async with other_process.transaction(office.agency.id) as of_reader:
        async with office.database.transaction(office.agency.id) as db:
            await db.execute(text("LOCK TABLE events IN ACCESS EXCLUSIVE MODE"))
            reading = asyncio.create_task(service.read(of_reader, caller, 1, (), limit=50))
            await someone_waits(other_process)
            await service.prune(db, caller, now=db.info["now"])
        with pytest.raises(GoneError):
            await reading


async def applied(agency: Agency, number: int) -> list[str]:
    """So many applications, of which nobody has been told."""
    return [(await agency.application())["id"] for _ in range(number)]


async def test_a_reader_places_no_more_than_can_soon_be_put_on_its_way(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BATCH", 6)
    for _ in range(2):
        await agency.post("/v1/webhook-endpoints", {"url": "https://hooks.brightpath.example/touchbase"})
    applications = await applied(agency, 7)
    first = await agency.get("/v1/events")
    rest = await events_of(agency, after=first["next_cursor"])
    assert len(first["items"]) == 3
    assert [event["data"]["application_id"] for event in [*first["items"], *rest]] == applications


async def test_the_log_goes_on_from_an_event_that_has_no_place_yet(
    agency: Agency, database: Database
) -> None:
    """Its place is just being given, or that of many before it is: it is no unknown event for that."""
    await applied(agency, 1)
    await events_of(agency)
    async with database.transaction(agency.id) as db:
        caller, now = worker(agency.id), db.info["now"]
        event_id = await outbox.add(db, caller, uuid4(), EventType.CONTACT_RECORDED, {"n": 1}, now=now)
    following = await applied(agency, 1)
    async with database.transaction(agency.id) as db:
        assert await publications.publish(db, worker(agency.id), delay=0, now=db.info["now"])
        seen = await agency.get("/v1/events", after=event_id)
        assert (seen["items"], seen["next_cursor"]) == ([], str(event_id))
    rest = await events_of(agency, after=seen["next_cursor"])
    assert [event["data"]["application_id"] for event in rest] == following


async def test_a_reader_does_not_wait_for_who_places_events(agency: Agency, database: Database) -> None:
    first = await applied(agency, 1)
    cursor = (await agency.get("/v1/events"))["next_cursor"]
    second = await applied(agency, 2)
    async with database.transaction(agency.id) as db:
        assert await publications.publish(db, worker(agency.id), delay=0, now=db.info["now"])
        third = await applied(agency, 1)
        seen = await agency.get("/v1/events")
        assert [event["data"]["application_id"] for event in seen["items"]] == first
        assert seen["next_cursor"] == cursor
    rest = await events_of(agency, after=cursor)
    assert [event["data"]["application_id"] for event in rest] == [*second, *third]
