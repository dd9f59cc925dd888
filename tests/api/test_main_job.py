"""The main job, end to end: from a client and a candidate to the due list."""

from tests.agency import Agency


async def test_a_debrief_and_a_timescale_lead_to_the_due_list(agency: Agency) -> None:
    application = await agency.application()
    interview = await agency.interview(
        application["id"], "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
    )
    debrief = await agency.post(
        f"/v1/interviews/{interview}/debriefs",
        {"interest_score": 8, "occurred_at": "2026-07-14T11:30:00+01:00"},
    )
    assert debrief["application_status"]["status"] != "on_track"

    timescale = await agency.post(
        f"/v1/interviews/{interview}/timescales",
        {
            "kind": "date",
            "date": "2026-07-17",
            "phrase": "by Friday",
            "given_at": "2026-07-15T10:00:00+01:00",
        },
    )
    assert timescale["date"] == "2026-07-17"

    status = await agency.get(
        f"/v1/applications/{application['id']}/status", as_of="2026-07-20T09:00:00+01:00"
    )
    assert [reason["code"] for reason in status["reasons"]] == ["client_response_due"]
    assert status["reasons"][0]["explanation"].startswith(
        "client said Wed 15 Jul 'by Friday' → Fri 17 Jul 17:30 → chase from Mon 20 Jul 09:00"
    )
    assert status["next_action"]["not_before"] == "2026-07-20T08:00:00Z"

    due = await agency.get("/v1/due", as_of="2026-07-20T09:00:00+01:00")
    [card] = due["items"]
    assert [item["code"] for item in card["items"]] == ["client_response_due"]
    assert card["items"][0]["target"]["name"] == "Chris Client"
