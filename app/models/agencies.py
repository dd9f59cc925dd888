"""Agencies, their API keys, and the look-ups from a credential, and from waiting work, to an agency."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from app.models.base import Base, Edited, TenantedBase, table_args


class Agency(Edited, Base):
    """A recruitment agency: the tenant. `policy` holds the parameters that differ from the defaults."""

    __tablename__ = "agencies"

    agency_id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str]
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Credential(Base):
    """Which agency a credential belongs to: the one table that is read before the agency is known.

    It holds no secret and nothing personal, so it is the same for all agencies (a reference table).
    """

    __tablename__ = "credentials"
    __table_args__ = (ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"]),)

    lookup: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID]


class AgencyWork(Base):
    """Which agencies have work waiting: what a worker reads before it enters one.

    Like `credentials` it holds nothing of anybody, so it is the same for all agencies (a reference table).
    """

    __tablename__ = "agency_work"
    __table_args__ = (ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"]),)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)


class ApiKey(Edited, TenantedBase):
    """An API key. Only an HMAC of it is kept; `key_id` is its public part (S3)."""

    __tablename__ = "api_keys"
    __table_args__ = table_args(UniqueConstraint("agency_id", "key_id"))

    key_id: Mapped[str]
    name: Mapped[str]
    digest: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
