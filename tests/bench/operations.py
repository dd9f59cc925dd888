"""The operations that are measured, as requests about the desk, wherever a copy of it is."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.agency import Json
from tests.bench.data import Dataset, Place
from tests.bench.load import request
from tests.bench.stories import Story

PAGE = 50
STORIES = 4  # are asked about where it may be any: each is recorded on its own


@dataclass(frozen=True)
class Target:
    """One story in one copy of the desk."""

    place: Place
    story: Story


@dataclass(frozen=True)
class Operation:
    """One operation of the API."""

    name: str
    method: str
    is_write: bool = False
    is_keyed: bool = False  # comes with an Idempotency-Key

    def call(self, target: Target) -> tuple[str, str, Json | None]:
        """Method, path and body."""
        path, body = _CALLS[self.name](target)
        return self.method, path, body

    def text(self, target: Target) -> str:
        """The whole request."""
        method, path, body = self.call(target)
        return request(method, path, f"Bearer {target.place.api_key}", body, keyed=self.is_keyed)


def _due(target: Target) -> tuple[str, None]:
    consultant_id = target.place.id(target.story.consultant_id)
    return f"/v1/due?consultant_id={consultant_id}&limit={PAGE}", None


def _status(target: Target) -> tuple[str, None]:
    return f"/v1/applications/{target.place.id(target.story.application_id)}/status", None


def _debrief(target: Target) -> tuple[str, Json]:
    body = {
        "interest_score": 8,
        "channel": "phone",
        "overall_impression": "positive",
        "liked": ["The people"],
        "notes": "Would start in two months.",
    }
    return f"/v1/interviews/{target.place.id(target.story.interview_id)}/debriefs", body


def _contact(target: Target) -> tuple[str, Json]:
    body = {
        "with": "candidate",
        "person_id": str(target.place.id(target.story.candidate_id)),
        "direction": "outbound",
        "outcome": "reached",
        "channel": "phone",
        "purpose": "update",
        "application_ids": [str(target.place.id(target.story.application_id))],
    }
    return "/v1/contacts", body


def _preview(target: Target) -> tuple[str, Json]:
    del target
    return "/v1/status/preview", PREVIEW


def _preview_contact(at: str, party: str, person: str, outcome: str, **more: Any) -> Json:
    contact = {"at": at, "with": party, "person": person, "direction": "outbound", "outcome": outcome}
    return {**contact, "application_ids": ["a1"], **more}


_CALLS: dict[str, Any] = {
    "due": _due,
    "status": _status,
    "debrief": _debrief,
    "keyed-debrief": _debrief,
    "contact": _contact,
    "preview": _preview,
}

OPERATIONS = {
    operation.name: operation
    for operation in (
        Operation("due", "GET"),
        Operation("status", "GET"),
        Operation("preview", "POST"),
        Operation("debrief", "POST", is_write=True),
        Operation("keyed-debrief", "POST", is_write=True, is_keyed=True),
        Operation("contact", "POST", is_write=True),
    )
}

# Ten facts about one application, as somebody might ask who keeps their own records.
PREVIEW: Json = {
    "now": "2026-07-22T10:00:00+01:00",
    "facts": {
        "people": {
            "ada": {"kind": "candidate", "timezone": "Europe/London", "holidays": "GB-ENG"},
            "bob": {"kind": "client", "timezone": "Europe/London", "holidays": "GB-ENG"},
        },
        "applications": [
            {
                "id": "a1",
                "candidate": "ada",
                "client_contact": "bob",
                "interviews": [
                    {
                        "id": "i1",
                        "start": "2026-07-06T10:00:00Z",
                        "end": "2026-07-06T11:00:00Z",
                        "status": "attended",
                    },
                    {
                        "id": "i2",
                        "start": "2026-07-14T10:00:00Z",
                        "end": "2026-07-14T11:00:00Z",
                        "status": "attended",
                    },
                ],
                "debriefs": [
                    {"id": "d1", "interview": "i1", "occurred_at": "2026-07-06T12:00:00Z"},
                    {"id": "d2", "interview": "i2", "occurred_at": "2026-07-14T12:00:00Z"},
                ],
                "timescales": [
                    {
                        "id": "t1",
                        "interview": "i2",
                        "given_at": "2026-07-14T12:00:00Z",
                        "source": "client",
                        "kind": "date",
                        "date": "2026-07-20",
                    }
                ],
                "feedback": [
                    {
                        "id": "f1",
                        "interview": "i1",
                        "received_at": "2026-07-08T09:00:00Z",
                        "decision": "next_stage",
                    }
                ],
            }
        ],
        "contacts": [
            _preview_contact("2026-07-08T10:00:00Z", "candidate", "ada", "reached", relays=["f1"]),
            _preview_contact("2026-07-16T10:00:00Z", "candidate", "ada", "reached"),
            _preview_contact("2026-07-17T10:00:00Z", "candidate", "ada", "left_message"),
            _preview_contact("2026-07-21T10:00:00Z", "client", "bob", "sent", purpose="chase"),
        ],
    },
}


def recorded_stories(operation: Operation, stories: Sequence[Story]) -> list[Story]:
    """The stories of which a request is recorded: of a due list, that of the consultant who fills a page."""
    return [stories[0]] if operation.name in ("due", "preview") else list(stories[1 : 1 + STORIES])


def targets(dataset: Dataset, operation: Operation) -> list[Target]:
    """The same stories in all places, in an order that is the same each time."""
    stories = recorded_stories(operation, dataset.desk.stories)
    found = [Target(place, story) for place in dataset.places() for story in stories]
    random.Random(operation.name).shuffle(found)  # noqa: S311 - no secret
    return found
