"""Digests: the mail that tells a consultant in the morning who is due a word."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Recorded, TenantedBase, refers, table_args, word


class DigestState(StrEnum):
    """What became of a digest; one with nothing to say is skipped."""

    PENDING = "pending"
    SENT = "sent"
    SKIPPED = "skipped"
    DEAD = "dead"


class Digest(Recorded, TenantedBase):
    """One consultant's digest of one day, to be mailed once; what it says is read when it is sent."""

    __tablename__ = "digests"
    __table_args__ = table_args(
        refers("consultant_id", "consultants"),
        UniqueConstraint("agency_id", "consultant_id", "day"),
        Index(None, "agency_id", "next_attempt_at", postgresql_where=text("state = 'pending'")),
    )

    consultant_id: Mapped[UUID]
    day: Mapped[date]
    state: Mapped[DigestState] = word("state", DigestState, default=DigestState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    lease: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
