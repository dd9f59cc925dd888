"""What follows an attempt to deliver an event: whether it is tried again, when, and what that says of the endpoint.

Pure, so that the answers are values that tests compare as a table. All instants are given, and so is the chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

JITTER = 0.2
FAILING_FOR = timedelta(days=5)


class DeliveryState(StrEnum):
    """What became of a delivery; a dead one is tried no more unless somebody asks for it."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    DEAD = "dead"


class DisabledReason(StrEnum):
    """Why we disabled a webhook endpoint."""

    GONE = "gone"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a delivery after an attempt, and of its endpoint.

    `next_attempt_at` is known of a pending delivery alone; `disable` says why its endpoint is called no longer.
    """

    state: DeliveryState
    next_attempt_at: datetime | None
    failing_since: datetime | None
    disable: DisabledReason | None = None


def decide(
    status: int | None,
    *,
    attempts: int,
    failing_since: datetime | None,
    schedule: Sequence[float],
    now: datetime,
    chance: float,
) -> Decision:
    """Judge an attempt by its status, None where there was no answer (H16).

    `attempts` counts those of the delivery since it was last asked for, this one included; `failing_since` is when
    the endpoint's present failures began; `chance` lies between 0 and 1.
    """
    if status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Decision(DeliveryState.SUCCEEDED, None, None)
    since = failing_since or now
    at = next_attempt(now, attempts, schedule, chance)
    return Decision(
        DeliveryState.DEAD if at is None else DeliveryState.PENDING, at, since, _end(status, since, now)
    )


def next_attempt(since: datetime, attempts: int, schedule: Sequence[float], chance: float) -> datetime | None:
    """When the attempt after so many is due, counted from the last, or from the event; None after the last of all.

    `schedule` holds the seconds before each attempt. They vary by a fifth, so that those which failed together do
    not come back together.
    """
    if attempts >= len(schedule):
        return None
    return since + timedelta(seconds=schedule[attempts] * (1 + JITTER * (2 * chance - 1)))


def _end(status: int | None, failing_since: datetime, now: datetime) -> DisabledReason | None:
    if status == HTTPStatus.GONE:
        return DisabledReason.GONE
    return DisabledReason.FAILING if now - failing_since >= FAILING_FOR else None
