"""Who may call: API keys, identity providers, and the consultants they vouch for."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Edited, TenantedBase, refers, table_args, word


class Role(StrEnum):
    """A named set of scopes."""

    ADMIN = "admin"
    MANAGER = "manager"
    CONSULTANT = "consultant"
    INTEGRATION = "integration"


class ApiKey(Edited, TenantedBase):
    """An API key. Only an HMAC of its text is kept; `key_id` is the public part (S3).

    Rotation gives it a new text, while the previous one goes on working until `previous_expires_at`. A key with a
    role may do what the role may; `scopes` are then what that was when the key was made.
    """

    __tablename__ = "api_keys"
    __table_args__ = table_args(
        UniqueConstraint("agency_id", "key_id"),
        CheckConstraint(
            "num_nonnulls(previous_key_id, previous_digest, previous_expires_at) IN (0, 3)", name="previous"
        ),
    )

    key_id: Mapped[str]
    name: Mapped[str]
    digest: Mapped[bytes]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    role: Mapped[Role | None] = word("role", Role)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    previous_key_id: Mapped[str | None]
    previous_digest: Mapped[bytes | None]
    previous_expires_at: Mapped[datetime | None]


class IdentityProvider(Edited, TenantedBase):
    """An OpenID Connect issuer whose tokens for an audience the agency accepts; none while it is disabled."""

    __tablename__ = "identity_providers"
    __table_args__ = table_args(UniqueConstraint("agency_id", "issuer", "audience"))

    name: Mapped[str]
    issuer: Mapped[str]
    audience: Mapped[str]
    disabled_at: Mapped[datetime | None]


class Identity(Edited, TenantedBase):
    """A subject of an identity provider: which consultant it is, and what they may do.

    One that is revoked stays as it was; its subject may then be linked anew.
    """

    __tablename__ = "identities"
    __table_args__ = table_args(
        refers("identity_provider_id", "identity_providers"),
        refers("consultant_id", "consultants"),
        Index(
            None,
            "agency_id",
            "identity_provider_id",
            "subject",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    identity_provider_id: Mapped[UUID]
    consultant_id: Mapped[UUID]
    subject: Mapped[str]
    role: Mapped[Role] = word("role", Role)
    revoked_at: Mapped[datetime | None]
