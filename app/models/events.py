"""Events: the log of what has happened, written in the transaction of the change itself (R1)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Recorded, TenantedBase, refers, table_args, word
from app.rules.events import EventType
from app.rules.vocabulary import ReasonCode


class Event(Recorded, TenantedBase):
    """Something that happened, with the bytes that every receiver gets (H16).

    `sequence` counts the events of its subject: the application, else the candidate, else the webhook endpoint. A
    passing instant is known by code and due time, and there is one event of it at most (R5). `position` is its place
    in the agency's log, given after the commit that made it.
    """

    __tablename__ = "events"
    __table_args__ = table_args(
        refers("application_id", "applications"),
        refers("candidate_id", "candidates"),
        UniqueConstraint("agency_id", "subject_id", "sequence"),
        UniqueConstraint("agency_id", "position"),
        Index(
            "events_agency_id_subject_id_passing_idx",
            "agency_id",
            "subject_id",
            "type",
            "code",
            "due_at",
            unique=True,
            postgresql_where=text("due_at IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "events_agency_id_unplaced_idx",
            "agency_id",
            "recorded_at",
            postgresql_where=text("position IS NULL"),
        ),
        Index(None, "agency_id", "recorded_at"),
    )

    type: Mapped[EventType] = word("type", EventType)
    subject_id: Mapped[UUID]
    application_id: Mapped[UUID | None]
    candidate_id: Mapped[UUID | None]
    sequence: Mapped[int]
    code: Mapped[ReasonCode | None] = word("code", ReasonCode)
    due_at: Mapped[datetime | None]
    occurred_at: Mapped[datetime]
    position: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[bytes]


class EventStream(TenantedBase):
    """The events of one subject, whose id it has: the last sequence, and what time will bring.

    Passing instants up to `announced_until` have their events; the next one is `next_at`, or none. Of an application
    `touch_base_from` is what the candidate was last told of N0, and `touch_base_at` when there will be more to tell.
    """

    __tablename__ = "event_streams"
    __table_args__ = table_args(
        refers("candidate_id", "candidates"),
        Index(None, "agency_id", "next_at", postgresql_where=text("next_at IS NOT NULL")),
    )

    candidate_id: Mapped[UUID | None]
    last_sequence: Mapped[int] = mapped_column(default=0)
    announced_until: Mapped[datetime | None]
    touch_base_from: Mapped[datetime | None]
    touch_base_at: Mapped[datetime | None]
    next_at: Mapped[datetime | None]


class EventLog(Base):
    """How far an agency's log goes: the last position given, and the last that is kept no longer."""

    __tablename__ = "event_logs"
    __table_args__ = (ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"]),)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_position: Mapped[int] = mapped_column(BigInteger, default=0)
    pruned_position: Mapped[int] = mapped_column(BigInteger, default=0)
