"""Agencies, and the look-ups from a credential, and from waiting work, to an agency."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from app.models.base import Base, Edited, word


class Agency(Edited, Base):
    """A recruitment agency: the tenant. `policy` holds the parameters that differ from the defaults."""

    __tablename__ = "agencies"

    agency_id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str]
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Credential(Base):
    """Which agency a credential belongs to: the one table that is read before the agency is known.

    Keys and links are of one agency each; the tokens of an issuer for an audience may be of several.
    It holds no secret and nothing personal, so a cluster keeps it whole on every machine (a reference table), from
    where it cannot refer to the agencies, which are spread.
    """

    __tablename__ = "credentials"

    lookup: Mapped[str] = mapped_column(primary_key=True)
    agency_id: Mapped[UUID] = mapped_column(primary_key=True)


class AgencyWork(Base):
    """Which agencies have work waiting: what a worker reads before it enters one.

    Like `credentials` it holds nothing of anybody, and every worker sees it all.
    """

    __tablename__ = "agency_work"
    __table_args__ = (ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"]),)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)


class WakeKind(StrEnum):
    """What there may be to do: announce passing instants, place events in the log, call endpoints, mail digests."""

    ANNOUNCE = "announce"
    PUBLISH = "publish"
    DELIVER = "deliver"
    DIGEST = "digest"


class Wake(Base):
    """An instant from which an agency may have work of a kind: what a worker reads before it enters one.

    Rows are only added, in the transaction that makes the work, and taken away by whoever has looked for it since:
    so none is missed, and nobody waits for anybody. They hold nothing of anybody, and every worker sees them all.
    """

    __tablename__ = "wakes"
    __table_args__ = (
        PrimaryKeyConstraint("agency_id", "id"),
        ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"]),
        Index(None, "at"),
    )

    agency_id: Mapped[UUID]
    id: Mapped[UUID] = mapped_column(default=uuid7)
    kind: Mapped[WakeKind] = word("kind", WakeKind)
    at: Mapped[datetime]


class AgencyUsage(Base):
    """How many requests of an agency have been let in during the minute that began at `window_start` (H12)."""

    __tablename__ = "agency_usage"
    __table_args__ = (ForeignKeyConstraint(["agency_id"], ["agencies.agency_id"]),)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    window_start: Mapped[datetime]
    requests: Mapped[int]
