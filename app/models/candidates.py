"""Candidates: the people who wait, and their pauses."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Edited, Recorded, TenantedBase, refers, table_args


class Candidate(Edited, TenantedBase):
    """A candidate, with their owner at the agency.

    The columns of a pause belong to the release before `pauses` and are read by nobody any more.
    """

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


class Pause(Recorded, TenantedBase):
    """A time in which a candidate wants to be left alone (G3); one that is lifted ends then."""

    __tablename__ = "pauses"
    __table_args__ = table_args(
        refers("candidate_id", "candidates"),
        Index(None, "agency_id", "candidate_id"),
        CheckConstraint("start < until", name="span"),
    )

    candidate_id: Mapped[UUID]
    start: Mapped[datetime]
    until: Mapped[datetime]
    allow_urgent: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None]
    lifted_at: Mapped[datetime | None]
