"""Files: applications with their facts, whose they are, and what is stored and has been told of them.

All that a status is computed from and compared with, in one statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Statement
from app.rules.situation import Case
from app.services import facts, outbox, reasons
from app.services.outbox import Past
from app.services.reasons import Owner
from app.services.scope import Caller

COLUMNS = f"""
, a.id, a.candidate_id, a.consultant_id, a.client_contact_id,
{reasons.OF_APPLICATION} AS stored, {outbox.PAST} AS past"""

_FILES = Statement(facts.applications(facts.NAMED, COLUMNS))


@dataclass(frozen=True, slots=True)
class File:
    """An application as it is known, and as it was when its status was last computed."""

    case: Case
    owner: Owner
    stored: Sequence[reasons.Row]
    past: Past

    @property
    def id(self) -> UUID:
        """The application's id."""
        return self.owner.subject_id


async def load(
    db: AsyncSession, caller: Caller, application_ids: Sequence[UUID], *, as_of: datetime
) -> list[File]:
    """The files of locked applications; `as_of` bounds only the last chaser to the client contact (M2)."""
    agency = await facts.overrides_of(db, caller)
    rows = await _FILES.fetch(
        db,
        {
            "agency_id": caller.agency_id,
            "ids": application_ids,
            "as_of": as_of,
            "known_at": facts.FOREVER,
        },
    )
    return [file_of(row, agency) for row in rows]


def file_of(row: Any, agency: Any) -> File:
    """A file from the columns of its statement, with the agency's parameters."""
    owner = Owner(row["id"], row["candidate_id"], row["consultant_id"], row["client_contact_id"])
    case = facts.case_of(row["facts"], agency, row["policy"])
    return File(case, owner, reasons.decode(row["stored"]), outbox.past(row["past"]))
