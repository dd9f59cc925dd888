"""Webhooks: where an agency's systems want to be told, and what became of every delivery (H16)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Edited, TenantedBase, refers, table_args, word
from app.rules.delivery import DeliveryState, DisabledReason


class EndpointState(StrEnum):
    """Whether a webhook endpoint is called: deliveries to a paused one wait, to a disabled one there are none."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"


class WebhookEndpoint(Edited, TenantedBase):
    """An address that is called with events; of all types where `types` is null. Its secrets are sealed."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = table_args(
        CheckConstraint("num_nonnulls(previous_secret, previous_expires_at) IN (0, 2)", name="previous"),
    )

    url: Mapped[str]
    description: Mapped[str | None]
    types: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    secret: Mapped[bytes]
    previous_secret: Mapped[bytes | None]
    previous_expires_at: Mapped[datetime | None]
    state: Mapped[EndpointState] = word("state", EndpointState, default=EndpointState.ENABLED)
    disabled_reason: Mapped[DisabledReason | None] = word("disabled_reason", DisabledReason)
    disabled_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Delivery(TenantedBase):
    """One event on its way to one endpoint; those of one subject go out in the order of their sequence."""

    __tablename__ = "deliveries"
    __table_args__ = table_args(
        refers("webhook_endpoint_id", "webhook_endpoints"),
        refers("event_id", "events"),
        UniqueConstraint("agency_id", "webhook_endpoint_id", "event_id"),
        Index(None, "agency_id", "event_id"),
        Index(
            "deliveries_agency_id_pending_idx",
            "agency_id",
            "webhook_endpoint_id",
            "subject_id",
            "sequence",
            postgresql_where=text("state = 'pending'"),
        ),
    )

    webhook_endpoint_id: Mapped[UUID]
    event_id: Mapped[UUID]
    subject_id: Mapped[UUID]
    sequence: Mapped[int]
    state: Mapped[DeliveryState] = word("state", DeliveryState, default=DeliveryState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class DeliveryAttempt(TenantedBase):
    """One call of an endpoint: the status it answered, or why it did not, and how long it took."""

    __tablename__ = "delivery_attempts"
    __table_args__ = table_args(
        refers("delivery_id", "deliveries"),
        UniqueConstraint("agency_id", "delivery_id", "number"),
    )

    delivery_id: Mapped[UUID]
    number: Mapped[int]
    attempted_at: Mapped[datetime]
    status: Mapped[int | None]
    error: Mapped[str | None]
    milliseconds: Mapped[int]


class DeliveryQueue(TenantedBase):
    """What an endpoint still has to hear of one subject: the unit of work of a sender, who leases it (R3).

    There is a row as long as anything is pending. Whoever holds the `lease` sends the pending delivery of the lowest
    sequence, until `leased_until`; the `attempts` are those of that delivery since it was last asked for.
    """

    __tablename__ = "delivery_queues"
    __table_args__ = table_args(
        refers("webhook_endpoint_id", "webhook_endpoints"),
        UniqueConstraint("agency_id", "webhook_endpoint_id", "subject_id"),
        Index(None, "agency_id", "webhook_endpoint_id", "next_attempt_at"),
    )

    webhook_endpoint_id: Mapped[UUID]
    subject_id: Mapped[UUID]
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    lease: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
