"""Records the examples of the document by playing a story: `python -m tests.contract.record_examples`.

The story has a clock of its own, and what a run makes up (ids) is replaced by what stays the same, so that the file
changes only when the service does. A test plays the story again and compares.
"""

import asyncio
import json
import re
import tempfile
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from app import postgres
from app.main import create_app
from app.migrate import migrate
from app.rules.events import EventType
from app.web.etags import digest
from app.web.openapi import EXAMPLES
from app.web.schema import format_instant
from tests.agency import Agency, Json, found_agency
from tests.clock import ClockedDatabase
from tests.contract.document import Document
from tests.told import answered

SECRET = "a secret of the examples, which no file holds"
_KEY = re.compile(r"tb_(live|test)_[0-9A-Za-z]+_[0-9A-Za-z]+")
_TOKEN = re.compile(r"tbc_[0-9A-Za-z_-]{32}")
_WEBHOOK_SECRET = re.compile(r"whsec_[0-9A-Za-z+/=]+")
# The last of them are names of events in calendars, made from other ids.
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[57][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


class Story:
    """Calls the API as one agency and keeps one example of each operation."""

    def __init__(self, agency: Agency, database: ClockedDatabase, document: Document) -> None:
        self.agency = agency
        self.database = database
        self.document = document
        self.examples: dict[str, Json] = {}
        self._neat_ids: dict[str, str] = {}
        self._made_at: dict[str, str] = {}
        self._changed_at: dict[str, str] = {}

    def at(self, time: str) -> None:
        """Let the story's clock show a time."""
        self.database.now = datetime.fromisoformat(time)

    async def get(self, path: str, **params: str) -> Json:
        """A reading call; gives the answer."""
        return await self._call("GET", path, params=params)

    async def read_calendar(self, path: str) -> None:
        """A calendar's reading of its address."""
        response = await self.agency.http.get(path)
        assert response.is_success, response.text
        self._note_ids(response.text)
        example = {"status": response.status_code, "media_type": "text/calendar", "response": response.text}
        self.examples["get_calendar"] = example

    async def post(self, path: str, body: Json | None = None, *, is_example: bool = True) -> Any:
        """A writing call; gives the id of what was made."""
        return (await self.make(path, body, is_example=is_example)).get("id")

    async def make(self, path: str, body: Json | None = None, *, is_example: bool = True) -> Json:
        """A writing call; gives the answer."""
        sent = {} if body is None else {"json": body}
        return await self._call("POST", path, is_example=is_example, **sent)

    async def patch(self, path: str, body: Json) -> Json:
        """A changing call; gives the answer."""
        return await self._call("PATCH", path, json=body)

    async def put(self, path: str, body: Json) -> None:
        """A replacing call."""
        await self._call("PUT", path, json=body)

    async def delete(self, path: str) -> None:
        """A deleting call, which is answered with nothing."""
        assert (await self.agency.call("DELETE", path)).is_success

    def recorded(self) -> dict[str, Json]:
        """The examples in the order of the document, with ids that stay the same."""
        text = _ID.sub(lambda match: self._neat_ids[match[0]], json.dumps(self.examples))
        text = _KEY.sub("tb_<environment>_<key id>_<secret>", text)
        text = _TOKEN.sub("tbc_<secret>", text)
        text = _WEBHOOK_SECRET.sub("whsec_<secret>", text)
        examples: dict[str, Json] = json.loads(text, object_hook=_retagged)
        paths = self.document.document["paths"].values()
        names = [operation["operationId"] for methods in paths for operation in methods.values()]
        return {name: examples[name] for name in [*names, "webhooks"] if name in examples}

    async def keep_events(self) -> None:
        """Keep the first event of each type that the story has brought about."""
        after, told = "0", dict[str, Json]()
        while True:
            page = await self.agency.get("/v1/events", after=after, limit=200)
            for event in page["items"]:
                self._note_ids(json.dumps(event))
                body = {name: event[name] for name in ("type", "timestamp", "data")}
                told.setdefault(event["type"], body)
            if after == page["next_cursor"]:
                break
            after = page["next_cursor"]
        self.examples["webhooks"] = {str(each): told[each] for each in EventType if each in told}

    async def _call(self, method: str, path: str, *, is_example: bool = True, **options: Any) -> Json:
        operation = self.document.operation(method, path)
        assert operation is not None, path
        response = await self.agency.call(method, path, headers={"X-Request-Id": "story-7"}, **options)
        assert response.is_success, f"{method} {path}: {response.text}"
        self._note_ids(response.text)
        answer: Json = response.json()
        if is_example:
            # What a POST answers with 200 has been there before.
            changed = method != "GET" and response.status_code == HTTPStatus.OK
            example = {"status": response.status_code, "response": self._timed(answer, changed=changed)}
            request = {"request": options["json"]} if "json" in options else {}
            self.examples[operation["operationId"]] = request | example
        return answer

    def _note_ids(self, text: str) -> None:
        """Give every new id one that only the story's time and its place in the story decide."""
        for found in _ID.findall(text):
            if found not in self._neat_ids:
                moment = f"{int(self.database.now.timestamp() * 1000):012x}"
                count = len(self._neat_ids) + 1
                self._neat_ids[found] = f"{moment[:8]}-{moment[8:]}-7000-8000-{count:012d}"
                self._made_at[found] = format_instant(self.database.now)

    def _timed(self, value: Any, *, changed: bool) -> Any:
        """An answer in which rows were made, and last changed, at the story's time, not the server's."""
        if isinstance(value, list):
            return [self._timed(item, changed=changed) for item in value]
        if not isinstance(value, dict):
            return value
        timed = {name: self._timed(item, changed=changed) for name, item in value.items()}
        if "created_at" in timed:
            if changed:
                self._changed_at[value["id"]] = format_instant(self.database.now)
            timed["created_at"] = self._made_at[value["id"]]
        if "updated_at" in timed:
            timed["updated_at"] = self._changed_at.get(value["id"], timed["created_at"])
        if timed.get("last_used_at"):  # noted again once a few real seconds have passed
            timed["last_used_at"] = format_instant(self.database.now)
        return timed


def _retagged(members: Json) -> Json:
    """An object with the tag of what stays the same."""
    if "etag" in members:
        members["etag"] = digest(json.dumps(members | {"etag": ""}).encode())
    return members


async def tell(story: Story) -> None:
    """From a client who hires to a candidate who is invited to the second round."""
    story.at("2026-07-10T09:00:00+01:00")
    ids = await _directory(story)
    ids |= await _application(story, ids)
    await _interview_and_debrief(story, ids)
    ids |= await _waiting(story, ids)
    await _feedback(story, ids)
    await _mistakes(story, ids)
    await _job_change_and_preferences(story, ids)
    await _absences(story, ids)
    await _looking_back(story, ids)
    await _preview(story)
    await _by_external_ids(story)
    await _policies(story, ids)
    await _access(story, ids)
    await _calendars(story, ids)
    await _webhooks(story)
    events = await story.get("/v1/events", limit="2")
    await story.get(f"/v1/events/{events['items'][0]['id']}")
    await story.keep_events()
    await story.get("/livez")
    await story.get("/readyz")


async def _directory(story: Story) -> dict[str, str]:
    refs = {"external_refs": [{"source": "bullhorn", "id": "CONS-7"}]}
    consultant = await story.post(
        "/v1/consultants", {"name": "Priya Shah", "email": "priya.shah@brightpath.example", **refs}
    )
    refs = {"external_refs": [{"source": "bullhorn", "id": "CLI-204"}]}
    client = await story.post("/v1/clients", {"name": "Northwind Foods", **refs})
    contact = await story.post(
        f"/v1/clients/{client}/contacts",
        {
            "name": "Tom Becker",
            "role": "Head of Operations",
            "email": "tom.becker@northwind.example",
            "timezone": "Europe/London",
            "holidays": "GB-ENG",
        },
    )
    candidate = await story.post(
        "/v1/candidates",
        {
            "name": "Amara Osei",
            "email": "amara.osei@mail.example",
            "phone": "+44 7700 900123",
            "timezone": "Europe/London",
            "holidays": "GB-ENG",
            "consultant_id": consultant,
            "external_refs": [{"source": "bullhorn", "id": "CAND-88412"}],
        },
    )
    job = await story.post(
        "/v1/jobs", {"client_id": client, "title": "Operations Manager", "location": "Leeds"}
    )
    for path, found in (
        ("consultants", consultant),
        ("clients", client),
        ("client-contacts", contact),
        ("candidates", candidate),
        ("jobs", job),
    ):
        await story.get(f"/v1/{path}/{found}")
    for path in ("consultants", "clients", f"clients/{client}/contacts", "candidates", "jobs"):
        await story.get(f"/v1/{path}")
    return {
        "consultant_id": consultant,
        "client_id": client,
        "client_contact_id": contact,
        "candidate_id": candidate,
        "job_id": job,
    }


async def _application(story: Story, ids: dict[str, str]) -> dict[str, str]:
    story.at("2026-07-10T09:20:00+01:00")
    await story.patch(f"/v1/consultants/{ids['consultant_id']}", {"name": "Priya Shah-Lee"})
    await story.patch(f"/v1/clients/{ids['client_id']}", {"name": "Northwind Foods Ltd"})
    await story.patch(
        f"/v1/client-contacts/{ids['client_contact_id']}", {"unavailable_until": "2026-07-13T09:00:00+01:00"}
    )
    await story.patch(f"/v1/candidates/{ids['candidate_id']}", {"phone": "+44 7700 900456", "seeking": False})
    await story.patch(f"/v1/jobs/{ids['job_id']}", {"location": "Leeds, two days a week from home"})
    parts = {name: ids[name] for name in ("candidate_id", "job_id", "client_contact_id")}
    refs = [{"source": "bullhorn", "id": "SUB-5120"}]
    application = await story.post("/v1/applications", {**parts, "external_refs": refs})
    path = f"/v1/applications/{application}"
    interview = await story.post(
        f"{path}/interviews",
        {
            "start": "2026-07-14T09:30:00+01:00",
            "end": "2026-07-14T10:30:00+01:00",
            "title": "First round",
            "location": "Northwind Foods, Leeds",
        },
    )
    await story.get(path)
    await story.get("/v1/applications")
    return {"application": path, "application_id": application, "interview": f"/v1/interviews/{interview}"}


async def _interview_and_debrief(story: Story, ids: dict[str, str]) -> None:
    story.at("2026-07-13T15:00:00+01:00")
    moved = {"start": "2026-07-14T10:00:00+01:00", "end": "2026-07-14T11:00:00+01:00"}
    await story.patch(ids["interview"], moved)
    await story.get(ids["interview"])
    await story.get(f"{ids['application']}/interviews")
    story.at("2026-07-14T11:45:00+01:00")
    debrief = await story.post(
        f"{ids['interview']}/debriefs",
        {
            "interest_score": 8,
            "occurred_at": "2026-07-14T11:30:00+01:00",
            "channel": "phone",
            "overall_impression": "positive",
            "would_accept": "yes_if",
            "accept_conditions": "Two days a week from home",
            "liked": ["The team", "A clear plan for the new plant"],
            "concerns": [{"category": "commute", "text": "An hour each way", "shareable": True}],
            "contact": {"channel": "phone"},
            "next_promise": {"by": "2026-07-17T17:00:00+01:00"},
        },
    )
    await story.get(f"/v1/debriefs/{debrief}")
    await story.get(f"{ids['interview']}/debriefs")
    await story.get(f"{ids['interview']}/debrief")


async def _waiting(story: Story, ids: dict[str, str]) -> dict[str, str]:
    story.at("2026-07-15T10:05:00+01:00")
    said = {"phrase": "by Friday", "given_at": "2026-07-15T10:00:00+01:00"}
    await story.post("/v1/timescales/interpret", {**said, "client_contact_id": ids["client_contact_id"]})
    terms = {"kind": "date", "date": "2026-07-17", "given_by": ids["client_contact_id"]}
    timescale = await story.post(f"{ids['interview']}/timescales", {**said, **terms})
    await story.get(f"/v1/timescales/{timescale}")
    await story.get(f"{ids['interview']}/timescales")
    story.at("2026-07-17T16:40:00+01:00")
    call = {
        "with": "candidate",
        "person_id": ids["candidate_id"],
        "direction": "outbound",
        "outcome": "reached",
    }
    await story.post("/v1/contacts", {**call, "channel": "phone", "purpose": "update"}, is_example=False)
    story.at("2026-07-20T09:30:00+01:00")
    await story.get("/v1/due")
    await story.get("/v1/chase")
    await story.get(f"/v1/consultants/{ids['consultant_id']}/digest")
    await story.get(f"{ids['application']}/status")
    await story.get(f"/v1/candidates/{ids['candidate_id']}/status")
    snooze = await story.post(
        f"{ids['application']}/snoozes",
        {
            "code": "client_response_due",
            "until": "2026-07-21T09:00:00+01:00",
            "reason": "Tom is at a trade fair today",
        },
    )
    await story.get(f"/v1/snoozes/{snooze}")
    await story.get(f"{ids['application']}/snoozes")
    return {"snooze_id": snooze}


async def _feedback(story: Story, ids: dict[str, str]) -> None:
    story.at("2026-07-21T10:15:00+01:00")
    feedback = await story.post(
        f"{ids['interview']}/feedback",
        {
            "decision": "next_stage",
            "received_at": "2026-07-21T10:10:00+01:00",
            "from_contact": ids["client_contact_id"],
            "strengths": [{"text": "Calm, and knows the numbers", "shareable": True}],
            "next_step": {"type": "second_interview", "proposed_slots": ["Thursday 23 July, 14:00"]},
            "relay_text": "They liked how well you know the numbers and would like to see you again.",
        },
    )
    await story.get(f"/v1/feedback/{feedback}")
    await story.get(f"{ids['interview']}/feedback")
    story.at("2026-07-21T11:05:00+01:00")
    contact = await story.post(
        "/v1/contacts",
        {
            "with": "candidate",
            "person_id": ids["candidate_id"],
            "direction": "outbound",
            "outcome": "reached",
            "occurred_at": "2026-07-21T11:00:00+01:00",
            "channel": "phone",
            "purpose": "update",
            "application_ids": [ids["application_id"]],
            "relays": [feedback],
            "promise": {"by_date": "2026-07-22"},
            "notes": "Delighted; Thursday afternoon suits her.",
        },
    )
    await story.get(f"/v1/contacts/{contact}")
    await story.get("/v1/contacts", application_id=ids["application_id"])
    await story.patch(ids["application"], {"continue_until": "2026-08-31"})


async def _job_change_and_preferences(story: Story, ids: dict[str, str]) -> None:
    story.at("2026-07-22T09:40:00+01:00")
    salary = {"amount": 48000, "currency": "GBP", "period": "year"}
    reduced = {"salary": salary, "location": "Leeds", "state": "reduced"}
    told_at = {"changed_at": "2026-07-22T09:30:00+01:00"}
    job = await story.patch(f"/v1/jobs/{ids['job_id']}", {**reduced, **told_at})
    await story.get(f"/v1/job-changes/{job['change']['id']}")
    await story.get(f"/v1/jobs/{ids['job_id']}/changes")
    story.at("2026-07-22T11:00:00+01:00")
    path = f"/v1/candidates/{ids['candidate_id']}"
    wishes = {
        "roles": ["Operations Manager", "Plant Manager"],
        "salary_minimum": {**salary, "amount": 52000},
        "locations": ["Leeds", "York"],
        "hybrid": "hybrid",
        "notice_period": {"value": 1, "unit": "month", "negotiable": True},
    }
    preference = await story.post(
        f"{path}/preferences", {"reviewed_at": "2026-07-22T10:45:00+01:00", **wishes}
    )
    await story.get(f"/v1/preferences/{preference}")
    await story.get(f"{path}/preferences")
    await story.get(f"{path}/preference")


async def _mistakes(story: Story, ids: dict[str, str]) -> None:
    story.at("2026-07-21T11:20:00+01:00")
    chaser = {"with": "client", "person_id": ids["client_contact_id"], "purpose": "chase"}
    sent = {**chaser, "direction": "outbound", "outcome": "sent", "channel": "email"}
    mistake = await story.post("/v1/contacts", sent, is_example=False)
    await story.post("/v1/contacts/check", {**chaser, "channel": "phone"})
    await story.post(f"/v1/contacts/{mistake}/void", {"reason": "Meant for another client"})
    await story.post(f"/v1/snoozes/{ids['snooze_id']}/void", {"reason": "Tom answered after all"})


async def _absences(story: Story, ids: dict[str, str]) -> None:
    story.at("2026-07-22T09:15:00+01:00")
    pauses = f"/v1/candidates/{ids['candidate_id']}/pauses"
    pause = await story.post(
        pauses,
        {
            "from": "2026-07-27T00:00:00+01:00",
            "until": "2026-08-03T09:00:00+01:00",
            "allow_urgent": True,
            "reason": "Walking in the Dolomites",
        },
    )
    await story.get(f"/v1/pauses/{pause}")
    await story.get(pauses)
    await story.post(f"/v1/pauses/{pause}/lift")
    colleague = await story.post("/v1/consultants", {"name": "Kim Adeyemi"}, is_example=False)
    covers = f"/v1/consultants/{ids['consultant_id']}/covers"
    cover = await story.post(covers, {"covered_by": colleague, "from": "2026-07-27", "to": "2026-07-31"})
    await story.get(f"/v1/covers/{cover}")
    await story.get(covers)
    await story.post(f"/v1/covers/{cover}/cancel")


async def _looking_back(story: Story, ids: dict[str, str]) -> None:
    await story.get(f"{ids['application']}/timeline")


async def _preview(story: Story) -> None:
    interview = {
        "id": "int-1",
        "start": "2026-07-14T10:00:00+01:00",
        "end": "2026-07-14T11:00:00+01:00",
        "status": "attended",
    }
    people = {
        "amara": {"kind": "candidate", "timezone": "Europe/London", "holidays": "GB-ENG"},
        "tom": {"kind": "client", "timezone": "Europe/London", "holidays": "GB-ENG"},
    }
    application = {"id": "app-1", "candidate": "amara", "client_contact": "tom", "interviews": [interview]}
    facts = {"people": people, "applications": [application]}
    policy = {"debrief_overdue_working_hours": 2}
    await story.post(
        "/v1/status/preview", {"facts": facts, "policy": policy, "now": "2026-07-14T12:30:00+01:00"}
    )


async def _by_external_ids(story: Story) -> None:
    story.at("2026-07-22T09:05:00+01:00")

    def ref(number: str) -> Json:
        return {"source": "bullhorn", "id": number}

    times = {"start": "2026-07-22T08:00:00+01:00", "end": "2026-07-22T08:45:00+01:00"}
    capture = {
        "client": {"external_refs": [ref("CLI-204")], "name": "Northwind Foods Ltd"},
        "client_contact": {"external_refs": [ref("CON-905")], "name": "Ines Duarte"},
        "candidate": {
            "external_refs": [ref("CAND-88412")],
            "name": "Amara Osei",
            "consultant": ref("CONS-7"),
        },
        "job": {"external_refs": [ref("JOB-70")], "title": "Plant Manager"},
        "application": {"external_refs": [ref("SUB-5188")]},
        "interview": {"external_refs": [ref("INT-641")], **times},
        "debrief": {
            "external_refs": [ref("NOTE-77120")],
            "interest_score": 9,
            "timescale": {"kind": "working_days", "n": 3, "phrase": "in three days or so"},
            "contact": {"channel": "phone"},
        },
    }
    await story.post("/v1/debriefs", capture)
    items = [
        {"kind": "client", "external_refs": [ref("CLI-311")], "name": "Harbour Logistics"},
        {
            "kind": "client_contact",
            "external_refs": [ref("CON-912")],
            "client": ref("CLI-311"),
            "name": "Rosa Blum",
            "holidays": "GB-ENG",
        },
        {"kind": "job", "external_refs": [ref("JOB-77")], "client": ref("CLI-999"), "title": "Buyer"},
    ]
    await story.post("/v1/bulk", {"items": items})


async def _policies(story: Story, ids: dict[str, str]) -> None:
    story.at("2026-07-22T09:00:00+01:00")
    hours = {"friday": ["09:00", "16:00"], "saturday": ["10:00", "14:00"]}
    policy = {"working_hours": hours, "closing_days": ["2026-12-24"], "move_on_working_days": 12}
    await story.put("/v1/policy", policy)
    await story.get("/v1/policy")
    await story.get("/v1/policy/versions")
    client = f"/v1/clients/{ids['client_id']}/policy"
    await story.put(client, {"client_overdue_working_days": 3})
    await story.get(client)
    await story.get(f"{client}/versions")


async def _access(story: Story, ids: dict[str, str]) -> None:
    story.at("2026-07-23T09:00:00+01:00")
    key = await story.post("/v1/api-keys", {"name": "Bullhorn sync", "role": "integration"})
    provider = await story.post(
        "/v1/identity-providers",
        {"name": "Brightpath", "issuer": "https://login.brightpath.example", "audience": "touchbase"},
    )
    identities = f"/v1/consultants/{ids['consultant_id']}/identities"
    linked = {"identity_provider_id": provider, "subject": "248289761001", "role": "consultant"}
    identity = await story.post(identities, linked)
    await story.get("/v1/api-keys")
    await story.get(f"/v1/api-keys/{key}")
    for path in ("/v1/identity-providers", f"/v1/identity-providers/{provider}", identities):
        await story.get(path)
    await story.get(f"/v1/identities/{identity}")
    story.at("2026-07-23T09:30:00+01:00")
    await story.patch(f"/v1/api-keys/{key}", {"expires_at": "2027-07-23T00:00:00+01:00"})
    await story.post(f"/v1/api-keys/{key}/rotate", {"overlap_seconds": 3600})
    await story.post(f"/v1/api-keys/{key}/revoke")
    await story.patch(f"/v1/identity-providers/{provider}", {"disabled": True})
    await story.patch(f"/v1/identities/{identity}", {"role": "manager"})
    await story.post(f"/v1/identities/{identity}/revoke")
    trail = await story.get("/v1/audit", operation="rotate_api_key")
    await story.get(f"/v1/audit/{trail['items'][0]['id']}")


async def _calendars(story: Story, ids: dict[str, str]) -> None:
    story.at("2026-07-23T09:45:00+01:00")
    feeds = f"/v1/consultants/{ids['consultant_id']}/calendar-feeds"
    made = await story.make(feeds)
    await story.read_calendar(made["url"])
    await story.get(feeds)
    await story.get(f"/v1/calendar-feeds/{made['id']}")
    await story.post(f"/v1/calendar-feeds/{made['id']}/revoke")


async def _webhooks(story: Story) -> None:
    story.at("2026-07-23T10:00:00+01:00")
    await story.get("/v1/events", limit="2")
    types = ["feedback.recorded", "contact.voided"]
    ats = {"url": "https://ats.brightpath.example/touchbase", "description": "Bullhorn", "types": types}
    path = f"/v1/webhook-endpoints/{await story.post('/v1/webhook-endpoints', ats)}"
    await story.post(f"{path}/test")
    await story.post(f"{path}/recover", {"since": "2026-07-21T00:00:00+01:00"})
    await answered(story.database, story.agency, 503)
    [delivery, *_] = (await story.get(f"{path}/deliveries"))["items"]
    await story.get(f"{path}/deliveries/{delivery['id']}")
    await story.post(f"{path}/deliveries/{delivery['id']}/resend")
    story.at("2026-07-23T10:30:00+01:00")
    await story.post(f"{path}/pause")
    await story.post(f"{path}/rotate-secret")
    await story.patch(path, {"types": None})
    await story.post(f"{path}/enable")
    await story.get(path)
    await story.get("/v1/webhook-endpoints")
    await answered(story.database, story.agency, 410)
    await story.delete(path)


async def record(url: str) -> dict[str, Json]:
    """The examples, as the service in a migrated, empty database gives them."""
    database = ClockedDatabase(url)
    app = create_app(database, SECRET)
    document = Document(app.openapi())
    transport = httpx.ASGITransport(app)
    hooks = {"response": [document.check]}
    async with httpx.AsyncClient(transport=transport, base_url="http://t", event_hooks=hooks) as http:
        story = Story(await found_agency(http, database, SECRET), database, document)
        await tell(story)
    await database.close()
    return story.recorded()


def main() -> None:
    """Record on a database made for it, and write the file."""
    with tempfile.TemporaryDirectory() as folder, postgres.running(Path(folder), durable=False) as server:
        migrate(server.url)
        examples = asyncio.run(record(server.url))
    EXAMPLES.write_text(json.dumps(examples, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
