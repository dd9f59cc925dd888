"""Consultants: the people of the agency who owe the words, and who covers for whom."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from app.models.base import Edited, Recorded, TenantedBase, refers, table_args


class Consultant(Edited, TenantedBase):
    """A consultant of the agency."""

    __tablename__ = "consultants"

    name: Mapped[str]
    email: Mapped[str | None]
    timezone: Mapped[str]


class Cover(Recorded, TenantedBase):
    """Who does a consultant's work while they are away, from the first day to the last.

    `start` and `until` are the instants of those days in the absent consultant's zone; a cover that is cancelled
    ends then.
    """

    __tablename__ = "covers"
    __table_args__ = table_args(
        refers("consultant_id", "consultants"),
        refers("covered_by", "consultants"),
        Index(None, "agency_id", "consultant_id"),
        Index(None, "agency_id", "until"),
        CheckConstraint("start < until", name="span"),
        CheckConstraint("consultant_id <> covered_by", name="another"),
    )

    consultant_id: Mapped[UUID]
    covered_by: Mapped[UUID]
    from_date: Mapped[date]
    to_date: Mapped[date]
    start: Mapped[datetime]
    until: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
