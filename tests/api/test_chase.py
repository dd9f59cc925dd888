"""The chase list: one card, and so one call, for each client contact."""

import pytest

from tests.agency import Agency, Json

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
NEXT_DAY = "2026-07-15T11:00:00+01:00"


async def person_at_client(agency: Agency, **fields: str) -> Json:
    """The client, the job and the contact that applications are made with."""
    client = await agency.client(name="Northwind Foods")
    contact = await agency.client_contact(client, **{"name": "Tom Becker", **fields})
    return {"job_id": await agency.job(client, title="Buyer"), "client_contact_id": contact}


async def interviewed(agency: Agency, **fields: str) -> Json:
    application = await agency.application(**fields)
    await agency.interview(application["id"], START, END)
    return application


async def chase(agency: Agency, as_of: str = NEXT_DAY, **params: object) -> list[Json]:
    cards: list[Json] = (await agency.get("/v1/chase", as_of=as_of, **params))["items"]
    return cards


async def contacts(agency: Agency, **params: str) -> list[str]:
    return [card["client_contact"]["id"] for card in await chase(agency, **params)]


async def chased(agency: Agency, place: Json, at: str, **fields: object) -> None:
    call = {"with": "client", "direction": "outbound", "outcome": "no_answer", "purpose": "chase"}
    person = place["client_contact_id"]
    await agency.post("/v1/contacts", {**call, "person_id": person, "occurred_at": at, **fields})


async def test_one_card_holds_all_that_one_call_can_settle(agency: Agency) -> None:
    place = await person_at_client(agency)
    amara, li = await agency.candidate(name="Amara Osei"), await agency.candidate(name="Li Wei")
    first = await interviewed(agency, candidate_id=amara, **place)
    second = await agency.application(candidate_id=li, **place)
    await agency.interview(second["id"], "2026-07-10T10:00:00+01:00", "2026-07-10T11:00:00+01:00")
    elsewhere = await interviewed(agency)
    [card, other] = await chase(agency)
    assert card["client_contact"] == {"id": place["client_contact_id"], "name": "Tom Becker"}
    assert card["client"]["name"] == "Northwind Foods"
    assert [(i["application_id"], i["candidate"]["name"], i["code"]) for i in card["items"]] == [
        (second["id"], "Li Wei", "timescale_missing"),
        (first["id"], "Amara Osei", "timescale_missing"),
    ]
    assert (card["level"], card["due_at"]) == ("overdue", "2026-07-13T10:00:00Z")
    assert {i["target"]["id"] for i in card["items"]} == {place["client_contact_id"]}
    assert other["client_contact"]["id"] == elsewhere["client_contact_id"]
    assert (other["level"], other["due_at"]) == ("due", "2026-07-15T10:00:00Z")


async def test_what_is_owed_to_candidates_is_left_out(agency: Agency) -> None:
    await interviewed(agency)
    due = await agency.get("/v1/due", as_of=NEXT_DAY)
    assert [i["code"] for card in due["items"] for i in card["items"]] == ["debrief_due", "timescale_missing"]
    [card] = await chase(agency)
    [item] = card["items"]
    assert item.pop("candidate") == due["items"][0]["candidate"]
    assert item == due["items"][0]["items"][1]


async def test_a_card_says_when_that_person_may_be_asked(agency: Agency) -> None:
    place = await person_at_client(agency, timezone="America/New_York", holidays="US")
    await interviewed(agency, **place)
    await interviewed(agency, **place)
    [card] = await chase(agency)
    assert card["not_before"] == "2026-07-15T13:00:00Z"  # nine in the morning in New York
    await chased(agency, place, "2026-07-15T09:30:00Z", application_ids=[card["items"][0]["application_id"]])
    [card] = await chase(agency)
    # The one chaser also leaves the other application for the next working day (M2).
    assert card["not_before"] == "2026-07-16T13:00:00Z"


async def test_a_chaser_leaves_what_else_the_client_is_asked_for_the_next_working_day_too(
    agency: Agency,
) -> None:
    place = await person_at_client(agency)
    held = await agency.application(**place)
    hold = {"since": "2026-07-01T10:00:00+01:00", "until": "2026-07-15"}
    await agency.patch(f"/v1/applications/{held['id']}", {"state": "on_hold", "hold": hold})
    other = await interviewed(agency, **place)
    await chased(agency, place, "2026-07-15T09:30:00Z", application_ids=[other["id"]])
    [card] = await chase(agency)
    [item] = card["items"]
    assert (item["code"], item["not_before"]) == ("hold_review", "2026-07-16T08:00:00Z")
    status = await agency.get(f"/v1/applications/{held['id']}/status", as_of=NEXT_DAY)
    assert status["next_action"]["not_before"] == item["not_before"]


@pytest.mark.parametrize(
    ("params", "count"),
    [
        ({}, 1),
        ({"level": "due"}, 1),
        ({"level": ["overdue", "escalated"]}, 0),
        ({"reason": "timescale_missing"}, 1),
        ({"reason": "client_response_due"}, 0),
        ({"due_before": "2026-07-15T11:00:00+01:00"}, 0),
        ({"due_before": "2026-07-15T11:00:00.000001+01:00"}, 1),
    ],
    ids=str,
)
async def test_filters(agency: Agency, params: Json, count: int) -> None:
    await interviewed(agency)
    assert len(await chase(agency, **params)) == count


async def test_per_consultant_and_whom_they_cover(agency: Agency) -> None:
    kim, lee = await agency.consultant(name="Kim"), await agency.consultant(name="Lee")
    hers = (await interviewed(agency, consultant_id=kim))["client_contact_id"]
    his = (await interviewed(agency, consultant_id=lee))["client_contact_id"]
    assert await contacts(agency, consultant_id=lee) == [his]
    body = {"covered_by": lee, "from": "2026-07-15", "to": "2026-07-15"}
    await agency.post(f"/v1/consultants/{kim}/covers", body)
    assert sorted(await contacts(agency, consultant_id=lee)) == sorted([his, hers])
    [card] = await chase(agency, consultant_id=kim)
    assert [item["covered_by"] for item in card["items"]] == [{"id": lee, "name": "Lee"}]


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
async def test_pages_follow_the_order_and_keep_to_the_instant(agency: Agency, limit: int) -> None:
    places = [await person_at_client(agency) for _ in range(3)]
    for day, place in ((13, 0), (10, 1), (9, 2), (14, 0), (13, 2)):
        application = await agency.application(**places[place])
        start, end = (f"2026-07-{day:02}T{hour}:00:00+01:00" for hour in (10, 11))
        await agency.interview(application["id"], start, end)
    whole = await agency.get("/v1/chase", as_of=NEXT_DAY)
    page = await agency.get("/v1/chase", as_of=NEXT_DAY, limit=limit)
    seen = page["items"]
    while page["next_cursor"]:
        page = await agency.get("/v1/chase", as_of=NEXT_DAY, limit=limit, cursor=page["next_cursor"])
        assert page["as_of"] == whole["as_of"]
        seen += page["items"]
    assert seen == whole["items"]
    ordered = [places[n]["client_contact_id"] for n in (2, 1, 0)]
    assert [card["client_contact"]["id"] for card in seen] == ordered
