"""Applications: one candidate put forward for one job."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from app.models.base import Edited, Recorded, TenantedBase, refers, table_args, word
from app.rules.vocabulary import ApplicationMode, ApplicationState, ReasonCode


class Application(Edited, TenantedBase):
    """One candidate put forward for one job, with its owner and its client contact.

    A direct application (N1) needs neither. `withdrawn_by` is the contact in which the candidate said so, where a
    contact brought the withdrawal. `closed_at` is when it was closed, unknown for one that came closed.
    """

    __tablename__ = "applications"
    __table_args__ = table_args(
        refers("candidate_id", "candidates"),
        refers("job_id", "jobs"),
        refers("consultant_id", "consultants"),
        refers("client_contact_id", "client_contacts"),
        refers("withdrawn_by", "contacts"),
        Index(None, "agency_id", "candidate_id"),
        Index(None, "agency_id", "job_id"),
        Index(None, "agency_id", "consultant_id"),
        Index(None, "agency_id", "client_contact_id"),
    )

    candidate_id: Mapped[UUID]
    job_id: Mapped[UUID]
    consultant_id: Mapped[UUID | None]
    client_contact_id: Mapped[UUID | None]
    mode: Mapped[ApplicationMode] = word("mode", ApplicationMode, default=ApplicationMode.AGENCY)
    state: Mapped[ApplicationState] = word("state", ApplicationState, default=ApplicationState.ACTIVE)
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
    closed_at: Mapped[datetime | None]
    continue_until: Mapped[date | None]
    hold_since: Mapped[datetime | None]
    hold_until: Mapped[date | None]
    hold_reason: Mapped[str | None]
    hold_ended_at: Mapped[datetime | None]


class Snooze(Recorded, TenantedBase):
    """One reason of one application put off until an instant, with an explanation (G5)."""

    __tablename__ = "snoozes"
    __table_args__ = table_args(
        refers("application_id", "applications"), Index(None, "agency_id", "application_id")
    )

    application_id: Mapped[UUID]
    code: Mapped[ReasonCode] = word("code", ReasonCode)
    until: Mapped[datetime]
    reason: Mapped[str]
