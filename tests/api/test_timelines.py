"""What happened, what is to come, and what was known of it at any instant."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from sqlalchemy import update

from app.db import Database
from app.models import Agency as AgencyRow
from app.models import Client, Pause, PolicyVersion, Timescale, Void
from app.models.base import Base
from app.web.schema import parse_instant
from tests.agency import Agency, Json, found_agency
from tests.api.conftest import Office, iso
from tests.conftest import SECRET
from tests.contract.problems import problem_of
from tests.given import at, words
from tests.histories import histories
from tests.recorder import Recorder

Line = tuple[str | None, str]


def lines(timeline: Json, entry: str | None = None) -> list[Line]:
    """When each entry happens, and what is said of it."""
    items = [item for item in timeline["items"] if entry in (None, item["entry"])]
    return [(words(parse_instant(item["at"])), item["summary"]) for item in items]


def facts(timeline: Json, kind: str) -> list[Json]:
    return [item for item in timeline["items"] if item["entry"] == "fact" and item["kind"] == kind]


async def debriefed(office: Office, when: str, recorded: str) -> tuple[str, str]:
    """An application with a debrief of one instant, recorded at another."""
    application, interview = await office.interviewed()
    office.at(recorded)
    body = {"interest_score": 8, "occurred_at": iso(when)}
    await office.agency.post(f"/v1/interviews/{interview}/debriefs", body)
    return application, interview


async def call(office: Office, application: str, party: str, outcome: str, **more: Any) -> str:
    row = await office.agency.get(f"/v1/applications/{application}")
    person = row["candidate_id" if party == "candidate" else "client_contact_id"]
    body = {"with": party, "person_id": person, "direction": "outbound", "outcome": outcome, **more}
    made: str = (await office.agency.post("/v1/contacts", body))["id"]
    return made


async def record(office: Office, row: Base) -> None:
    """Record what no operation of this test's records."""
    async with office.database.transaction(office.agency.id) as db:
        db.add(row)


async def test_the_story_of_an_application(office: Office) -> None:
    application, interview = await debriefed(office, "Tue 14 Jul 11:30", "Tue 14 Jul 12:00")
    office.at("Wed 15 Jul 10:00")
    said = {"kind": "date", "date": "2026-07-17", "phrase": "Dave says by Friday"}
    await office.agency.post(
        f"/v1/interviews/{interview}/timescales", {**said, "given_at": iso("Wed 15 Jul 10:00")}
    )
    office.at("Mon 20 Jul 10:00")
    await call(office, application, "client", "sent", purpose="chase", notes="He was short with me")
    timeline = await office.timeline(application)
    assert timeline["known_at"] == "2026-07-20T09:00:00Z"
    assert lines(timeline)[:9] == [
        ("Tue 14 Jul 11:00", "Interview held, from Tue 14 Jul 10:00"),
        ("Tue 14 Jul 11:00", "Interview ended: debrief due appears; on track becomes due."),
        ("Tue 14 Jul 11:30", "Debrief in a call"),
        ("Tue 14 Jul 11:30", "Debrief: debrief due is settled; due becomes on track."),
        ("Wed 15 Jul 10:00", "Client will answer by Fri 17 Jul"),
        ("Mon 20 Jul 09:00", "Time passed: client response due appears; on track becomes due."),
        ("Mon 20 Jul 10:00", "Wrote to the client; asking for the answer"),
        ("Mon 20 Jul 10:00", "Contact: client response due rests for now; due becomes waiting."),
        ("Tue 21 Jul 09:00", "Time passed: courtesy update due appears; waiting becomes due."),
    ]
    planned = [item["planned"] for item in timeline["items"]]
    assert (planned[:8], set(planned[8:])) == ([False] * 8, {True})
    text = str(timeline)
    assert not [secret for secret in ("Dave", "short with me", "Cand Idate", "Chris") if secret in text]


