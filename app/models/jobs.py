"""Jobs that clients want filled, and how they changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Edited, Recorded, TenantedBase, refers, table_args, word
from app.rules.vocabulary import JobState


class Job(Edited, TenantedBase):
    """A job at a client."""

    __tablename__ = "jobs"
    __table_args__ = table_args(refers("client_id", "clients"), Index(None, "agency_id", "client_id"))

    client_id: Mapped[UUID]
    title: Mapped[str]
    location: Mapped[str | None]
    salary: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    responsibilities: Mapped[str | None]
    contract: Mapped[str | None]
    state: Mapped[JobState] = word("state", JobState, default=JobState.OPEN, server_default=JobState.OPEN)


class JobChange(Recorded, TenantedBase):
    """What changed about a job: `difference` holds `{member: {"from": old, "to": new}}`.

    A correction puts a slip right, so nobody need be told of it.
    """

    __tablename__ = "job_changes"
    __table_args__ = table_args(refers("job_id", "jobs"), Index(None, "agency_id", "job_id"))

    job_id: Mapped[UUID]
    changed_at: Mapped[datetime]
    difference: Mapped[dict[str, Any]]
    correction: Mapped[bool] = mapped_column(default=False)
