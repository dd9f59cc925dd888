"""The demo: a believable agency, whatever the day it is loaded on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.api.debriefs import DebriefCreate
from app.api.feedback import FeedbackDetails
from app.db import Database
from app.demo import load
from app.demo.moments import Moments
from app.demo.scenes import SCENES
from app.rules.policy import Policy
from app.rules.vocabulary import ReasonCode, Status, TimescaleKind
from tests.agency import Agency, Json, found_agency
from tests.conftest import SECRET

INSTANTS = (
    datetime(2026, 11, 23, 9, 5, tzinfo=UTC),  # the first minutes of a week
    datetime(2026, 7, 17, 16, 29, tzinfo=UTC),  # the last minute of one
    datetime(2026, 12, 30, 15, 0, tzinfo=UTC),  # between Christmas and New Year
    datetime(2026, 7, 19, 14, 0, tzinfo=UTC),  # a Sunday
    datetime(2026, 8, 31, 11, 0, tzinfo=UTC),  # a bank holiday
)
DUE_TODAY = {"yuki-robots"}  # only in working hours does its status not depend on the hour


@dataclass
class Demo:
    """An agency with the demo, as of the instant it was loaded."""

    agency: Agency
    now: datetime
    reports: list[str]

    async def all(self, path: str, **params: Any) -> list[Json]:
        """All items of a list."""
        page = await self.agency.get(path, limit=200, **params)
        assert page["next_cursor"] is None
        items: list[Json] = page["items"]
        return items

    async def statuses(self) -> dict[str, Json]:
        """The status of every application, by the name of its scene."""
        return {
            row["external_refs"][0]["id"]: await self.agency.get(
                f"/v1/applications/{row['id']}/status", as_of=self.now.isoformat()
            )
            for row in await self.all("/v1/applications")
        }

    async def due_items(self) -> list[Json]:
        """Every item of the due list."""
        cards = await self.all("/v1/due", as_of=self.now.isoformat())
        return [item for card in cards for item in card["items"]]

    async def named(self, kind: str, key: str) -> str:
        """The path of an object by the demo's name for it."""
        [found] = await self.all(f"/v1/{kind}", external_source="demo", external_id=key)
        return f"/v1/{kind}/{found['id']}"

    async def records(self, kind: str) -> list[Json]:
        """All debriefs, timescales or feedback."""
        return [
            record
            for application in await self.all("/v1/applications")
            for interview in await self.all(f"/v1/applications/{application['id']}/interviews")
            for record in await self.all(f"/v1/interviews/{interview['id']}/{kind}")
        ]


