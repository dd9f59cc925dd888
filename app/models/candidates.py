"""Candidates: the people who wait."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Edited, TenantedBase, refers, table_args


class Candidate(Edited, TenantedBase):
    """A candidate, with their owner at the agency and their pause, if they asked for one (G3)."""

    __tablename__ = "candidates"
    __table_args__ = table_args(
        refers("consultant_id", "consultants"),
        Index(None, "agency_id", "consultant_id"),
        CheckConstraint("(pause_from IS NULL) = (pause_until IS NULL)", name="pause"),
    )

    consultant_id: Mapped[UUID | None]
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    timezone: Mapped[str]
    holidays: Mapped[str | None]
    seeking: Mapped[bool] = mapped_column(default=False)
    registered_at: Mapped[datetime | None]
    last_preference_review_at: Mapped[datetime | None]
    pause_from: Mapped[datetime | None]
    pause_until: Mapped[datetime | None]
    pause_allow_urgent: Mapped[bool] = mapped_column(default=False)
    pause_reason: Mapped[str | None]
