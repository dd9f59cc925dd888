"""Feedback and what it does to its application."""

from typing import Any

import pytest

from tests.agency import Agency, Json
from tests.api.conftest import Office, iso
from tests.contract.problems import places_of, problem_of
from tests.told import events_of, look, told

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"


async def interviewed(agency: Agency) -> tuple[str, str]:
    application = (await agency.application())["id"]
    return application, await agency.interview(application, START, END)


async def say(agency: Agency, interview: str, decision: str, at: str, **fields: object) -> Json:
    body = {"decision": decision, "received_at": at, **fields}
    return await agency.post(f"/v1/interviews/{interview}/feedback", body)


async def test_a_role_on_hold_puts_the_application_on_hold_and_another_decision_ends_that(
    agency: Agency,
) -> None:
    application, interview = await interviewed(agency)
    hold = {"until": "2026-08-31", "reason": "budget"}
    await say(agency, interview, "role_on_hold", "2026-07-15T12:00:00+01:00", hold=hold)
    held = await agency.get(f"/v1/applications/{application}")
    assert (held["state"], held["hold"]["since"], held["hold"]["until"]) == (
        "on_hold",
        "2026-07-15T11:00:00Z",
        "2026-08-31",
    )
    await say(agency, interview, "next_stage", "2026-07-20T12:00:00+01:00")
    going_on = await agency.get(f"/v1/applications/{application}")
    assert (going_on["state"], going_on["hold"]["ended_at"]) == ("active", "2026-07-20T11:00:00Z")


async def test_a_hold_begins_when_the_client_says_so(agency: Agency) -> None:
    application, interview = await interviewed(agency)
    hold = {"since": "2026-07-15T09:00:00+01:00"}
    said = await say(agency, interview, "role_on_hold", "2026-07-24T10:00:00+01:00", hold=hold)
    held = await agency.get(f"/v1/applications/{application}")
    assert held["hold"]["since"] == "2026-07-15T08:00:00Z"
    status = await agency.get(f"/v1/applications/{application}/status", as_of="2026-07-29T12:00:00+01:00")
    review = next(reason for reason in status["reasons"] if reason["code"] == "hold_review")
    assert review["due_at"] == "2026-07-29T08:00:00Z"
    await say(agency, interview, "undecided", "2026-07-24T10:00:00+01:00", supersedes=said["id"])
    going_on = await agency.get(f"/v1/applications/{application}")
    assert (going_on["state"], going_on["hold"]) == ("active", None)


async def test_a_hold_announced_for_later_is_news_at_once(agency: Agency) -> None:
    """The application is on hold from the word on (R6), so nobody chases the client meanwhile."""
    application, interview = await interviewed(agency)
    hold = {"since": "2026-08-03T09:00:00+01:00"}
    said = await say(agency, interview, "role_on_hold", "2026-07-15T10:00:00+01:00", hold=hold)
    assert said["details"]["hold"]["since"] == "2026-08-03T08:00:00Z"
    held = await agency.get(f"/v1/applications/{application}")
    assert (held["state"], held["hold"]["since"]) == ("on_hold", "2026-07-15T09:00:00Z")
    status = await agency.get(f"/v1/applications/{application}/status", as_of="2026-07-24T12:00:00Z")
    codes = {reason["code"] for reason in status["reasons"]}
    assert "decision_to_relay" in codes
    assert "client_response_due" not in codes


@pytest.mark.parametrize(
    ("hold", "is_fine"),
    [
        ({"until": "2026-07-14"}, False),
        ({"until": "2026-07-15"}, True),
        ({"since": "2026-08-03T09:00:00+01:00", "until": "2026-08-02"}, False),
        ({"since": "2026-07-01T09:00:00+01:00", "until": "2026-07-10"}, True),
    ],
    ids=["before the word", "the day of the word", "before one to come", "one that was over when we heard"],
)
async def test_a_hold_lasts_until_a_day_that_is_not_before_it(
    agency: Agency, hold: Json, is_fine: bool
) -> None:
    _, interview = await interviewed(agency)
    answer = await agency.call("POST", f"/v1/interviews/{interview}/feedback", json={**HELD, "hold": hold})
    if is_fine:
        assert answer.status_code == 201
    else:
        assert places_of(problem_of(answer, 422)) == [("/hold/until", "hold_end")]


