"""The reasons about the debrief and the client's answer: R1, B1, C1, D1."""

from typing import Any

import pytest

from app.rules.vocabulary import (
    ApplicationState,
    DebriefSource,
    Decision,
    InterviewState,
    TimescaleKind,
    TimescaleSource,
)
from tests import given
from tests.given import at, policy
from tests.rules.answers import answer, flagged, levels, times, upcoming

DEBRIEF = given.debrief("Tue 14 Jul 11:30")
BY_FRIDAY = given.said("Wed 15 Jul 10:00", date="Fri 17 Jul")
AWAITED: dict[str, Any] = {"debriefs": [DEBRIEF], "timescales": [BY_FRIDAY]}
SECOND = given.interview("Thu 16 Jul 11:00", id="i2")


# R1: the round


def test_the_round_is_the_interview_that_ended_last() -> None:
    application = given.application(interviews=[given.interview(), SECOND], debriefs=[DEBRIEF])
    assert flagged(application, "Thu 16 Jul 10:59") == ["timescale_missing"]
    assert flagged(application, "Thu 16 Jul 11:00") == ["debrief_due"]


def test_what_belongs_to_an_earlier_round_counts_no_more() -> None:
    untold = given.feedback("Wed 15 Jul 10:00", Decision.NEXT_STAGE)
    application = given.application(interviews=[given.interview(), SECOND], feedback=[untold])
    assert flagged(application, "Thu 16 Jul 10:59") == ["decision_to_relay"]
    assert flagged(application, "Thu 16 Jul 11:00") == ["debrief_due"]


def test_once_closed_the_decisions_of_all_rounds_count() -> None:
    untold = given.feedback("Wed 15 Jul 10:00", Decision.REJECT)
    application = given.application(
        interviews=[given.interview(), SECOND], feedback=[untold], state=ApplicationState.CLOSED
    )
    assert flagged(application, "Thu 16 Jul 12:00") == ["decision_to_relay"]


@pytest.mark.parametrize("state", [InterviewState.CANCELLED, InterviewState.NO_SHOW])
def test_an_interview_not_held_is_no_round(state: InterviewState) -> None:
    lost = given.interview("Thu 16 Jul 11:00", id="i2", state=state)
    application = given.application(interviews=[given.interview(), lost], debriefs=[DEBRIEF])
    assert flagged(application, "Thu 16 Jul 11:00") == ["timescale_missing"]


# Debrief due (B1)


def test_a_debrief_is_due_at_once_overdue_after_four_working_hours_and_escalates_two_days_on() -> None:
    expected = ("Tue 14 Jul 11:00", "Tue 14 Jul 15:00", "Thu 16 Jul 15:00")
    assert times(given.application(), "Tue 14 Jul 11:00", "debrief_due") == expected


@pytest.mark.parametrize(
    ("now", "level"),
    [
        ("Tue 14 Jul 11:00", "due"),
        ("Tue 14 Jul 14:59", "due"),
        ("Tue 14 Jul 15:00", "overdue"),
        ("Thu 16 Jul 14:59", "overdue"),
        ("Thu 16 Jul 15:00", "escalated"),
    ],
)
def test_levels_begin_on_the_instant(now: str, level: str) -> None:
    assert levels(given.application(), now)["debrief_due"] == level


@pytest.mark.parametrize(
    "settled",
    [
        {"debriefs": [DEBRIEF]},
        {"debriefs": [given.debrief(source=DebriefSource.SELF_SERVICE)]},
        {"feedback": [given.feedback("Tue 14 Jul 11:30", Decision.REJECT, embargo="Mon 20 Jul 12:00")]},
        {"interviews": [given.interview(state=InterviewState.NO_SHOW)]},
        {"state": ApplicationState.CLOSED},
        {"withdrawn": "Tue 14 Jul 11:30"},
    ],
    ids=lambda settled: str(next(iter(settled))),
)
def test_what_settles_a_debrief(settled: dict[str, Any]) -> None:
    assert times(given.application(**settled), "Tue 14 Jul 12:00", "debrief_due") is None


def test_an_account_from_before_the_interview_began_is_none_of_it() -> None:
    early = given.application(debriefs=[given.debrief("Tue 14 Jul 09:59")])
    assert flagged(early, "Tue 14 Jul 12:00") == ["debrief_due"]
    within = given.application(debriefs=[given.debrief("Tue 14 Jul 10:00")])
    assert flagged(within, "Tue 14 Jul 12:00") == []


