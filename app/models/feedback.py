"""Feedback: what the client said of an interview."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from app.models.base import Recorded, TenantedBase, refers, table_args, word
from app.rules.vocabulary import Decision


class Feedback(Recorded, TenantedBase):
    """What the client said of an interview, with or without a decision (R6).

    What the rules read has a column; the rest is kept as it was given in `details`.
    """

    __tablename__ = "feedback"
    __table_args__ = table_args(
        refers("interview_id", "interviews"),
        refers("application_id", "applications"),
        refers("supersedes", "feedback"),
        refers("from_contact", "client_contacts"),
        Index(None, "agency_id", "application_id"),
        UniqueConstraint("agency_id", "supersedes"),
    )

    application_id: Mapped[UUID]
    interview_id: Mapped[UUID]
    supersedes: Mapped[UUID | None]
    received_at: Mapped[datetime]
    from_contact: Mapped[UUID | None]
    decision: Mapped[Decision] = word("decision", Decision)
    embargo_until: Mapped[datetime | None]
    details: Mapped[dict[str, Any]]
