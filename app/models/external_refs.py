"""The ids under which agency systems know our objects."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from app.models.base import TenantedBase, table_args, word


class RefKind(StrEnum):
    """What an external id names."""

    CONSULTANT = "consultant"
    CLIENT = "client"
    CLIENT_CONTACT = "client_contact"
    CANDIDATE = "candidate"
    JOB = "job"
    APPLICATION = "application"
    INTERVIEW = "interview"


class ExternalRef(TenantedBase):
    """One system's id of one object. An object may be known to several systems."""

    __tablename__ = "external_refs"
    __table_args__ = table_args(
        UniqueConstraint("agency_id", "kind", "source", "external_id"),
        Index(None, "agency_id", "object_id"),
    )

    kind: Mapped[RefKind] = word("kind", RefKind)
    source: Mapped[str]
    external_id: Mapped[str]
    object_id: Mapped[UUID]
