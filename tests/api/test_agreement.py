"""The pure rules, the stored intervals, the preview and the timeline never disagree, whatever happened."""

import os
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db import Database
from tests.agency import Agency, Json, found_agency
from tests.api.conftest import Office
from tests.conftest import SECRET
from tests.examples import plain, same_instants
from tests.histories import histories, instants
from tests.recorder import Recorder
from tests.walk import Walk
from tests.walked import File, preview_of

SEVERAL = st.lists(instants, min_size=6, max_size=6)
PATIENT = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
STEPS = 50  # of one walk; 20 walks make the 1,000 that every change must pass
WALKS = int(os.environ.get("AGREEMENT_WALKS", "20"))
LOOKS = [timedelta(), timedelta(hours=5), timedelta(days=2), timedelta(days=9), timedelta(days=-1)]


@PATIENT
@given(facts=histories(), moments=SEVERAL)
async def test_the_due_list_shows_what_the_status_says(
    facts: Json, moments: list[str], agency: Agency, database: Database
) -> None:
    office = await found_agency(agency.http, database, SECRET)
    recorder = Recorder(office)
    await recorder.play(facts)
    candidate = recorder.people["candidate"]
    ends = [interview["end"] for interview in facts["applications"][0]["interviews"]]
    for moment in [*moments, *ends]:
        status = await office.get(f"/v1/candidates/{candidate}/status", as_of=moment)
        due = await office.get("/v1/due", as_of=moment)
        assert sorted(shown(due)) == sorted(said(status)), moment


@settings(PATIENT, max_examples=WALKS, derandomize="AGREEMENT_WALKS" not in os.environ)
@given(random=st.randoms(use_true_random=False))
async def test_all_four_agree_after_every_step_of_an_agency_at_work(random: Random, office: Office) -> None:
    """`AGREEMENT_WALKS=1000 ./run pytest tests/api/test_agreement.py` walks further, and elsewhere each time."""
    agency = await found_agency(office.agency.http, office.database, SECRET)
    walk = Walk(agency, office.database, random)
    await walk.begin()
    for _ in range(STEPS):
        await walk.step()
        look = walk.now + random.choice(LOOKS)
        status = await agency.get(f"/v1/candidates/{walk.known.candidate_id}/status", as_of=look.isoformat())
        due = await agency.get("/v1/due", as_of=look.isoformat())
        assert sorted(shown(due)) == sorted(said(status)), (look, walk.steps)
        by_id = {found["application_id"]: found for found in status["applications"]}
        found = by_id[walk.file.id]
        assert await previewed(walk, walk.file, look) == same_instants(plain(found)), (look, walk.steps)
        if walk.file.is_dated_at(look):
            assert await told(agency, walk.file, look) == in_short(found), (look, walk.steps)


async def previewed(walk: Walk, file: File, look: datetime) -> Json:
    """What the preview says of the same facts."""
    answer = await walk.agency.post("/v1/status/preview", preview_of(walk.known, file, look))
    found: Json = same_instants(answer["applications"][file.id])
    return found


async def told(agency: Agency, file: File, look: datetime) -> tuple[str, list[tuple[str, str]]]:
    """What the timeline says of an instant: the last change before it holds."""
    params: Json = {"limit": 200}
    last = None
    while "cursor" not in params or params["cursor"]:
        page = await agency.get(f"/v1/applications/{file.id}/timeline", **params)
        params["cursor"] = page["next_cursor"]
        changes = [item for item in page["items"] if item["entry"] == "change"]
        past = [change for change in changes if datetime.fromisoformat(change["at"]) <= look]
        last = past[-1] if past else last
    if last is None:
        return "on_track", []
    return last["after"], [(reason["code"], reason["level"]) for reason in last["reasons"]]


def in_short(status: Json) -> tuple[str, list[tuple[str, str]]]:
    """A status as the timeline shows it."""
    return status["status"], [(reason["code"], reason["level"]) for reason in status["reasons"]]


def shown(due: Json) -> list[tuple[str, ...]]:
    """What the stored rows show."""
    return [fields(item) for card in due["items"] for item in card["items"]]


def said(status: Json) -> list[tuple[str, ...]]:
    """What the rules say of the facts."""
    reasons = [reason for application in status["applications"] for reason in application["reasons"]]
    return [fields(reason) for reason in [*reasons, *status["reasons"]]]


def fields(reason: dict[str, Any]) -> tuple[str, ...]:
    """What must agree."""
    return tuple(str(reason[name]) for name in ("code", "level", "due_at", "overdue_at", "escalate_at"))
