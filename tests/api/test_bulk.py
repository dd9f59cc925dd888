"""Bulk (H14): objects saved in their order by external ids, each on its own, or all or nothing."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import select

from app.db import Database
from app.models import AuditEntry
from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of
from tests.sent import noted


def ref(number: int | str) -> Json:
    """An external id of the agency's system."""
    return {"source": "ats", "id": str(number)}


def item(kind: str, number: int | str, **members: Any) -> Json:
    """An item of a kind, named by a number of its own."""
    return {"kind": kind, "external_refs": [ref(number)], **members}


def everything(number: int | str = 1) -> list[Json]:
    """One of each kind, naming one another by external ids."""
    return [
        item("consultant", number, name="Kim Adeyemi"),
        item("client", number, name="Northwind Foods"),
        item("client_contact", number, name="Rosa Blum", client=ref(number), holidays="GB-ENG"),
        item("candidate", number, name="Amara Osei", consultant=ref(number)),
        item("job", number, title="Buyer", client=ref(number)),
        item("application", number, candidate=ref(number), job=ref(number), client_contact=ref(number)),
        item(
            "interview",
            number,
            application=ref(number),
            start="2026-07-14T10:00:00+01:00",
            end="2026-07-14T11:00:00+01:00",
        ),
    ]


async def save(agency: Agency, items: list[Any], *, dry_run: bool = False, **envelope: Any) -> list[Json]:
    """What became of each item."""
    body = {"items": items, **envelope}
    params = {"dry_run": "true"} if dry_run else {}
    response = await agency.call("POST", "/v1/bulk", json=body, params=params)
    assert response.status_code == 207, response.text
    results: list[Json] = response.json()["items"]
    assert len(results) == len(items)
    return results


def statuses(results: list[Json]) -> list[int]:
    return [result["status"] for result in results]


def told(result: Json) -> list[tuple[str, str]]:
    """Where an item is wrong, with the code."""
    return [(error["pointer"], error["code"]) for error in result["problem"]["errors"]]


AFTERWARDS = "2026-07-15T12:00:00Z"
MANY_DIGITS = "9" * 5_000


async def due_codes(agency: Agency, as_of: str = AFTERWARDS) -> list[str]:
    """What is due on the day after the interview."""
    due = await agency.get("/v1/due", as_of=as_of)
    return [entry["code"] for card in due["items"] for entry in card["items"]]


LISTS = ("consultants", "clients", "candidates", "jobs", "applications")


async def counts(agency: Agency) -> list[int]:
    """How many of each kind there are."""
    return [len((await agency.get(f"/v1/{noun}", limit=200))["items"]) for noun in LISTS]


async def test_one_of_everything_in_one_call_and_again(agency: Agency) -> None:
    made = await save(agency, everything())
    assert statuses(made) == [201] * 7
    assert [result["kind"] for result in made] == [each["kind"] for each in everything()]
    assert all(result["problem"] is None for result in made)
    again = await save(agency, everything())
    assert statuses(again) == [200] * 7
    assert [result["id"] for result in again] == [result["id"] for result in made]
    assert await counts(agency) == [1] * 5


async def test_what_was_saved_in_bulk_is_as_if_saved_alone(agency: Agency) -> None:
    ids = {result["kind"]: result["id"] for result in await save(agency, everything())}
    application = await agency.get(f"/v1/applications/{ids['application']}")
    for kind in ("candidate", "job", "client_contact", "consultant"):
        assert application[f"{kind}_id"] == ids[kind]
    assert (await agency.get(f"/v1/interviews/{ids['interview']}"))["application_id"] == ids["application"]
    assert (await agency.get(f"/v1/jobs/{ids['job']}"))["external_refs"] == [ref(1)]
    assert await due_codes(agency) == ["debrief_due", "timescale_missing"]


