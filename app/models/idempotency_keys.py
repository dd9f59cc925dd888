"""Idempotency keys: the answers to requests that may be sent again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import TenantedBase, table_args


class IdempotencyKey(TenantedBase):
    """A key a principal has used, a fingerprint of the request it came with, and the answer that request got (H8)."""

    __tablename__ = "idempotency_keys"
    __table_args__ = table_args(
        UniqueConstraint("agency_id", "principal", "key"), Index(None, "agency_id", "expires_at")
    )

    principal: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[bytes]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
