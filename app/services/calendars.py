"""The calendar of a consultant: what is due to be done by them and what comes, as iCalendar (RFC 5545, S7).

Nothing personal stands in it, only words of ours and ids. And nothing that another reading at the same state of things
would have otherwise, so that its ETag stays: neither the instant of the reading nor the ids of the status rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid5

from icalendar import Calendar, Event
from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import EventStream, Reason
from app.rules.agenda import stands_at, stands_since, title, whom
from app.rules.calendar import WorkingCalendar, local_instant
from app.rules.events import Shown, level_of
from app.rules.vocabulary import Level
from app.services import covers, facts
from app.services.covers import Turn
from app.services.scope import Caller

DAYS_AHEAD = 30
MOST_EVENTS = 500
LENGTH = timedelta(minutes=15)
REFRESHED_EVERY = timedelta(minutes=15)

# A sequence has to rise with whatever moves an event, so it is the second of that, from an instant on that is late
# enough to keep it within the 31 bits of an iCalendar integer.
SEQUENCES_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Task:
    """A reason that somebody has to act on; of a candidate as a person where there is no application.

    Since `recorded_at` what is stored about its subject is as it is.
    """

    consultant_id: UUID
    application_id: UUID | None
    candidate_id: UUID
    recorded_at: datetime
    shown: Shown

    @property
    def uid(self) -> str:
        """Its name in every calendar, the same as long as it is the same reason."""
        code, due_at = self.shown.key
        return str(uuid5(self.application_id or self.candidate_id, f"{code} {due_at.astimezone(UTC)}"))


_SUBJECT = (Reason.consultant_id, Reason.application_id, Reason.candidate_id)
_SHOWN = [getattr(Reason, name) for name in Shown._fields]


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a consultant has to act on, as it is at an instant, and the agency's working time."""

    tasks: Sequence[Task]
    now: datetime
    office: WorkingCalendar


async def read(db: AsyncSession, caller: Caller, consultant_id: UUID, *, now: datetime) -> Agenda:
    """What is shown to a consultant now, or will be within 30 days as things stand."""
    office = (await facts.policy_of(db, caller)).office
    ends = local_instant(office.zone, office.date_of(now) + timedelta(days=DAYS_AHEAD + 1), time.min)
    turns = (await covers.rota(db, caller, now, ends)).turns(consultant_id, now, ends)
    tasks: dict[str, Task] = {}
    for task in await _tasks(db, caller, turns, now):
        tasks.setdefault(task.uid, task)  # it may be dropped for a while and then come back
    return Agenda(list(tasks.values()), now, office)


async def _tasks(db: AsyncSession, caller: Caller, turns: Sequence[Turn], now: datetime) -> list[Task]:
    """What a consultant has to act on in their turns, which begin now, the soonest first."""
    first = func.greatest(Reason.due_at, Reason.flagged_from)
    acted_on = func.greatest(first, now)
    query = (
        select(*_SUBJECT, _recorded_at(caller), *_SHOWN)
        .where(
            Reason.agency_id == caller.agency_id,
            Reason.consultant_id.in_(set().union(*(turn.owners for turn in turns))),
            Reason.flagged_until > now,
            or_(*(_falls_into(turn, acted_on) for turn in turns)),
        )
        .order_by(first, Reason.position, Reason.due_at, Reason.application_id, Reason.candidate_id)
        .limit(MOST_EVENTS)
    )
    return [
        Task(consultant_id, application_id, candidate_id, recorded_at, Shown(*shown))
        for consultant_id, application_id, candidate_id, recorded_at, *shown in await db.execute(query)
    ]


def _recorded_at(caller: Caller) -> ColumnElement[datetime]:
    """Since when the rows of a reason's subject are as they are, looked up for those alone that are shown.

    It is written with every change of them and never set back; there is none yet for what is older than events are.
    """
    # No COALESCE: under row-level security that is compared with every row of the agency instead of looked up.
    subject_id = case((Reason.application_id.is_(None), Reason.candidate_id), else_=Reason.application_id)
    stream = select(EventStream.announced_until).where(
        EventStream.agency_id == caller.agency_id, EventStream.id == subject_id
    )
    return func.coalesce(stream.scalar_subquery(), Reason.fact_at)


def _falls_into(turn: Turn, acted_on: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether a reason is to be acted on in a turn, and is of somebody whose work it is to do."""
    return and_(acted_on >= turn.start, acted_on < turn.until, Reason.consultant_id.in_(turn.owners))


def write(agenda: Agenda) -> bytes:
    """An agenda as a calendar, in lines that are folded and end as iCalendar wants it."""
    calendar = Calendar()
    calendar.add("prodid", "-//Touchbase//Calendar feeds//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Touchbase")
    calendar.add("refresh-interval", REFRESHED_EVERY, parameters={"VALUE": "DURATION"})
    for task in agenda.tasks:
        calendar.add_component(_event(task, agenda.now, agenda.office))
    text: bytes = calendar.to_ical()
    return text


def _event(task: Task, now: datetime, office: WorkingCalendar) -> Event:
    start = stands_at(task.shown, now, office)
    revised_at = stands_since(task.shown, task.recorded_at, now, office)
    event = Event()
    event.add("uid", task.uid)
    event.add("dtstamp", revised_at)
    event.add("sequence", (revised_at - SEQUENCES_BEGIN) // timedelta(seconds=1))
    event.add("dtstart", start)
    event.add("dtend", start + LENGTH)
    event.add("summary", title(task.shown))
    event.add("description", _description(task))
    event.add("categories", [level_of([task.shown], now) or Level.SCHEDULED])
    event.add("transp", "TRANSPARENT")
    return event


def _description(task: Task) -> str:
    """Whom to speak with, and the id by which to find out the rest."""
    about = f"Application {task.application_id}" if task.application_id else f"Candidate {task.candidate_id}"
    return f"{about}\nSpeak with the {whom(task.shown)}."
