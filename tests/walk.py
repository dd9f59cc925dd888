"""An agency at work at random: it records, corrects, puts off and changes its mind, through the API alone.

What the answers say was recorded is kept, so that the same facts can be asked about in another way
(`tests.walked`). `Walk.step` takes one step of any kind; one that the API refuses has changed nothing.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx

from tests.agency import Agency, Json
from tests.clock import ClockedDatabase
from tests.walked import File, Known

QUARTER = timedelta(minutes=15)
PLACES = [("Europe/London", "GB-ENG"), ("America/New_York", "US"), ("Asia/Singapore", None)]
DECISIONS = ["offer", "next_stage", "reject", "undecided", "undecided", "role_on_hold", "role_filled"]
SNOOZED = [
    "debrief_due",
    "client_response_due",
    "timescale_missing",
    "courtesy_update_due",
    "decision_to_relay",
]
PARAMETERS: dict[str, list[Any]] = {
    "courtesy_every_working_days": [2, 5],
    "max_unanswered_chasers": [1, 3],
    "max_candidate_attempts": [1, 2, 3],
    "attempt_cooldown_working_hours": [0, 4, 12],
    "client_grace_working_hours": [0, 3],
    "statutory_notice_days": [None, 12],
    "move_on_working_days": [2, 10],
    "escalate_working_days": [1, 2],
}
CALENDAR: dict[str, list[Any]] = {
    "working_hours": [{}, {"friday": ["09:00", "15:00"], "saturday": ["10:00", "13:00"]}],
    "closing_days": [[], ["2026-04-09", "2026-04-10"]],
    "holidays": ["GB-ENG", None, ["GB-SCT", "US"]],
}


class Walk:
    """One candidate, two applications at two clients, and a clock that only the walk moves."""

    def __init__(self, agency: Agency, database: ClockedDatabase, random: Random) -> None:
        self.agency = agency
        self.database = database
        self.random = random
        self.database.now = datetime(2026, 3, 23, 9, tzinfo=UTC)  # Easter and a clock change lie ahead
        self.known = Known()
        self.file: File  # that the step is about
        self.steps: list[str] = []

    @property
    def now(self) -> datetime:
        """The walk's time."""
        return self.database.now

    async def begin(self) -> None:
        """Everybody the walk needs."""
        consultant = await self.agency.consultant()
        zone, holidays = self.random.choice(PLACES)
        person = {"timezone": zone, "holidays": holidays, "seeking": self.random.random() < 0.5}
        person["registered_at"] = _text(self.now)
        self.known.candidate_id = await self.agency.candidate(consultant_id=consultant, **person)
        self.known.people[self.known.candidate_id] = {"kind": "candidate", **person}
        self.known.files = [await self._file(consultant) for _ in range(2)]
        for file in self.known.files:
            self.file = file
            await self.schedule()

    async def _file(self, consultant: str) -> File:
        client = await self.agency.client()
        zone, holidays = self.random.choice(PLACES)
        contact = await self.agency.client_contact(client, timezone=zone, holidays=holidays)
        self.known.people[contact] = {"kind": "client", "timezone": zone, "holidays": holidays}
        job = await self.agency.job(client)
        made = await self.agency.application(
            candidate_id=self.known.candidate_id,
            job_id=job,
            client_contact_id=contact,
            consultant_id=consultant,
        )
        return File(made["id"], client, contact, job, made)

    async def step(self) -> None:
        """One step of any kind."""
        acts: list[tuple[int, Callable[[], Awaitable[httpx.Response | None]]]] = [
            (4, self.schedule),
            (2, self.move_or_cancel),
            (4, self.debrief),
            (4, self.timescale),
            (5, self.feedback),
            (10, self.talk),
            (6, self.write_to_client),
            (2, self.void_contact),
            (2, self.snooze),
            (1, self.void_snooze),
            (2, self.pause),
            (1, self.lift_pause),
            (1, self.go_away),
            (1, self.move_client_contact),
            (4, self.change_application),
            (2, self.change_job),
            (1, self.change_policy),
            (1, self.change_client_policy),
            (1, self.review),
        ]
        weights = [weight for weight, _ in acts]
        _, act = self.random.choices(acts, weights)[0]
        self.database.now += QUARTER * self.random.choice([0, 0, 1, 2, 8, 32, 96, 192])
        self.file = self.random.choice(self.known.files)
        response = await act()
        outcome = "nothing to do" if response is None else str(response.status_code)
        self.steps.append(f"{self.now:%d %b %H:%M} {act.__name__}: {outcome}")
        assert response is None or response.status_code < 500, (self.steps, response.text)
        self.file.view = await self.agency.get(f"/v1/applications/{self.file.id}")

    # What happens in an application

    async def schedule(self) -> httpx.Response | None:
        """Schedule an interview, recently held or soon to come."""
        start = self._around(-96, 96)
        body = {"start": _text(start), "end": _text(start + timedelta(hours=1))}
        body["state"] = self.random.choice(["scheduled", "attended", "attended"])
        return await self._record(f"/v1/applications/{self.file.id}/interviews", body, self.file.interviews)

    async def move_or_cancel(self) -> httpx.Response | None:
        """Change an interview."""
        if not self.file.interviews:
            return None
        chosen = self._one_of(self.file.interviews)
        start = self._around(-40, 96)
        moved = {"start": _text(start), "end": _text(start + timedelta(hours=1))}
        body = self.random.choice(
            [moved, {"state": "cancelled"}, {"state": "no_show"}, {"state": "attended"}]
        )
        response = await self.agency.call("PATCH", f"/v1/interviews/{chosen}", json=body)
        return _kept(response, self.file.interviews)

    async def debrief(self) -> httpx.Response | None:
        """Record an account, perhaps in the place of another."""
        interview = self._interview()
        if interview is None:
            return None
        body: Json = {"interest_score": 7, "occurred_at": _text(self._around(-8, 0))}
        body["source"] = self.random.choice(["call", "call", "self_service"])
        if self.random.random() < 0.4:
            deadline = (self.now.date() + timedelta(days=self.random.randint(0, 9))).isoformat()
            body["other_processes"] = [
                {"stage": "offer", "deadline_date": deadline, "share_with_client": self._maybe()}
            ]
        body |= self._supersedes(self.file.debriefs, interview)
        response = await self._record(f"/v1/interviews/{interview}/debriefs", body, self.file.debriefs)
        if response.is_success:
            made = response.json()["id"]
            self.file.places[made] = self.file.places.get(body.get("supersedes", ""), made)
            self.file.interviews[interview] = await self.agency.get(f"/v1/interviews/{interview}")
        return response

    async def timescale(self) -> httpx.Response | None:
        """Record when the client will answer, perhaps in the place of an earlier record."""
        interview = self._interview()
        if interview is None:
            return None
        given_at = self._around(-16, 0)
        day = (given_at.date() + timedelta(days=self.random.randint(1, 12))).isoformat()
        body: Json = self.random.choice(
            [
                {"kind": "date", "date": day},
                {"kind": "date", "date": day},
                {"kind": "unknown"},
                {"kind": "working_days", "n": self.random.randint(0, 6), "anchor": "interview"},
                {"kind": "after_event", "event": "the board", "event_date": day},
                {"kind": "instant", "at": f"{day}T12:00:00Z"},
            ]
        )
        body |= {"given_at": _text(given_at), "source": self.random.choice(["client", "client", "candidate"])}
        body |= self._supersedes(self.file.timescales, interview)
        return await self._record(f"/v1/interviews/{interview}/timescales", body, self.file.timescales)

    async def feedback(self) -> httpx.Response | None:
        """Record what the client said, perhaps in the place of an earlier record."""
        interview = self._interview()
        if interview is None:
            return None
        body: Json = {"decision": self.random.choice(DECISIONS), "received_at": _text(self._around(-16, 0))}
        if self._maybe(0.25):
            body["embargo_until"] = _text(self._around(0, 96))
        if body["decision"] == "role_on_hold" and self._maybe():
            body["hold"] = {"since": _text(self._around(-96, 16))}
        body |= self._supersedes(self.file.feedback, interview)
        corrected = self.file.feedback.get(body.get("supersedes", ""))
        response = await self._record(f"/v1/interviews/{interview}/feedback", body, self.file.feedback)
        if corrected and response.is_success:
            self.file.corrected_feedback[corrected["id"]] = corrected
        return response

    async def change_application(self) -> httpx.Response | None:
        """Close it, hold it, reopen it, withdraw, or agree to wait."""
        day = (self.now.date() + timedelta(days=self.random.randint(1, 20))).isoformat()
        body: Json = self.random.choice(
            [
                {"state": "closed"},
                {"state": "active"},
                {"state": "active", "withdrawn_at": None},
                {"state": "on_hold", "hold": {"since": _text(self.now), "until": day}},
                {"state": "on_hold"},
                {"state": "on_hold", "hold": {"since": _text(self._around(1, 96))}},
                {"withdrawn_at": _text(self._around(-8, 0))},
                {"withdrawn_at": None},
                {"continue_until": day},
                {"continue_until": None},
            ]
        )
        if body.get("state") == "closed" and self.file.view["state"] != "closed":
            self.file.closed_at = self.now
        return await self.agency.call("PATCH", f"/v1/applications/{self.file.id}", json=body)

    async def snooze(self) -> httpx.Response | None:
        """Put a reason off."""
        body = {"code": self.random.choice(SNOOZED), "until": _text(self._around(1, 200)), "reason": "later"}
        return await self._record(f"/v1/applications/{self.file.id}/snoozes", body, self.file.snoozes)

    async def void_snooze(self) -> httpx.Response | None:
        """Take a snooze back."""
        if not self.file.snoozes:
            return None
        chosen = self._one_of(self.file.snoozes)
        response = await self.agency.call("POST", f"/v1/snoozes/{chosen}/void", json={"reason": "a slip"})
        if response.is_success:
            del self.file.snoozes[chosen]
        return response

    async def change_job(self) -> httpx.Response | None:
        """Change the job."""
        body = {"location": self.random.choice(["Leeds", "York", "Hull"])}
        response = await self.agency.call("PATCH", f"/v1/jobs/{self.file.job_id}", json=body)
        change = response.json().get("change")
        if change and self.file.view["state"] != "closed":
            self.file.job_changes[change["id"]] = change
        return response

    # Contacts

    async def talk(self) -> httpx.Response | None:
        """A contact with the candidate, of any sort."""
        made_at = self._around(-16, 0)
        body: Json = {
            "with": "candidate",
            "person_id": self.known.candidate_id,
            "occurred_at": _text(made_at),
            "direction": self.random.choice(["outbound", "outbound", "inbound"]),
            "outcome": self.random.choice(["reached", "sent", "left_message", "no_answer"]),
            "purpose": self.random.choice(["update", "other", "statutory_notice", "competing_deadline"]),
            "needs_reply": self._maybe(0.2),
            "automated": self._maybe(0.1),
            "application_ids": self.random.choice([None, [self.file.id]]),
        }
        news = [*self.file.feedback, *self.file.job_changes]
        if news and self._maybe():
            body["relays"] = [self.random.choice(news)]
        if self._maybe(0.2):
            body["promise"] = {
                "by_date": (made_at.date() + timedelta(days=self.random.randint(1, 9))).isoformat()
            }
        return await self._record("/v1/contacts", body, self.known.contacts)

    async def write_to_client(self) -> httpx.Response | None:
        """A contact with the client, of any sort."""
        body = {
            "with": "client",
            "person_id": self.file.client_contact_id,
            "occurred_at": _text(self._around(-8, 0)),
            "direction": self.random.choice(["outbound", "outbound", "outbound", "inbound"]),
            "outcome": self.random.choice(["sent", "sent", "left_message", "reached"]),
            "purpose": self.random.choice(["chase", "chase", "withdrawal", "competing_deadline", "other"]),
            "application_ids": self.random.choice([None, [self.file.id]]),
        }
        return await self._record("/v1/contacts", body, self.known.contacts)

    async def void_contact(self) -> httpx.Response | None:
        """Take a contact back."""
        if not self.known.contacts:
            return None
        chosen = self._one_of(self.known.contacts)
        response = await self.agency.call("POST", f"/v1/contacts/{chosen}/void", json={"reason": "a slip"})
        if response.is_success:
            del self.known.contacts[chosen]
        return response

    # People and policies

    async def pause(self) -> httpx.Response | None:
        """The candidate asks to be left alone."""
        start = self._around(-40, 96)
        until = start + QUARTER * self.random.randint(1, 400)
        body = {"from": _text(start), "until": _text(until), "allow_urgent": self._maybe()}
        path = f"/v1/candidates/{self.known.candidate_id}/pauses"
        return await self._record(path, body, self.known.pauses)

    async def lift_pause(self) -> httpx.Response | None:
        """The candidate may be called again."""
        if not self.known.pauses:
            return None
        response = await self.agency.call(
            "POST", f"/v1/pauses/{self._one_of(self.known.pauses)}/lift", json={}
        )
        return _kept(response, self.known.pauses)

    async def go_away(self) -> httpx.Response | None:
        """The client contact is away, or back."""
        until = self.random.choice([None, _text(self._around(0, 400))])
        person = self.known.people[self.file.client_contact_id]
        person["unavailable_until"] = until
        path = f"/v1/client-contacts/{self.file.client_contact_id}"
        return await self.agency.call("PATCH", path, json={"unavailable_until": until})

    async def move_client_contact(self) -> httpx.Response | None:
        """The client contact works elsewhere from now on."""
        zone, holidays = self.random.choice(PLACES)
        place = {"timezone": zone, "holidays": holidays}
        self.known.people[self.file.client_contact_id].update(place)
        return await self.agency.call(
            "PATCH", f"/v1/client-contacts/{self.file.client_contact_id}", json=place
        )

    async def review(self) -> httpx.Response | None:
        """Ask the candidate what they want."""
        path = f"/v1/candidates/{self.known.candidate_id}/preferences"
        response = await self.agency.call(
            "POST", path, json={"locations": [self.random.choice(["Leeds", "York"])]}
        )
        if response.is_success:
            self.known.people[self.known.candidate_id]["last_preference_review_at"] = _text(self.now)
        return response

    async def change_policy(self) -> httpx.Response | None:
        """Other numbers for the whole agency."""
        chosen = self._parameters({**PARAMETERS, **CALENDAR})
        response = await self.agency.call("PUT", "/v1/policy", json=chosen)
        if response.is_success:
            self.known.policy = chosen
        return response

    async def change_client_policy(self) -> httpx.Response | None:
        """Other numbers for one client."""
        chosen = self._parameters(PARAMETERS)
        response = await self.agency.call("PUT", f"/v1/clients/{self.file.client_id}/policy", json=chosen)
        if response.is_success:
            self.known.client_policies[self.file.client_id] = chosen
        return response

    # Choices

    async def _record(self, path: str, body: Json, kept: dict[str, Json]) -> httpx.Response:
        response = await self.agency.call("POST", path, json=body)
        if response.is_success:
            kept.pop(body.get("supersedes", ""), None)
        return _kept(response, kept)

    def _supersedes(self, records: dict[str, Json], interview: str) -> Json:
        same = [r["id"] for r in records.values() if r["interview_id"] == interview]
        return {"supersedes": self.random.choice(same)} if same and self._maybe(0.3) else {}

    def _parameters(self, known: dict[str, list[Any]]) -> Json:
        names = self.random.sample(sorted(known), self.random.randint(0, 3))
        return {name: self.random.choice(known[name]) for name in names}

    def _interview(self) -> str | None:
        return self._one_of(self.file.interviews) if self.file.interviews else None

    def _one_of(self, records: dict[str, Json]) -> str:
        return self.random.choice(list(records))

    def _around(self, first: int, last: int) -> datetime:
        """An instant some quarters of an hour before or after now."""
        return self.now + QUARTER * self.random.randint(first, last)

    def _maybe(self, chance: float = 0.5) -> bool:
        return self.random.random() < chance


def _kept(response: httpx.Response, records: dict[str, Json]) -> httpx.Response:
    if response.is_success:
        answer = response.json()
        records[answer["id"]] = answer
    return response


def _text(instant: datetime) -> str:
    return instant.isoformat()
