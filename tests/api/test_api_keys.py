"""API keys through the API: made, read, changed, rotated, revoked, and never shown twice (S3, S4)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.db import Database
from app.main import create_app
from app.models import Role
from app.services.access import ROLES
from app.services.api_keys import authenticate
from app.settings import Settings
from app.web.auth import REMEMBERED_SECONDS
from tests.agency import Agency, Json, found_agency
from tests.api.conftest import Office, iso
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.contract.problems import places_of, problem_of, without_request_id
from tests.given import at
from tests.processes import Processes, processes_on

KEYS = "/v1/api-keys"
SECRETS = {"key", "digest", "previous_digest"}


async def made(agency: Agency, **terms: Any) -> Json:
    """A new key; an integration's unless said otherwise."""
    grant = {} if "scopes" in terms else {"role": "integration"}
    return await agency.post(KEYS, {"name": "ATS", **grant, **terms})


async def answer(agency: Agency, key: str, path: str = "/v1/due") -> httpx.Response:
    """What a reading call with a key is answered."""
    return await agency.http.get(path, headers={"Authorization": f"Bearer {key}"})


async def test_a_key_is_shown_once_and_works(agency: Agency) -> None:
    key = await made(agency, expires_at="2099-01-31T00:00:00Z")
    assert (key["role"], key["scopes"]) == ("integration", sorted(ROLES[Role.INTEGRATION]))
    assert (key["expires_at"], key["revoked_at"], key["last_used_at"]) == ("2099-01-31T00:00:00Z", None, None)
    assert (await answer(agency, key["key"])).status_code == 200
    read = await agency.get(f"{KEYS}/{key['id']}")
    assert read["last_used_at"] is not None
    assert read.keys() == key.keys() - {"key"}
    listed = (await agency.get(KEYS))["items"]
    assert [item["id"] for item in listed][1:] == [key["id"]]
    for item in [read, *listed]:
        assert not SECRETS & item.keys()


async def test_a_use_is_no_change_of_the_key_but_shows(agency: Agency) -> None:
    key = await made(agency)
    await answer(agency, key["key"])
    used = await agency.get(f"{KEYS}/{key['id']}")
    assert used["updated_at"] == key["updated_at"]
    assert used["last_used_at"] is not None
    assert used["etag"] != key["etag"]


async def test_the_text_of_a_key_is_kept_nowhere(agency: Agency, database: Database) -> None:
    key = await made(agency)
    rotated = await agency.post(f"{KEYS}/{key['id']}/rotate")
    async with database.transaction(agency.id) as db:
        rows = await db.scalars(
            text("SELECT k::text FROM api_keys k UNION ALL SELECT e::text FROM audit_entries e")
        )
        kept = "\n".join(rows)
    assert key["id"] in kept
    for issued in (key, rotated):
        assert issued["key"].split("_")[3][:32] not in kept


async def test_scopes_of_its_own_are_all_it_has(agency: Agency) -> None:
    key = await made(agency, scopes=["status:read", "directory:read", "status:read"])
    assert (key["role"], key["scopes"]) == (None, ["directory:read", "status:read"])
    assert (await answer(agency, key["key"], "/v1/clients")).status_code == 200
    problem_of(await answer(agency, key["key"], "/v1/applications"), 403, "forbidden")


BAD_TERMS: list[tuple[Json, str, str]] = [
    ({}, "/role", "grant_members"),
    ({"role": "admin", "scopes": ["status:read"]}, "/role", "grant_members"),
    ({"role": None, "scopes": None}, "/role", "grant_members"),
    ({"role": "owner"}, "/role", "enum"),
    ({"role": ["admin"]}, "/role", "enum"),
    ({"scopes": []}, "/scopes", "too_short"),
    ({"scopes": "status:read"}, "/scopes", "list_type"),
    ({"scopes": ["status:read"] * 50}, "/scopes", "too_long"),
    ({"scopes": ["status:read", "all"]}, "/scopes/1", "enum"),
    ({"scopes": [7]}, "/scopes/0", "enum"),
    ({"role": "admin", "expires_at": "2020-01-01T00:00:00Z"}, "/expires_at", "expiry_past"),
    ({"role": "admin", "expires_at": "2027-01-01"}, "/expires_at", "instant_format"),
    ({"role": "admin", "name": ""}, "/name", "string_too_short"),
    ({"role": "admin", "name": None}, "/name", "string_type"),
    ({"role": "admin", "key": "tb_live_mine"}, "/key", "extra_forbidden"),
]


