"""Jobs that clients want filled."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from app.models.base import Edited, TenantedBase, refers, table_args


class Job(Edited, TenantedBase):
    """A job at a client."""

    __tablename__ = "jobs"
    __table_args__ = table_args(refers("client_id", "clients"), Index(None, "agency_id", "client_id"))

    client_id: Mapped[UUID]
    title: Mapped[str]
    location: Mapped[str | None]
