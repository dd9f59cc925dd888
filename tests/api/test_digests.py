"""The digest: one line per candidate for one consultant, in the order of the due list; silent on days off."""

from typing import Any

import pytest

from app.services import digests
from tests.agency import Json
from tests.api.conftest import Office, iso
from tests.api.test_due import codes
from tests.contract.problems import problem_of


async def priya(office: Office, **fields: Any) -> str:
    return await office.agency.consultant(name="Priya Shah", **fields)


async def interviewed(office: Office, consultant: str, end: str, **fields: Any) -> str:
    """The id of a candidate whose interview ends on Tue 14 Jul, after which a debrief is due."""
    candidate = await office.agency.candidate(**fields)
    application = await office.agency.application(consultant_id=consultant, candidate_id=candidate)
    await office.agency.interview(application["id"], iso("Tue 14 Jul 09:00"), iso(f"Tue 14 Jul {end}"))
    return candidate


async def digest(office: Office, consultant: str, when: str) -> Json:
    return await office.agency.get(f"/v1/consultants/{consultant}/digest", as_of=iso(when))


async def text(office: Office, consultant: str, when: str) -> str:
    answer = await office.agency.call(
        "GET",
        f"/v1/consultants/{consultant}/digest",
        params={"as_of": iso(when)},
        headers={"Accept": "text/plain"},
    )
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    return answer.text


async def test_it_has_one_line_for_each_candidate(office: Office) -> None:
    office.at("Fri 10 Jul 09:00")
    consultant = await priya(office)
    candidate = await interviewed(office, consultant, "11:00", name="Amara Osei")
    second = await office.agency.application(consultant_id=consultant, candidate_id=candidate)
    await office.agency.interview(second["id"], iso("Mon 13 Jul 10:00"), iso("Mon 13 Jul 11:00"))
    line = (
        "Amara Osei: take the debrief, ask the client when they will answer for Engineer "
        "(overdue, due since Mon 13 Jul 11:00)"
    )
    assert await digest(office, consultant, "Tue 14 Jul 18:00") == {
        "consultant": {"id": consultant, "name": "Priya Shah"},
        "as_of": "2026-07-14T17:00:00Z",
        "day": "2026-07-14",
        "timezone": "Europe/London",
        "working_day": True,
        "covered_by": None,
        "items": [
            {
                "candidate": {"id": candidate, "name": "Amara Osei"},
                "level": "overdue",
                "due_at": "2026-07-13T10:00:00Z",
                "codes": ["debrief_due", "timescale_missing"],
                "not_before": "2026-07-14T17:00:00Z",
                "text": line,
            }
        ],
        "more": 0,
    }
    assert await text(office, consultant, "Tue 14 Jul 18:00") == (
        f"Tue 14 Jul: 1 person is due a word.\n\n1. {line}\n"
    )


async def test_flagged_words_go_to_the_manager(office: Office) -> None:
    """`flag_discrimination` stops relaying: nobody is to be told to relay them."""
    application, interview = await office.interviewed()
    consultant = (await office.agency.get(f"/v1/applications/{application}"))["consultant_id"]
    said = {"received_at": iso("Wed 15 Jul 10:00"), "flag_discrimination": True}
    for decision, words in (
        ("undecided", "take the debrief, take the feedback to the manager for Engineer"),
        ("reject", "take the decision to the manager for Engineer"),
    ):
        office.at("Wed 15 Jul 10:00")
        await office.agency.post(f"/v1/interviews/{interview}/feedback", {**said, "decision": decision})
        [item] = (await digest(office, consultant, "Wed 15 Jul 10:00"))["items"]
        assert item["text"].startswith(f"Cand Idate: {words} ("), item