async def test_what_is_said_of_an_earlier_hold_beside_another_decision_is_only_kept(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    said = await say(
        agency, interview, "next_stage", "2026-07-15T12:00:00+01:00", hold={"until": "2026-07-14"}
    )
    assert said["details"]["hold"]["until"] == "2026-07-14"


async def test_a_decision_recorded_late_does_not_undo_a_newer_one(agency: Agency) -> None:
    application, interview = await interviewed(agency)
    await say(agency, interview, "next_stage", "2026-07-20T12:00:00+01:00")
    await say(agency, interview, "role_on_hold", "2026-07-15T12:00:00+01:00")
    assert (await agency.get(f"/v1/applications/{application}"))["state"] == "active"


async def test_a_decision_recorded_late_ends_no_hold_that_began_after_it(agency: Agency) -> None:
    application, interview = await interviewed(agency)
    path = f"/v1/applications/{application}"
    await agency.patch(path, {"state": "on_hold", "hold": {"since": "2026-07-20T09:00:00Z"}})
    await say(agency, interview, "next_stage", "2026-07-15T12:00:00+01:00")
    held = await agency.get(path)
    assert (held["state"], held["hold"]["ended_at"]) == ("on_hold", None)
    await say(agency, interview, "next_stage", "2026-07-21T12:00:00+01:00")
    going_on = await agency.get(path)
    assert (going_on["state"], going_on["hold"]["ended_at"]) == ("active", "2026-07-21T11:00:00Z")


async def test_a_decision_of_the_moment_in_which_the_hold_begins_ends_it(office: Office) -> None:
    application, interview = await office.interviewed()
    path = f"/v1/applications/{application}"
    since = iso("Mon 20 Jul 10:00")
    office.at("Mon 20 Jul 10:00")
    await office.agency.patch(path, {"state": "on_hold", "hold": {"since": since}})
    await say(office.agency, interview, "offer", since)
    assert (await office.agency.get(path))["state"] == "active"


async def test_a_decision_calls_off_a_hold_that_is_still_to_come(office: Office) -> None:
    application, interview = await office.interviewed()
    path = f"/v1/applications/{application}"
    office.at("Wed 15 Jul 12:00")
    ahead = {"since": iso("Mon 20 Jul 10:00")}
    await office.agency.patch(path, {"state": "on_hold", "hold": ahead})
    await say(office.agency, interview, "next_stage", iso("Wed 15 Jul 10:00"))
    assert (await office.agency.get(path))["state"] == "active"


async def test_feedback_may_carry_the_clients_next_timescale(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    terms = {"kind": "date", "date": "2026-07-24"}
    await say(agency, interview, "undecided", "2026-07-15T12:00:00+01:00", timescale=terms)
    [timescale] = (await agency.get(f"/v1/interviews/{interview}/timescales"))["items"]
    assert (timescale["source"], timescale["given_at"]) == ("client", "2026-07-15T11:00:00Z")


async def test_the_applications_client_contact_said_it_unless_somebody_else_is_named(agency: Agency) -> None:
    application, interview = await interviewed(agency)
    said = await say(agency, interview, "reject", "2026-07-15T12:00:00+01:00")
    assert said["from_contact"] == (await agency.get(f"/v1/applications/{application}"))["client_contact_id"]


async def test_a_client_contact_of_another_client_said_nothing(agency: Agency) -> None:
    _, interview = await interviewed(agency)
    stranger = await agency.client_contact(await agency.client())
    body = {"decision": "reject", "from_contact": stranger}
    answer = await agency.call("POST", f"/v1/interviews/{interview}/feedback", json=body)
    assert places_of(problem_of(answer, 422)) == [("/from_contact", "wrong_client")]


async def test_an_embargoed_decision_never_shows_in_touch_base_from(agency: Agency) -> None:
    application, interview = await interviewed(agency)
    path = f"/v1/applications/{application}/status"
    before = (await agency.get(path, as_of="2026-07-16T09:00:00+01:00"))["touch_base_from"]
    until = "2026-07-20T12:00:00+01:00"
    await say(agency, interview, "reject", "2026-07-15T12:00:00+01:00", embargo_until=until)
    status = await agency.get(path, as_of="2026-07-16T09:00:00+01:00")
    assert status["touch_base_from"] == before
    assert status["upcoming"]["due_at"] == "2026-07-20T11:00:00Z"


async def may_ask_from(agency: Agency, application: str) -> str | None:
    status = await agency.get(f"/v1/applications/{application}/status", as_of="2026-07-22T12:00:00+01:00")
    found: str | None = status["touch_base_from"]
    return found


async def test_a_hold_dated_before_the_word_of_it_shows_no_sooner_than_that_is_told(agency: Agency) -> None:
    application, interview = await interviewed(agency)
    before = await may_ask_from(agency, application)
    hold = {"since": "2026-07-14T14:00:00+01:00"}
    said = await say(agency, interview, "role_on_hold", "2026-07-15T12:00:00+01:00", hold=hold)
    assert await may_ask_from(agency, application) == before
    corrected = {"hold": hold, "supersedes": said["id"]}
    await say(agency, interview, "role_on_hold", "2026-07-15T12:00:00+01:00", **corrected)
    assert await may_ask_from(agency, application) == before


EMBARGO = {"embargo_until": "2026-09-01T12:00:00+01:00"}
REJECTED = {"decision": "reject", "received_at": "2026-07-15T12:00:00+01:00"}
HELD = {"decision": "role_on_hold", "received_at": "2026-07-15T12:00:00+01:00"}


async def test_an_embargoed_hold_that_has_ended_makes_no_news_for_the_candidate(office: Office) -> None:
    agency = office.agency
    application, interview = await office.interviewed()
    office.at("Wed 22 Jul 12:00")
    await look(office.database, agency)
    before = await may_ask_from(agency, application)
    await agency.post(f"/v1/interviews/{interview}/feedback", HELD | EMBARGO)
    hold = {"since": HELD["received_at"], "ended_at": "2026-07-20T12:00:00+01:00"}
    await agency.patch(f"/v1/applications/{application}", {"state": "active", "hold": hold})
    assert await may_ask_from(agency, application) == before
    office.at("Fri 28 Aug 12:00")
    await look(office.database, agency)
    types = [told(event)[0] for event in await events_of(agency)]
    assert types.count("candidate.may_touch_base") == 1


@pytest.mark.parametrize(
    ("relayed", "embargoed"),
    [
        (HELD, {"decision": "reject", "received_at": "2026-07-20T12:00:00+01:00"}),
        (REJECTED, REJECTED | {"decision": "offer", "supersedes": True}),
        (HELD, HELD | {"decision": "offer", "supersedes": True}),
    ],
    ids=["a no ends the hold", "a no is corrected", "the hold is corrected"],
)
async def test_what_was_relayed_stands_while_what_followed_is_under_embargo(
    agency: Agency, relayed: Json, embargoed: dict[str, Any]
) -> None:
    application, interview = await interviewed(agency)
    path = f"/v1/interviews/{interview}/feedback"
    first = await agency.post(path, relayed)
    candidate = (await agency.get(f"/v1/applications/{application}"))["candidate_id"]
    talk = {"with": "candidate", "person_id": candidate, "direction": "outbound", "outcome": "reached"}
    await agency.post(
        "/v1/contacts", {**talk, "occurred_at": "2026-07-16T10:00:00+01:00", "relays": [first["id"]]}
    )
    assert await may_ask_from(agency, application) is None
    supersedes = first["id"] if embargoed.get("supersedes") else None
    await agency.post(path, {**embargoed, **EMBARGO, "supersedes": supersedes})
    assert await may_ask_from(agency, application) is None
