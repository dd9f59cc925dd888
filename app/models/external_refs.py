"""The ids under which agency systems know our objects and records."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from app.models.base import TenantedBase, one_of, table_args


class RefKind(StrEnum):
    """An object that an external id names."""

    CONSULTANT = "consultant"
    CLIENT = "client"
    CLIENT_CONTACT = "client_contact"
    CANDIDATE = "candidate"
    JOB = "job"
    APPLICATION = "application"
    INTERVIEW = "interview"


class RecordKind(StrEnum):
    """A record that an external id names."""

    DEBRIEF = "debrief"
    TIMESCALE = "timescale"
    FEEDBACK = "feedback"
    CONTACT = "contact"


class ExternalRef(TenantedBase):
    """One system's id of one object or record, which may be known to several systems.

    Of a record there is a fingerprint of what was sent under the id: the same again is not recorded again.
    """

    __tablename__ = "external_refs"
    __table_args__ = table_args(
        UniqueConstraint("agency_id", "kind", "source", "external_id"),
        Index(None, "agency_id", "object_id"),
        CheckConstraint(one_of("kind", [*RefKind, *RecordKind]), name="kind"),
    )

    kind: Mapped[str]
    source: Mapped[str]
    external_id: Mapped[str]
    object_id: Mapped[UUID]
    fingerprint: Mapped[bytes | None]
