"""Revisions: what was edited about an object that the rules read, so that what was known at an instant can be told."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from app.models.base import Recorded, TenantedBase, table_args, word


class RevisedKind(StrEnum):
    """What a revision is of."""

    APPLICATION = "application"
    INTERVIEW = "interview"
    CANDIDATE = "candidate"
    CLIENT_CONTACT = "client_contact"


class Revision(Recorded, TenantedBase):
    """The members of an object that one edit changed, as they stood before and after it."""

    __tablename__ = "revisions"
    __table_args__ = table_args(Index(None, "agency_id", "object_id", "recorded_at"))

    kind: Mapped[RevisedKind] = word("kind", RevisedKind)
    object_id: Mapped[UUID]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
