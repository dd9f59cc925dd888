"""Makes the people and the jobs of the demo, and records what changes about them."""

from app.demo.circumstances import (
    Absence,
    Circumstance,
    ClientPolicy,
    Cover,
    JobChange,
    Pause,
    Review,
)
from app.demo.people import CANDIDATES, CLIENT_CONTACTS, CLIENTS, CONSULTANTS, JOBS
from app.demo.stage import Stage
from app.models import Client, Consultant, Job, RefKind
from app.services import covers, jobs, objects, pauses, people, policies, preferences

NOTHING_GIVEN: frozenset[str] = frozenset()  # which only matters where an object is changed
OPENED = "60d 09:00"  # when the agency began to use Touchbase


async def gather(stage: Stage) -> None:
    """Make all of them; their ids are then on the stage."""
    stage.turn_clock(stage.moments.instant(OPENED))
    await _consultants(stage)
    await _clients(stage)
    await _client_contacts(stage)
    await _jobs(stage)
    await _candidates(stage)


async def _consultants(stage: Stage) -> None:
    for key, who in CONSULTANTS.items():
        values = {**who._asdict(), "timezone": stage.policy.timezone}
        saved = await objects.save(
            stage.db, stage.caller, RefKind.CONSULTANT, Consultant, values, stage.refs(key), now=stage.now
        )
        stage.ids[RefKind.CONSULTANT, key] = saved.row.id


async def _clients(stage: Stage) -> None:
    for key, name in CLIENTS.items():
        saved = await objects.save(
            stage.db, stage.caller, RefKind.CLIENT, Client, {"name": name}, stage.refs(key), now=stage.now
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
            "salary": job.salary,
            "contract": job.contract,
        }
        saved = await objects.save(
            stage.db, stage.caller, RefKind.JOB, Job, values, stage.refs(key), now=stage.now
        )
        stage.ids[RefKind.JOB, key] = saved.row.id


async def _candidates(stage: Stage) -> None:
    for key, who in CANDIDATES.items():
        stage.turn_clock(stage.moments.instant(who.registered))
        values = {
            "consultant_id": stage.ids[RefKind.CONSULTANT, who.owner],
            "name": who.name,
            "email": f"{key}@mail.example",
            "phone": who.phone,
            "timezone": who.place.timezone,
            "holidays": who.place.holidays,
            "seeking": who.seeking,
            "registered_at": stage.now,
        }
        saved = await people.save_candidate(
            stage.db, stage.caller, values, stage.refs(key), given=NOTHING_GIVEN, now=stage.now
        )
        stage.ids[RefKind.CANDIDATE, key] = saved.row.id


async def arrange(stage: Stage, circumstance: Circumstance) -> None:
    """Record what bears on several applications, as of when it happened."""
    stage.turn_clock(stage.moments.instant(circumstance.at))
    match circumstance:
        case ClientPolicy():
            await _policy(stage, circumstance)
        case Review():
            await _review(stage, circumstance)
        case JobChange():
            await _job_change(stage, circumstance)
        case Absence():
            await _absence(stage, circumstance)
        case Cover():
            await _cover(stage, circumstance)
        case Pause():
            await _pause(stage, circumstance)


async def _policy(stage: Stage, policy: ClientPolicy) -> None:
    client_id = stage.ids[RefKind.CLIENT, policy.client]
    await policies.replace(stage.db, stage.caller, client_id, policy.parameters, now=stage.now)


async def _review(stage: Stage, review: Review) -> None:
    candidate_id = stage.ids[RefKind.CANDIDATE, review.candidate]
    await preferences.record(
        stage.db, stage.caller, candidate_id, review.said, reviewed_at=stage.now, now=stage.now
    )


async def _job_change(stage: Stage, change: JobChange) -> None:
    job_id = stage.ids[RefKind.JOB, change.job]
    revised = await jobs.update(
        stage.db, stage.caller, job_id, change.terms, changed_at=None, correction=False, now=stage.now
    )
    assert revised.change is not None  # the circumstances are ours, and tested
    stage.job_changes[change.job] = revised.change.id


async def _absence(stage: Stage, absence: Absence) -> None:
    contact_id = stage.ids[RefKind.CLIENT_CONTACT, absence.client_contact]
    away = {"unavailable_until": stage.moments.instant(absence.until)}
    await people.update_client_contact(stage.db, stage.caller, contact_id, away, now=stage.now)


async def _cover(stage: Stage, cover: Cover) -> None:
    consultant_id = stage.ids[RefKind.CONSULTANT, cover.consultant]
    terms = {
        "covered_by": stage.ids[RefKind.CONSULTANT, cover.covered_by],
        "from": stage.moments.day(cover.first),
        "to": stage.moments.day(cover.last),
    }
    await covers.create(stage.db, stage.caller, consultant_id, terms, now=stage.now)


async def _pause(stage: Stage, pause: Pause) -> None:
    candidate_id = stage.ids[RefKind.CANDIDATE, pause.candidate]
    terms = {
        "from": stage.now,
        "until": stage.moments.instant(pause.until),
        "allow_urgent": pause.allow_urgent,
        "reason": pause.reason,
    }
    await pauses.create(stage.db, stage.caller, candidate_id, terms, now=stage.now)