async def test_a_change_names_the_facts_of_its_instant(office: Office) -> None:
    application, interview = await debriefed(office, "Tue 14 Jul 11:30", "Tue 14 Jul 12:00")
    timeline = await office.timeline(application)
    by_interview, by_debrief, *by_time = [item for item in timeline["items"] if item["entry"] == "change"]
    assert by_interview["facts"] == [{"kind": "interview", "id": interview, "at": "2026-07-14T10:00:00Z"}]
    assert (by_interview["cause"], by_interview["before"], by_interview["after"]) == (
        "facts",
        "on_track",
        "due",
    )
    assert by_interview["reasons"] == [{"code": "debrief_due", "level": "due"}]
    assert by_interview["moves"] == [{"code": "debrief_due", "move": "appeared"}]
    assert by_debrief["moves"] == [{"code": "debrief_due", "move": "settled"}]
    assert {(change["cause"], str(change["facts"])) for change in by_time} == {("time", "[]")}


async def test_what_is_recorded_late_is_shown_as_such_and_was_not_known_before(office: Office) -> None:
    application, _ = await debriefed(office, "Tue 14 Jul 11:30", "Wed 15 Jul 09:00")
    [debrief] = facts(await office.timeline(application), "debrief")
    assert (debrief["late"], debrief["at"], debrief["recorded_at"]) == (
        True,
        "2026-07-14T10:30:00Z",
        "2026-07-15T08:00:00Z",
    )
    before = await office.timeline(application, known_at="Wed 15 Jul 08:59")
    assert facts(before, "debrief") == []
    assert ("Tue 14 Jul 15:00", "Time passed: debrief due rises to overdue; due becomes overdue.") in lines(
        before
    )
    asked = {"as_of": "Tue 14 Jul 16:00"}
    assert (await office.status(application, **asked))["status"] == "on_track"
    assert (await office.status(application, **asked, known_at="Wed 15 Jul 08:59"))["status"] == "overdue"
    assert (await office.status(application, **asked, known_at="Wed 15 Jul 09:00"))["status"] == "on_track"


async def test_an_interview_is_held_once_a_debrief_or_an_edit_has_said_so(office: Office) -> None:
    application, _ = await debriefed(office, "Tue 14 Jul 11:30", "Wed 15 Jul 09:00")
    other, edited = await office.interviewed()
    office.at("Tue 14 Jul 12:00")
    await office.agency.patch(f"/v1/interviews/{edited}", {"state": "attended"})
    office.at("Wed 15 Jul 09:00")
    await office.agency.post(f"/v1/interviews/{edited}/debriefs", {"interest_score": 8})
    planned, held = "Interview, from Tue 14 Jul 10:00", "Interview held, from Tue 14 Jul 10:00"
    for which, known_at, summary in (
        (application, "Wed 15 Jul 08:59", planned),
        (application, "Wed 15 Jul 09:00", held),
        (other, "Tue 14 Jul 11:59", planned),
        (other, "Tue 14 Jul 12:00", held),
        (other, "Wed 15 Jul 09:00", held),
    ):
        [told] = facts(await office.timeline(which, known_at=known_at), "interview")
        assert told["summary"] == summary, known_at


async def test_an_interview_that_was_recorded_as_held_needs_nobody_to_say_so(office: Office) -> None:
    office.at("Wed 15 Jul 09:00")
    application = (await office.agency.application())["id"]
    times = (iso("Tue 14 Jul 10:00"), iso("Tue 14 Jul 11:00"))
    await office.agency.interview(application, *times, state="attended")
    [told] = facts(await office.timeline(application), "interview")
    assert told["summary"] == "Interview held, from Tue 14 Jul 10:00"


async def test_what_is_recorded_within_the_hour_is_not_late(office: Office) -> None:
    application, _ = await debriefed(office, "Tue 14 Jul 11:30", "Tue 14 Jul 12:30")
    assert [debrief["late"] for debrief in facts(await office.timeline(application), "debrief")] == [False]


