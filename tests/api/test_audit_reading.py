"""The audit trail as it is read: filtered, in order, one agency's alone, and evidence of access itself."""

from uuid import uuid4

import httpx
import pytest

from app.db import Database
from tests.agency import Agency, Json, found_agency
from tests.api.conftest import Office, iso
from tests.conftest import SECRET
from tests.contract.problems import places_of, problem_of

AUDIT = "/v1/audit"


async def noted(agency: Agency, **filters: str | list[str]) -> list[Json]:
    """The entries of the trail, oldest first."""
    items: list[Json] = (await agency.get(AUDIT, **filters))["items"]
    return items


async def test_an_entry_says_who_did_what_to_what(agency: Agency) -> None:
    headers = {"X-Request-Id": "import-7", "X-Purpose": "nightly-sync"}
    made = await agency.call("POST", "/v1/clients", json={"name": "Acme"}, headers=headers)
    [own] = (await agency.get("/v1/api-keys"))["items"]
    [entry] = await noted(agency)
    assert (
        entry.items()
        >= {
            "principal": f"key:{own['id']}",
            "consultant_id": None,
            "operation": "create_client",
            "object_id": made.json()["id"],
            "purpose": "nightly-sync",
            "request_id": "import-7",
            "fields": ["name"],
        }.items()
    )
    assert await agency.get(f"{AUDIT}/{entry['id']}") == entry


async def test_whoever_manages_access_is_in_the_trail_without_a_secret(agency: Agency) -> None:
    key = await agency.post("/v1/api-keys", {"name": "ATS", "role": "integration"})
    await agency.post(f"/v1/api-keys/{key['id']}/rotate", {"overlap_seconds": 60})
    await agency.post(f"/v1/api-keys/{key['id']}/revoke")
    trail = await noted(agency, object_id=key["id"])
    assert [(entry["operation"], entry["fields"]) for entry in trail] == [
        ("create_api_key", ["name", "role"]),
        ("rotate_api_key", ["overlap_seconds"]),
        ("revoke_api_key", []),
    ]
    assert key["key"] not in str(trail)


async def test_filters_narrow_the_trail_together(office: Office) -> None:
    agency = office.agency
    office.at("Tue 14 Jul 09:00")
    acme = await agency.client()
    office.at("Tue 14 Jul 10:00")
    await agency.patch(f"/v1/clients/{acme}", {"name": "Acme Ltd"})
    other = await agency.post("/v1/api-keys", {"name": "ATS", "role": "consultant"})
    actor = Agency(agency.id, other["key"], agency.http)
    office.at("Tue 14 Jul 11:00")
    await actor.client()
    assert [entry["operation"] for entry in await noted(agency)] == [
        "create_client",
        "update_client",
        "create_api_key",
        "create_client",
    ]
    assert len(await noted(agency, principal=f"key:{other['id']}")) == 1
    assert len(await noted(agency, operation="create_client")) == 2
    assert len(await noted(agency, object_id=acme)) == 2
    assert len(await noted(agency, object_id=[acme, other["id"]])) == 3
    assert len(await noted(agency, operation=["update_client", "create_api_key"])) == 2
    assert len(await noted(agency, object_id=acme, operation="create_client")) == 1
    ten = iso("Tue 14 Jul 10:00")
    assert len(await noted(agency, since=ten)) == 3
    assert len(await noted(agency, until=ten)) == 1
    assert await noted(agency, since=ten, until=ten) == []
    assert await noted(agency, operation="burn_everything") == []
    assert await noted(agency, principal="key:nobody") == []


async def test_the_trail_is_read_page_by_page(agency: Agency) -> None:
    made = [await agency.client() for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = await agency.get(AUDIT, limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [entry["object_id"] for entry in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made


@pytest.mark.parametrize(
    ("query", "place", "code"),
    [
        ({"since": "today"}, "since", "instant_format"),
        ({"until": "2026-07-14"}, "until", "instant_format"),
        ({"principal": ""}, "principal", "string_too_short"),
        ({"operation": "x" * 201}, "operation", "string_too_long"),
        ({"object_id": "x"}, "object_id", "id_format"),
        ({"consultant_id": "x"}, "consultant_id", "id_format"),
        ({"request_id": "x"}, "request_id", "unknown_parameter"),
    ],
)
async def test_a_filter_that_means_nothing_is_refused(
    agency: Agency, query: dict[str, str], place: str, code: str
) -> None:
    answer = await agency.call("GET", AUDIT, params=query)
    assert places_of(problem_of(answer, 422)) == [(place, code)]


async def test_one_agencys_trail_is_nothing_to_another(agency: Agency, rival: Agency) -> None:
    client = await agency.client()
    [entry] = await noted(agency)
    assert await noted(rival) == []
    assert await noted(rival, object_id=client) == []
    problem_of(await rival.call("GET", f"{AUDIT}/{entry['id']}"), 404)
    problem_of(await agency.call("GET", AUDIT, params={"consultant_id": str(uuid4())}), 404)


async def test_the_trail_can_be_neither_written_nor_changed(agency: Agency) -> None:
    await agency.client()
    [entry] = await noted(agency)
    for method, path in (
        ("POST", AUDIT),
        ("PATCH", f"{AUDIT}/{entry['id']}"),
        ("DELETE", f"{AUDIT}/{entry['id']}"),
    ):
        problem_of(await agency.call(method, path, json={}), 405)


async def test_reading_the_trail_needs_its_own_scope(http: httpx.AsyncClient, database: Database) -> None:
    for role, status in (("admin", 200), ("manager", 200), ("consultant", 403), ("integration", 403)):
        actor = await found_agency(http, database, SECRET, role=role)
        assert (await actor.call("GET", AUDIT)).status_code == status
