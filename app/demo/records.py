"""Plays a scene: records what happened through the services, one event after the other."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app import writes
from app.demo.directory import NOTHING_GIVEN
from app.demo.events import (
    Closing,
    Contact,
    Debrief,
    Event,
    Feedback,
    Interview,
    Rival,
    Scene,
    Snooze,
    Timescale,
    Void,
    Wait,
    Withdrawal,
)
from app.demo.people import CANDIDATES
from app.demo.stage import Stage
from app.models import RefKind
from app.rules.calendar import WorkingCalendar
from app.rules.phrases import interpret
from app.rules.vocabulary import (
    ApplicationMode,
    ApplicationState,
    Attended,
    Channel,
    ContactParty,
    InterviewState,
)
from app.services import applications, contacts, covers, debriefs, feedback, interviews, timescales

PUT_FORWARD = 5  # working days before the first interview
BOOKED = 3  # working days before an interview

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(slots=True)
class Course:
    """How far a scene has got: its application, and the interview, feedback and contact that came last."""

    scene: Scene
    application_id: UUID
    interview_id: UUID | None = None
    interview_end: datetime | None = None
    feedback_id: UUID | None = None
    contact_id: UUID | None = None

    @property
    def interview(self) -> UUID:
        """The interview that debriefs, timescales and feedback are about."""
        assert self.interview_id is not None  # the scenes are ours, and tested
        return self.interview_id


async def put_forward(stage: Stage, scene: Scene) -> None:
    """Put the scene's candidate forward for its job, or note that they applied for it without us."""
    interview_end = stage.moments.instant(scene.first_interview.end)
    stage.turn_clock(stage.moments.morning_before(interview_end, PUT_FORWARD))
    values = {
        "candidate_id": stage.ids[RefKind.CANDIDATE, scene.candidate],
        "job_id": stage.ids[RefKind.JOB, scene.job],
        "client_contact_id": _client_contact(stage, scene),
        "mode": ApplicationMode.AGENCY if scene.client_contact else ApplicationMode.DIRECT,
        "state": ApplicationState.ACTIVE,
    }
    saved, _ = await applications.create(
        stage.db, stage.caller, values, stage.refs(scene.name), given=NOTHING_GIVEN, now=stage.now
    )
    stage.ids[RefKind.APPLICATION, scene.name] = saved.row.id


async def play(stage: Stage, scene: Scene) -> None:
    """Record everything that happened in a scene that has been put forward."""
    course = Course(scene, stage.ids[RefKind.APPLICATION, scene.name])
    for event in scene.events:
        await _record(stage, course, event)


async def _record(stage: Stage, course: Course, event: Event) -> None:
    stage.turn_clock(_recorded_at(stage, event))
    await writes.flush(stage.db)  # the event before is there when this one is recorded
    match event:
        case Interview():
            await _interview(stage, course, event)
        case Debrief():
            await _debrief(stage, course, event)
        case Timescale():
            await _timescale(stage, course, event)
        case Feedback():
            await _feedback(stage, course, event)
        case Contact():
            await _contact(stage, course, event)
        case Void():
            await _void(stage, course, event)
        case Snooze():
            await _snooze(stage, course, event)
        case Wait() | Withdrawal() | Closing():
            changes = _changes(stage, event)
            await applications.update(stage.db, stage.caller, course.application_id, changes, now=stage.now)


def _recorded_at(stage: Stage, event: Event) -> datetime:
    """When an event is noted down: as it happens, but an interview when it is booked."""
    match event:
        case Interview():
            return stage.moments.morning_before(stage.moments.instant(event.end), BOOKED)
        case Contact(noted=str() as later):
            return stage.moments.instant(later)
        case _:
            return stage.moments.instant(event.at)


async def _interview(stage: Stage, course: Course, event: Interview) -> None:
    end = stage.moments.instant(event.end)
    values = {
        "start": end - event.length,
        "end": end,
        "state": InterviewState.SCHEDULED,
        "title": event.title,
    }
    saved, _ = await interviews.schedule(
        stage.db, stage.caller, course.application_id, values, [], given=NOTHING_GIVEN, now=stage.now
    )
    course.interview_id, course.interview_end = saved.row.id, end


async def _debrief(stage: Stage, course: Course, event: Debrief) -> None:
    account = {
        "attended": Attended.ATTENDED,
        "overall_impression": event.impression,
        "liked": [event.liked],
        **({"notes": event.notes} if event.notes else {}),
        **({"other_processes": [_rival(stage, event.rival)]} if event.rival else {}),
    }
    entry = {
        "occurred_at": stage.moments.instant(event.at),
        "attended": Attended.ATTENDED,
        "interest_score": event.score,
        "source": event.source,
        "channel": Channel.PHONE,
        "account": account,
        "timescale": None,
        "next_steps_timescale": None,
        "contact": None,
        "next_promise": None,
    }
    await debriefs.record(stage.db, stage.caller, course.interview, entry, now=stage.now)