async def test_a_change_reaches_every_status_it_bears_on(agency: Agency) -> None:
    """The statuses are computed once at the end, also of applications that no item names."""
    made = {result["kind"]: result["id"] for result in await save(agency, everything())}
    pause = {"from": "2026-07-14T00:00:00Z", "until": "2026-07-20T00:00:00Z"}
    await save(agency, [item("candidate", 1, name="Amara Osei", do_not_contact=pause)])
    assert await due_codes(agency) == ["timescale_missing"]
    status = await agency.get(f"/v1/applications/{made['application']}/status", as_of=AFTERWARDS)
    assert [waiting["code"] for waiting in status["waiting"]] == ["debrief_due"]


@pytest.mark.parametrize("is_alone", [False, True])
async def test_an_absence_of_a_client_contact_moves_what_they_are_asked(
    agency: Agency, is_alone: bool
) -> None:
    """Be the client contact saved again in bulk or alone."""
    made = {result["kind"]: result["id"] for result in await save(agency, everything())}
    afterwards = "2026-08-07T12:00:00Z"
    assert "move_on_suggested" in await due_codes(agency, afterwards)
    absent = {"name": "Rosa Blum", "unavailable_until": "2026-07-27T00:00:00+01:00"}
    if is_alone:
        await agency.post(f"/v1/clients/{made['client']}/contacts", {**absent, "external_refs": [ref(1)]})
    else:
        await save(agency, [item("client_contact", 1, client=ref(1), **absent)])
    assert "move_on_suggested" not in await due_codes(agency, afterwards)


async def test_the_reviews_that_rest_on_client_contacts_are_looked_for_once(
    agency: Agency, database: Database
) -> None:
    items = [item for number in range(3) for item in everything(number)]
    await save(agency, items)
    contacts = [{**item, "holidays": None} for item in items if item["kind"] == "client_contact"]
    async with noted(database) as sent:
        assert statuses(await save(agency, contacts)) == [200] * 3
    assert sum("NOT (applications.state" in statement for statement, _ in sent) == 1


async def test_what_is_not_sent_again_of_a_hold_stays(agency: Agency) -> None:
    made = {result["kind"]: result["id"] for result in await save(agency, everything())}
    of = {"candidate": ref(1), "job": ref(1), "client_contact": ref(1)}
    holds = [{"reason": "budget"}, {"reason": "budget"}, {"until": "2099-09-01"}]
    found = []
    for hold in holds:
        [saved] = await save(agency, [item("application", 1, **of, state="on_hold", hold=hold)])
        assert saved["status"] == 200
        found.append((await agency.get(f"/v1/applications/{made['application']}"))["hold"])
    first, again, later = found
    assert first["reason"] == "budget"
    assert again == first
    assert later == {**first, "until": "2099-09-01"}


async def test_a_hold_that_ends_before_it_begins_is_refused_at_its_place(agency: Agency) -> None:
    hold = {"since": "2026-08-01T12:00:00Z", "until": "2026-01-01"}
    items = everything()
    items[5] |= {"state": "on_hold", "hold": hold}
    results = await save(agency, items)
    assert statuses(results) == [201] * 5 + [422, 424]
    assert told(results[5]) == [("/items/5/hold/until", "hold_end")]


async def test_a_review_that_is_still_to_come_is_refused_at_its_place(agency: Agency) -> None:
    ahead = item("candidate", 1, name="Amara Osei", last_preference_review_at="2099-01-01T00:00:00Z")
    [refused] = await save(agency, [ahead])
    assert refused["status"] == 422
    assert told(refused) == [("/items/0/last_preference_review_at", "in_future")]


async def test_a_job_that_changes_is_to_be_told(agency: Agency) -> None:
    await save(agency, everything())
    [changed] = await save(agency, [item("job", 1, title="Buyer", client=ref(1), location="York")])
    assert changed["status"] == 200
    assert "job_change_to_relay" in await due_codes(agency, as_of="2099-01-01T12:00:00Z")


