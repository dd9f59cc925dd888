"""What follows an attempt to deliver an event: whether it is tried again, when, and what it says of the endpoint.

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
class Fate:
    """What becomes of a delivery after an attempt; `next_attempt_at` is known of a pending one alone."""

    state: DeliveryState
    next_attempt_at: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an endpoint does: since when it fails, if it does, and why it is to be called no longer."""

    failing_since: datetime | None
    disable: DisabledReason | None = None


def fate_of(
    status: int | None,
    *,
    attempts: int,
    schedule: Sequence[float],
    now: datetime,
    chance: float,
) -> Fate:
    """What becomes of a delivery by the status of an attempt, None where there was no answer (H16).

    `attempts` counts those since the delivery was last asked for, this one included; `chance` lies between 0 and 1.
    """
    if _is_success(status):
        return Fate(DeliveryState.SUCCEEDED, None)
    at = next_attempt(now, attempts, schedule, chance)
    return Fate(DeliveryState.DEAD if at is None else DeliveryState.PENDING, at)


def judge(status: int | None, *, failing_since: datetime | None, now: datetime) -> Verdict:
    """Judge an endpoint by the status of an attempt; `failing_since` is when its present failures began (H16)."""
    if _is_success(status):
        return Verdict(None)
    since = failing_since or now
    return Verdict(since, _end(status, since, now))


def next_attempt(since: datetime, attempts: int, schedule: Sequence[float], chance: float) -> datetime | None:
    """When the attempt after so many is due, counted from the last, or from the event; None after the last of all.

    `schedule` holds the seconds before each attempt. They vary by a fifth, so that those which failed together do
    not come back together.
    """
    if attempts >= len(schedule):
        return None
    return since + timedelta(seconds=schedule[attempts] * (1 + JITTER * (2 * chance - 1)))


def _is_success(status: int | None) -> bool:
    return status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def _end(status: int | None, failing_since: datetime, now: datetime) -> DisabledReason | None:
    if status == HTTPStatus.GONE:
        return DisabledReason.GONE
    return DisabledReason.FAILING if now - failing_since >= FAILING_FOR else None
