"""What stands in a consultant's calendar, as a library that is not ours reads it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import vobject  # type: ignore[import-untyped]

from app.models import Reason
from app.rules.vocabulary import ReasonCode, Target
from app.services.facts import FOREVER
from tests import given
from tests.agency import Json
from tests.api.conftest import Office, iso

NASTY = "Zoë\r\nATTENDEE:x;\\,\"' 🎉 BEGIN:VEVENT"


@dataclass
class Desk:
    """A consultant with a feed and an application whose interview ends on Tuesday 14 July at 11:00."""

    office: Office
    consultant: str
    url: str
    application: str
    interview: str

    async def read(self, words: str, url: str = "", **headers: str) -> httpx.Response:
        """What a calendar gets at a time."""
        self.office.at(words)
        return await self.office.agency.http.get(url or self.url, headers=headers)

    async def events(self, words: str, url: str = "") -> list[Any]:
        """The events of the calendar as it is at a time, in their order."""
        calendar = vobject.readOne((await self.read(words, url)).text)
        return list(calendar.contents.get("vevent", []))

    async def shown(self, words: str, url: str = "") -> list[tuple[str, str | None, str]]:
        """The title, start and level of each."""
        return [
            (event.summary.value, given.words(event.dtstart.value), event.categories.value[0])
            for event in await self.events(words, url)
        ]

    async def tell(self, words: str, path: str, body: Json) -> None:
        """Record something at a time."""
        self.office.at(words)
        await self.office.agency.post(path, body)


async def feed_of(office: Office, consultant: str) -> str:
    """The address of a new feed."""
    url: str = (await office.agency.post(f"/v1/consultants/{consultant}/calendar-feeds"))["url"]
    return url


@pytest.fixture
async def desk(office: Office) -> Desk:
    """A consultant's desk."""
    application, interview = await office.interviewed()
    consultant = (await office.agency.get(f"/v1/applications/{application}"))["consultant_id"]
    return Desk(office, consultant, await feed_of(office, consultant), application, interview)


async def test_what_is_due_and_what_comes_stand_in_the_calendar(desk: Desk) -> None:
    coming = [
        ("Client timescale to ask for", "Wed 15 Jul 11:00", "scheduled"),
        ("Client answer due", "Tue 21 Jul 11:00", "scheduled"),
        ("Moving on to be discussed", "Tue 4 Aug 11:00", "scheduled"),
    ]
    for words, level in (
        ("Mon 13 Jul 09:00", "scheduled"),
        ("Tue 14 Jul 11:00", "due"),
        ("Tue 14 Jul 16:00", "overdue"),
    ):
        assert await desk.shown(words) == [("Debrief due", "Tue 14 Jul 11:00", level), *coming], words


async def test_what_is_open_since_an_earlier_day_stands_where_work_begins(desk: Desk) -> None:
    for words, start in (
        ("Wed 15 Jul 07:00", "Wed 15 Jul 09:00"),
        ("Wed 15 Jul 23:59", "Wed 15 Jul 09:00"),
        ("Sat 18 Jul 10:00", "Mon 20 Jul 09:00"),
        ("Sun 19 Jul 23:59", "Mon 20 Jul 09:00"),
        ("Mon 20 Jul 10:00", "Mon 20 Jul 09:00"),
    ):
        assert (await desk.shown(words))[0][:2] == ("Debrief due", start), words


async def test_the_hours_are_the_agencys(desk: Desk) -> None:
    own = {"timezone": "America/New_York", "working_hours": {"wednesday": ["10:30", "16:00"]}}
    await desk.office.agency.put("/v1/policy", own)
    [event, *_] = await desk.events("Wed 15 Jul 22:00")
    assert event.dtstart.value == given.at("Wed 15 Jul 10:30", "America/New_York")


async def test_an_event_says_what_to_do_and_of_which_application_but_not_of_whom(desk: Desk) -> None:
    event, *others = await desk.events("Thu 16 Jul 12:00")
    assert event.dtend.value - event.dtstart.value == timedelta(minutes=15)
    assert event.description.value == f"Application {desk.application}\nSpeak with the candidate."
    assert others[0].description.value == f"Application {desk.application}\nSpeak with the client."
    assert event.transp.value == "TRANSPARENT"