@pytest.mark.parametrize(
    ("shared", "words"),
    [
        (False, "ask them whether the client may know of the competing deadline"),
        (True, "tell the client of the competing deadline"),
    ],
)
async def test_a_competing_deadline_is_told_to_the_client_only_where_it_may_be(
    office: Office, shared: bool, words: str
) -> None:
    application, interview = await office.interviewed()
    consultant = (await office.agency.get(f"/v1/applications/{application}"))["consultant_id"]
    office.at("Tue 14 Jul 12:00")
    rival = {"stage": "offer", "deadline_date": "2026-07-16", "share_with_client": shared}
    told = {"interest_score": 7, "other_processes": [rival]}
    await office.agency.post(f"/v1/interviews/{interview}/debriefs", told)
    [item] = (await digest(office, consultant, "Tue 14 Jul 12:00"))["items"]
    assert item["text"].startswith(f"Cand Idate: {words} for Engineer ("), item


async def test_the_order_is_that_of_the_due_list(office: Office) -> None:
    office.at("Fri 10 Jul 09:00")
    consultant = await priya(office)
    for name, end in (("Later", "12:00"), ("Earlier", "10:00"), ("Between", "11:00")):
        await interviewed(office, consultant, end, name=name)
    await interviewed(office, await priya(office), "10:00", name="A colleague's")
    when = "Tue 14 Jul 13:00"
    found = await digest(office, consultant, when)
    assert [item["candidate"]["name"] for item in found["items"]] == ["Earlier", "Between", "Later"]
    due = await office.agency.get("/v1/due", consultant_id=consultant, as_of=iso(when))
    assert [item["candidate"] for item in found["items"]] == [card["candidate"] for card in due["items"]]
    assert await codes(office.agency, consultant_id=consultant, as_of=iso(when)) == ["debrief_due"] * 3


async def test_a_long_one_says_how_many_more_there_are(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "MOST_LINES", 2)
    office.at("Fri 10 Jul 09:00")
    consultant = await priya(office)
    for _ in range(5):
        await interviewed(office, consultant, "11:00")
    found = await digest(office, consultant, "Tue 14 Jul 13:00")
    assert (len(found["items"]), found["more"]) == (2, 3)
    told = await text(office, consultant, "Tue 14 Jul 13:00")
    assert told.startswith("Tue 14 Jul: 5 people are due a word.\n")
    assert told.endswith("\n3 more: see the due list.\n")


async def test_days_off_are_silent(office: Office) -> None:
    office.at("Fri 10 Jul 09:00")
    consultant = await priya(office)
    await interviewed(office, consultant, "11:00")
    for when in ("Sat 18 Jul 08:30", "Sun 19 Jul 08:30", "Mon 31 Aug 08:30"):
        found = await digest(office, consultant, when)
        assert (found["working_day"], found["items"], found["more"]) == (False, [], 0), when
        assert (await text(office, consultant, when)).endswith(": a day off.\n")
    await office.agency.put("/v1/policy", {"closing_days": ["2026-07-20"]})
    assert not (await digest(office, consultant, "Mon 20 Jul 08:30"))["working_day"]
    assert len((await digest(office, consultant, "Tue 21 Jul 08:30"))["items"]) == 1


async def test_which_day_it_is_the_consultants_own_zone_decides(office: Office) -> None:
    office.at("Fri 10 Jul 09:00")
    consultant = await priya(office, timezone="Pacific/Auckland")
    await interviewed(office, consultant, "11:00", timezone="Pacific/Auckland")
    sunday_in_london = await digest(office, consultant, "Sun 19 Jul 21:30")
    assert (sunday_in_london["day"], sunday_in_london["working_day"]) == ("2026-07-20", True)
    [item] = sunday_in_london["items"]
    assert item["text"].endswith("(escalated, due since Tue 14 Jul 22:00)")
    friday_in_london = await digest(office, consultant, "Fri 17 Jul 13:00")
    assert (friday_in_london["day"], friday_in_london["items"]) == ("2026-07-18", [])


async def test_not_before_is_said_where_it_is_to_come(office: Office) -> None:
    office.at("Fri 10 Jul 09:00")
    consultant = await priya(office)
    await interviewed(office, consultant, "11:00", timezone="America/New_York")
    [item] = (await digest(office, consultant, "Wed 15 Jul 08:30"))["items"]
    assert item["not_before"] == "2026-07-15T12:00:00Z"
    assert item["text"].endswith("; not before Wed 15 Jul 13:00)")


