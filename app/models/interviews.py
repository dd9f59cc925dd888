"""Interviews: the rounds of an application."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from app.models.base import Edited, TenantedBase, refers, table_args, word
from app.rules.vocabulary import InterviewState


class Interview(Edited, TenantedBase):
    """One interview of an application."""

    __tablename__ = "interviews"
    __table_args__ = table_args(
        refers("application_id", "applications"),
        Index(None, "agency_id", "application_id"),
        CheckConstraint('"end" > start', name="ends_after_start"),
    )

    application_id: Mapped[UUID]
    start: Mapped[datetime]
    end: Mapped[datetime]
    state: Mapped[InterviewState] = word("state", InterviewState, default=InterviewState.SCHEDULED)
    title: Mapped[str | None]
    location: Mapped[str | None]
