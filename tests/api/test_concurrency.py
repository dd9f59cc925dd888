"""Many at once on the same application: nothing lost, nothing doubled, and the stored rows stay true."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from tests.agency import Agency, Json

START, END = "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00"


async def test_writers_of_one_application_queue_up(agency: Agency) -> None:
    application = await agency.application()
    interview = await agency.interview(application["id"], START, END)
    person = application["candidate_id"]
    talk = {"with": "candidate", "person_id": person, "direction": "outbound", "outcome": "reached"}
    writes = []
    for number in range(6):
        at = f"2026-07-15T10:{number:02}:00+01:00"
        facts = f"/v1/interviews/{interview}"
        writes += [
            agency.post(f"{facts}/debriefs", {"interest_score": number, "occurred_at": at}),
            agency.post(f"{facts}/timescales", {"kind": "working_days", "n": number, "given_at": at}),
            agency.post(f"{facts}/feedback", {"decision": "undecided", "received_at": at}),
            agency.post("/v1/contacts", {**talk, "occurred_at": at}),
            agency.patch(
                f"/v1/applications/{application['id']}", {"continue_until": f"2026-08-{number + 10}"}
            ),
            agency.patch(f"/v1/candidates/{person}", {"seeking": number % 2 == 0}),
        ]
    # No more at once than there are connections: how long one may wait for those is not what this is about.
    free = asyncio.Semaphore(10)

    async def send(write: Coroutine[Any, Any, Json]) -> None:
        async with free:
            await write

    await asyncio.gather(*map(send, writes))

    debriefs = (await agency.get(f"/v1/interviews/{interview}/debriefs"))["items"]
    assert sorted(debrief["version"] for debrief in debriefs) == [1, 2, 3, 4, 5, 6]
    for noun in ("timescales", "feedback"):
        assert len((await agency.get(f"/v1/interviews/{interview}/{noun}"))["items"]) == 6
    assert len((await agency.get("/v1/contacts", candidate_id=person))["items"]) == 6
    for moment in ("2026-07-16T09:00:00Z", "2026-07-22T09:00:00Z", "2026-09-01T09:00:00Z"):
        status = await agency.get(f"/v1/candidates/{person}/status", as_of=moment)
        said = [reason["code"] for each in status["applications"] for reason in each["reasons"]]
        due = await agency.get("/v1/due", as_of=moment)
        assert sorted(i["code"] for card in due["items"] for i in card["items"]) == sorted(
            [*said, *(reason["code"] for reason in status["reasons"])]
        )


async def test_one_external_id_makes_one_object(agency: Agency) -> None:
    body = {"name": "Amara Osei", "external_refs": [{"source": "ats", "id": "1"}]}
    answers = await asyncio.gather(*(agency.call("POST", "/v1/candidates", json=body) for _ in range(12)))
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert len((await agency.get("/v1/candidates"))["items"]) == 1
