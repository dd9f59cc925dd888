"""One of everything in an agency, and for each operation a request that names all it can name."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.models import Base
from tests.agency import Agency, Json

INTERVIEW = ("2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00")

# The external id of everything that can have one.
WORLD = [{"source": "world", "id": "1"}]

# The ids that a body or a query names by their part in the story, and what they are ids of.
PARTS = {
    "given_by": "client_contact",
    "from_contact": "client_contact",
    "relays": "feedback",
    "covered_by": "colleague",
    "application_ids": "application",
    "object_id": "client",
}

# Who ends an object for good does it to one that nobody else needs.
SPARE = {("delete_webhook_endpoint", "webhook_endpoint_id"): "spare_webhook_endpoint"}

# What a record that supersedes another is, by a member that only its body has.
CORRECTIONS = {"interest_score": "debrief", "decision": "feedback", "kind": "timescale"}


@dataclass
class World:
    """An agency and the id of one object of every kind."""

    agency: Agency
    ids: dict[str, str]
    token: str = ""  # of the calendar feed

    @property
    def in_paths(self) -> dict[str, str]:
        """What stands at each place of a path, by its name in the document."""
        return {**{f"{kind}_id": value for kind, value in self.ids.items()}, "token": self.token}

    def id_for(self, slot: str, body: Json) -> str:
        """The id of the kind that belongs at a place, named as in the document."""
        if slot == "person_id":
            return self.ids["candidate" if body["with"] == "candidate" else "client_contact"]
        if slot == "supersedes":
            record = body.get("debrief", body)
            return self.ids[next(kind for member, kind in CORRECTIONS.items() if member in record)]
        return self.ids[PARTS.get(slot, slot.removesuffix("_id"))]


async def build_world(agency: Agency) -> World:
    """An agency in which everything has happened once."""
    known: Json = {"external_refs": WORLD}
    ids = {"consultant": await agency.consultant(), "client": await agency.client(**known)}
    ids["colleague"] = await agency.consultant()
    ids["client_contact"] = await agency.client_contact(ids["client"], **known)
    ids["candidate"] = await agency.candidate(consultant_id=ids["consultant"], **known)
    ids["job"] = await agency.job(ids["client"], **known)
    parts = {f"{kind}_id": ids[kind] for kind in ("consultant", "client_contact", "candidate", "job")}
    ids["application"] = (await agency.application(**parts, **known))["id"]
    ids["interview"] = await agency.interview(ids["application"], *INTERVIEW, **known)
    ids["job_change"] = (await agency.patch(f"/v1/jobs/{ids['job']}", {"state": "reduced"}))["change"]["id"]
    ahead = {"from": "2098-01-01T00:00:00Z", "until": "2098-02-01T00:00:00Z"}  # so that it can be lifted
    ids["pause"] = (await agency.post(f"/v1/candidates/{ids['candidate']}/pauses", ahead))["id"]
    ahead = {"covered_by": ids["colleague"], "from": "2098-01-01", "to": "2098-01-31"}
    ids["cover"] = (await agency.post(f"/v1/consultants/{ids['consultant']}/covers", ahead))["id"]
    await _let_in(agency, ids)
    feed = await agency.post(f"/v1/consultants/{ids['consultant']}/calendar-feeds")
    ids["calendar_feed"] = feed["id"]
    world = World(agency, ids, feed["url"].removeprefix("/v1/calendars/").removesuffix(".ics"))
    happened = {
        "debrief": ("record_debrief", f"/v1/interviews/{ids['interview']}/debriefs"),
        "second_debrief": ("record_debrief", f"/v1/interviews/{ids['interview']}/debriefs"),
        "timescale": ("record_timescale", f"/v1/interviews/{ids['interview']}/timescales"),
        "feedback": ("record_feedback", f"/v1/interviews/{ids['interview']}/feedback"),
        "contact": ("record_contact", "/v1/contacts"),
        "snooze": ("create_snooze", f"/v1/applications/{ids['application']}/snoozes"),
        "preference": ("record_preference", f"/v1/candidates/{ids['candidate']}/preferences"),
    }
    for kind, (operation, path) in happened.items():
        ids.setdefault("feedback", "")  # the debrief comes first, so it relays nothing yet
        body = bodies(ids)[operation][0]
        if operation == "record_debrief":
            body = {"interest_score": 8}
        ids[kind] = (await agency.post(path, body))["id"]
    mistake = (await agency.post("/v1/contacts", bodies(ids)["record_contact"][1]))["id"]
    await agency.post(f"/v1/contacts/{mistake}/void", bodies(ids)["void_contact"][0])
    await agency.put("/v1/policy", bodies(ids)["replace_policy"][0])
    await _connect(agency, ids)
    return world


async def _let_in(agency: Agency, ids: dict[str, str]) -> None:
    """A key beside the agency's own, a consultant whom a provider vouches for, and what is written of it."""
    ids["api_key"] = (await agency.post("/v1/api-keys", {"name": "ATS", "role": "integration"}))["id"]
    provider = {"name": "Ours", "issuer": "https://id.example", "audience": ids["client"]}
    ids["identity_provider"] = (await agency.post("/v1/identity-providers", provider))["id"]
    subject = {"identity_provider_id": ids["identity_provider"], "subject": "1", "role": "consultant"}
    path = f"/v1/consultants/{ids['consultant']}/identities"
    ids["identity"] = (await agency.post(path, subject))["id"]
    ids["audit_entry"] = (await agency.get("/v1/audit"))["items"][0]["id"]