def _rival(stage: Stage, rival: Rival) -> dict[str, Any]:
    return {
        "label": rival.name,
        "stage": rival.stage,
        "deadline_date": stage.moments.day(rival.deadline).isoformat(),
        "share_with_client": rival.share_with_client,
    }


async def _timescale(stage: Stage, course: Course, event: Timescale) -> None:
    contact_id = _client_contact(stage, course.scene)
    client = await timescales.client_calendar(stage.db, stage.caller, contact_id, stage.policy)
    values = {
        **_understood(stage, course, event, client),
        "confidence": event.confidence,
        "source": event.source,
        "given_by": contact_id if event.by_client else None,
    }
    await timescales.record(stage.db, stage.caller, course.interview, values, now=stage.now)


def _understood(stage: Stage, course: Course, event: Timescale, client: WorkingCalendar) -> dict[str, Any]:
    """The client's words and their meaning, read as the consultant's screen would read them."""
    given_at, phrase = stage.moments.instant(event.at), event.phrase
    if event.day:
        phrase = phrase.format(day=_spoken(stage.moments.day(event.day), client.date_of(given_at)))
    offset = stage.policy.event_offset_working_days
    read = interpret(phrase, given_at, client, interview_end=course.interview_end, event_offset=offset)
    terms = asdict(read.timescale)
    terms["from_"], terms["to"] = terms.pop("from_date"), terms.pop("to_date")
    return {**terms, "phrase": phrase}


async def _feedback(stage: Stage, course: Course, event: Feedback) -> None:
    details: dict[str, Any] = {"raw_text": event.words}
    if event.hold_until:
        details["hold"] = {"until": stage.moments.day(event.hold_until).isoformat(), "reason": event.words}
    values = {
        "decision": event.decision,
        "received_at": stage.moments.instant(event.at),
        "from_contact": None,
        "embargo_until": stage.instant(event.embargo),
        "details": details,
    }
    row = (await feedback.record(stage.db, stage.caller, course.interview, values, now=stage.now)).row
    course.feedback_id = row.id


async def _contact(stage: Stage, course: Course, event: Contact) -> None:
    scene = course.scene
    candidate_id = stage.ids[RefKind.CANDIDATE, scene.candidate]
    with_client = event.party is ContactParty.CLIENT
    at = stage.moments.instant(event.at)
    values = {
        "party": event.party,
        "person_id": _client_contact(stage, scene) if with_client else candidate_id,
        "application_ids": [stage.ids[RefKind.APPLICATION, name] for name in (scene.name, *event.also)],
        "occurred_at": at,
        "relays": _news(stage, course, event),
        "promise": {"by": None, "by_date": stage.moments.day(event.promise)} if event.promise else None,
        "consultant_id": await _consultant(stage, scene, at),
        **{name: getattr(event, name) for name in _AS_THEY_ARE},
    }
    recorded = await contacts.record(stage.db, stage.caller, values, now=stage.now)
    course.contact_id = recorded.contact.id


_AS_THEY_ARE = ("direction", "outcome", "channel", "purpose", "needs_reply", "notes", "answer")


def _news(stage: Stage, course: Course, event: Contact) -> list[UUID | None]:
    if event.answer:
        return [stage.job_changes[course.scene.job]]
    return [course.feedback_id] if event.tells else []


async def _consultant(stage: Stage, scene: Scene, at: datetime) -> UUID:
    """Who made a contact: the candidate's owner, or whoever covers for them."""
    owner = stage.ids[RefKind.CONSULTANT, CANDIDATES[scene.candidate].owner]
    acting = await covers.acting_at(stage.db, stage.caller, at)
    return acting[owner].id if owner in acting else owner


async def _void(stage: Stage, course: Course, event: Void) -> None:
    assert course.contact_id is not None  # the scenes are ours, and tested
    await contacts.void(stage.db, stage.caller, course.contact_id, event.reason, now=stage.now)


async def _snooze(stage: Stage, course: Course, event: Snooze) -> None:
    values = {"code": event.code, "until": stage.moments.instant(event.until), "reason": event.reason}
    await applications.snooze(stage.db, stage.caller, course.application_id, values, now=stage.now)


def _changes(stage: Stage, event: Wait | Withdrawal | Closing) -> dict[str, Any]:
    """What an event changes of the application itself."""
    match event:
        case Wait():
            return {"continue_until": stage.moments.day(event.until)}
        case Withdrawal():
            return {"withdrawn_at": stage.now}
        case Closing():
            return {"state": ApplicationState.CLOSED}


def _client_contact(stage: Stage, scene: Scene) -> UUID | None:
    return stage.ids[RefKind.CLIENT_CONTACT, scene.client_contact] if scene.client_contact else None


def _spoken(day: date, given_on: date) -> str:
    """A day as people say it: by its name within a week, else by its date."""
    if 0 < (day - given_on).days < len(_DAYS):
        return _DAYS[day.weekday()]
    return f"{day.day} {_MONTHS[day.month - 1]}"
