"""Edits that must not undo what others did meanwhile (H7)."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.agency import Agency, Json
from tests.contract.problems import problem_of


async def scene(agency: Agency) -> dict[str, str]:
    """The address of one object of each kind that can be edited."""
    client_id = await agency.client()
    contact = await agency.client_contact(client_id)
    candidate, job, consultant = (
        await agency.candidate(),
        await agency.job(client_id),
        await agency.consultant(),
    )
    application = await agency.application(
        candidate_id=candidate, client_contact_id=contact, job_id=job, consultant_id=consultant
    )
    interview = await agency.interview(
        application["id"], "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"
    )
    return {
        "client": f"/v1/clients/{client_id}",
        "client_contact": f"/v1/client-contacts/{contact}",
        "candidate": f"/v1/candidates/{candidate}",
        "job": f"/v1/jobs/{job}",
        "consultant": f"/v1/consultants/{consultant}",
        "application": f"/v1/applications/{application['id']}",
        "interview": f"/v1/interviews/{interview}",
        "policy": "/v1/policy",
        "client_policy": f"/v1/clients/{client_id}/policy",
    }


def change(kind: str, number: int) -> Json:
    """A change of an object that differs from others."""
    changes: dict[str, Json] = {
        "job": {"title": f"Engineer {number}"},
        "application": {"continue_until": f"2026-08-{number + 1:02}"},
        "interview": {"location": f"Room {number}"},
        "policy": {"move_on_working_days": 20 + number},
        "client_policy": {"move_on_working_days": 40 + number},
    }
    return changes.get(kind, {"name": f"Name {number}"})


async def edit(agency: Agency, kind: str, path: str, body: Json, **headers: str) -> Any:
    """One edit."""
    method = "PUT" if kind.endswith("policy") else "PATCH"
    return await agency.call(method, path, json=body, headers=headers)


@pytest.mark.parametrize(
    "kind",
    [
        "client",
        "client_contact",
        "candidate",
        "job",
        "consultant",
        "application",
        "interview",
        "policy",
        "client_policy",
    ],
)
async def test_of_many_who_saw_the_same_one_wins(agency: Agency, kind: str) -> None:
    path = (await scene(agency))[kind]
    seen = (await agency.get(path))["etag"]
    answers = await asyncio.gather(
        *(edit(agency, kind, path, change(kind, n), **{"If-Match": f'"{seen}"'}) for n in range(6))
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 5}
    [winner] = [answer for answer in answers if answer.status_code == 200]
    assert (await agency.get(path))["etag"] == winner.json()["etag"] != seen


async def test_an_item_of_a_list_is_edited_by_the_etag_it_carries(agency: Agency) -> None:
    await agency.client()
    [item] = (await agency.get("/v1/clients"))["items"]
    path, seen = f"/v1/clients/{item['id']}", {"If-Match": item["etag"]}
    assert (await edit(agency, "client", path, {"name": "Mine"}, **seen)).status_code == 200
    problem_of(await edit(agency, "client", path, {"name": "Again"}, **seen), 412, "precondition_failed")


async def test_a_change_by_others_means_makes_a_tag_stale(agency: Agency) -> None:
    """An upsert, a pause, an external id: whatever the object says of itself."""
    refs = [{"source": "ats", "id": "1"}]
    candidate = await agency.candidate(external_refs=refs)
    path = f"/v1/candidates/{candidate}"
    pause = {"from": "2026-01-01T00:00:00Z", "until": "2098-01-01T00:00:00Z"}
    changes: list[tuple[str, Json]] = [
        ("/v1/candidates", {"name": "Another name", "external_refs": refs}),
        ("/v1/candidates", {"name": "Another name", "external_refs": [*refs, {"source": "crm", "id": "2"}]}),
        (f"{path}/pauses", pause),
    ]
    for address, body in changes:
        seen = (await agency.get(path))["etag"]
        await agency.post(address, body)
        stale = await edit(agency, "candidate", path, {"name": "Mine"}, **{"If-Match": f'"{seen}"'})
        problem_of(stale, 412, "precondition_failed")
    assert (await agency.get(path))["name"] == "Another name"


async def test_what_is_wrong_is_said_before_what_is_stale(agency: Agency) -> None:
    """The order of H4: 404, 422, 412, 409."""
    paths = await scene(agency)
    stale = {"If-Match": '"stale"'}
    nobody = "/v1/clients/0197f3a0-0000-7000-8000-000000000000"
    problem_of(await edit(agency, "client", nobody, {"name": "x"}, **stale), 404)
    problem_of(await edit(agency, "client", paths["client"], {"name": ""}, **stale), 422)
    ends_early = {"end": "2026-07-14T09:00:00+01:00"}
    problem_of(await edit(agency, "interview", paths["interview"], ends_early, **stale), 422)
    problem_of(await edit(agency, "client", paths["client"], {"name": "x"}, **stale), 412)


async def test_conditions_in_several_lines_are_one(agency: Agency) -> None:
    path = (await scene(agency))["client"]
    seen = (await agency.get(path))["etag"]
    headers = [
        ("Authorization", f"Bearer {agency.key}"),
        ("If-Match", '"stale"'),
        ("If-Match", f'"{seen}"'),
    ]
    edited = await agency.http.patch(path, json={"name": "x"}, headers=headers)
    assert edited.status_code == 200
    known = [("If-None-Match", '"other"'), ("If-None-Match", edited.headers["etag"])]
    assert (await agency.http.get(path, headers=[headers[0], *known])).status_code == 304


async def test_without_a_condition_the_last_word_counts(agency: Agency) -> None:
    path = (await scene(agency))["client"]
    answers = await asyncio.gather(*(edit(agency, "client", path, change("client", n)) for n in range(6)))
    assert {answer.status_code for answer in answers} == {200}


async def test_a_condition_on_what_is_no_edit_says_nothing(agency: Agency) -> None:
    await agency.call("POST", "/v1/clients", json={"name": "Acme"}, headers={"If-Match": '"stale"'})
    made = await agency.call("POST", "/v1/clients", json={"name": "Acme"}, headers={"If-None-Match": "*"})
    assert made.status_code == 201