async def _connect(agency: Agency, ids: dict[str, str]) -> None:
    """An endpoint with a delivery on its way, and another that may be deleted."""
    for kind in ("webhook_endpoint", "spare_webhook_endpoint"):
        made = await agency.post("/v1/webhook-endpoints", {"url": "https://hooks.example/touchbase"})
        ids[kind] = made["id"]
    path = f"/v1/webhook-endpoints/{ids['webhook_endpoint']}"
    ids["event"] = (await agency.post(f"{path}/test"))["event_id"]
    await agency.get("/v1/events")  # which gives it a place in the log
    deliveries = (await agency.get(f"{path}/deliveries", limit=200))["items"]
    [ids["delivery"]] = [each["id"] for each in deliveries if each["event_id"] == ids["event"]]


async def stored(owner: AsyncEngine, *worlds: World) -> dict[str, str]:
    """A digest of everything that some agencies have, by table; how much is used is noted all the time."""
    agencies = [world.agency.id for world in worlds]
    tables = [
        name for name in Base.metadata.tables if name not in ("agency_usage", "api_keys", "credentials")
    ]
    digests = " UNION ALL ".join(
        f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
        f" FROM {name} t WHERE agency_id = ANY(:agencies)"
        for name in tables
    )
    async with owner.connect() as connection:
        return {row[0]: row[1] for row in await connection.execute(text(digests), {"agencies": agencies})}


def _items(ids: dict[str, str]) -> list[Json]:
    """An item of each kind that names other objects by their ids."""
    named = {f"{kind}_id": value for kind, value in ids.items()}
    times = dict(zip(("start", "end"), INTERVIEW, strict=True))
    parts = ("candidate_id", "job_id", "client_contact_id", "consultant_id")
    items: list[Json] = [
        {"kind": "client_contact", "name": "Chris", "client_id": named["client_id"]},
        {"kind": "candidate", "name": "Cand", "consultant_id": named["consultant_id"]},
        {"kind": "job", "title": "Engineer", "client_id": named["client_id"]},
        {"kind": "application", **{part: named[part] for part in parts}},
        {"kind": "interview", "application_id": named["application_id"], **times},
    ]
    return [{**item, "external_refs": [{"source": "bulk", "id": "1"}]} for item in items]