@pytest.mark.parametrize(("terms", "place", "code"), BAD_TERMS, ids=[str(t[0])[:50] for t in BAD_TERMS])
async def test_what_is_wrong_with_a_key_is_named(agency: Agency, terms: Json, place: str, code: str) -> None:
    refused = await agency.call("POST", KEYS, json={"name": "ATS", **terms})
    assert places_of(problem_of(refused, 422)) == [(place, code)]
    assert len((await agency.get(KEYS))["items"]) == 1


@pytest.fixture
async def limited(http: httpx.AsyncClient, database: Database) -> tuple[Agency, Agency]:
    """An agency with its admin's key, and the same with a key that may manage access but not do everything."""
    admin = await found_agency(http, database, SECRET)
    scopes = ["access:read", "access:write", "status:read"]
    return admin, Agency(admin.id, (await made(admin, scopes=scopes))["key"], http)


@pytest.mark.parametrize(
    ("grant", "place"),
    [
        ({"role": "admin"}, "/role"),
        ({"role": "integration"}, "/role"),
        ({"scopes": ["status:read", "audit:read"]}, "/scopes"),
    ],
)
async def test_nobody_gives_what_they_do_not_have(
    limited: tuple[Agency, Agency], grant: Json, place: str
) -> None:
    _, actor = limited
    mine = await made(actor, scopes=["status:read"])
    for method, path in (("POST", KEYS), ("PATCH", f"{KEYS}/{mine['id']}")):
        refused = await actor.call(method, path, json={"name": "ATS", **grant})
        assert places_of(problem_of(refused, 422)) == [(place, "beyond_own_scopes")]
    assert await actor.get(f"{KEYS}/{mine['id']}") == {k: v for k, v in mine.items() if k != "key"}


async def test_nobody_takes_over_a_key_that_may_do_more(limited: tuple[Agency, Agency]) -> None:
    admin, actor = limited
    greater = await made(admin, role="admin")
    path = f"{KEYS}/{greater['id']}"
    problem_of(await actor.call("POST", f"{path}/rotate", json={}), 403, "beyond_own_scopes")
    problem_of(await actor.call("PATCH", path, json={"expires_at": None}), 403, "beyond_own_scopes")
    assert (await actor.post(f"{path}/revoke"))["revoked_at"]  # a leak is stopped by whoever sees it


async def test_a_key_changes_and_what_was_not_sent_stays(agency: Agency) -> None:
    key = await made(agency)
    path = f"{KEYS}/{key['id']}"
    changed = await agency.patch(path, {"scopes": ["status:read"]})
    assert (changed["name"], changed["role"], changed["scopes"]) == ("ATS", None, ["status:read"])
    changed = await agency.patch(path, {"role": "manager", "expires_at": "2099-01-01T00:00:00Z"})
    assert (changed["role"], changed["scopes"]) == ("manager", sorted(ROLES[Role.MANAGER]))
    changed = await agency.patch(path, {"name": "ATS 2", "expires_at": None})
    assert (changed["name"], changed["role"], changed["expires_at"]) == ("ATS 2", "manager", None)
    for terms in (
        {"role": None},
        {"scopes": None},
        {"name": None},
        {"role": "admin", "scopes": ["status:read"]},
    ):
        problem_of(await agency.call("PATCH", path, json=terms), 422)
    assert await agency.get(path) == changed


@pytest.fixture
async def processes(database: Database, document: Document) -> AsyncIterator[Processes]:
    """Two processes on the database of the agency."""
    async with processes_on(database, document) as two:
        yield two


async def test_rotation_keeps_two_texts_at_most(agency: Agency, processes: Processes) -> None:
    first = await made(agency)
    path = f"{KEYS}/{first['id']}"
    second = await agency.post(f"{path}/rotate")
    assert await works(processes, first, second) == [True, True]
    third = await agency.post(f"{path}/rotate", {"overlap_seconds": 604_800})
    processes.forget()
    assert await works(processes, first, second, third) == [False, True, True]
    fourth = await agency.post(f"{path}/rotate", {"overlap_seconds": 0})
    assert fourth["previous_expires_at"] is None
    processes.forget()
    assert await works(processes, first, second, third, fourth) == [False, False, False, True]
    assert {key["id"] for key in (first, second, third, fourth)} == {first["id"]}


