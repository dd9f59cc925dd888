"""Calendar feeds: secret addresses at which a consultant's calendar reads what is due."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import TenantedBase, refers, table_args


class CalendarFeed(TenantedBase):
    """An address that shows one consultant's calendar to whoever knows it, until it is revoked.

    Only an HMAC of its secret part is kept.
    """

    __tablename__ = "calendar_feeds"
    __table_args__ = table_args(
        refers("consultant_id", "consultants"), UniqueConstraint("agency_id", "digest")
    )

    consultant_id: Mapped[UUID]
    digest: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]
