"""How often a request asks the database: a round trip costs more than most statements do."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event

from app.db import Database, driver_of
from app.main import create_app
from tests.agency import Agency, found_agency
from tests.conftest import SECRET, client_of
from tests.contract.document import Document

DEBRIEF: dict[str, Any] = {
    "interest_score": 8,
    "occurred_at": "2026-07-14T11:30:00+01:00",
    "timescale": {"kind": "date", "date": "2026-07-17", "phrase": "by Friday"},
    "contact": {"channel": "phone"},
    "next_promise": {"by_date": "2026-07-20"},
}


TIMESCALE = {
    "source": "client",
    "given_at": "2026-07-14T12:00:00+01:00",
    "kind": "date",
    "date": "2026-07-17",
    "phrase": "by Friday",
}


class Listened:
    """An agency, and what the only connection of its service is asked."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency
        self.heard: list[str] = []

    async def asked(self, path: str, body: dict[str, Any], *, keyed: bool = False) -> list[str]:
        """What is asked for something to be recorded, by a connection that has prepared all it needs."""
        for number in range(2):
            self.heard.clear()
            headers = {"Idempotency-Key": str(number)} if keyed else {}
            await self.agency.call("POST", path, json=body, headers=headers)
            await asyncio.sleep(0)  # the driver tells of a message a little later
        return self.heard

    async def interview(self, application_id: str) -> str:
        """The address of an interview."""
        when = ("2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00")
        return f"/v1/interviews/{await self.agency.interview(application_id, *when)}"

    def hear(self, query: Any) -> None:
        """What the driver sends."""
        self.heard.append(query.query)

    def hear_prepared(self, *executed: Any) -> None:
        """What SQLAlchemy sends, of which the driver does not tell."""
        self.heard.append(executed[2])


@pytest.fixture
async def listened(database_url: str, document: Document) -> AsyncIterator[Listened]:
    """A service with one connection, whose agency has a key that is known."""
    database = Database(database_url, pool_size=1)
    async with client_of(create_app(database, SECRET), document) as http:
        listened = Listened(await found_agency(http, database, SECRET))
        event.listen(database.pool.engine.sync_engine, "before_cursor_execute", listened.hear_prepared)
        async with database.transaction(None) as db:
            driver_of(db).add_query_logger(listened.hear)
        yield listened
    await database.close()


async def test_a_debrief_takes_four_messages(listened: Listened) -> None:
    interview = await listened.interview((await listened.agency.application())["id"])
    begun, read, written, committed = await listened.asked(f"{interview}/debriefs", DEBRIEF)
    assert begun.startswith("BEGIN;SET LOCAL app.agency_id")
    assert "FOR NO KEY UPDATE" in begun
    assert read.lstrip().startswith("SELECT")
    assert written.startswith("WITH")
    assert committed == "COMMIT"


async def test_a_debrief_that_may_be_sent_again_takes_seven_messages(listened: Listened) -> None:
    """First the key is claimed and looked up; the answer is kept with all that is written."""
    interview = await listened.interview((await listened.agency.application())["id"])
    begun, claimed, kept, locked, read, written, committed = await listened.asked(
        f"{interview}/debriefs", DEBRIEF, keyed=True
    )
    assert begun.startswith("BEGIN;SET LOCAL app.agency_id")
    assert "FOR NO KEY UPDATE" not in begun
    assert "pg_try_advisory_xact_lock" in claimed
    assert "FROM idempotency_keys" in kept
    assert locked.startswith("SAVEPOINT")
    assert "FOR NO KEY UPDATE" in locked
    assert read.lstrip().startswith("SELECT")
    assert "INSERT INTO idempotency_keys" in written
    assert committed == "COMMIT"


@pytest.mark.parametrize(("keyed", "messages"), [(False, 4), (True, 8)])
async def test_a_debrief_of_no_interview_is_looked_for_once(
    listened: Listened, keyed: bool, messages: int
) -> None:
    """Then the transaction begins as every other; with a key the answer is kept, as what was begun is undone."""
    nowhere = "/v1/interviews/0197f3a0-0000-7000-8000-000000000000/debriefs"
    heard = await listened.asked(nowhere, DEBRIEF, keyed=keyed)
    assert [query.lstrip().split(" ")[0] for query in heard][-1] == ("COMMIT" if keyed else "ROLLBACK")
    assert len(heard) == messages


@pytest.mark.parametrize(("applications", "messages"), [(1, 4), (2, 5)])
async def test_a_debrief_of_a_candidate_who_seeks(
    listened: Listened, applications: int, messages: int
) -> None:
    """What concerns them as a person rests on all their applications, of which the others are read."""
    candidate = await listened.agency.candidate(seeking=True, registered_at="2026-07-01T09:00:00Z")
    for _ in range(applications):
        application = await listened.agency.application(candidate_id=candidate)
    interview = await listened.interview(application["id"])
    assert len(await listened.asked(f"{interview}/debriefs", DEBRIEF)) == messages


async def test_a_debrief_that_says_nothing_takes_four_messages(listened: Listened) -> None:
    """Beginning, file, whether the interview is there, end."""
    interview = await listened.interview((await listened.agency.application())["id"])
    *_, looked_up, ended = heard = await listened.asked(f"{interview}/debriefs", {})
    assert len(heard) == 4
    assert "FROM interviews" in looked_up
    assert ended == "ROLLBACK"


async def test_a_timescale_takes_four_messages(listened: Listened) -> None:
    interview = await listened.interview((await listened.agency.application())["id"])
    assert len(await listened.asked(f"{interview}/timescales", TIMESCALE)) == 4


async def test_feedback_takes_seven_messages(listened: Listened) -> None:
    """It may change the application, which is therefore read and written by itself."""
    interview = await listened.interview((await listened.agency.application())["id"])
    assert len(await listened.asked(f"{interview}/feedback", {"decision": "undecided"})) == 7


async def test_a_contact_with_a_candidate_takes_six_messages(listened: Listened) -> None:
    """Beginning, policy, candidate, their applications, all that is written, end."""
    application = await listened.agency.application()
    contact = {
        "with": "candidate",
        "person_id": application["candidate_id"],
        "application_ids": [application["id"]],
        "direction": "outbound",
        "outcome": "reached",
        "channel": "phone",
    }
    assert len(await listened.asked("/v1/contacts", contact)) == 6