async def works(processes: Processes, *keys: Json) -> list[bool]:
    """Whether every process accepts each key; fails if they do not agree."""
    found = [set(await processes.statuses(key["key"])) for key in keys]
    assert all(statuses in ({200}, {401}) for statuses in found)
    return [statuses == {200} for statuses in found]


async def test_the_text_before_ends_when_its_time_is_over(office: Office) -> None:
    office.at("Tue 14 Jul 09:00")
    agency = office.agency
    key = await made(agency)
    rotated = await agency.post(f"{KEYS}/{key['id']}/rotate")
    assert rotated["previous_expires_at"] == "2026-07-15T08:00:00Z"
    async with office.database.transaction(None) as db:
        for moment, is_good in (("Wed 15 Jul 08:59", True), ("Wed 15 Jul 09:00", False)):
            for issued, expected in ((key, is_good), (rotated, True)):
                found = await authenticate(db, issued["key"], secret=SECRET, now=at(moment))
                assert (found is not None) == expected, moment


async def test_the_text_before_does_not_outlive_the_key(office: Office) -> None:
    office.at("Tue 14 Jul 09:00")
    key = await made(office.agency, expires_at=iso("Tue 14 Jul 12:00"))
    await office.agency.post(f"{KEYS}/{key['id']}/rotate")
    async with office.database.transaction(None) as db:
        known = await authenticate(db, key["key"], secret=SECRET, now=at("Tue 14 Jul 11:59"))
        assert known
        assert known.expires_at == at("Tue 14 Jul 12:00")
        assert await authenticate(db, key["key"], secret=SECRET, now=at("Tue 14 Jul 12:00")) is None


@pytest.mark.parametrize(
    ("overlap", "code"),
    [
        (-1, "greater_than_equal"),
        (604_801, "less_than_equal"),
        ("60", "int_type"),
        (1.5, "int_type"),
        (True, "int_type"),
        (None, "int_type"),
    ],
)
async def test_an_overlap_lasts_from_no_time_to_a_week(agency: Agency, overlap: Any, code: str) -> None:
    key = await made(agency)
    refused = await agency.call("POST", f"{KEYS}/{key['id']}/rotate", json={"overlap_seconds": overlap})
    assert places_of(problem_of(refused, 422)) == [("/overlap_seconds", code)]
    assert (await agency.get(f"{KEYS}/{key['id']}"))["etag"] == key["etag"]


async def test_revocation_ends_both_texts_for_good(agency: Agency, processes: Processes) -> None:
    first = await made(agency)
    path = f"{KEYS}/{first['id']}"
    second = await agency.post(f"{path}/rotate")
    assert await works(processes, first, second) == [True, True]
    revoked = await agency.post(f"{path}/revoke")
    assert revoked["revoked_at"]
    processes.forget()
    assert await works(processes, first, second) == [False, False]
    for method, address, body in (
        ("POST", f"{path}/revoke", None),
        ("POST", f"{path}/rotate", {}),
        ("PATCH", path, {"name": "again"}),
    ):
        problem_of(await agency.call(method, address, json=body), 409, "key_revoked")
    assert await agency.get(path) == revoked


async def test_a_key_that_expired_is_prolonged_before_it_is_rotated(office: Office) -> None:
    office.at("Tue 14 Jul 09:00")
    agency = office.agency
    key = await made(agency, expires_at=iso("Tue 14 Jul 12:00"))
    office.at("Tue 14 Jul 12:00")
    path = f"{KEYS}/{key['id']}"
    problem_of(await agency.call("POST", f"{path}/rotate", json={}), 409, "key_expired")
    await agency.patch(path, {"expires_at": iso("Wed 15 Jul 12:00")})
    assert (await agency.post(f"{path}/rotate"))["key"] != key["key"]


async def test_nobody_takes_their_own_access_away(agency: Agency, processes: Processes) -> None:
    [own] = (await agency.get(KEYS))["items"]
    path = f"{KEYS}/{own['id']}"
    problem_of(await agency.call("POST", f"{path}/revoke"), 409, "own_credential")
    for terms in ({"role": "manager"}, {"scopes": ["status:read"]}, {"expires_at": "2099-01-01T00:00:00Z"}):
        problem_of(await agency.call("PATCH", path, json=terms), 409, "own_credential")
    assert (await agency.patch(path, {"name": "renamed"}))["name"] == "renamed"
    rotated = await agency.post(f"{path}/rotate", {"overlap_seconds": 0})
    assert await works(processes, {"key": agency.key}, rotated) == [False, True]


