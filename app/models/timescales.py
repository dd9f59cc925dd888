"""Timescales: when a client says it will answer."""

import datetime as dt
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Recorded, TenantedBase, refers, table_args, word
from app.rules.vocabulary import Confidence, TimescaleAnchor, TimescaleKind, TimescaleSource


class Timescale(Recorded, TenantedBase):
    """A timescale given for an interview's answer (rulebook, section 2); a revision is a new row."""

    __tablename__ = "timescales"
    __table_args__ = table_args(
        refers("interview_id", "interviews"),
        refers("application_id", "applications"),
        refers("supersedes", "timescales"),
        refers("given_by", "client_contacts"),
        Index(None, "agency_id", "application_id"),
        UniqueConstraint("agency_id", "supersedes"),
        CheckConstraint("n >= 0 AND offset_working_days >= 0", name="counts"),
        CheckConstraint("from_date <= to_date", name="range"),
    )

    application_id: Mapped[UUID]
    interview_id: Mapped[UUID]
    supersedes: Mapped[UUID | None]
    source: Mapped[TimescaleSource] = word("source", TimescaleSource)
    given_by: Mapped[UUID | None]
    given_at: Mapped[dt.datetime]
    phrase: Mapped[str | None]
    confidence: Mapped[Confidence | None] = word("confidence", Confidence)
    kind: Mapped[TimescaleKind] = word("kind", TimescaleKind)
    at: Mapped[dt.datetime | None]
    date: Mapped[dt.date | None] = mapped_column()
    from_date: Mapped[dt.date | None]
    to_date: Mapped[dt.date | None]
    n: Mapped[int | None]
    anchor: Mapped[TimescaleAnchor] = word("anchor", TimescaleAnchor, default=TimescaleAnchor.GIVEN)
    event: Mapped[str | None]
    event_date: Mapped[dt.date | None]
    offset_working_days: Mapped[int | None]