async def test_a_voided_contact_stays_to_be_read_and_counted_until_then(office: Office) -> None:
    application, _ = await office.interviewed()
    office.at("Tue 14 Jul 12:00")
    contact = await call(office, application, "candidate", "left_message")
    office.at("Tue 14 Jul 13:00")
    recorded = {"reason": "Wrong person", "recorded_at": at("Tue 14 Jul 13:00")}
    await record(office, Void(agency_id=office.agency.id, contact_id=UUID(contact), **recorded))
    timeline = await office.timeline(application)
    [shown] = facts(timeline, "contact")
    assert (shown["summary"], shown["voided_at"]) == (
        "Voicemail left for the candidate",
        "2026-07-14T12:00:00Z",
    )
    assert [(void["id"], void["summary"]) for void in facts(timeline, "void")] == [
        (contact, "Voided: Voicemail left for the candidate")
    ]
    assert "Contact" not in str(lines(timeline, "change"))
    before = await office.timeline(application, known_at="Tue 14 Jul 12:59")
    assert (facts(before, "contact")[0]["voided_at"], facts(before, "void")) == (None, [])
    assert ("Tue 14 Jul 12:00", "Contact: debrief due rests for now; due becomes waiting.") in lines(before)
    asked = {"as_of": "Tue 14 Jul 14:00"}
    assert (await office.status(application, **asked, known_at="Tue 14 Jul 12:59"))["status"] == "waiting"
    assert (await office.status(application, **asked, known_at="Tue 14 Jul 13:00"))["status"] == "due"


async def test_a_correction_and_what_it_corrects_name_each_other(office: Office) -> None:
    application, interview = await debriefed(office, "Tue 14 Jul 11:30", "Tue 14 Jul 12:00")
    path = f"/v1/interviews/{interview}/timescales"
    given_at = {"given_at": iso("Wed 15 Jul 10:00")}
    office.at("Wed 15 Jul 10:00")
    wrong = await office.agency.post(path, {"kind": "date", "date": "2026-07-16", **given_at})
    right = Timescale(
        agency_id=office.agency.id,
        application_id=UUID(application),
        interview_id=UUID(interview),
        supersedes=UUID(wrong["id"]),
        source="client",
        given_at=at("Wed 15 Jul 10:00"),
        kind="date",
        date=at("Fri 17 Jul 10:00").date(),
        recorded_at=at("Thu 16 Jul 10:00"),
    )
    await record(office, right)
    office.at("Mon 20 Jul 09:00")
    first, second = sorted(
        facts(await office.timeline(application), "timescale"), key=lambda f: f["recorded_at"]
    )
    assert (first["summary"], first["superseded_by"]) == ("Client will answer by Thu 16 Jul", str(right.id))
    assert (second["summary"], second["supersedes"], second["late"]) == (
        "Client will answer by Fri 17 Jul",
        wrong["id"],
        True,
    )
    [alone] = facts(await office.timeline(application, known_at="Thu 16 Jul 09:59"), "timescale")
    assert alone["superseded_by"] is None
    asked = {"as_of": "Fri 17 Jul 10:00"}
    assert (await office.status(application, **asked, known_at="Thu 16 Jul 09:59"))["status"] == "due"
    assert (await office.status(application, **asked, known_at="Thu 16 Jul 10:00"))["status"] == "on_track"


async def test_an_edit_is_shown_and_undone_for_who_asks_what_was_known_before(office: Office) -> None:
    application, interview = await office.interviewed()
    for recorded, hour in (("Mon 13 Jul 15:00", 14), ("Mon 13 Jul 16:00", 16)):
        office.at(recorded)
        moved = {"start": iso(f"Tue 14 Jul {hour}:00"), "end": iso(f"Tue 14 Jul {hour + 1}:00")}
        await office.agency.patch(f"/v1/interviews/{interview}", moved)
    office.at("Wed 15 Jul 09:00")
    assert lines(await office.timeline(application), "fact") == [
        ("Mon 13 Jul 15:00", "Interview moved from Tue 14 Jul 10:00 to Tue 14 Jul 14:00"),
        ("Mon 13 Jul 16:00", "Interview moved from Tue 14 Jul 14:00 to Tue 14 Jul 16:00"),
        ("Tue 14 Jul 17:00", "Interview, from Tue 14 Jul 16:00"),
    ]
    for known_at, ends in (
        ("Mon 13 Jul 14:59", "Tue 14 Jul 11:00"),
        ("Mon 13 Jul 15:59", "Tue 14 Jul 15:00"),
        ("Mon 13 Jul 16:00", "Tue 14 Jul 17:00"),
    ):
        timeline = await office.timeline(application, known_at=known_at)
        assert lines(timeline, "change")[0][0] == ends
        [fact] = facts(timeline, "interview")
        assert (words(parse_instant(fact["at"])), fact["planned"]) == (ends, True)
        status = await office.status(application, as_of="Tue 14 Jul 17:00", known_at=known_at)
        assert words(parse_instant(status["reasons"][0]["due_at"])) == ends


