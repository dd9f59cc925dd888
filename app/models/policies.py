"""Policies: every version of an agency's parameters and of a client's, and how far a change has been applied."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Recorded, TenantedBase, refers, table_args, word


class PolicyVersion(Recorded, TenantedBase):
    """One version of the parameters that differ from the defaults, or for a client from the agency's.

    The latest also stands in the agency's or the client's row, where every evaluation reads it.
    """

    __tablename__ = "policy_versions"
    __table_args__ = table_args(
        refers("client_id", "clients"),
        UniqueConstraint("agency_id", "client_id", "version", postgresql_nulls_not_distinct=True),
    )

    client_id: Mapped[UUID | None]
    version: Mapped[int]
    parameters: Mapped[dict[str, Any]]
    principal: Mapped[str]


class Phase(StrEnum):
    """What a recomputation works through, in this order."""

    OPEN = "open"
    CLOSED = "closed"
    CANDIDATES = "candidates"


class Recomputation(TenantedBase):
    """How far a policy change has been applied: everything up to `after_id` of the phase has its new status rows.

    What comes after that is divided into stretches, which tell for themselves how far they are.
    """

    __tablename__ = "recomputations"
    __table_args__ = table_args(
        refers("client_id", "clients"),
        UniqueConstraint("agency_id", "client_id", postgresql_nulls_not_distinct=True),
    )

    client_id: Mapped[UUID | None]
    phase: Mapped[Phase] = word("phase", Phase, default=Phase.OPEN)
    after_id: Mapped[UUID | None]
    total: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class RecomputationStretch(TenantedBase):
    """A part of a recomputation, which one worker at a time works at: the ids of a phase up to `through_id`.

    `started_at` is that of the change it belongs to: a process of the release before, which knows no stretches, leaves
    them behind when it begins another.
    """

    __tablename__ = "recomputation_stretches"
    __table_args__ = table_args(refers("recomputation_id", "recomputations"))

    recomputation_id: Mapped[UUID]
    started_at: Mapped[datetime]
    phase: Mapped[Phase] = word("phase", Phase)
    after_id: Mapped[UUID | None]
    through_id: Mapped[UUID | None]
    done: Mapped[int] = mapped_column(default=0)
    finished: Mapped[bool] = mapped_column(default=False)
