"""What a walk has recorded, from the answers alone, and the same facts in the shape of the preview."""

from dataclasses import dataclass, field
from datetime import datetime

from tests.agency import Json


@dataclass
class File:
    """One application of the walk, as its answers describe it; facts by id."""

    id: str
    client_id: str
    client_contact_id: str
    job_id: str
    view: Json = field(default_factory=dict)
    interviews: dict[str, Json] = field(default_factory=dict)
    debriefs: dict[str, Json] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)  # by debrief: the first it corrects
    timescales: dict[str, Json] = field(default_factory=dict)
    feedback: dict[str, Json] = field(default_factory=dict)
    corrected_feedback: dict[str, Json] = field(default_factory=dict)
    snoozes: dict[str, Json] = field(default_factory=dict)
    job_changes: dict[str, Json] = field(default_factory=dict)
    closed_at: datetime | None = None

    def is_dated_at(self, instant: datetime) -> bool:
        """Whether the timeline and the status must agree at an instant: a closed file has its past in the one alone."""
        return self.view["state"] != "closed" or (self.closed_at is not None and self.closed_at <= instant)


@dataclass
class Known:
    """All that was recorded of one candidate, and the policies in force."""

    candidate_id: str = ""
    people: dict[str, Json] = field(default_factory=dict)
    files: list[File] = field(default_factory=list)
    contacts: dict[str, Json] = field(default_factory=dict)
    pauses: dict[str, Json] = field(default_factory=dict)
    policy: Json = field(default_factory=dict)
    client_policies: dict[str, Json] = field(default_factory=dict)


def preview_of(known: Known, file: File, now: datetime) -> Json:
    """A request to preview an application under the policy that holds for it."""
    policy = {**known.policy, **known.client_policies.get(file.client_id, {})}
    candidate = {
        **known.people[known.candidate_id],
        "pauses": [p for p in map(_pause, known.pauses.values()) if p],
    }
    facts = {
        "people": {**known.people, known.candidate_id: candidate},
        "applications": [_application(known, f) for f in known.files],
        "contacts": [_contact(c) for c in sorted(known.contacts.values(), key=_id)],
        "snoozes": [
            {"application": f.id, "code": s["code"], "until": s["until"]}
            for f in known.files
            for s in f.snoozes.values()
        ],
    }
    return {"facts": facts, "policy": policy, "now": now.isoformat()}


def _application(known: Known, file: File) -> Json:
    view = file.view
    return {
        "id": file.id,
        "candidate": known.candidate_id,
        "client_contact": file.client_contact_id,
        "state": view["state"],
        "withdrawn_at": view["withdrawn_at"],
        "continue_until": view["continue_until"],
        "hold": view["hold"] and {k: view["hold"][k] for k in ("since", "until", "ended_at")},
        "interviews": [
            {"id": i["id"], "start": i["start"], "end": i["end"], "status": i["state"]}
            for i in file.interviews.values()
        ],
        "debriefs": [_debrief(file.debriefs[d]) for d in sorted(file.debriefs, key=file.places.__getitem__)],
        "timescales": [_timescale(t) for t in sorted(file.timescales.values(), key=_id)],
        "feedback": [
            {
                "interview": f["interview_id"],
                "hold": f["details"]["hold"],
                **{k: f[k] for k in ("id", "received_at", "decision", "embargo_until", "supersedes")},
            }
            for f in sorted([*file.corrected_feedback.values(), *file.feedback.values()], key=_id)
        ],
        "job_changes": [{k: c[k] for k in ("id", "changed_at")} for c in file.job_changes.values()],
    }


def _contact(contact: Json) -> Json:
    names = (
        "id",
        "with",
        "direction",
        "outcome",
        "purpose",
        "application_ids",
        "relays",
        "needs_reply",
        "automated",
    )
    return {
        **{name: contact[name] for name in names},
        "at": contact["occurred_at"],
        "person": contact["person_id"],
        "promise": contact["promise"],
    }


def _id(record: Json) -> str:
    found: str = record["id"]
    return found


def _pause(pause: Json) -> Json | None:
    """A pause as the preview takes it; one lifted before it began never was."""
    until = min(filter(None, (pause["until"], pause["lifted_at"])))
    if until <= pause["from"]:
        return None
    return {"from": pause["from"], "until": until, "allow_urgent": pause["allow_urgent"]}


def _debrief(debrief: Json) -> Json:
    names = ("id", "occurred_at", "recorded_at", "source")
    others = debrief["account"].get("other_processes")
    return {
        **{name: debrief[name] for name in names},
        "interview": debrief["interview_id"],
        "other_processes": others,
    }


def _timescale(timescale: Json) -> Json:
    names = (
        "id",
        "given_at",
        "source",
        "kind",
        "at",
        "date",
        "from",
        "to",
        "n",
        "anchor",
        "event",
        "event_date",
    )
    return {**{name: timescale[name] for name in names}, "interview": timescale["interview_id"]}