def _captures(ids: dict[str, str], debriefs: list[Json]) -> list[Json]:
    """Debriefs with all that they are about, which is known; those who own it are named by our ids."""
    about = ("client", "client_contact", "candidate", "job", "application", "interview")
    named: Json = {kind: {"external_refs": WORLD} for kind in about}
    for kind in ("candidate", "application"):
        named[kind] = {**named[kind], "consultant_id": ids["consultant"]}
    return [{**named, "debrief": debrief} for debrief in debriefs]


def bodies(ids: dict[str, str]) -> dict[str, list[Json]]:
    """For each operation with a body: bodies that succeed in their world and name every id they can."""
    alone = _bodies(ids)
    debriefs = [alone["record_debrief"][0], {"interest_score": 6, "supersedes": ids.get("second_debrief")}]
    return {**alone, "capture_debrief": _captures(ids, debriefs)}


def _bodies(ids: dict[str, str]) -> dict[str, list[Json]]:
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
        "update_client_contact": [{"name": "Chris", "timezone": "Europe/London"}],
        "create_cover": [{"covered_by": ids["colleague"], "from": "2026-07-13", "to": "2026-07-17"}],
        "create_pause": [{"from": "2026-07-20T00:00:00Z", "until": "2026-07-21T00:00:00Z"}],
        "create_candidate": [{"name": "Cand", "consultant_id": ids["consultant"]}],
        "update_candidate": [{"consultant_id": ids["consultant"]}],
        "create_job": [{"title": "Engineer", "client_id": ids["client"]}],
        "update_job": [{"title": "Engineer"}],
        "record_preference": [{"roles": ["Engineer"]}],
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
            },
            {"interest_score": 7, "supersedes": ids.get("debrief")},
        ],
        "record_timescale": [
            {**timescale, "given_by": ids["client_contact"]},
            {**timescale, "supersedes": ids.get("timescale")},
        ],
        "record_feedback": [
            {"decision": "undecided", "from_contact": ids["client_contact"]},
            {"decision": "undecided", "supersedes": ids["feedback"]},
        ],
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
        "check_contact": [
            {"with": "candidate", "person_id": ids["candidate"], "relays": [ids["feedback"]], **covered},
            {"with": "client", "person_id": ids["client_contact"], **covered},
        ],
        "void_contact": [{"reason": "the wrong candidate"}],
        "void_snooze": [{"reason": "back early"}],
        "create_api_key": [
            {"name": "ATS", "scopes": ["status:read"]},
            {"name": "ATS", "role": "integration"},
        ],
        "update_api_key": [{"name": "ATS", "role": "integration"}],
        "rotate_api_key": [{"overlap_seconds": 60}],
        "create_identity_provider": [
            {"name": "Ours", "issuer": "https://id.example", "audience": ids["consultant"]}
        ],
        "update_identity_provider": [{"name": "Ours", "disabled": False}],
        "create_identity": [
            {"identity_provider_id": ids.get("identity_provider"), "subject": "2", "role": "consultant"}
        ],
        "update_identity": [{"role": "manager"}],
        "interpret_timescale": [
            {
                "phrase": "by Friday",
                "given_at": "2026-07-15T10:00:00+01:00",
                "client_contact_id": ids["client_contact"],
            }
        ],
        "replace_policy": [{"closing_days": ["2026-12-24"]}],
        "replace_client_policy": [{"move_on_working_days": 8}],
        "save_items": [{"items": [item]} for item in _items(ids)],
        "create_webhook_endpoint": [{"url": "https://hooks.example/", "types": ["reason.due"]}],
        "update_webhook_endpoint": [{"url": "https://hooks.example/", "description": "ATS"}],
        "recover_deliveries": [{"since": "2026-07-15T10:00:00Z"}],
        "preview_status": [{"facts": {"people": {}, "applications": []}, "now": "2026-07-15T10:00:00Z"}],
    }
