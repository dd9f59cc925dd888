"""Plays a scene: records what happened through the services, one event after the other."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.demo.directory import NOTHING_GIVEN
from app.demo.events import Contact, Debrief, Event, Feedback, Interview, Scene, Snooze, Timescale
from app.demo.people import CANDIDATES
from app.demo.stage import Stage
from app.models.external_refs import RefKind
from app.rules.calendar import WorkingCalendar
from app.rules.phrases import interpret
from app.rules.vocabulary import ApplicationMode, Attended, Channel, ContactParty
from app.services import applications, contacts, debriefs, feedback, interviews, timescales

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


@dataclass(slots=True)
class Course:
    """How far a scene has got: its application, and the interview and feedback that came last."""

    scene: Scene
    application_id: UUID
    interview_id: UUID | None = None
    interview_end: datetime | None = None
    feedback_id: UUID | None = None

    @property
    def interview(self) -> UUID:
        """The interview that debriefs, timescales and feedback are about."""
        assert self.interview_id is not None  # the scenes are ours, and tested
        return self.interview_id


async def put_forward(stage: Stage, scene: Scene) -> None:
    """Put the scene's candidate forward for its job."""
    values = {
        "candidate_id": stage.ids[RefKind.CANDIDATE, scene.candidate],
        "job_id": stage.ids[RefKind.JOB, scene.job],
        "client_contact_id": stage.ids[RefKind.CLIENT_CONTACT, scene.client_contact],
        "mode": ApplicationMode.AGENCY,
        "state": scene.state,
        "withdrawn_at": stage.instant(scene.withdrawn),
        "continue_until": stage.moments.day(scene.continue_until) if scene.continue_until else None,
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
        case Snooze():
            await _snooze(stage, course, event)


async def _interview(stage: Stage, course: Course, event: Interview) -> None:
    end = stage.moments.instant(event.end)
    values = {"start": end - event.length, "end": end, "state": event.state, "title": event.title}
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


async def _timescale(stage: Stage, course: Course, event: Timescale) -> None:
    contact_id = stage.ids[RefKind.CLIENT_CONTACT, course.scene.client_contact]
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
    row, _ = await feedback.record(stage.db, stage.caller, course.interview, values, now=stage.now)
    course.feedback_id = row.id


async def _contact(stage: Stage, course: Course, event: Contact) -> None:
    scene = course.scene
    person = (RefKind.CANDIDATE, scene.candidate)
    if event.party is ContactParty.CLIENT:
        person = (RefKind.CLIENT_CONTACT, scene.client_contact)
    values = {
        "party": event.party,
        "person_id": stage.ids[person],
        "application_ids": [stage.ids[RefKind.APPLICATION, name] for name in (scene.name, *event.also)],
        "occurred_at": stage.moments.instant(event.at),
        "relays": [course.feedback_id] if event.tells else [],
        "promise": {"by": None, "by_date": stage.moments.day(event.promise)} if event.promise else None,
        "consultant_id": stage.ids[RefKind.CONSULTANT, CANDIDATES[scene.candidate].owner],
        **{name: getattr(event, name) for name in _AS_THEY_ARE},
    }
    await contacts.record(stage.db, stage.caller, values, now=stage.now)


_AS_THEY_ARE = ("direction", "outcome", "channel", "purpose", "needs_reply", "notes")


async def _snooze(stage: Stage, course: Course, event: Snooze) -> None:
    values = {"code": event.code, "until": stage.moments.instant(event.until), "reason": event.reason}
    await applications.snooze(stage.db, stage.caller, course.application_id, values, now=stage.now)


def _spoken(day: date, given_on: date) -> str:
    """A day as people say it: by its name within a week, else by its date."""
    if 0 < (day - given_on).days < len(_DAYS):
        return _DAYS[day.weekday()]
    return f"{day.day} {_MONTHS[day.month - 1]}"