async def test_flagged_words_go_to_the_manager(desk: Desk) -> None:
    """`flag_discrimination` stops relaying: no title says that they are to be passed on."""
    said = {"received_at": iso("Wed 15 Jul 10:00"), "flag_discrimination": True}
    for decision in ("undecided", "reject"):
        path = f"/v1/interviews/{desk.interview}/feedback"
        await desk.tell("Wed 15 Jul 10:00", path, {**said, "decision": decision})
        noun = "feedback" if decision == "undecided" else "decision"
        [event] = [e for e in await desk.events("Wed 15 Jul 10:00") if noun in e.summary.value]
        assert event.summary.value == f"Client {noun} to take to the manager"
        assert event.description.value == f"Application {desk.application}\nSpeak with the manager."


async def test_an_event_that_moves_says_so_by_its_sequence(desk: Desk) -> None:
    days = ("Mon 13 Jul", "Tue 14 Jul", "Wed 15 Jul", "Thu 16 Jul", "Sat 18 Jul", "Mon 20 Jul")
    first = [(await desk.events(f"{day} 12:00"))[0] for day in days]
    sequences = [int(event.sequence.value) for event in first]
    assert sequences[0] == sequences[1] < sequences[2] < sequences[3] < sequences[4] <= sequences[5]
    assert len({event.uid.value for event in first}) == 1
    assert [given.words(event.dtstamp.value) for event in first] == [
        "Fri 10 Jul 09:00",
        "Fri 10 Jul 09:00",
        "Wed 15 Jul 00:00",
        "Thu 16 Jul 00:00",
        "Sat 18 Jul 00:00",
        "Mon 20 Jul 00:00",
    ]


async def test_what_is_recorded_never_lets_the_sequence_of_an_event_fall(desk: Desk) -> None:
    snooze = {"code": "debrief_due", "until": iso("Thu 16 Jul 14:00"), "reason": "He is on a train"}
    [as_due, *_] = await desk.events("Tue 14 Jul 12:00")
    desk.office.at("Tue 14 Jul 12:10")
    snoozes = f"/v1/applications/{desk.application}/snoozes"
    made = await desk.office.agency.post(snoozes, snooze)
    [put_off] = [e for e in await desk.events("Tue 14 Jul 12:15") if e.uid.value == as_due.uid.value]
    await desk.tell("Tue 14 Jul 12:20", f"/v1/snoozes/{made['id']}/void", {"reason": "He got off"})
    [back, *_] = await desk.events("Tue 14 Jul 12:25")
    revisions = (as_due, put_off, back)
    assert [(given.words(e.dtstart.value), given.words(e.dtstamp.value)) for e in revisions] == [
        ("Tue 14 Jul 11:00", "Fri 10 Jul 09:00"),
        ("Thu 16 Jul 14:00", "Tue 14 Jul 12:10"),
        ("Tue 14 Jul 11:00", "Tue 14 Jul 12:20"),
    ]
    first, second, third = [int(e.sequence.value) for e in revisions]
    assert first < second < third


async def test_an_event_has_the_same_name_in_every_feed_until_it_is_due_at_another_time(desk: Desk) -> None:
    other = await feed_of(desk.office, desk.consultant)
    mine, same = [[e.uid.value for e in await desk.events("Tue 14 Jul 12:00", url)] for url in ("", other)]
    assert mine == same
    assert len(set(mine)) == len(mine) == 4
    ends = {"start": iso("Tue 14 Jul 10:00"), "end": iso("Tue 14 Jul 11:30")}
    await desk.office.agency.patch(f"/v1/interviews/{desk.interview}", ends)
    assert not set(mine) & {event.uid.value for event in await desk.events("Tue 14 Jul 12:00")}


async def test_what_has_not_changed_is_not_sent_again(desk: Desk) -> None:
    first = await desk.read("Wed 15 Jul 11:30")
    for words in ("Wed 15 Jul 11:31", "Wed 15 Jul 17:45", "Wed 15 Jul 23:59"):
        again = await desk.read(words)
        assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"]), words
        for known in (first.headers["etag"], f'"other", {first.headers["etag"]}', "*"):
            answer = await desk.read(words, **{"If-None-Match": known})
            assert (answer.status_code, answer.content) == (304, b""), words
            assert answer.headers["etag"] == first.headers["etag"]
    assert (await desk.read("Wed 15 Jul 12:00", **{"If-None-Match": '"other"'})).status_code == 200


