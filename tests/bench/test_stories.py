"""The stories of a desk: each can be told whatever day of the week it is."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.agency import Agency
from tests.bench import stories
from tests.bench.stories import Teller, interview_to_come, promise, second_round


@pytest.mark.parametrize("days_ago", range(7))
async def test_what_needs_an_order_keeps_it_on_any_day_of_the_week(
    agency: Agency, days_ago: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "PLOTS", [promise, second_round, interview_to_come])
    now = datetime.now(UTC) - timedelta(days=days_ago)
    told = await Teller(agency, now, Random(days_ago)).desk(6)  # noqa: S311 - the same each time
    assert len(told) == 6
