"""The stories of a desk: each can be told whatever day of the week it is."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.agency import Agency
from tests.bench import stories
from tests.bench.stories import Teller, evening, interview_to_come, promise, second_round


@pytest.mark.parametrize("days_ago", range(7))
async def test_what_needs_an_order_keeps_it_on_any_day_of_the_week(
    agency: Agency, days_ago: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "PLOTS", [promise, second_round, interview_to_come])
    now = datetime.now(UTC) - timedelta(days=days_ago)
    told = await Teller(agency, now, Random(days_ago)).desk(6)  # noqa: S311 - the same each time
    assert len(told) == 6


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-11-29T19:30", "2026-11-27T18:00"),  # a Sunday
        ("2026-11-27T18:00", "2026-11-27T18:00"),
        ("2026-11-27T17:59", "2026-11-26T18:00"),
        ("2026-12-01T09:00", "2026-11-27T18:00"),
        ("2026-12-02T17:00", "2026-11-27T18:00"),
    ],
)
def test_a_desk_is_as_it_stood_on_an_evening_late_in_the_week(now: str, told: str) -> None:
    assert evening(datetime.fromisoformat(now)) == datetime.fromisoformat(told)
