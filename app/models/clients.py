"""Clients and the people there who answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Edited, TenantedBase, refers, table_args


class Client(Edited, TenantedBase):
    """A company that hires. `policy` holds the parameters in which it differs from the agency."""

    __tablename__ = "clients"

    name: Mapped[str]
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))


class ClientContact(Edited, TenantedBase):
    """A person at a client, with the zone and holidays that their promises follow (T6)."""

    __tablename__ = "client_contacts"
    __table_args__ = table_args(refers("client_id", "clients"), Index(None, "agency_id", "client_id"))

    client_id: Mapped[UUID]
    name: Mapped[str]
    role: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    timezone: Mapped[str]
    holidays: Mapped[str | None]
    unavailable_until: Mapped[datetime | None]