@pytest.fixture(scope="module", params=INSTANTS, ids=str)
async def demo(request: pytest.FixtureRequest, app: FastAPI, database: Database) -> AsyncIterator[Demo]:
    """The demo, once for each of the instants."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://touchbase") as http:
        loaded = Demo(await found_agency(http, database, SECRET), request.param, [])
        await load(database, loaded.agency.id, report=loaded.reports.append, now=loaded.now)
        yield loaded


async def test_it_is_of_the_promised_size(demo: Demo) -> None:
    clients = await demo.all("/v1/clients")
    people = [p for client in clients for p in await demo.all(f"/v1/clients/{client['id']}/contacts")]

    assert len(await demo.all("/v1/consultants")) == 3
    assert len(clients) == 5
    assert len({person["timezone"] for person in people}) == 3
    assert len(await demo.all("/v1/candidates")) == 25
    assert len(await demo.all("/v1/applications")) == 40
    assert demo.reports[-1] == "  40 of 40 applications"


async def test_every_scene_shows_what_it_says(demo: Demo) -> None:
    shown = {name: status["status"] for name, status in (await demo.statuses()).items()}
    expected = {scene.name: scene.status for scene in SCENES}
    at_work = Policy().office.roll(demo.now) == demo.now

    assert {name for name, status in shown.items() if status != expected[name]} == (
        set() if at_work else DUE_TODAY
    )
    assert set(shown.values()) == set(Status)


async def test_the_due_list_has_every_reason_and_every_level(demo: Demo) -> None:
    items = await demo.due_items()

    assert {item["code"] for item in items} == set(ReasonCode)
    assert {item["level"] for item in items} == {"due", "overdue", "escalated"}
    owners = {item["consultant"]["name"] for item in items if item["actor"] == "consultant"}
    assert owners == {"Amara Okafor", "Tom Lindqvist", "Priya Raman"}


async def test_a_client_written_to_today_is_left_alone_until_tomorrow(demo: Demo) -> None:
    items = [item for item in await demo.due_items() if item["target"]["name"] == "Oliver Tennant"]

    assert len(items) == 2
    moments = Moments(Policy().office, demo.now)
    written_on = moments.office.date_of(moments.instant("2h"))
    floor = moments.office.start_of(moments.office.day_after(written_on, 1))
    assert all(datetime.fromisoformat(item["not_before"]) >= floor for item in items)


async def test_whose_consultant_is_away_is_looked_after_by_another(demo: Demo) -> None:
    items = [item for item in await demo.due_items() if item["actor"] == "consultant"]
    covers = {
        (item["consultant"]["name"], item["covered_by"]["name"]) for item in items if item["covered_by"]
    }

    assert covers == {("Tom Lindqvist", "Amara Okafor")}
    assert all(item["covered_by"] for item in items if item["consultant"]["name"] == "Tom Lindqvist")


async def test_a_direct_applicant_acts_alone(demo: Demo) -> None:
    own = [item for item in await demo.due_items() if item["actor"] == "candidate"]

    assert {item["code"] for item in own} == {"thank_you_due", "touch_base_due"}
    assert all(item["consultant"] is None and item["target"]["kind"] == "interviewer" for item in own)


async def test_a_review_settles_what_was_due(demo: Demo) -> None:
    tomasz = await demo.named("candidates", "tomasz")
    versions = [version["changed"] for version in await demo.all(f"{tomasz}/preferences")]

    assert versions[1:] == [["locations", "notes"]]
    standing = await demo.agency.get(f"{tomasz}/status", as_of=demo.now.isoformat())
    assert (standing["status"], standing["reasons"]) == ("closed", [])


async def test_a_void_a_snooze_a_pause_and_a_policy_can_be_looked_at(demo: Demo) -> None:
    [voided] = await demo.all("/v1/contacts", voided="true")
    assert voided["voided"]["reason"] == "That was another Hannah"

    waiting = (await demo.statuses())["lukas-platform"]["waiting"]
    [snooze] = await demo.all(f"{await demo.named('applications', 'lukas-platform')}/snoozes")
    assert [reason["code"] for reason in waiting] == [snooze["code"]]

    [pause] = await demo.all(f"{await demo.named('candidates', 'arjun')}/pauses")
    assert pause["reason"] == "Trekking; no signal"

    policy = await demo.agency.get(f"{await demo.named('clients', 'saltmarsh')}/policy")
    assert policy["parameters"] == {"statutory_notice_days": 45}
    assert policy["recomputation"]["state"] == "done"


async def test_only_one_call_was_written_down_late(demo: Demo) -> None:
    dated = [(contact["occurred_at"], contact["recorded_at"]) for contact in await demo.all("/v1/contacts")]
    for kind, date in (("debriefs", "occurred_at"), ("timescales", "given_at"), ("feedback", "received_at")):
        dated += [(record[date], record["recorded_at"]) for record in await demo.records(kind)]

    assert len([at for at, recorded_at in dated if at != recorded_at]) == 1
    assert max(recorded_at for _, recorded_at in dated) <= demo.now.isoformat()


async def test_nothing_that_happened_lies_ahead(demo: Demo) -> None:
    facts = [
        datetime.fromisoformat(fact["at"])
        for status in (await demo.statuses()).values()
        for reason in (*status["reasons"], *status["waiting"], *status["future"])
        for fact in reason["facts"]
        if fact["kind"] != "interview"
    ]

    assert max(facts) <= demo.now


async def test_the_words_of_clients_are_understood(demo: Demo) -> None:
    said = await demo.records("timescales")

    assert {s["kind"] for s in said} == set(TimescaleKind)
    assert {s["phrase"] for s in said if s["kind"] == "unknown"} == {"will let you know"}


async def test_its_records_are_such_as_the_api_takes(demo: Demo) -> None:
    for debrief in await demo.records("debriefs"):
        DebriefCreate.model_validate({"interest_score": debrief["interest_score"], **debrief["account"]})
    for feedback in await demo.records("feedback"):
        FeedbackDetails.model_validate(feedback["details"])


async def test_loading_it_again_changes_nothing(database: Database, demo: Demo) -> None:
    before = await demo.all("/v1/applications")
    reports: list[str] = []
    await load(database, demo.agency.id, report=reports.append)

    assert reports == ["The demo is loaded already."]
    assert await demo.all("/v1/applications") == before


async def test_a_load_that_breaks_off_leaves_nothing(database: Database, agency: Agency) -> None:
    def broken_off(words: str) -> None:
        if words.startswith("  10"):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await load(database, agency.id, report=broken_off)

    assert (await agency.get("/v1/consultants"))["items"] == []
    assert (await agency.get("/v1/applications"))["items"] == []


@pytest.mark.parametrize(
    ("words", "instant"),
    [
        ("1d 10:30", "2026-07-17T09:30:00+00:00"),
        ("+1d 09:00", "2026-07-20T08:00:00+00:00"),
        ("2h", "2026-07-17T14:30:00+00:00"),
        ("9h", "2026-07-16T16:00:00+00:00"),
        ("1d 1h", "2026-07-16T15:30:00+00:00"),
    ],
)
def test_words_for_time_count_working_time(words: str, instant: str) -> None:
    sunday = datetime(2026, 7, 19, 14, 3, tzinfo=UTC)

    assert Moments(Policy().office, sunday).instant(words) == datetime.fromisoformat(instant)


def test_something_may_begin_with_an_earlier_day_of_work() -> None:
    sunday = datetime(2026, 7, 19, 14, 3, tzinfo=UTC)

    friday_morning = datetime(2026, 7, 17, 8, 0, tzinfo=UTC)
    assert Moments(Policy().office, sunday).morning_before(sunday, 1) == friday_morning


@pytest.mark.parametrize("words", ["soon", "3d", "3d 10", "-1d 10:00", "d 10:00"])
def test_other_words_for_time_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match="no instant"):
        Moments(Policy().office, datetime(2026, 7, 19, tzinfo=UTC)).instant(words)