def test_a_talk_that_gave_no_debrief_does_not_settle_it() -> None:
    application = given.application(contacts=[given.contact("Tue 14 Jul 11:30")])
    assert flagged(application, "Tue 14 Jul 12:00") == ["debrief_due"]


def test_comments_do_not_settle_a_debrief_and_a_hold_does_not_either() -> None:
    comments = given.feedback("Tue 14 Jul 11:30")
    assert "debrief_due" in flagged(given.application(feedback=[comments]), "Tue 14 Jul 12:00")
    held = given.application(state=ApplicationState.ON_HOLD, hold=given.hold("Tue 14 Jul 11:30"))
    assert flagged(held, "Tue 14 Jul 12:00") == ["debrief_due"]


def test_the_debrief_of_the_next_interview_is_announced() -> None:
    application = given.application(interviews=[given.interview(), SECOND], debriefs=[DEBRIEF])
    assert upcoming(application, "Tue 14 Jul 12:00") == ("timescale_missing", "Wed 15 Jul 11:00")
    told = given.application(interviews=[given.interview(), SECOND], **AWAITED)
    assert upcoming(told, "Wed 15 Jul 12:00") == ("debrief_due", "Thu 16 Jul 11:00")


# Timescale missing (C1)


def test_a_timescale_is_asked_for_one_working_day_after_the_interview() -> None:
    application = given.application(debriefs=[DEBRIEF])
    expected = ("Wed 15 Jul 11:00", "Thu 16 Jul 11:00", "Mon 20 Jul 11:00")
    assert times(application, "Tue 14 Jul 12:00", "timescale_missing") == expected
    assert flagged(application, "Wed 15 Jul 10:59") == []
    assert flagged(application, "Wed 15 Jul 11:00") == ["timescale_missing"]


@pytest.mark.parametrize(
    "settled",
    [
        {"timescales": [given.said("Tue 14 Jul 15:00")]},
        {"timescales": [given.said("Tue 14 Jul 15:00", source=TimescaleSource.CANDIDATE)]},
        {"feedback": [given.feedback("Tue 14 Jul 15:00", Decision.OFFER)]},
        {"state": ApplicationState.ON_HOLD},
    ],
    ids=["no idea", "heard by the candidate", "decision", "on hold"],
)
def test_what_settles_a_missing_timescale(settled: dict[str, Any]) -> None:
    assert times(given.application(**settled), "Wed 15 Jul 12:00", "timescale_missing") is None


def test_a_timescale_of_an_earlier_round_does_not_settle_it() -> None:
    application = given.application(interviews=[given.interview(), SECOND], **AWAITED)
    assert "timescale_missing" in flagged(application, "Fri 17 Jul 11:00")


# Client response due (D1)

CHASE_FROM: list[tuple[str, dict[str, Any], str]] = [
    ("nothing said", {}, "Tue 21 Jul 11:00"),
    ("a date", {"timescales": [BY_FRIDAY]}, "Mon 20 Jul 09:00"),
    ("no idea", {"timescales": [given.said("Wed 15 Jul 10:00")]}, "Wed 22 Jul 10:00"),
    (
        "an hour",
        {
            "timescales": [
                given.said("Wed 15 Jul 10:00", kind=TimescaleKind.INSTANT, at=at("Thu 16 Jul 12:00"))
            ]
        },
        "Thu 16 Jul 12:00",
    ),
    (
        "two working days",
        {"timescales": [given.said("Wed 15 Jul 10:00", kind=TimescaleKind.WORKING_DAYS, n=2)]},
        "Mon 20 Jul 09:00",
    ),
    (
        "after an event without a date",
        {"timescales": [given.said("Wed 15 Jul 10:00", kind=TimescaleKind.AFTER_EVENT, event="board")]},
        "Wed 22 Jul 10:00",
    ),
    (
        "a later date instead",
        {"timescales": [BY_FRIDAY, given.said("Fri 17 Jul 10:00", date="Wed 22 Jul")]},
        "Thu 23 Jul 09:00",
    ),
    (
        "a date, then no idea",
        {"timescales": [BY_FRIDAY, given.said("Fri 17 Jul 10:00")]},
        "Fri 24 Jul 10:00",
    ),
    (
        "the candidate heard otherwise, later",
        {
            "timescales": [
                BY_FRIDAY,
                given.said("Fri 17 Jul 10:00", date="Wed 22 Jul", source=TimescaleSource.CANDIDATE),
            ]
        },
        "Mon 20 Jul 09:00",
    ),
    (
        "comments without a timescale",
        {"feedback": [given.feedback("Thu 16 Jul 10:00")]},
        "Thu 23 Jul 10:00",
    ),
    (
        "a hold that has ended",
        {"hold": given.hold("Wed 15 Jul 10:00", ended="Mon 20 Jul 09:00")},
        "Mon 27 Jul 09:00",
    ),
    (
        "a hold called off before it began",
        {"hold": given.hold("Fri 17 Jul 10:00", ended="Fri 17 Jul 10:00")},
        "Tue 21 Jul 11:00",
    ),
    (
        "a hold whose date has passed",
        {"hold": given.hold("Wed 15 Jul 10:00", until="Mon 20 Jul")},
        "Mon 27 Jul 09:00",
    ),
]


