"""Policies: read, replaced as a whole, kept by versions, tried before they are made, and applied to what is stored."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.db import Database
from app.rules.policy import Policy
from app.services import policy_trials
from tests.agency import Agency, Json, found_agency
from tests.conftest import SECRET
from tests.contract.problems import places_of, problem_of
from tests.stored import due_of, reasons_of

# Under this the debrief of an old interview is overdue; by the rulebook it has escalated long ago.
PATIENT = {"debrief_overdue_working_hours": 260, "escalate_working_days": 260}


def days_ago(days: int, hours: int = 0) -> str:
    return (datetime.now(UTC) - timedelta(days=days, hours=hours)).isoformat()


@dataclass
class Office:
    """Two clients, each with an application whose interview was long ago."""

    agency: Agency
    clients: list[str]
    applications: list[str]

    async def statuses(self) -> dict[str, str]:
        """The status word of each application."""
        paths = {a: f"/v1/applications/{a}/status" for a in self.applications}
        return {a: (await self.agency.get(path))["status"] for a, path in paths.items()}


@pytest.fixture
async def office(agency: Agency) -> Office:
    clients, applications = [], []
    for _ in range(2):
        client = await agency.client()
        contact = await agency.client_contact(client)
        job = await agency.job(client)
        application = (await agency.application(client_contact_id=contact, job_id=job))["id"]
        await agency.interview(application, days_ago(60, 1), days_ago(60))
        clients.append(client)
        applications.append(application)
    return Office(agency, clients, applications)


# --- Reading and replacing -----------------------------------------------------------------------------


async def test_before_any_change_it_is_the_rulebooks(agency: Agency) -> None:
    policy = await agency.get("/v1/policy")
    assert policy.pop("etag")
    assert policy == {
        "version": 0,
        "parameters": {},
        "effective": Policy().parameters,
        "holidays_known_until": "2100-12-31",
        "recorded_at": None,
        "recomputation": None,
    }
    assert (await agency.get("/v1/policy/versions"))["items"] == []


async def test_the_parameters_are_replaced_as_a_whole(agency: Agency) -> None:
    first = await agency.put("/v1/policy", {"move_on_working_days": 8, "enquiry_working_days": 2})
    assert (first["version"], first["effective"]["move_on_working_days"]) == (1, 8)
    second = await agency.put("/v1/policy", {"enquiry_working_days": 3})
    assert (second["version"], second["parameters"]) == (2, {"enquiry_working_days": 3})
    assert second["effective"]["move_on_working_days"] == 10
    assert await agency.get("/v1/policy") == second


async def test_every_version_is_kept_with_who_set_it(agency: Agency) -> None:
    for days in (8, 9, 10):
        await agency.put("/v1/policy", {"move_on_working_days": days})
    page = await agency.get("/v1/policy/versions", limit=2)
    rest = await agency.get("/v1/policy/versions", limit=2, cursor=page["next_cursor"])
    versions = page["items"] + rest["items"]
    assert [(v["version"], v["parameters"]["move_on_working_days"]) for v in versions] == [
        (1, 8),
        (2, 9),
        (3, 10),
    ]
    [principal] = {v["principal"] for v in versions}
    assert re.fullmatch(r"key:[0-9a-f-]{36}", principal)
    assert rest["next_cursor"] is None


async def test_the_same_again_makes_no_version(agency: Agency) -> None:
    policy = {"working_hours": {"friday": ["09:00", "16:00"]}, "closing_days": ["2026-12-24", "2026-12-31"]}
    made = await agency.put("/v1/policy", policy)
    again = await agency.put("/v1/policy", {**policy, "closing_days": ["2026-12-31", "2026-12-24"] * 2})
    assert again == made
    assert (await agency.put("/v1/policy", {}))["version"] == 2
    assert (await agency.put("/v1/policy", {}))["version"] == 2


async def test_a_clients_parameters_go_before_the_agencys(agency: Agency) -> None:
    client = await agency.client()
    path = f"/v1/clients/{client}/policy"
    await agency.put("/v1/policy", {"client_overdue_working_days": 4, "holidays": "IN"})
    assert (await agency.get(path))["effective"]["client_overdue_working_days"] == 4
    answer = await agency.put(path, {"client_overdue_working_days": 3})
    assert (answer["version"], answer["effective"]["client_overdue_working_days"]) == (1, 3)
    assert answer["holidays_known_until"] == "2035-12-31"
    assert [v["version"] for v in (await agency.get(f"{path}/versions"))["items"]] == [1]
    assert [v["version"] for v in (await agency.get("/v1/policy/versions"))["items"]] == [1]
    assert (await agency.get("/v1/policy"))["effective"]["client_overdue_working_days"] == 4


async def test_to_change_a_policy_needs_its_own_scope(agency: Agency, database: Database) -> None:
    reader = await found_agency(agency.http, database, SECRET, scopes=["status:read"])
    assert (await reader.get("/v1/policy"))["version"] == 0
    problem_of(await reader.call("PUT", "/v1/policy", json={}), 403, "forbidden")


# --- What is applied -----------------------------------------------------------------------------------


async def test_the_stored_statuses_follow_before_the_answer_goes_out(office: Office) -> None:
    assert set((await office.statuses()).values()) == {"escalated"}
    answer = await office.agency.put("/v1/policy", PATIENT)
    assert answer["recomputation"] == {"state": "done", "done": 2, "total": 2}
    assert set((await office.statuses()).values()) == {"overdue"}
    assert {level for _, level in await due_of(office.agency)} == {"overdue"}


async def test_a_client_has_a_say_in_its_own_applications_alone(office: Office, database: Database) -> None:
    own, others = office.applications
    before = await reasons_of(database, office.agency)
    answer = await office.agency.put(f"/v1/clients/{office.clients[0]}/policy", PATIENT)
    assert answer["recomputation"] == {"state": "done", "done": 1, "total": 1}
    after = await reasons_of(database, office.agency)
    assert [row for row in after if row.application_id == others] == [
        row for row in before if row.application_id == others
    ]
    assert await office.statuses() == {own: "overdue", others: "escalated"}


async def test_the_agencys_change_leaves_a_clients_parameters_in_force(office: Office) -> None:
    await office.agency.put(f"/v1/clients/{office.clients[0]}/policy", PATIENT)
    await office.agency.put("/v1/policy", {"debrief_overdue_working_hours": 2})
    assert list((await office.statuses()).values()) == ["overdue", "escalated"]


async def test_nothing_is_marked_as_changed(office: Office) -> None:
    paths = ("/v1/applications", "/v1/candidates", "/v1/clients", "/v1/jobs")
    before = [await office.agency.get(path) for path in paths]
    await office.agency.put("/v1/policy", PATIENT)
    await office.agency.put(f"/v1/clients/{office.clients[0]}/policy", {"move_on_working_days": 2})
    assert [await office.agency.get(path) for path in paths] == before


async def test_a_candidate_without_applications_is_reviewed_by_the_new_policy(agency: Agency) -> None:
    await agency.candidate(seeking=True, registered_at=days_ago(40))
    assert [code for code, _ in await due_of(agency)] == ["preference_review"]
    answer = await agency.put("/v1/policy", {"preference_review_working_days": 100})
    assert answer["recomputation"] == {"state": "done", "done": 1, "total": 1}
    assert await due_of(agency) == []


async def test_our_hours_and_closing_days_move_what_is_due(agency: Agency) -> None:
    application = (await agency.application())["id"]
    await agency.interview(application, "2026-07-15T17:00:00+01:00", "2026-07-15T18:00:00+01:00")
    asked = {"as_of": "2026-07-20T12:00:00+01:00"}
    policy = {
        "working_hours": {"friday": ["10:00", "16:00"], "saturday": ["10:00", "14:00"]},
        "closing_days": ["2026-07-16"],
    }
    await agency.put("/v1/policy", policy)
    status = await agency.get(f"/v1/applications/{application}/status", **asked)
    [debrief] = [r for r in status["reasons"] if r["code"] == "debrief_due"]
    assert debrief["due_at"] == "2026-07-17T09:00:00Z"  # Friday 10:00, as Thursday is closed
    assert debrief["overdue_at"] == "2026-07-17T13:00:00Z"
    assert debrief["escalate_at"] == "2026-07-20T13:00:00Z"  # over the Saturday
    assert (await agency.get("/v1/due", **asked))["items"][0]["due_at"] == debrief["due_at"]


# --- Trying --------------------------------------------------------------------------------------------


async def test_a_dry_run_tells_what_then_happens_and_stores_nothing(
    office: Office, database: Database
) -> None:
    before, stored = await office.statuses(), await reasons_of(database, office.agency)
    trial = await office.agency.put("/v1/policy", PATIENT, dry_run="true")
    assert (trial["examined"], trial["total"], trial["complete"]) == (2, 2, True)
    assert trial["changes"] == [{"from": "escalated", "to": "overdue", "count": 2}]
    assert trial["reasons_changed"] == 2
    assert await reasons_of(database, office.agency) == stored
    assert (await office.agency.get("/v1/policy"))["version"] == 0

    await office.agency.put("/v1/policy", PATIENT)
    after = await office.statuses()
    named = {each["application_id"]: (each["from"], each["to"]) for each in trial["applications"]}
    assert named == {a: (before[a], after[a]) for a in before}


async def test_a_dry_run_for_a_client_examines_its_own(office: Office) -> None:
    path = f"/v1/clients/{office.clients[0]}/policy"
    trial = await office.agency.put(path, PATIENT, dry_run="true")
    assert [each["application_id"] for each in trial["applications"]] == office.applications[:1]
    await office.agency.put(path, PATIENT)
    trial = await office.agency.put("/v1/policy", PATIENT, dry_run="true")
    assert [each["application_id"] for each in trial["applications"]] == office.applications[1:]


async def test_a_dry_run_counts_reasons_where_the_status_stays(office: Office) -> None:
    # It is not time to move on any more, so the client is to be chased; the debrief has escalated all the same.
    trial = await office.agency.put("/v1/policy", {"move_on_working_days": 260}, dry_run="true")
    assert (trial["changes"], trial["applications"], trial["reasons_changed"]) == ([], [], 2)


async def test_a_dry_run_has_an_end(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_trials, "MOST_EXAMINED", 1)
    trial = await office.agency.put("/v1/policy", PATIENT, dry_run="true")
    assert (trial["examined"], trial["total"], trial["complete"]) == (1, 2, False)


# --- Bad input -----------------------------------------------------------------------------------------

CLOSED = dict.fromkeys(Policy().week)
WHOLE_YEAR = [(datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=n)).date().isoformat() for n in range(365)]

WRONG: list[tuple[Json, str]] = [
    ({"move_on_days": 3}, "/move_on_days"),
    ({"move_on_working_days": 261}, "/move_on_working_days"),
    ({"move_on_working_days": -1}, "/move_on_working_days"),
    ({"move_on_working_days": None}, "/move_on_working_days"),
    ({"move_on_working_days": "3"}, "/move_on_working_days"),
    ({"max_unanswered_chasers": 0}, "/max_unanswered_chasers"),
    ({"statutory_notice_days": 0}, "/statutory_notice_days"),
    ({"timezone": "Europe/Londinium"}, "/timezone"),
    ({"holidays": "XX"}, "/holidays"),
    ({"holidays": ["GB-ENG", "XX"]}, "/holidays/1"),
    ({"holidays": [None]}, "/holidays/0"),
    ({"holidays": ["GB-ENG"] * 21}, "/holidays"),
    ({"day_start": "9"}, "/day_start"),
    ({"day_start": "18:00"}, "/day_start"),
    ({"day_start": "10:00", "day_end": "10:00"}, "/day_end"),
    ({"candidate_window": ["20:00", "08:00"]}, "/candidate_window"),
    ({"client_window": ["09:00"]}, "/client_window"),
    ({"working_hours": {"friday": ["16:00", "09:00"]}}, "/working_hours/friday"),
    ({"working_hours": {"Friday": None}}, "/working_hours/Friday"),
    ({"working_hours": None}, "/working_hours"),
    ({"working_hours": CLOSED}, "/working_hours"),
    ({"closing_days": WHOLE_YEAR}, "/closing_days"),
    ({"closing_days": ["2026-02-30"]}, "/closing_days/0"),
    ({"closing_days": ["1989-12-31"]}, "/closing_days/0"),
    ({"closing_days": ["2026-12-24"] * 1_001}, "/closing_days"),
]


@pytest.mark.parametrize(("policy", "pointer"), WRONG, ids=[str(policy)[:60] for policy, _ in WRONG])
async def test_a_wrong_parameter_is_named_and_nothing_is_stored(
    agency: Agency, policy: Json, pointer: str
) -> None:
    for dry_run in ("false", "true"):
        response = await agency.call("PUT", "/v1/policy", json=policy, params={"dry_run": dry_run})
        [(place, _)] = places_of(problem_of(response, 422))
        assert place == pointer
    assert (await agency.get("/v1/policy"))["version"] == 0


@pytest.mark.parametrize("policy", [{"working_hours": CLOSED}, {"closing_days": WHOLE_YEAR}])
async def test_a_preview_refuses_a_policy_without_working_time_as_well(agency: Agency, policy: Json) -> None:
    asked = {"facts": {"people": {}, "applications": []}, "policy": policy, "now": "2026-07-15T10:00:00Z"}
    response = await agency.call("POST", "/v1/status/preview", json=asked)
    [name] = policy
    assert places_of(problem_of(response, 422)) == [(f"/policy/{name}", "no_working_time")]


@pytest.mark.parametrize(
    "name",
    [
        "timezone",
        "holidays",
        "day_start",
        "day_end",
        "working_hours",
        "closing_days",
        "candidate_window",
        "aftercare_working_days",
        "preference_review_working_days",
    ],
)
async def test_what_is_the_agencys_alone_no_client_may_set(agency: Agency, name: str) -> None:
    value: Any = Policy().parameters[name]
    path = f"/v1/clients/{await agency.client()}/policy"
    response = await agency.call("PUT", path, json={name: value})
    assert places_of(problem_of(response, 422)) == [(f"/{name}", "extra_forbidden")]
    assert (await agency.get(path))["version"] == 0


async def test_a_policy_under_which_a_date_is_past_the_known_holidays_is_refused(agency: Agency) -> None:
    application = (await agency.application())["id"]
    await agency.interview(application, "2036-07-15T10:00:00Z", "2036-07-15T11:00:00Z")
    for dry_run in ("true", "false"):
        response = await agency.call(
            "PUT", "/v1/policy", json={"holidays": "IN"}, params={"dry_run": dry_run}
        )
        problem_of(response, 422, "calendar_range")
    assert (await agency.get("/v1/policy"))["version"] == 0
