"""Consultants: the people of the agency who owe the words."""

from sqlalchemy.orm import Mapped

from app.models.base import Edited, TenantedBase


class Consultant(Edited, TenantedBase):
    """A consultant of the agency."""

    __tablename__ = "consultants"

    name: Mapped[str]
    email: Mapped[str | None]
    timezone: Mapped[str]
