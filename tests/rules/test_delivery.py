"""What follows an attempt to deliver: when the next one is, when it is over, what ends an endpoint (H16)."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from app.rules.delivery import (
    DeliveryState,
    DisabledReason,
    Fate,
    Verdict,
    fate_of,
    judge,
    next_attempt,
)
from app.rules.signatures import sign

NOW = datetime(2026, 7, 14, 10, tzinfo=UTC)
SCHEDULE = (0, 5, 300)
PENDING, SUCCEEDED, DEAD = DeliveryState
IN_5, IN_300 = NOW + timedelta(seconds=5), NOW + timedelta(seconds=300)
LONG_AGO, NOT_SO_LONG_AGO = NOW - timedelta(days=5), NOW - timedelta(days=5) + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("status", "attempts", "fate"),
    [
        (200, 1, Fate(SUCCEEDED, None)),
        (299, 3, Fate(SUCCEEDED, None)),
        (None, 1, Fate(PENDING, IN_5)),
        (199, 1, Fate(PENDING, IN_5)),
        (302, 2, Fate(PENDING, IN_300)),
        (410, 1, Fate(PENDING, IN_5)),
        (500, 3, Fate(DEAD, None)),
        (503, 9, Fate(DEAD, None)),
    ],
)
def test_a_delivery_is_judged_by_the_status_of_an_attempt(
    status: int | None, attempts: int, fate: Fate
) -> None:
    assert fate_of(status, attempts=attempts, schedule=SCHEDULE, now=NOW, chance=0.5) == fate


@pytest.mark.parametrize(
    ("status", "failing_since", "verdict"),
    [
        (200, None, Verdict(None)),
        (299, LONG_AGO, Verdict(None)),
        (None, None, Verdict(NOW)),
        (199, None, Verdict(NOW)),
        (302, NOT_SO_LONG_AGO, Verdict(NOT_SO_LONG_AGO)),
        (410, None, Verdict(NOW, DisabledReason.GONE)),
        (410, LONG_AGO, Verdict(LONG_AGO, DisabledReason.GONE)),
        (500, LONG_AGO, Verdict(LONG_AGO, DisabledReason.FAILING)),
    ],
)
def test_an_endpoint_is_judged_by_the_status_of_an_attempt(
    status: int | None, failing_since: datetime | None, verdict: Verdict
) -> None:
    assert judge(status, failing_since=failing_since, now=NOW) == verdict


@pytest.mark.parametrize(
    ("attempts", "chance", "seconds"),
    [(0, 0.0, 0), (1, 0.0, 4), (1, 0.5, 5), (1, 1.0, 6), (2, 0.25, 270), (2, 1.0, 360)],
)
def test_the_next_attempt_comes_within_a_fifth_of_its_time(
    attempts: int, chance: float, seconds: int
) -> None:
    assert next_attempt(NOW, attempts, SCHEDULE, chance) == NOW + timedelta(seconds=seconds)


def test_after_the_last_attempt_there_is_none() -> None:
    assert next_attempt(NOW, len(SCHEDULE), SCHEDULE, 0.5) is None


def test_the_standards_own_library_makes_the_same_signature() -> None:
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"type":"reason.due"}'
    event = "0197f3a0-0000-7000-8000-000000000001"
    assert sign(secret, event, NOW, body) == Webhook(secret).sign(event, NOW, body.decode())