@pytest.mark.parametrize(
    ("facts", "due"), [c[1:] for c in CHASE_FROM], ids=[c[0].replace(" ", "-") for c in CHASE_FROM]
)
def test_when_the_client_is_asked_for_the_answer(facts: dict[str, Any], due: str) -> None:
    application = given.application(debriefs=[DEBRIEF], **facts)
    found = times(application, "Mon 20 Jul 10:00", "client_response_due")
    assert found is not None
    assert found[0] == due


def test_a_late_answer_is_overdue_after_two_working_days_and_escalates_after_five() -> None:
    expected = ("Mon 20 Jul 09:00", "Wed 22 Jul 09:00", "Mon 27 Jul 09:00")
    assert times(given.application(**AWAITED), "Fri 17 Jul 10:00", "client_response_due") == expected


def test_a_grace_counts_working_hours_from_the_promise() -> None:
    graced = policy(client_grace_working_hours=4)
    expected = ("Mon 20 Jul 13:00", "Wed 22 Jul 13:00", "Mon 27 Jul 13:00")
    assert times(given.application(**AWAITED), "Fri 17 Jul 10:00", "client_response_due", graced) == expected


def test_a_date_is_the_end_of_the_clients_own_day() -> None:
    """17:30 in New York is 22:30 in London, so the chase starts the next morning either way."""
    application = given.application(client=given.client("America/New_York", "US"), **AWAITED)
    expected = ("Mon 20 Jul 09:00", "Wed 22 Jul 09:00", "Mon 27 Jul 09:00")
    assert times(application, "Fri 17 Jul 10:00", "client_response_due") == expected
    assert answer(application, "Fri 17 Jul 10:00").touch_base_from == at("Mon 20 Jul 09:00")


@pytest.mark.parametrize("decision", [d for d in Decision if d is not Decision.UNDECIDED])
def test_a_decision_settles_the_answer_and_a_hold_only_on_hold(decision: Decision) -> None:
    decided = given.application(feedback=[given.feedback("Fri 17 Jul 10:00", decision)], **AWAITED)
    still_due = ["client_response_due"] if decision is Decision.ROLE_ON_HOLD else []
    codes = flagged(decided, "Mon 20 Jul 09:00")
    assert [code for code in codes if code == "client_response_due"] == still_due


def test_nothing_is_asked_of_the_client_while_the_job_is_on_hold() -> None:
    application = given.application(
        state=ApplicationState.ON_HOLD, hold=given.hold("Mon 20 Jul 12:00"), **AWAITED
    )
    assert flagged(application, "Mon 20 Jul 11:00") == ["client_response_due"]
    assert flagged(application, "Mon 20 Jul 12:00") == []


def test_a_hold_that_ended_is_still_seen_in_the_past() -> None:
    application = given.application(hold=given.hold("Mon 20 Jul 12:00", ended="Thu 23 Jul 09:00"), **AWAITED)
    assert "client_response_due" in flagged(application, "Mon 20 Jul 11:59")
    assert "client_response_due" not in flagged(application, "Wed 22 Jul 12:00")
    assert "client_response_due" in flagged(application, "Thu 23 Jul 09:00")
