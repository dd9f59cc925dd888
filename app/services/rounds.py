"""Rounds: an interview with the file of its application, which all that is recorded about it changes.

Whoever records something begins the transaction with all it locks and reads: two messages, and two more to write it and
to end where nothing else is read.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import writes
from app.db import Beginning, Statement, begin_late
from app.errors import NotFoundError
from app.rules.calendar import WorkingCalendar
from app.rules.facts import Application, Interview
from app.services import facts, files, people, status
from app.services.files import File
from app.services.scope import AGENCY, Caller

# The file of an interview's application, with the clock and all else that recording a debrief asks for.
_FILE = Statement(
    facts.applications(
        f"a.id = (SELECT i.application_id FROM interviews i WHERE i.agency_id = {AGENCY} AND i.id = :interview_id)",
        f"""{files.COLUMNS}, now() AS now, j.client_id,
(SELECT g.policy FROM agencies g WHERE g.agency_id = {AGENCY}) AS agency_policy,
(SELECT COALESCE(max(d.version), 0) FROM debriefs d
  WHERE d.agency_id = {AGENCY} AND d.interview_id = :interview_id) AS version""",
        as_of="now()",
    )
)


@dataclass(frozen=True, slots=True)
class Round:
    """An interview with the file of its application, whose client it is, and the last version of its debrief."""

    interview: Interview
    file: File
    client_id: UUID
    version: int

    @property
    def id(self) -> UUID:
        """The interview's id."""
        return UUID(self.interview.id)

    @property
    def application_id(self) -> UUID:
        """The application's id."""
        return self.file.id

    @property
    def application(self) -> Application:
        """The facts of the application."""
        return self.file.case.application


def beginning(caller: Caller, interview_id: UUID) -> Beginning:
    """How a transaction begins that records something about an interview: with all it locks and reads."""
    lock = status.lock_of_interview(caller, interview_id)
    return facts.beginning(caller, [lock], (_FILE, _named(caller, interview_id)))


async def held(db: AsyncSession, caller: Caller, interview_id: UUID) -> Round:
    """The interview with all that bears on it, locked: as the transaction began, or else read now.

    Raises NotFoundError.
    """
    if "begun" not in db.info:
        await writes.flush(db)
        await begin_late(db, beginning(caller, interview_id))
    row: Any = db.info.pop("begun", None)
    if row is None:
        raise NotFoundError
    file = files.file_of(row, await facts.overrides_of(db, caller))
    [about] = (each for each in file.case.application.interviews if each.id == str(interview_id))
    return Round(about, file, row["client_id"], row["version"])


def _named(caller: Caller, interview_id: UUID) -> dict[str, Any]:
    return {"agency_id": caller.agency_id, "interview_id": interview_id, "known_at": facts.FOREVER}


async def check_speaker(
    db: AsyncSession, caller: Caller, found: Round, client_contact_id: UUID | None, *, pointer: str
) -> None:
    """Check that who is said to have spoken for the client works there. Raises NotFoundError, InvalidError."""
    if client_contact_id not in (None, found.file.owner.client_contact_id):
        await people.check_client(db, caller, client_contact_id, found.client_id, pointer=pointer)


async def clients_hours(db: AsyncSession, caller: Caller, found: Round) -> WorkingCalendar:
    """The working time of the application's client contact (T6), at the agency's hours; the agency's without one."""
    policy, client = await facts.policy_of(db, caller), found.application.client
    return policy.hours_of(client.timezone, client.holidays) if client else policy.office
