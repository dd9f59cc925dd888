"""Agencies, and the look-ups from a credential, and from waiting work, to an agency."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from app.models.base import Base, Edited


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


class AgencyUsage(Base):
    """How many requests of an agency have been let in during the minute that began at `window_start` (H12)."""

    __tablename__ = "agency_usage"
    __table_args__ = (ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"]),)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    window_start: Mapped[datetime]
    requests: Mapped[int]
