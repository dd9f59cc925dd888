"""What the stored intervals make news of, and when (R5): intervals in, passing instants out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.events import EventType, Shown, level_of, passings, told
from app.rules.vocabulary import Level, ReasonCode, Target

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)
DUE, OVERDUE, ESCALATED, SETTLED = (
    EventType.REASON_DUE,
    EventType.REASON_OVERDUE,
    EventType.REASON_ESCALATED,
    EventType.REASON_SETTLED,
)


def hour(number: float) -> datetime:
    """So many hours after a Monday's midnight."""
    return datetime(2026, 7, 13, tzinfo=UTC) + timedelta(hours=number)


def shown(
    start: float,
    until: float | None = None,
    *,
    due: float | None = None,
    overdue: float | None = 20,
    escalate: float | None = 30,
    code: ReasonCode = ReasonCode.DEBRIEF_DUE,
) -> Shown:
    """A reason shown between two hours, due when it is first shown unless said otherwise."""
    return Shown(
        code,
        "B1",
        Target.CANDIDATE,
        False,
        hour(start if due is None else due),
        None if overdue is None else hour(overdue),
        None if escalate is None else hour(escalate),
        hour(start),
        FOREVER if until is None else hour(until),
    )


def news(*intervals: Shown) -> list[tuple[EventType, datetime]]:
    return [(each.type, each.at) for each in passings(intervals, FOREVER)]


def test_a_reason_is_due_then_overdue_then_escalated() -> None:
    assert news(shown(10)) == [(DUE, hour(10)), (OVERDUE, hour(20)), (ESCALATED, hour(30))]


def test_what_ends_by_itself_is_settled_then() -> None:
    assert news(shown(10, 25)) == [(DUE, hour(10)), (OVERDUE, hour(20)), (SETTLED, hour(25))]


def test_a_cool_down_neither_settles_a_reason_nor_makes_it_due_again() -> None:
    quiet = (shown(10, 12), shown(16, due=10))
    assert news(*quiet) == [(DUE, hour(10)), (OVERDUE, hour(20)), (ESCALATED, hour(30))]


def test_what_gets_worse_while_it_is_quiet_is_told_when_it_is_shown_again() -> None:
    quiet = (shown(10, 15), shown(25, due=10))
    assert news(*quiet) == [(DUE, hour(10)), (OVERDUE, hour(25)), (ESCALATED, hour(30))]


def test_what_goes_is_told_before_what_takes_its_place() -> None:
    courtesy = shown(8, 10, overdue=None, escalate=None, code=ReasonCode.COURTESY_UPDATE_DUE)
    assert news(shown(10, 12), courtesy)[:3] == [(DUE, hour(8)), (SETTLED, hour(10)), (DUE, hour(10))]


def test_all_that_passed_since_somebody_looked_is_told_in_its_order() -> None:
    rows = [shown(10)]
    found = told(rows, rows, hour(9), hour(31), FOREVER)
    assert [each.type for each in found.before] == [DUE, OVERDUE, ESCALATED]
    assert (found.after, found.next_at) == ([], None)
    found = told(rows, rows, hour(10), hour(15), FOREVER)
    assert (found.before, found.after, found.next_at) == ([], [], hour(20))


def test_a_fact_settles_what_was_due() -> None:
    found = told([shown(10)], [], hour(10), hour(11), FOREVER)
    assert found.before == []
    assert [(each.type, each.at) for each in found.after] == [(SETTLED, hour(11))]


def test_what_passed_before_the_fact_is_told_before_it() -> None:
    found = told([shown(10)], [], hour(9), hour(21), FOREVER)
    assert [each.type for each in found.before] == [DUE, OVERDUE]
    assert [each.type for each in found.after] == [SETTLED]


def test_an_attempt_that_quiets_a_reason_is_no_news() -> None:
    found = told([shown(10)], [shown(10, 11), shown(15, due=10)], hour(10), hour(11), FOREVER)
    assert (found.before, found.after, found.next_at) == ([], [], hour(20))


def test_what_a_fact_makes_due_in_the_past_is_due_now() -> None:
    found = told([], [shown(10)], None, hour(21), FOREVER)
    assert [(each.type, each.at) for each in found.after] == [(DUE, hour(21)), (OVERDUE, hour(21))]
    assert found.next_at == hour(30)


def test_a_past_that_a_late_fact_rewrites_is_no_news() -> None:
    found = told([], [shown(10, 12)], None, hour(21), FOREVER)
    assert (found.before, found.after, found.next_at) == ([], [], None)


def test_another_due_time_is_another_reason() -> None:
    found = told([shown(10)], [shown(40, overdue=None, escalate=None)], hour(10), hour(11), FOREVER)
    assert [each.type for each in found.after] == [SETTLED]
    assert found.next_at == hour(40)


@pytest.mark.parametrize(
    ("at", "level"), [(9, None), (10, Level.DUE), (20, Level.OVERDUE), (30, Level.ESCALATED), (50, None)]
)
def test_the_level_is_the_highest_of_what_is_shown(at: float, level: Level | None) -> None:
    other = shown(9.5, 50, overdue=None, escalate=None, code=ReasonCode.SLIP_TO_RELAY)
    assert level_of([shown(10, 50), other], hour(at)) == level


RANDOM = st.builds(
    shown,
    st.integers(0, 20),
    st.none() | st.integers(21, 60),
    overdue=st.none() | st.integers(0, 60),
    escalate=st.none() | st.integers(0, 60),
    code=st.sampled_from(list(ReasonCode)),
)


@given(st.lists(RANDOM, max_size=5, unique_by=lambda each: each.key), st.lists(st.integers(0, 70)))
def test_whenever_somebody_looks_each_passing_instant_is_told_once(
    rows: list[Shown], looks: list[int]
) -> None:
    heard, since = [], hour(-1)
    for at in sorted({*looks, 71}):
        found = told(rows, rows, since, hour(at), FOREVER)
        assert found.after == []
        heard += found.before
        since = hour(at)
    assert heard == passings(rows, FOREVER)