async def test_our_ids_may_stand_in_place_of_external_ones(agency: Agency) -> None:
    client = await agency.client()
    results = await save(agency, [item("job", 1, title="Buyer", client_id=client)])
    assert statuses(results) == [201]
    assert (await agency.get(f"/v1/jobs/{results[0]['id']}"))["client_id"] == client


async def test_a_bad_item_leaves_its_neighbours_alone(agency: Agency) -> None:
    bad: list[Any] = [
        item("client", "no name"),
        item("client", "x", name="Acme", colour="red"),
        {"kind": "client", "name": "No external id"},
        {"kind": "client", "name": "No external id", "external_refs": []},
        {"kind": "planet", "name": "Mars"},
        {"name": "No kind"},
        "a text",
        None,
        item("client", "nul", name="a\x00b"),
        item("client", "half", name="\ud800"),
        item("client", "long", name=["x"] * 1_001),
        item("client", "digits", name=MANY_DIGITS),
        item("client", "deep", name=json.loads("[" * 33 + "]" * 33)),
        item("job", "y", title="Buyer", client=ref("nobody")),
        item("interview", "z", application_id="0197f3a0-0000-7000-8000-000000000000", start="now"),
    ]
    items = [each for number, wrong in enumerate(bad) for each in (wrong, item("client", number, name="Ok"))]
    response = await agency.call(
        "POST",
        "/v1/bulk",
        content=json.dumps({"items": items}).replace(f'"{MANY_DIGITS}"', MANY_DIGITS).encode(),
        headers={"content-type": "application/json"},
    )
    results = response.json()["items"]
    assert statuses(results[1::2]) == [201] * len(bad)
    assert statuses(results[::2]) == [422] * 12 + [400, 404, 422]
    assert [told(result)[0] for result in results[::2]] == [
        ("/items/0/name", "missing"),
        ("/items/2/colour", "extra_forbidden"),
        ("/items/4/external_refs", "missing"),
        ("/items/6/external_refs", "too_short"),
        ("/items/8/kind", "unknown_kind"),
        ("/items/10/kind", "unknown_kind"),
        ("/items/12", "unknown_kind"),
        ("/items/14", "unknown_kind"),
        ("/items/16/name", "invalid_text"),
        ("/items/18/name", "invalid_text"),
        ("/items/20/name", "too_many_items"),
        ("/items/22/name", "too_many_digits"),
        ("/items/24", "too_deep"),
        ("/items/26/client", "not_found"),
        ("/items/28/start", "instant_format"),
    ]
    assert all(result["id"] is None for result in results[::2])


async def test_what_a_service_refuses_leaves_the_neighbours_alone(agency: Agency) -> None:
    """Errors that only show against what is stored, each in the middle of good items."""
    await save(agency, everything(1))
    await save(agency, [item("client", 2, name="Other"), item("client_contact", 2, name="C", client=ref(2))])
    moved = {"start": "2026-07-14T10:00:00Z", "end": "2026-07-14T09:00:00Z"}
    results = await save(
        agency,
        [
            item("client", 3, name="Before"),
            {"kind": "client", "name": "Two at once", "external_refs": [ref(1), ref(2)]},
            item("job", 1, title="Moved", client=ref(2)),
            item("application", 9, candidate=ref(1), job=ref(1), client_contact=ref(2)),
            item("interview", 1, application=ref(1), **moved),
            item(
                "interview", 2, application=ref(1), start="2100-12-30T10:00:00Z", end="2100-12-31T23:00:00Z"
            ),
            item("client", 4, name="After"),
        ],
    )
    assert statuses(results) == [201, 409, 422, 422, 422, 422, 201]
    assert [told(result) for result in results[1:5]] == [
        [("/items/1/external_refs", "external_ref_conflict")],
        [("/items/2/external_refs", "external_ref_elsewhere")],
        [("/items/3/client_contact", "wrong_client")],
        [("/items/4/end", "interview_end")],
    ]
    assert results[5]["problem"]["code"] == "calendar_range"
    assert await counts(agency) == [1, 4, 1, 1, 1]
    [job] = (await agency.get("/v1/jobs"))["items"]
    assert job["title"] == "Buyer"


