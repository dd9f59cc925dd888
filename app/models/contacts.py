"""Contacts: calls, messages and attempts with either side."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Recorded, TenantedBase, refers, table_args, word
from app.rules.vocabulary import Answer, Channel, ContactParty, Direction, Outcome, Purpose


class Contact(Recorded, TenantedBase):
    """One call, message or attempt (R2), with a candidate or a client contact.

    `all_applications` says that it counts for every application of that person (M1); otherwise the
    applications it covers stand in `contact_applications`.
    """

    __tablename__ = "contacts"
    __table_args__ = table_args(
        refers("candidate_id", "candidates"),
        refers("client_contact_id", "client_contacts"),
        refers("consultant_id", "consultants"),
        Index(None, "agency_id", "candidate_id", "occurred_at"),
        Index(None, "agency_id", "client_contact_id", "occurred_at"),
        CheckConstraint("num_nonnulls(candidate_id, client_contact_id) = 1", name="one_person"),
        CheckConstraint("promise_by IS NULL OR promise_by_date IS NULL", name="one_promise"),
    )

    party: Mapped[ContactParty] = word("party", ContactParty)
    candidate_id: Mapped[UUID | None]
    client_contact_id: Mapped[UUID | None]
    consultant_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime]
    direction: Mapped[Direction] = word("direction", Direction)
    outcome: Mapped[Outcome] = word("outcome", Outcome)
    channel: Mapped[Channel | None] = word("channel", Channel)
    purpose: Mapped[Purpose] = word("purpose", Purpose, default=Purpose.OTHER)
    all_applications: Mapped[bool]
    needs_reply: Mapped[bool] = mapped_column(default=False)
    automated: Mapped[bool] = mapped_column(default=False)
    promise_by: Mapped[datetime | None]
    promise_by_date: Mapped[date | None]
    answer: Mapped[Answer | None] = word("answer", Answer)
    notes: Mapped[str | None]


class ContactApplication(TenantedBase):
    """An application that a contact covers."""

    __tablename__ = "contact_applications"
    __table_args__ = table_args(
        refers("contact_id", "contacts"),
        refers("application_id", "applications"),
        UniqueConstraint("agency_id", "contact_id", "application_id"),
        Index(None, "agency_id", "application_id"),
    )

    contact_id: Mapped[UUID]
    application_id: Mapped[UUID]


class Relay(TenantedBase):
    """A piece of feedback or a change of the job that a contact passed on to the candidate (H1, H2, H4)."""

    __tablename__ = "relays"
    __table_args__ = table_args(
        refers("contact_id", "contacts"),
        refers("feedback_id", "feedback"),
        refers("job_change_id", "job_changes"),
        UniqueConstraint("agency_id", "contact_id", "feedback_id"),
        UniqueConstraint("agency_id", "contact_id", "job_change_id"),
        Index(None, "agency_id", "feedback_id"),
        CheckConstraint("num_nonnulls(feedback_id, job_change_id) = 1", name="one_news"),
    )

    contact_id: Mapped[UUID]
    feedback_id: Mapped[UUID | None]
    job_change_id: Mapped[UUID | None]


class Void(Recorded, TenantedBase):
    """A contact or a snooze that was recorded by mistake: it counts no more, and stays to be read."""

    __tablename__ = "voids"
    __table_args__ = table_args(
        refers("contact_id", "contacts"),
        refers("snooze_id", "snoozes"),
        UniqueConstraint("agency_id", "contact_id"),
        UniqueConstraint("agency_id", "snooze_id"),
        CheckConstraint("num_nonnulls(contact_id, snooze_id) = 1", name="one_record"),
    )

    contact_id: Mapped[UUID | None]
    snooze_id: Mapped[UUID | None]
    reason: Mapped[str]
