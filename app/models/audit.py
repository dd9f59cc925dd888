"""The audit trail: who wrote what, and who read a debrief."""

from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Recorded, TenantedBase, refers, table_args


class AuditEntry(Recorded, TenantedBase):
    """One write, or one reading of a debrief. `fields` are the names of the members that were sent, never a value."""

    __tablename__ = "audit_entries"
    __table_args__ = table_args(
        refers("consultant_id", "consultants"),
        Index(None, "agency_id", "object_id"),
        Index(None, "agency_id", "principal"),
    )

    principal: Mapped[str]
    consultant_id: Mapped[UUID | None]
    operation: Mapped[str]
    object_id: Mapped[UUID | None]
    purpose: Mapped[str | None]
    request_id: Mapped[str]
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text))