async def test_edits_of_everything_the_status_rests_on_are_undone(office: Office) -> None:
    application, _ = await debriefed(office, "Tue 14 Jul 11:30", "Tue 14 Jul 12:00")
    row = await office.agency.get(f"/v1/applications/{application}")
    client = (await office.agency.get(f"/v1/client-contacts/{row['client_contact_id']}"))["client_id"]
    other = await office.agency.client_contact(client, timezone="America/New_York", holidays="US")
    asked = {"as_of": "Wed 29 Jul 10:00", "known_at": "Tue 14 Jul 12:00"}
    known = await office.status(application, **asked)
    edits: list[tuple[str, Json]] = [
        (f"client-contacts/{row['client_contact_id']}", {"unavailable_until": iso("Mon 10 Aug 09:00")}),
        (f"candidates/{row['candidate_id']}", {"timezone": "Asia/Singapore", "holidays": None}),
        (f"applications/{application}", {"client_contact_id": other}),
        (f"applications/{application}", {"continue_until": "2026-09-30"}),
        (f"applications/{application}", {"state": "on_hold", "hold": {"since": iso("Wed 15 Jul 09:00")}}),
        (f"applications/{application}", {"state": "active"}),
        (f"applications/{application}", {"withdrawn_at": iso("Thu 16 Jul 09:00")}),
        (f"applications/{application}", {"state": "closed"}),
    ]
    office.at("Mon 20 Jul 09:00")
    for path, change in edits:
        await office.agency.patch(f"/v1/{path}", change)
        assert await office.status(application, **asked) == known, change
    assert (await office.status(application, as_of="Wed 29 Jul 10:00"))["reasons"] != known["reasons"]
    assert lines(await office.timeline(application), "fact")[2:4] == [
        ("Wed 15 Jul 09:00", "Job put on hold"),
        ("Thu 16 Jul 09:00", "Candidate withdrew"),
    ]
    assert set(lines(await office.timeline(application), "fact")[4:]) == {
        ("Mon 20 Jul 09:00", "Candidate's time zone changed; Candidate's holidays changed"),
        ("Mon 20 Jul 09:00", "Another client contact answers"),
        ("Mon 20 Jul 09:00", "Wait agreed until Wed 30 Sep"),
        ("Mon 20 Jul 09:00", "Hold ended"),
        ("Mon 20 Jul 09:00", "Application closed"),
    }


async def test_a_policy_counts_from_when_it_was_known(office: Office) -> None:
    application, _ = await office.interviewed()
    row = await office.agency.get(f"/v1/applications/{application}")
    client = (await office.agency.get(f"/v1/client-contacts/{row['client_contact_id']}"))["client_id"]
    changed = [(None, 2, "Wed 15 Jul 10:00"), (UUID(client), 6, "Thu 16 Jul 10:00")]
    for client_id, hours, recorded in changed:
        parameters = {"debrief_overdue_working_hours": hours}
        version = PolicyVersion(
            agency_id=office.agency.id,
            client_id=client_id,
            version=1,
            parameters=parameters,
            principal="test",
            recorded_at=at(recorded),
        )
        await record(office, version)
        async with office.database.transaction(office.agency.id) as db:
            table = AgencyRow if client_id is None else Client
            await db.execute(update(table).values(policy=parameters))
    office.at("Fri 17 Jul 10:00")
    for known_at, overdue in (
        ("Wed 15 Jul 09:59", "Tue 14 Jul 15:00"),
        ("Thu 16 Jul 09:59", "Tue 14 Jul 13:00"),
        ("Thu 16 Jul 10:00", "Tue 14 Jul 17:00"),
        ("Fri 17 Jul 10:00", "Tue 14 Jul 17:00"),
    ):
        timeline = await office.timeline(application, known_at=known_at)
        assert lines(timeline, "change")[1] == (
            overdue,
            "Time passed: debrief due rises to overdue; due becomes overdue.",
        )
        status = await office.status(application, as_of="Tue 14 Jul 12:00", known_at=known_at)
        assert words(parse_instant(status["reasons"][0]["overdue_at"])) == overdue


