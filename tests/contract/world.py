"""One of everything in an agency, and for each operation a request that names all it can name."""

from dataclasses import dataclass

from tests.agency import Agency, Json

INTERVIEW = ("2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00")

# The ids that a body or a query names by their part in the story, and what they are ids of.
PARTS = {
    "given_by": "client_contact",
    "from_contact": "client_contact",
    "relays": "feedback",
    "application_ids": "application",
}


@dataclass
class World:
    """An agency and the id of one object of every kind."""

    agency: Agency
    ids: dict[str, str]

    def id_for(self, slot: str, body: Json) -> str:
        """The id of the kind that belongs at a place, named as in the document."""
        if slot == "person_id":
            return self.ids["candidate" if body["with"] == "candidate" else "client_contact"]
        return self.ids[PARTS.get(slot, slot.removesuffix("_id"))]


async def build_world(agency: Agency) -> World:
    """An agency in which everything has happened once."""
    ids = {"consultant": await agency.consultant(), "client": await agency.client()}
    ids["client_contact"] = await agency.client_contact(ids["client"])
    ids["candidate"] = await agency.candidate(consultant_id=ids["consultant"])
    ids["job"] = await agency.job(ids["client"])
    parts = {f"{kind}_id": ids[kind] for kind in ("consultant", "client_contact", "candidate", "job")}
    ids["application"] = (await agency.application(**parts))["id"]
    ids["interview"] = await agency.interview(ids["application"], *INTERVIEW)
    world = World(agency, ids)
    happened = {
        "debrief": ("record_debrief", f"/v1/interviews/{ids['interview']}/debriefs"),
        "timescale": ("record_timescale", f"/v1/interviews/{ids['interview']}/timescales"),
        "feedback": ("record_feedback", f"/v1/interviews/{ids['interview']}/feedback"),
        "contact": ("record_contact", "/v1/contacts"),
        "snooze": ("create_snooze", f"/v1/applications/{ids['application']}/snoozes"),
    }
    for kind, (operation, path) in happened.items():
        ids.setdefault("feedback", "")  # the debrief comes first, so it relays nothing yet
        body = bodies(ids)[operation][0]
        if kind == "debrief":
            body = {"interest_score": 8}
        ids[kind] = (await agency.post(path, body))["id"]
    await agency.put("/v1/policy", bodies(ids)["replace_policy"][0])
    return world


def bodies(ids: dict[str, str]) -> dict[str, list[Json]]:
    """For each operation with a body: bodies that succeed in their world and name every id they can."""
    timescale = {"kind": "unknown", "given_at": "2026-07-15T10:00:00+01:00"}
    contact = {"direction": "outbound", "outcome": "reached", "consultant_id": ids["consultant"]}
    contact["occurred_at"] = "2026-07-16T10:00:00+01:00"
    covered = {"application_ids": [ids["application"]]}
    interview = dict(zip(("start", "end"), INTERVIEW, strict=True))
    parts = ("candidate", "job", "client_contact", "consultant")
    application = {f"{kind}_id": ids[kind] for kind in parts}
    return {
        "create_consultant": [{"name": "Kim"}],
        "update_consultant": [{"name": "Kim"}],
        "create_client": [{"name": "Acme"}],
        "update_client": [{"name": "Acme"}],
        "create_client_contact": [{"name": "Chris"}],
        "update_client_contact": [{"name": "Chris"}],
        "create_candidate": [{"name": "Cand", "consultant_id": ids["consultant"]}],
        "update_candidate": [{"consultant_id": ids["consultant"]}],
        "create_job": [{"title": "Engineer", "client_id": ids["client"]}],
        "update_job": [{"title": "Engineer"}],
        "create_application": [application],
        "update_application": [
            {"client_contact_id": ids["client_contact"], "consultant_id": ids["consultant"]}
        ],
        "create_snooze": [
            {"code": "debrief_due", "until": "2026-07-17T09:00:00+01:00", "reason": "on leave"}
        ],
        "schedule_interview": [interview],
        "update_interview": [interview],
        "record_debrief": [
            {
                "interest_score": 8,
                "occurred_at": "2026-07-14T12:00:00+01:00",
                "timescale": {**timescale, "given_by": ids["client_contact"]},
                "contact": {"relays": [ids["feedback"]]},
            }
        ],
        "record_timescale": [{**timescale, "given_by": ids["client_contact"]}],
        "record_feedback": [{"decision": "undecided", "from_contact": ids["client_contact"]}],
        "record_contact": [
            {
                "with": "candidate",
                "person_id": ids["candidate"],
                "relays": [ids["feedback"]],
                **covered,
                **contact,
            },
            {"with": "client", "person_id": ids["client_contact"], **covered, **contact},
        ],
        "interpret_timescale": [
            {
                "phrase": "by Friday",
                "given_at": "2026-07-15T10:00:00+01:00",
                "client_contact_id": ids["client_contact"],
            }
        ],
        "replace_policy": [{"closing_days": ["2026-12-24"]}],
        "replace_client_policy": [{"move_on_working_days": 8}],
        "preview_status": [{"facts": {"people": {}, "applications": []}, "now": "2026-07-15T10:00:00Z"}],
    }
