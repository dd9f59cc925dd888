"""Feedback and what it does to its application."""

from tests.agency import Agency, Json

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


async def test_a_decision_recorded_late_does_not_undo_a_newer_one(agency: Agency) -> None:
    application, interview = await interviewed(agency)
    await say(agency, interview, "next_stage", "2026-07-20T12:00:00+01:00")
    await say(agency, interview, "role_on_hold", "2026-07-15T12:00:00+01:00")
    assert (await agency.get(f"/v1/applications/{application}"))["state"] == "active"


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


async def test_an_embargoed_decision_never_shows_in_touch_base_from(agency: Agency) -> None:
    application, interview = await interviewed(agency)
    path = f"/v1/applications/{application}/status"
    before = (await agency.get(path, as_of="2026-07-16T09:00:00+01:00"))["touch_base_from"]
    until = "2026-07-20T12:00:00+01:00"
    await say(agency, interview, "reject", "2026-07-15T12:00:00+01:00", embargo_until=until)
    status = await agency.get(path, as_of="2026-07-16T09:00:00+01:00")
    assert status["touch_base_from"] == before
    assert status["upcoming"]["due_at"] == "2026-07-20T11:00:00Z"
