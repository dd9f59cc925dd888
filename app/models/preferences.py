"""Preferences: what a candidate looks for, version after version."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from app.models.base import Recorded, TenantedBase, refers, table_args


class Preference(Recorded, TenantedBase):
    """What a candidate wanted when asked at `reviewed_at` (K1), whole; `changed` names what differs from before."""

    __tablename__ = "preferences"
    __table_args__ = table_args(
        refers("candidate_id", "candidates"), UniqueConstraint("agency_id", "candidate_id", "version")
    )

    candidate_id: Mapped[UUID]
    version: Mapped[int]
    reviewed_at: Mapped[datetime]
    wishes: Mapped[dict[str, Any]]
    changed: Mapped[list[Any]]
