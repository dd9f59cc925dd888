"""The audit trail: every write and every reading of a debrief, by whom and to what end, and never a value."""

import pytest
from sqlalchemy import select

from app.db import Database
from app.models import AuditEntry
from app.services import audit
from tests.agency import Agency, Json
from tests.contract.problems import places_of, problem_of


async def entries(agency: Agency, database: Database) -> list[AuditEntry]:
    """The trail, oldest first."""
    async with database.transaction(agency.id) as db:
        return list(await db.scalars(select(AuditEntry).order_by(AuditEntry.id)))


async def test_a_write_is_noted_with_the_names_of_what_was_sent(agency: Agency, database: Database) -> None:
    body = {"name": "Acme", "external_refs": [{"source": "ats", "id": "88"}]}
    headers = {"X-Request-Id": "import-7", "X-Purpose": "nightly-sync"}
    made = await agency.call("POST", "/v1/clients", json=body, headers=headers)
    [entry] = await entries(agency, database)
    assert (entry.operation, str(entry.object_id)) == ("create_client", made.json()["id"])
    assert (entry.request_id, entry.purpose) == ("import-7", "nightly-sync")
    assert entry.fields == ["external_refs.id", "external_refs.source", "name"]
    assert entry.principal.startswith("key:")
    assert entry.consultant_id is None


async def test_reading_a_debrief_is_noted_and_other_reading_is_not(
    agency: Agency, database: Database
) -> None:
    application = await agency.application()
    interview = await agency.interview(
        application["id"], "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
    )
    path = f"/v1/interviews/{interview}"
    debrief = await agency.post(f"{path}/debriefs", {"interest_score": 8})
    before = len(await entries(agency, database))
    for address in (f"{path}/debriefs", f"{path}/debrief", f"/v1/debriefs/{debrief['id']}"):
        await agency.get(address)
    known = {"If-None-Match": f'"{debrief["etag"]}"'}
    assert (await agency.call("GET", f"/v1/debriefs/{debrief['id']}", headers=known)).status_code == 304
    for address in (path, "/v1/due", "/v1/clients", f"/v1/applications/{application['id']}/status"):
        await agency.get(address)
    noted = (await entries(agency, database))[before:]
    assert [(entry.operation, str(entry.object_id)) for entry in noted] == [
        ("list_debriefs", interview),
        ("get_current_debrief", interview),
        ("get_debrief", debrief["id"]),
        ("get_debrief", debrief["id"]),
    ]


async def test_what_was_refused_or_answered_before_leaves_nothing(agency: Agency, database: Database) -> None:
    problem_of(await agency.call("POST", "/v1/clients", json={"name": ""}), 422)
    keyed = {"headers": {"Idempotency-Key": "k1"}, "json": {"name": "Acme"}}
    for _ in range(2):
        await agency.call("POST", "/v1/clients", headers=dict(keyed["headers"]), json=keyed["json"])
    assert len(await entries(agency, database)) == 1


@pytest.mark.parametrize("purpose", ["", "two words", "x" * 65, "Ärger", "a\tb"])
async def test_a_purpose_is_one_word(agency: Agency, database: Database, purpose: str) -> None:
    headers = {"X-Purpose": purpose.encode("latin-1")}
    answer = await agency.call("POST", "/v1/clients", json={"name": "Acme"}, headers=headers)
    assert places_of(problem_of(answer, 422)) == [("X-Purpose", "invalid_purpose")]
    assert await entries(agency, database) == []
    assert (await agency.get("/v1/clients"))["items"] == []


async def test_an_unfit_purpose_is_told_before_what_contradicts_the_state(agency: Agency) -> None:
    client = await agency.client()
    stale = {"If-Match": '"AAAAAAAAAAAAAAAAAAAA"', "X-Purpose": "two words"}
    edited = await agency.call("PATCH", f"/v1/clients/{client}", json={"name": "Other"}, headers=stale)
    assert places_of(problem_of(edited, 422)) == [("X-Purpose", "invalid_purpose")]
    key = await agency.post("/v1/api-keys", {"name": "k", "role": "integration"})
    await agency.post(f"/v1/api-keys/{key['id']}/revoke")
    again = {"Idempotency-Key": "k1", "X-Purpose": "two words"}
    rotate = f"/v1/api-keys/{key['id']}/rotate"
    problem_of(await agency.call("POST", rotate, json={}, headers=again), 422)
    problem_of(await agency.call("POST", rotate, json={}, headers=again | {"X-Purpose": "sync"}), 409)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (None, []),
        ({}, []),
        ({"a": 1, "b": None}, ["a", "b"]),
        ({"a": {"b": 1, "c": {"d": 2}}}, ["a.b", "a.c.d"]),
        ({"a": {}, "b": []}, ["a", "b"]),
        ({"a": ["x", "y"]}, ["a"]),
        ({"a": [{"b": 1}, {"c": 2}]}, ["a.b", "a.c"]),
    ],
)
def test_the_names_of_members(body: Json | None, names: list[str]) -> None:
    assert sorted(set(audit.member_names(body))) == names
