"""Records the facts of a worked example through the API, as an agency's system would have."""

from typing import Any

from tests.agency import Agency, Json


class Recorder:
    """Plays facts into an agency and remembers which of our ids stands for which name of the example."""

    def __init__(self, agency: Agency) -> None:
        self.agency = agency
        self.people: dict[str, str] = {}
        self.client_of: dict[str, str] = {}
        self.applications: dict[str, str] = {}
        self.interviews: dict[tuple[str, str], str] = {}
        self.feedback: dict[tuple[str, str], str] = {}

    async def play(self, facts: Json) -> None:
        """Record everything: people, applications with what happened in them, contacts, snoozes, end states."""
        consultant = await self.agency.consultant()
        for name, person in facts["people"].items():
            await self._person(name, person, consultant)
        for application in facts["applications"]:
            await self._application(application, consultant)
        for contact in facts["contacts"]:
            await self._contact(contact, facts["applications"])
        for application in facts["applications"]:
            await self._end_state(application)
        for snooze in facts.get("snoozes", []):
            path = f"/v1/applications/{self.applications[snooze['application']]}/snoozes"
            body = {name: snooze[name] for name in ("code", "until")}
            await self.agency.post(path, {**body, "reason": snooze.get("reason", "put off")})

    async def _person(self, name: str, person: Json, consultant: str) -> None:
        fields = {k: v for k, v in person.items() if k != "kind"}
        if person["kind"] == "client":
            self.client_of[name] = await self.agency.client(name=name)
            self.people[name] = await self.agency.client_contact(self.client_of[name], **fields)
        else:
            self.people[name] = await self.agency.candidate(consultant_id=consultant, **fields)

    async def _application(self, application: Json, consultant: str) -> None:
        name, contact = application["id"], application["client_contact"]
        mode = application.get("mode", "agency")
        client = self.client_of[contact] if contact else await self.agency.client()
        saved = await self.agency.application(
            candidate_id=self.people[application["candidate"]],
            job_id=await self.agency.job(client),
            client_contact_id=self.people[contact] if contact else None,
            consultant_id=None if mode == "direct" else consultant,
            mode=mode,
        )
        self.applications[name] = saved["id"]
        for interview in application.get("interviews", []):
            self.interviews[name, interview["id"]] = await self.agency.interview(
                saved["id"], interview["start"], interview["end"], state=interview["status"]
            )
        await self._facts(application)

    async def _facts(self, application: Json) -> None:
        for debrief in application.get("debriefs", []):
            body = {"interest_score": 7, **_only(debrief, "occurred_at", "source", "other_processes")}
            await self.agency.post(self._path(application, debrief, "debriefs"), body)
        for timescale in application.get("timescales", []):
            body = {k: v for k, v in timescale.items() if k not in ("id", "interview")}
            await self.agency.post(self._path(application, timescale, "timescales"), body)
        for feedback in application.get("feedback", []):
            body = _only(feedback, "received_at", "decision", "embargo_until", "role_change")
            saved = await self.agency.post(self._path(application, feedback, "feedback"), body)
            self.feedback[application["id"], feedback["id"]] = saved["id"]

    async def _contact(self, contact: Json, applications: list[Json]) -> None:
        named = contact["application_ids"]
        body = {k: v for k, v in contact.items() if k not in ("at", "person", "id")}
        body |= {"occurred_at": contact["at"], "person_id": self._person_of(contact, applications)}
        body["application_ids"] = None if named is None else [self.applications[name] for name in named]
        own = [a["id"] for a in applications if a["candidate"] == contact["person"]]
        body["relays"] = [
            self.feedback[name, relayed]
            for relayed in contact.get("relays", [])
            for name in own
            if (name, relayed) in self.feedback
        ]
        await self.agency.post("/v1/contacts", body)

    def _person_of(self, contact: Json, applications: list[Json]) -> str:
        """An interviewer is nobody we know: the contact stands under the candidate who made it (N1)."""
        if contact["with"] == "interviewer":
            return self.people[applications[0]["candidate"]]
        return self.people[contact["person"]]

    async def _end_state(self, application: Json) -> None:
        changes = _only(application, "state", "hold", "withdrawn_at", "continue_until")
        await self.agency.patch(f"/v1/applications/{self.applications[application['id']]}", changes)

    def _path(self, application: Json, fact: Json, noun: str) -> str:
        return f"/v1/interviews/{self.interviews[application['id'], fact['interview']]}/{noun}"


def _only(fact: Json, *names: str) -> dict[str, Any]:
    return {name: fact[name] for name in names if name in fact}