async def test_a_lifted_pause_lasted_until_it_was_lifted(office: Office) -> None:
    application, _ = await office.interviewed()
    candidate = (await office.agency.get(f"/v1/applications/{application}"))["candidate_id"]
    pause = Pause(
        agency_id=office.agency.id,
        candidate_id=UUID(candidate),
        start=at("Mon 13 Jul 09:00"),
        until=at("Mon 20 Jul 09:00"),
        recorded_at=at("Mon 13 Jul 09:00"),
        lifted_at=at("Wed 15 Jul 09:00"),
    )
    await record(office, pause)
    office.at("Wed 15 Jul 10:00")
    asked = {"as_of": "Wed 15 Jul 09:00"}
    assert (await office.status(application, **asked, known_at="Wed 15 Jul 08:59"))["status"] == "paused"
    assert (await office.status(application, **asked, known_at="Wed 15 Jul 09:00"))["status"] == "due"
    [known] = facts(await office.timeline(application, known_at="Wed 15 Jul 08:59"), "pause")
    assert known["summary"] == "Candidate not to be contacted until Mon 20 Jul 09:00"
    [lifted] = facts(await office.timeline(application), "pause")
    assert lifted["summary"] == f"{known['summary']}; lifted Wed 15 Jul 09:00"


async def test_a_closed_file_keeps_its_past(office: Office) -> None:
    application, _ = await office.interviewed()
    office.at("Wed 15 Jul 12:00")
    await office.agency.patch(f"/v1/applications/{application}", {"state": "closed"})
    office.at("Mon 20 Jul 09:00")
    assert lines(await office.timeline(application)) == [
        ("Tue 14 Jul 11:00", "Interview, from Tue 14 Jul 10:00"),
        ("Tue 14 Jul 11:00", "Interview ended: debrief due appears; on track becomes due."),
        ("Tue 14 Jul 15:00", "Time passed: debrief due rises to overdue; due becomes overdue."),
        ("Wed 15 Jul 11:00", "Time passed: timescale missing appears."),
        ("Wed 15 Jul 12:00", "Application closed"),
        (
            "Wed 15 Jul 12:00",
            "Application closed: debrief due and timescale missing no longer apply; overdue becomes closed.",
        ),
    ]
    assert (await office.status(application, as_of="Wed 15 Jul 12:00"))["status"] == "closed"


async def test_a_file_that_came_closed_was_never_open(office: Office) -> None:
    application = (await office.agency.application(state="closed"))["id"]
    await office.agency.interview(application, iso("Tue 14 Jul 10:00"), iso("Tue 14 Jul 11:00"))
    assert lines(await office.timeline(application), "change") == []


async def test_a_file_opened_again(office: Office) -> None:
    application, _ = await office.interviewed()
    for recorded, state in (("Wed 15 Jul 12:00", "closed"), ("Thu 16 Jul 12:00", "active")):
        office.at(recorded)
        await office.agency.patch(f"/v1/applications/{application}", {"state": state})
    timeline = await office.timeline(application)
    assert ("Thu 16 Jul 12:00", "Application opened again") in lines(timeline)
    before = await office.timeline(application, known_at="Thu 16 Jul 11:59")
    assert lines(before)[-1][0] == "Wed 15 Jul 12:00"


async def test_the_pages_make_one_timeline_of_one_instant(office: Office) -> None:
    application, _ = await debriefed(office, "Tue 14 Jul 11:30", "Tue 14 Jul 12:00")
    whole = await office.timeline(application)
    path = f"/v1/applications/{application}/timeline"
    page = await office.agency.get(path, limit=3)
    items = page["items"]
    office.at("Tue 14 Jul 13:00")
    await call(office, application, "candidate", "reached", occurred_at=iso("Tue 14 Jul 12:30"))
    while page["next_cursor"]:
        page = await office.agency.get(path, limit=3, cursor=page["next_cursor"])
        assert page["known_at"] == whole["known_at"]
        items += page["items"]
    assert items == whole["items"]


ASKED_WITH_KNOWN_AT = (
    "applications/{application}/status",
    "applications/{application}/timeline",
    "candidates/{candidate}/status",
)