async def test_what_a_refused_item_would_have_made_is_told_to_those_that_name_it(agency: Agency) -> None:
    items = everything()
    items[1]["name"] = 7
    results = await save(agency, items)
    assert statuses(results) == [201, 422, 424, 201, 424, 424, 424]
    assert told(results[2]) == [("/items/2/client", "failed_dependency")]
    assert told(results[5]) == [("/items/5/job", "failed_dependency")]


async def test_the_order_of_items_is_kept(agency: Agency) -> None:
    """An item cannot name what only a later one makes, and of two about one object the later wins."""
    results = await save(agency, list(reversed(everything())))
    assert statuses(results) == [404, 404, 404, 404, 404, 201, 201]
    twice = [item("client", 5, name="First"), item("client", 5, name="Second")]
    first, second = await save(agency, twice)
    assert (first["status"], second["status"], first["id"]) == (201, 200, second["id"])
    assert (await agency.get(f"/v1/clients/{first['id']}"))["name"] == "Second"


@pytest.mark.parametrize("broken", [0, 3, 6])
async def test_atomic_is_all_or_nothing(agency: Agency, broken: int) -> None:
    items = everything()
    items[broken]["external_refs"] = "none"
    results = await save(agency, items, atomic=True)
    assert results[broken]["status"] == 422
    others = [result for number, result in enumerate(results) if number != broken]
    assert {result["status"] for result in others} <= {424, 404}
    assert results[1 if broken != 1 else 2]["problem"]["code"] == "rolled_back"
    assert all(result["id"] is None for result in results)
    assert await counts(agency) == [0] * 5


async def test_atomic_without_a_bad_item_stores_everything(agency: Agency) -> None:
    assert statuses(await save(agency, everything(), atomic=True)) == [201] * 7


async def test_a_dry_run_says_what_would_happen_and_stores_nothing(agency: Agency) -> None:
    await save(agency, everything(1)[:2])
    items = [*everything(1), item("client", 7)]
    results = await save(agency, items, dry_run=True)
    assert statuses(results) == [200, 200, 201, 201, 201, 201, 201, 422]
    assert {result["id"] for result in results} == {None}
    assert await counts(agency) == [1, 1, 0, 0, 0]
    assert statuses(await save(agency, everything(1))) == [200, 200, *[201] * 5]


async def test_an_object_is_named_once(agency: Agency) -> None:
    client = await agency.client(external_refs=[ref(1)])
    twice, never = await save(
        agency,
        [
            item("job", 1, title="Buyer", client_id=client, client=ref(1)),
            item("job", 2, title="Buyer"),
        ],
    )
    assert told(twice) == [("/items/0/client", "named_twice")]
    assert told(never) == [("/items/1/client", "missing")]


async def test_imported_notes_may_be_long(agency: Agency) -> None:
    await save(agency, everything())
    jobs = [item("job", n, title="Buyer", client=ref(1), responsibilities="x" * n) for n in (20_000, 20_001)]
    fits, exceeds = await save(agency, jobs)
    assert fits["status"] == 201
    assert told(exceeds) == [("/items/1/responsibilities", "string_too_long")]
    job = await agency.get(f"/v1/jobs/{fits['id']}")
    assert len(job["responsibilities"]) == 20_000


@pytest.mark.parametrize(
    ("body", "place", "code"),
    [
        ({}, "/items", "missing"),
        ({"items": []}, "/items", "too_short"),
        ({"items": [item("client", 1, name="Acme")] * 501}, "/items", "too_long"),
        ({"items": {}}, "/items", "list_type"),
        ({"items": [], "order": 1}, "/items", "too_short"),
        ({"items": [item("client", 1, name="Acme")], "order": 1}, "/order", "extra_forbidden"),
        ({"items": [item("client", 1, name="Acme")], "atomic": "yes"}, "/atomic", "bool_type"),
        ({"items": [item("client", 1, name="Acme")], "a\x00b": 1}, "", "invalid_text"),
    ],
)
async def test_an_unusable_envelope_is_refused_as_a_whole(
    agency: Agency, body: Json, place: str, code: str
) -> None:
    problem = problem_of(await agency.call("POST", "/v1/bulk", json=body), 422)
    assert (place, code) in places_of(problem)
    assert await counts(agency) == [0] * 5


