"""The status rows: every reason with the interval in which it is shown."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, false
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import TenantedBase, refers, table_args, word
from app.rules.vocabulary import ReasonCode, Target


class Reason(TenantedBase):
    """A reason as shown from `flagged_from` until `flagged_until` (`facts.FOREVER`: until something is recorded).

    Derived by the rules from the facts and replaced with them; only `services/status` writes here. `position`
    is the place of the code within a rank (P1); `urgent` lifts it to rank 0. What is `for_manager` is not the
    consultant's to do. The person and the owner stand here so that the due list reads one table.
    """

    __tablename__ = "reasons"
    __table_args__ = table_args(
        refers("application_id", "applications"),
        refers("candidate_id", "candidates"),
        refers("consultant_id", "consultants"),
        refers("client_contact_id", "client_contacts"),
        Index(None, "agency_id", "application_id"),
        Index(None, "agency_id", "candidate_id"),
        Index(None, "agency_id", "consultant_id", "flagged_until", "flagged_from"),
        Index(None, "agency_id", "flagged_until", "flagged_from"),
        CheckConstraint("flagged_from < flagged_until", name="interval"),
    )

    application_id: Mapped[UUID | None]
    candidate_id: Mapped[UUID]
    consultant_id: Mapped[UUID | None]
    client_contact_id: Mapped[UUID | None]
    code: Mapped[ReasonCode] = word("code", ReasonCode)
    position: Mapped[int]
    rule: Mapped[str]
    target: Mapped[Target] = word("target", Target)
    urgent: Mapped[bool] = mapped_column(default=False)
    for_manager: Mapped[bool] = mapped_column(server_default=false())
    due_at: Mapped[datetime]
    overdue_at: Mapped[datetime | None]
    escalate_at: Mapped[datetime | None]
    flagged_from: Mapped[datetime]
    flagged_until: Mapped[datetime]
    fact_kind: Mapped[str]
    fact_id: Mapped[UUID | None]
    fact_at: Mapped[datetime]