@pytest.mark.parametrize("path", ASKED_WITH_KNOWN_AT)
async def test_nobody_knows_what_will_be_known_or_knew_what_did_not_exist(office: Office, path: str) -> None:
    application, _ = await office.interviewed()
    candidate = (await office.agency.get(f"/v1/applications/{application}"))["candidate_id"]
    url = f"/v1/{path.format(application=application, candidate=candidate)}"
    later = await office.agency.call("GET", url, params={"known_at": iso("Fri 10 Jul 09:01")})
    assert problem_of(later, 422, "known_at_future")["errors"][0]["parameter"] == "known_at"
    earlier = await office.agency.call("GET", url, params={"known_at": iso("Fri 10 Jul 08:59")})
    problem_of(earlier, 404, "not_found")
    then = await office.agency.call("GET", url, params={"known_at": iso("Fri 10 Jul 09:00")})
    assert then.is_success


async def test_what_cannot_be_asked_names_what_is_wrong(office: Office) -> None:
    first, _ = await office.interviewed()
    second, _ = await office.interviewed()
    path = f"/v1/applications/{first}/timeline"
    cursor = (await office.agency.get(path, limit=1))["next_cursor"]
    asked = {
        "known_at": (path, "2026-07-14T10:00:00"),
        "limit": (path, "0"),
        "cursor": (f"/v1/applications/{second}/timeline", cursor),
    }
    for name, (url, value) in asked.items():
        answer = await office.agency.call("GET", url, params={name: value})
        assert answer.status_code == 422
        assert [error["parameter"] for error in answer.json()["errors"]] == [name]


async def test_an_application_made_later_was_not_known_of_its_candidate(office: Office) -> None:
    office.at("Fri 10 Jul 09:00")
    candidate = await office.agency.candidate()
    office.at("Fri 10 Jul 10:00")
    application = (await office.agency.application(candidate_id=candidate))["id"]
    path = f"/v1/candidates/{candidate}/status"
    now = await office.agency.get(path)
    assert [row["application_id"] for row in now["applications"]] == [application]
    assert (await office.agency.get(path, known_at=iso("Fri 10 Jul 09:00")))["applications"] == []


async def test_an_absence_of_the_client_is_shown(office: Office) -> None:
    application, _ = await office.interviewed()
    contact = (await office.agency.get(f"/v1/applications/{application}"))["client_contact_id"]
    for recorded, until in (("Mon 13 Jul 09:00", iso("Mon 20 Jul 09:00")), ("Tue 14 Jul 09:00", None)):
        office.at(recorded)
        await office.agency.patch(f"/v1/client-contacts/{contact}", {"unavailable_until": until})
    assert lines(await office.timeline(application), "fact")[:2] == [
        ("Mon 13 Jul 09:00", "Client contact away until Mon 20 Jul 09:00"),
        ("Tue 14 Jul 09:00", "Client contact not away any more"),
    ]


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@drawn(story=histories())
async def test_the_timeline_says_what_the_status_says(
    story: Json, agency: Agency, database: Database
) -> None:
    """At each change and the moment before, from the closing on if there is one; known now is everything."""
    office = await found_agency(agency.http, database, SECRET)
    recorder = Recorder(office)
    await recorder.play(story)
    path = f"/v1/applications/{recorder.applications['p']}"
    timeline = await office.get(f"{path}/timeline", limit=200)
    closed = [fact["at"] for fact in facts(timeline, "closed")]
    changes = [item for item in timeline["items"] if item["entry"] == "change"]
    for change in [c for c in changes if not closed or c["at"] >= closed[0]]:
        after = await office.get(f"{path}/status", as_of=change["at"])
        known = {"as_of": change["at"], "known_at": timeline["known_at"]}
        assert after == await office.get(f"{path}/status", **known)
        shown = [{"code": reason["code"], "level": reason["level"]} for reason in after["reasons"]]
        assert (change["after"], change["reasons"]) == (after["status"], shown)
    for change in changes if not closed else []:
        moment = parse_instant(change["at"]) - timedelta(microseconds=1)
        before = await office.get(f"{path}/status", as_of=moment.isoformat())
        assert change["before"] == before["status"]