async def test_what_is_recorded_changes_the_calendar_at_once(desk: Desk) -> None:
    before = await desk.read("Wed 15 Jul 12:00")
    debrief = {"interest_score": 8, "timescale": {"kind": "date", "date": "2026-07-17"}}
    await desk.tell("Wed 15 Jul 12:00", f"/v1/interviews/{desk.interview}/debriefs", debrief)
    after = await desk.read("Wed 15 Jul 12:00", **{"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200
    titles = [title for title, _, _ in await desk.shown("Wed 15 Jul 12:00")]
    assert "Debrief due" not in titles
    assert ("Client answer due", "Mon 20 Jul 09:00", "scheduled") in await desk.shown("Wed 15 Jul 12:00")


async def test_a_status_that_is_computed_anew_moves_nothing(desk: Desk) -> None:
    before = await desk.events("Wed 15 Jul 12:00")
    await desk.office.agency.patch(f"/v1/interviews/{desk.interview}", {"title": "First round"})
    await desk.office.agency.put("/v1/policy", {})
    after = await desk.events("Wed 15 Jul 12:00")
    assert [(e.uid, e.dtstart) for e in after] == [(e.uid, e.dtstart) for e in before]


async def test_what_is_put_off_stands_where_it_comes_back(desk: Desk) -> None:
    snooze = {"code": "debrief_due", "until": iso("Thu 16 Jul 14:00"), "reason": "He is on a train"}
    await desk.tell("Tue 14 Jul 12:00", f"/v1/applications/{desk.application}/snoozes", snooze)
    put_off = ("Debrief due", "Thu 16 Jul 14:00", "scheduled")
    assert put_off in await desk.shown("Tue 14 Jul 12:00")
    assert put_off in await desk.shown("Thu 16 Jul 13:00")
    assert ("Debrief due", "Fri 17 Jul 09:00", "escalated") in await desk.shown("Fri 17 Jul 12:00")


async def test_thirty_days_ahead_are_shown_and_no_more(desk: Desk) -> None:
    kim, office = desk.consultant, desk.office
    candidate = await office.agency.candidate(consultant_id=kim)
    office.at("Tue 14 Jul 12:00")
    call = {"with": "candidate", "person_id": candidate, "direction": "outbound", "outcome": "reached"}
    application = (await office.agency.application(consultant_id=kim, candidate_id=candidate))["id"]
    promise = {"application_ids": [application], "promise": {"by_date": "2026-08-24"}}
    await office.agency.post("/v1/contacts", {**call, **promise})
    coming = ("Promised update due", "Mon 24 Aug 09:00", "scheduled")
    assert coming not in await desk.shown("Fri 24 Jul 23:59")
    assert coming in await desk.shown("Sat 25 Jul 00:00")


async def test_what_a_candidate_is_due_as_a_person_names_the_candidate_by_id(office: Office) -> None:
    office.at("Fri 10 Jul 09:00")
    kim = await office.agency.consultant()
    candidate = await office.agency.candidate(
        consultant_id=kim, seeking=True, registered_at=iso("Mon 6 Jul 09:00")
    )
    desk = Desk(office, kim, await feed_of(office, kim), "", "")
    [event] = await desk.events("Mon 3 Aug 09:00")
    assert event.summary.value == "Candidate preferences to review"
    assert event.description.value == f"Candidate {candidate}\nSpeak with the candidate."


async def test_nothing_that_anybody_wrote_stands_in_a_calendar(office: Office) -> None:
    office.at("Fri 10 Jul 09:00")
    agency = office.agency
    person = {"name": NASTY, "email": "zoe@mail.example"}
    kim = await agency.consultant(**person)
    client = await agency.client(name=NASTY)
    contact = await agency.client_contact(client, **person, role=NASTY)
    candidate = await agency.candidate(**person, phone="+44 7700 900123", consultant_id=kim)
    parts = {"client_contact_id": contact, "candidate_id": candidate, "consultant_id": kim}
    job = await agency.job(client, title=NASTY, location=NASTY)
    application = (await agency.application(**parts, job_id=job))["id"]
    await agency.interview(application, iso("Tue 14 Jul 10:00"), iso("Tue 14 Jul 11:00"), title=NASTY)
    desk = Desk(office, kim, await feed_of(office, kim), application, "")
    answer = await desk.read("Thu 16 Jul 12:00")
    assert len(await desk.events("Thu 16 Jul 12:00")) == 4
    assert answer.content.isascii()
    for written in ("Zo", "ATTENDEE", "mail.example", "7700 9", "Engineer"):
        assert written not in answer.text


async def test_every_line_is_folded_and_ends_as_it_should(desk: Desk) -> None:
    content = (await desk.read("Thu 16 Jul 12:00")).content
    lines = content.split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[-2:] == [b"END:VCALENDAR", b""]
    assert max(map(len, lines)) <= 75
    assert any(line.startswith(b" ") for line in lines)
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert b"X-WR-CALNAME:Touchbase" in lines
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT15M" in lines


async def test_a_calendar_of_nothing_is_a_calendar(office: Office) -> None:
    kim = await office.agency.consultant()
    desk = Desk(office, kim, await feed_of(office, kim), "", "")
    assert await desk.events("Tue 14 Jul 12:00") == []


async def test_whoever_covers_has_the_work_while_they_do(desk: Desk) -> None:
    agency, kim = desk.office.agency, desk.consultant
    lee, ann = [await agency.consultant(name=name) for name in ("Lee", "Ann")]
    urls = {"kim": desk.url, "lee": await feed_of(desk.office, lee), "ann": await feed_of(desk.office, ann)}
    await agency.post(
        f"/v1/consultants/{kim}/covers", {"covered_by": lee, "from": "2026-07-15", "to": "2026-07-21"}
    )
    await agency.post(
        f"/v1/consultants/{lee}/covers", {"covered_by": ann, "from": "2026-07-17", "to": "2026-07-31"}
    )

    async def titles(words: str) -> dict[str, list[str]]:
        return {name: [title for title, _, _ in await desk.shown(words, url)] for name, url in urls.items()}

    debrief, timescale, answer, moving = (
        "Debrief due",
        "Client timescale to ask for",
        "Client answer due",
        "Moving on to be discussed",
    )
    assert await titles("Tue 14 Jul 12:00") == {"kim": [debrief, moving], "lee": [timescale], "ann": [answer]}
    assert await titles("Wed 15 Jul 12:00") == {"kim": [moving], "lee": [debrief, timescale], "ann": [answer]}
    assert await titles("Mon 20 Jul 12:00") == {
        "kim": [moving],
        "lee": [],
        "ann": [debrief, timescale, answer],
    }
    assert await titles("Wed 22 Jul 12:00") == {"kim": [debrief, answer, moving], "lee": [], "ann": []}


async def many_to_do(office: Office, application: Json, number: int) -> None:
    """Reasons that come due minute by minute, from Tuesday 14 July at 00:00 on."""
    first = given.at("Tue 14 Jul 00:00")
    rows = [
        Reason(
            agency_id=office.agency.id,
            application_id=UUID(application["id"]),
            candidate_id=UUID(application["candidate_id"]),
            consultant_id=UUID(application["consultant_id"]),
            code=ReasonCode.COURTESY_UPDATE_DUE,
            position=1,
            rule="K2",
            target=Target.CANDIDATE,
            due_at=first + timedelta(minutes=number),
            flagged_from=first + timedelta(minutes=number),
            flagged_until=FOREVER,
            fact_kind="interview",
            fact_at=first,
        )
        for number in range(number)
    ]
    async with office.database.transaction(office.agency.id) as db:
        db.add_all(rows)


async def test_the_work_of_who_is_covered_later_takes_no_room(desk: Desk) -> None:
    agency = desk.office.agency
    lee = await agency.consultant(name="Lee")
    await many_to_do(desk.office, await agency.application(consultant_id=lee), 501)
    days = {"covered_by": desk.consultant, "from": "2026-08-13", "to": "2026-08-13"}
    await agency.post(f"/v1/consultants/{lee}/covers", days)
    assert [title for title, _, _ in await desk.shown("Tue 14 Jul 11:00")] == [
        "Debrief due",
        "Client timescale to ask for",
        "Client answer due",
        "Moving on to be discussed",
    ]
    theirs = await desk.shown("Tue 14 Jul 11:00", await feed_of(desk.office, lee))
    assert [start for _, start, _ in theirs[::499]] == ["Tue 14 Jul 00:00", "Tue 14 Jul 08:19"]


async def test_a_cover_that_is_cancelled_gives_the_work_back(desk: Desk) -> None:
    agency = desk.office.agency
    lee = await agency.consultant(name="Lee")
    days = {"covered_by": lee, "from": "2026-07-13", "to": "2026-08-31"}
    desk.office.at("Mon 13 Jul 12:00")
    cover = await agency.post(f"/v1/consultants/{desk.consultant}/covers", days)
    assert await desk.shown("Tue 14 Jul 12:00") == []
    await agency.post(f"/v1/covers/{cover['id']}/cancel")
    assert len(await desk.shown("Tue 14 Jul 12:00")) == 4


async def test_the_work_of_others_does_not_stand_in_it(desk: Desk) -> None:
    lee = await desk.office.agency.consultant(name="Lee")
    assert await desk.shown("Tue 14 Jul 12:00", await feed_of(desk.office, lee)) == []