async def test_five_hundred_items_and_five_mebibytes_are_allowed(agency: Agency) -> None:
    items = [item("client", n, name="Acme") for n in range(500)]
    body = json.dumps({"items": items}).encode()
    room = 5 * 1_048_576 - len(body)
    headers = {"content-type": "application/json"}
    answer = await agency.call("POST", "/v1/bulk", content=body + b" " * room, headers=headers)
    assert statuses(answer.json()["items"]) == [201] * 500
    answer = await agency.call("POST", "/v1/bulk", content=body + b" " * (room + 1), headers=headers)
    problem_of(answer, 413, "too_large")


async def test_two_calls_with_the_same_objects_in_other_orders_both_come_through(agency: Agency) -> None:
    """They lock what they name in one order whatever theirs is, and who met a rival's new object begins anew."""
    people = [item("candidate", n, name="Cand") for n in range(40)]
    for _ in range(2):
        answers = await asyncio.gather(save(agency, people), save(agency, people[::-1]))
        assert {status for results in answers for status in statuses(results)} <= {200, 201}
        made, reversed_ids = ([result["id"] for result in results] for results in answers)
        assert made == reversed_ids[::-1]
    assert (await counts(agency))[2] == 40


async def test_anothers_external_ids_name_nothing(agency: Agency, rival: Agency) -> None:
    """The same external ids mean each agency's own objects."""
    await save(rival, everything(1))
    mine = [item("job", 9, title="Buyer", client=ref(n)) for n in (1, 2)]
    theirs, nobodys = await save(agency, mine)
    assert theirs["problem"]["code"] == "not_found"
    assert json.dumps(theirs).replace("/items/0", "") == json.dumps(nobodys).replace("/items/1", "")
    assert statuses(await save(agency, everything(1))) == [201] * 7


async def test_the_trail_has_an_entry_for_each_object_that_was_stored(
    agency: Agency, database: Database
) -> None:
    items = [item("client", 1, name="Acme"), {"kind": "client", "a\x00b": 1}, *everything(2)[:2]]
    results = await save(agency, items)
    await save(agency, items, dry_run=True)
    async with database.transaction(agency.id) as db:
        entries = list(await db.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert {entry.operation for entry in entries} == {"save_items"}
    stored = [result["id"] for result in results if result["id"]]
    assert [str(entry.object_id) for entry in entries] == stored
    refs = ["items.external_refs.id", "items.external_refs.source"]
    assert entries[0].fields == [*refs, "items.kind", "items.name"]


async def test_with_a_key_the_same_call_is_answered_as_before(agency: Agency) -> None:
    body = {"items": [item("client", 1, name="Acme"), item("client", 2)]}
    keyed = {"Idempotency-Key": "import-1"}
    first = await agency.call("POST", "/v1/bulk", json=body, headers=keyed)
    again = await agency.call("POST", "/v1/bulk", json=body, headers=keyed)
    assert statuses(again.json()["items"]) == [201, 422]
    assert again.content == first.content
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_an_item_with_more_members_than_there_are_is_refused_at_the_first_unknown_one(
    agency: Agency,
) -> None:
    item = {"kind": "client", "name": "Acme"} | {f"m{number}": 0 for number in range(500)}
    [result] = (await agency.post("/v1/bulk", {"items": [item]}))["items"]
    [error] = result["problem"]["errors"]
    assert (result["status"], error["pointer"], error["code"]) == (422, "/items/0/m0", "extra_forbidden")
