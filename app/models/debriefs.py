"""Debriefs: the candidate's account of an interview."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from app.models.base import Recorded, TenantedBase, refers, table_args, word
from app.rules.vocabulary import DebriefSource


class Debrief(Recorded, TenantedBase):
    """One version of an interview's debrief; a correction appends the next.

    What the rules read has a column, except the other processes (L1): they are in `account`, which is kept as it was
    given.
    """

    __tablename__ = "debriefs"
    __table_args__ = table_args(
        refers("interview_id", "interviews"),
        refers("application_id", "applications"),
        refers("supersedes", "debriefs"),
        Index(None, "agency_id", "application_id"),
        UniqueConstraint("agency_id", "supersedes"),
        UniqueConstraint("agency_id", "interview_id", "version"),
        CheckConstraint("interest_score BETWEEN 0 AND 10", name="interest_score"),
    )

    application_id: Mapped[UUID]
    interview_id: Mapped[UUID]
    supersedes: Mapped[UUID | None]
    version: Mapped[int]
    occurred_at: Mapped[datetime]
    source: Mapped[DebriefSource] = word("source", DebriefSource)
    interest_score: Mapped[int]
    account: Mapped[dict[str, Any]]