async def test_who_is_covered_has_nothing_and_who_covers_has_it_all(office: Office) -> None:
    office.at("Fri 10 Jul 09:00")
    away, kim = await priya(office), await office.agency.consultant(name="Kim Adeyemi")
    await interviewed(office, away, "10:00", name="Amara Osei")
    await interviewed(office, kim, "11:00", name="Ben Kaya")
    cover = {"covered_by": kim, "from": "2026-07-13", "to": "2026-07-17"}
    await office.agency.post(f"/v1/consultants/{away}/covers", cover)
    found = await digest(office, away, "Wed 15 Jul 08:30")
    assert (found["items"], found["covered_by"]) == ([], {"id": kim, "name": "Kim Adeyemi"})
    assert await text(office, away, "Wed 15 Jul 08:30") == "Wed 15 Jul: Kim Adeyemi covers for you.\n"
    items = (await digest(office, kim, "Wed 15 Jul 08:30"))["items"]
    assert [item["text"].partition(" (overdue")[0] for item in items] == [
        "Amara Osei: take the debrief for Engineer (Priya Shah's)",
        "Ben Kaya: take the debrief for Engineer",
    ]
    assert len((await digest(office, away, "Mon 20 Jul 08:30"))["items"]) == 1


async def test_names_stay_on_their_line(office: Office) -> None:
    office.at("Fri 10 Jul 09:00")
    consultant = await priya(office)
    candidate = await interviewed(office, consultant, "11:00", name="Amara\r\nOsei\u2028(\x1b[1m)")
    [item] = (await digest(office, consultant, "Tue 14 Jul 12:00"))["items"]
    assert item["candidate"] == {"id": candidate, "name": "Amara\r\nOsei\u2028(\x1b[1m)"}
    assert item["text"].startswith("Amara Osei ( [1m): take the debrief")
    assert len((await text(office, consultant, "Tue 14 Jul 12:00")).splitlines()) == 3


async def test_without_an_instant_it_is_about_now(office: Office) -> None:
    office.at("Fri 10 Jul 09:00")
    consultant = await priya(office)
    await interviewed(office, consultant, "11:00")
    path = f"/v1/consultants/{consultant}/digest"
    assert (await office.agency.get(path))["items"] == []
    office.at("Tue 14 Jul 12:00")
    assert len((await office.agency.get(path))["items"]) == 1


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/plain", "text/plain"),
        ("text/*", "text/plain"),
        ("TEXT/PLAIN; q=0.5", "text/plain"),
        ("text/plain, application/json", "application/json"),
        ("text/plain, application/json;q=0.9", "text/plain"),
        ("application/json;q=0, */*", "text/plain"),
        ("text/html, text/plain;q=0.8, */*;q=0.1", "text/plain"),
        ("image/png", "application/json"),
        ("text/plain;q=x, ;;,", "text/plain"),
    ],
)
async def test_the_caller_chooses_between_json_and_text(office: Office, accept: str, media_type: str) -> None:
    path = f"/v1/consultants/{await priya(office)}/digest"
    answer = await office.agency.call("GET", path, headers={"Accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.headers["vary"] == "Accept"


async def test_what_is_known_is_not_sent_again(office: Office) -> None:
    path = f"/v1/consultants/{await priya(office)}/digest"
    params = {"as_of": iso("Tue 14 Jul 12:00")}
    tags = set()
    for accept in ("application/json", "text/plain"):
        first = await office.agency.call("GET", path, params=params, headers={"Accept": accept})
        known = {"Accept": accept, "If-None-Match": first.headers["etag"]}
        again = await office.agency.call("GET", path, params=params, headers=known)
        assert (again.status_code, again.content, again.headers["vary"]) == (304, b"", "Accept")
        tags.add(first.headers["etag"])
    assert len(tags) == 2


async def test_past_the_known_holidays_it_says_so(office: Office) -> None:
    await office.agency.put("/v1/policy", {"holidays": "IN"})
    path = f"/v1/consultants/{await priya(office)}/digest"
    answer = await office.agency.call("GET", path, params={"as_of": "2099-07-14T12:00:00Z"})
    assert problem_of(answer, 422)["code"] == "calendar_range"