TAKING = [("POST", "/revoke", None, 401), ("PATCH", "", {"role": "manager"}, 403)]


@pytest.mark.parametrize(("method", "path", "body", "refusal"), TAKING)
async def test_of_two_who_take_each_others_access_away_one_keeps_it(
    agency: Agency, method: str, path: str, body: Json | None, refusal: int
) -> None:
    [own] = (await agency.get(KEYS))["items"]
    key = await made(agency, role="admin")
    other = Agency(agency.id, key["key"], agency.http)
    await other.get(KEYS)
    both = await asyncio.gather(
        agency.call(method, f"{KEYS}/{key['id']}{path}", json=body),
        other.call(method, f"{KEYS}/{own['id']}{path}", json=body),
    )
    assert sorted(each.status_code for each in both) == [200, refusal]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/revoke", None),
        ("POST", "/rotate", {"overlap_seconds": 0}),
        ("PATCH", "", {"expires_at": "2099-01-31T00:00:00Z"}),
    ],
)
async def test_who_lost_their_access_takes_nobodys(
    agency: Agency, method: str, path: str, body: Json | None
) -> None:
    """Their key is still remembered, and would be good for a reading call."""
    [own] = (await agency.get(KEYS))["items"]
    key = await made(agency, role="admin")
    other = Agency(agency.id, key["key"], agency.http)
    await other.get(KEYS)
    await agency.post(f"{KEYS}/{key['id']}/revoke")
    before = await agency.get(f"{KEYS}/{own['id']}")
    problem_of(await other.call(method, f"{KEYS}/{own['id']}{path}", json=body), 401, "unauthenticated")
    assert await agency.get(f"{KEYS}/{own['id']}") == before


async def test_a_new_role_counts_in_every_process_within_five_seconds(
    agency: Agency, processes: Processes
) -> None:
    assert REMEMBERED_SECONDS < 5
    key = await made(agency, role="manager")
    assert await processes.statuses(key["key"], KEYS) == [200, 200]
    await agency.patch(f"{KEYS}/{key['id']}", {"role": "consultant"})
    processes.seconds = REMEMBERED_SECONDS
    assert await processes.statuses(key["key"], KEYS) == [403, 403]


async def test_whatever_is_wrong_with_a_key_the_answer_is_the_same(
    agency: Agency, processes: Processes
) -> None:
    rotated, revoked, demoted = await made(agency), await made(agency), await made(agency)
    await agency.post(f"{KEYS}/{rotated['id']}/rotate", {"overlap_seconds": 0})
    await agency.post(f"{KEYS}/{revoked['id']}/revoke")
    bad = [rotated["key"], revoked["key"], demoted["key"] + "x", "", "tb_live_", "x.y.z", "a" * 9_000]
    bodies = {without_request_id(answer) for credential in bad for answer in await processes.ask(credential)}
    assert len(bodies) == 1
    assert b'"unauthenticated"' in bodies.pop()


async def test_a_key_asked_for_twice_is_made_once(agency: Agency) -> None:
    once = {"Idempotency-Key": "once"}
    body = {"name": "ATS", "role": "integration"}
    first = await agency.call("POST", KEYS, json=body, headers=once)
    again = await agency.call("POST", KEYS, json=body, headers=once)
    assert first.status_code == 201
    assert again.content == first.content
    assert len((await agency.get(KEYS))["items"]) == 2


async def test_of_two_rotations_at_once_both_are_carried_out_in_turn(agency: Agency) -> None:
    key = await made(agency)
    path = f"{KEYS}/{key['id']}/rotate"
    both = await asyncio.gather(*(agency.post(path) for _ in range(2)))
    live = [(await answer(agency, issued["key"])).status_code for issued in (*both, key)]
    assert sorted(live) == [200, 200, 401]


async def test_keys_are_of_the_environment(database: Database, document: Document) -> None:
    app = create_app(database, SECRET, Settings(environment="test"))
    async with client_of(app, document) as http:
        key = await made(await found_agency(http, database, SECRET))
    assert key["key"].startswith("tb_test_")


async def test_another_agency_sees_and_changes_nothing(agency: Agency, rival: Agency) -> None:
    key = await made(agency)
    path = f"{KEYS}/{key['id']}"
    for method, address in (("GET", path), ("POST", f"{path}/revoke"), ("POST", f"{path}/rotate")):
        problem_of(await rival.call(method, address, json={} if method == "POST" else None), 404)
    assert [item["name"] for item in (await rival.get(KEYS))["items"]] == ["test"]
