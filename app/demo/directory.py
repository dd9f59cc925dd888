"""Makes the people and the jobs of the demo."""

from app.demo.people import CANDIDATES, CLIENT_CONTACTS, CLIENTS, CONSULTANTS, JOBS, Candidate
from app.demo.stage import Stage
from app.models import Client, Consultant, Job
from app.models.external_refs import RefKind
from app.services import objects, people

NOTHING_GIVEN: frozenset[str] = frozenset()  # which only matters where an object is changed


async def gather(stage: Stage) -> None:
    """Make all of them; their ids are then on the stage."""
    await _consultants(stage)
    await _clients(stage)
    await _client_contacts(stage)
    await _jobs(stage)
    await _candidates(stage)


async def _consultants(stage: Stage) -> None:
    for key, who in CONSULTANTS.items():
        values = {**who._asdict(), "timezone": stage.policy.timezone}
        saved = await objects.save(
            stage.db, stage.caller, RefKind.CONSULTANT, Consultant, values, stage.refs(key)
        )
        stage.ids[RefKind.CONSULTANT, key] = saved.row.id


async def _clients(stage: Stage) -> None:
    for key, name in CLIENTS.items():
        saved = await objects.save(
            stage.db, stage.caller, RefKind.CLIENT, Client, {"name": name}, stage.refs(key)
        )
        stage.ids[RefKind.CLIENT, key] = saved.row.id


async def _client_contacts(stage: Stage) -> None:
    for key, who in CLIENT_CONTACTS.items():
        values = {
            "client_id": stage.ids[RefKind.CLIENT, who.client],
            "name": who.name,
            "role": who.role,
            "email": who.email,
            "phone": who.phone,
            "timezone": who.place.timezone,
            "holidays": who.place.holidays,
            "unavailable_until": stage.instant(who.away),
        }
        saved = await people.save_client_contact(
            stage.db, stage.caller, values, stage.refs(key), given=NOTHING_GIVEN, now=stage.now
        )
        stage.ids[RefKind.CLIENT_CONTACT, key] = saved.row.id


async def _jobs(stage: Stage) -> None:
    for key, job in JOBS.items():
        values = {
            "client_id": stage.ids[RefKind.CLIENT, job.client],
            "title": job.title,
            "location": job.location,
        }
        saved = await objects.save(stage.db, stage.caller, RefKind.JOB, Job, values, stage.refs(key))
        stage.ids[RefKind.JOB, key] = saved.row.id


async def _candidates(stage: Stage) -> None:
    for key, who in CANDIDATES.items():
        values = {
            "consultant_id": stage.ids[RefKind.CONSULTANT, who.owner],
            "name": who.name,
            "email": f"{key}@mail.example",
            "phone": who.phone,
            "timezone": who.place.timezone,
            "holidays": who.place.holidays,
            "seeking": who.seeking,
            "registered_at": stage.instant(who.registered),
            "do_not_contact": _pause(stage, who),
        }
        saved = await people.save_candidate(
            stage.db, stage.caller, values, stage.refs(key), given=NOTHING_GIVEN, now=stage.now
        )
        stage.ids[RefKind.CANDIDATE, key] = saved.row.id


def _pause(stage: Stage, who: Candidate) -> dict[str, object] | None:
    if who.pause is None:
        return None
    return {
        "from": stage.instant(who.pause.start),
        "until": stage.instant(who.pause.until),
        "allow_urgent": who.pause.allow_urgent,
        "reason": who.pause.reason,
    }
