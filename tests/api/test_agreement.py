"""The stored intervals and the pure rules never disagree, whatever happened and at whatever instant."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db import Database
from tests.agency import Agency, Json, found_agency
from tests.conftest import SECRET
from tests.histories import histories, instants
from tests.recorder import Recorder

SEVERAL = st.lists(instants, min_size=6, max_size=6)
PATIENT = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


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


def shown(due: Json) -> list[tuple[str, ...]]:
    """What the stored rows show."""
    return [fields(item) for card in due["items"] for item in card["items"]]


def said(status: Json) -> list[tuple[str, ...]]:
    """What the rules say of the facts."""
    reasons = [reason for application in status["applications"] for reason in application["reasons"]]
    return [fields(reason) for reason in [*reasons, *status["reasons"]]]


def fields(reason: Json) -> tuple[str, ...]:
    """What must agree."""
    return tuple(str(reason[name]) for name in ("code", "level", "due_at", "overdue_at", "escalate_at"))
