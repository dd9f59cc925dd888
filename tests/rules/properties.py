"""What the properties of the rules share: how often each is tried, and the instants that decide."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings

MOMENT = timedelta(microseconds=1)
often = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def around(instants: Iterable[datetime]) -> list[datetime]:
    """Each instant, the last moment before it and the first after it."""
    return [t + nudge for t in instants for nudge in (-MOMENT, timedelta(0), MOMENT)]
