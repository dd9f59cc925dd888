"""Not bombarding anybody: attempts, chasers, pauses, absences and snoozes (G1 to G5)."""

from typing import Any

import pytest

from app.rules.facts import Contact
from app.rules.vocabulary import ApplicationState, Decision, Direction, Outcome, ReasonCode
from tests import given
from tests.given import policy
from tests.rules.answers import answer, flagged, levels, times, touch_base_from, upcoming, waiting

DEBRIEF = given.debrief("Tue 14 Jul 11:30")
BY_FRIDAY = given.said("Wed 15 Jul 10:00", date="Fri 17 Jul")
AWAITED: dict[str, Any] = {"debriefs": [DEBRIEF], "timescales": [BY_FRIDAY]}
OFFER = given.feedback("Wed 15 Jul 14:00", Decision.OFFER)
REJECTION = given.feedback("Wed 15 Jul 14:00", Decision.REJECT)


# G1: attempts at the candidate


@pytest.mark.parametrize("outcome", [Outcome.LEFT_MESSAGE, Outcome.NO_ANSWER])
def test_an_attempt_in_vain_quiets_a_duty_for_four_working_hours(outcome: Outcome) -> None:
    attempt = given.contact("Wed 15 Jul 15:00", outcome)
    application = given.application(feedback=[OFFER], contacts=[attempt])
    assert flagged(application, "Wed 15 Jul 14:59") == ["decision_to_relay"]
    assert waiting(application, "Wed 15 Jul 15:00") == {"decision_to_relay": "Thu 16 Jul 10:30"}
    assert levels(application, "Thu 16 Jul 10:30") == {"decision_to_relay": "overdue"}


@pytest.mark.parametrize(
    "contact",
    [
        given.voicemail("Wed 15 Jul 13:59"),
        given.voicemail("Wed 15 Jul 14:30", direction=Direction.INBOUND),
        given.note("Wed 15 Jul 14:30"),
        given.contact("Wed 15 Jul 14:30"),
    ],
    ids=["before it was due", "theirs", "a note", "a talk"],
)
def test_what_is_no_attempt_at_telling_a_decision(contact: Contact) -> None:
    application = given.application(feedback=[OFFER], contacts=[contact])
    assert flagged(application, "Wed 15 Jul 14:45") == ["decision_to_relay"]


def test_the_last_attempt_counts() -> None:
    attempts = [given.voicemail("Wed 15 Jul 14:30"), given.voicemail("Thu 16 Jul 10:00")]
    application = given.application(feedback=[OFFER], contacts=attempts)
    assert waiting(application, "Thu 16 Jul 12:00") == {"decision_to_relay": "Thu 16 Jul 14:00"}


@pytest.mark.parametrize("outcome", [Outcome.LEFT_MESSAGE, Outcome.NO_ANSWER, Outcome.SENT])
def test_asking_for_the_debrief_in_writing_is_an_attempt_too(outcome: Outcome) -> None:
    application = given.application(contacts=[given.contact("Tue 14 Jul 12:00", outcome)])
    assert waiting(application, "Tue 14 Jul 12:00") == {"debrief_due": "Tue 14 Jul 16:00"}
    assert levels(application, "Tue 14 Jul 16:00") == {"debrief_due": "overdue"}


def test_an_attempt_at_the_very_end_of_the_interview_counts_where_nobody_was_there() -> None:
    voicemail, note = given.voicemail("Tue 14 Jul 11:00"), given.note("Tue 14 Jul 11:00")
    tried = given.application(contacts=[voicemail, note])
    assert waiting(tried, "Tue 14 Jul 11:00") == {"debrief_due": "Tue 14 Jul 15:00"}
    assert flagged(given.application(contacts=[note]), "Tue 14 Jul 11:00") == ["debrief_due"]


def test_an_attempt_before_the_interview_quiets_no_debrief() -> None:
    application = given.application(contacts=[given.voicemail("Tue 14 Jul 09:30")])
    assert flagged(application, "Tue 14 Jul 11:00") == ["debrief_due"]


def test_an_attempt_on_the_evening_of_the_interview_counts_from_the_morning() -> None:
    late = given.interview("Fri 17 Jul 18:30")
    application = given.application(interviews=[late], contacts=[given.note("Fri 17 Jul 18:40")])
    assert waiting(application, "Mon 20 Jul 09:00") == {"debrief_due": "Mon 20 Jul 13:00"}


def test_an_attempt_at_the_candidate_leaves_the_client_to_be_asked() -> None:
    application = given.application(contacts=[given.voicemail("Tue 21 Jul 10:00")], **AWAITED)
    assert flagged(application, "Tue 21 Jul 10:00") == ["client_response_due"]
    assert waiting(application, "Tue 21 Jul 10:00") == {"courtesy_update_due": "Tue 21 Jul 14:00"}


# G2: chasing the client

FIRST, SECOND, THIRD = (
    given.chaser(day) for day in ("Mon 20 Jul 10:00", "Thu 23 Jul 10:00", "Tue 28 Jul 10:00")
)


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.LEFT_MESSAGE, Outcome.NO_ANSWER])
def test_a_chaser_quiets_the_item_for_three_working_days(outcome: Outcome) -> None:
    application = given.application(contacts=[given.chaser("Mon 20 Jul 10:00", outcome)], **AWAITED)
    assert waiting(application, "Mon 20 Jul 10:00") == {"client_response_due": "Thu 23 Jul 10:00"}
    assert "client_response_due" not in flagged(application, "Thu 23 Jul 09:59")
    assert levels(application, "Thu 23 Jul 10:00")["client_response_due"] == "overdue"


def test_a_chaser_for_the_timescale_quiets_it_too() -> None:
    application = given.application(debriefs=[DEBRIEF], contacts=[given.chaser("Wed 15 Jul 12:00")])
    assert waiting(application, "Wed 15 Jul 12:00") == {"timescale_missing": "Mon 20 Jul 12:00"}


def test_a_chaser_that_reached_the_client_quiets_nothing() -> None:
    spoke = given.chaser("Mon 20 Jul 10:00", Outcome.REACHED)
    assert flagged(given.application(contacts=[spoke], **AWAITED), "Mon 20 Jul 10:00") == [
        "client_response_due"
    ]


def test_a_chaser_before_the_interview_ended_is_about_something_else() -> None:
    application = given.application(debriefs=[DEBRIEF], contacts=[given.chaser("Tue 14 Jul 10:59")])
    assert flagged(application, "Wed 15 Jul 11:00") == ["timescale_missing"]


def test_any_word_of_the_client_ends_the_quiet_and_the_count() -> None:
    fourth = given.chaser("Wed 29 Jul 10:00")
    contacts = [FIRST, SECOND, given.reply("Fri 24 Jul 10:00"), THIRD, fourth]
    application = given.application(contacts=contacts, **AWAITED)
    assert "client_response_due" in flagged(application, "Fri 24 Jul 10:00")
    assert waiting(application, "Wed 29 Jul 10:00")["client_response_due"] == "Mon 3 Aug 10:00"


@pytest.mark.parametrize(
    "word",
    [
        {"timescales": [BY_FRIDAY, given.said("Tue 28 Jul 12:00", date="Tue 28 Jul")]},
        {"timescales": [BY_FRIDAY], "feedback": [given.feedback("Tue 28 Jul 12:00")]},
    ],
    ids=["a timescale", "comments"],
)
def test_a_timescale_or_comments_are_words_too(word: dict[str, Any]) -> None:
    application = given.application(contacts=[FIRST, SECOND, THIRD], debriefs=[DEBRIEF], **word)
    assert "client_response_due" in flagged(application, "Wed 29 Jul 09:00")


def test_the_third_unanswered_chaser_is_the_last() -> None:
    application = given.application(contacts=[FIRST, SECOND, THIRD], **AWAITED)
    assert times(application, "Tue 28 Jul 09:59", "client_response_due") is not None
    assert times(application, "Tue 28 Jul 10:00", "client_response_due") is None


def test_an_agency_may_stop_at_one_chaser() -> None:
    application = given.application(debriefs=[DEBRIEF], contacts=[given.chaser("Wed 15 Jul 12:00")])
    once = policy(max_unanswered_chasers=1)
    assert times(application, "Wed 15 Jul 12:00", "timescale_missing", once) is None
    assert waiting(application, "Wed 15 Jul 12:00", once) == {"move_on_suggested": "Mon 20 Jul 12:00"}


# G3: a candidate's pause

AWAY = given.pause("Wed 15 Jul 09:00", "Mon 27 Jul 09:00")


def test_a_pause_that_has_not_begun_leaves_what_is_due_before_it() -> None:
    application = given.application(candidate=given.candidate(pause=AWAY))
    assert flagged(application, "Wed 15 Jul 08:59") == ["debrief_due"]
    assert answer(application, "Wed 15 Jul 09:00").status == "paused"
    assert waiting(application, "Wed 15 Jul 09:00") == {"debrief_due": "Mon 27 Jul 09:00"}


def test_what_a_pause_held_is_to_be_done_on_the_day_it_ends() -> None:
    application = given.application(candidate=given.candidate(pause=AWAY))
    expected = ("Mon 27 Jul 09:00", "Mon 27 Jul 17:30", "Thu 30 Jul 09:00")
    assert times(application, "Wed 15 Jul 10:00", "debrief_due") == expected
    assert levels(application, "Mon 27 Jul 09:00")["debrief_due"] == "due"


def test_what_falls_due_within_a_pause_is_moved_ahead_of_time() -> None:
    held_back = given.application(
        candidate=given.candidate(pause=given.pause("Thu 16 Jul 09:00", "Sat 25 Jul 09:00")),
        debriefs=[DEBRIEF],
        timescales=[given.said("Wed 15 Jul 10:00", date="Fri 31 Jul")],
    )
    assert upcoming(held_back, "Wed 15 Jul 12:00") == ("courtesy_update_due", "Mon 27 Jul 09:00")


def test_a_pause_moves_nothing_that_is_due_at_its_end_or_later() -> None:
    short = given.pause("Thu 16 Jul 09:00", "Tue 21 Jul 09:00")
    application = given.application(candidate=given.candidate(pause=short), **AWAITED)
    expected = ("Tue 21 Jul 09:00", "Tue 21 Jul 17:30", "Thu 23 Jul 17:30")
    assert times(application, "Fri 17 Jul 12:00", "courtesy_update_due") == expected


def test_a_pause_of_the_candidate_does_not_keep_us_from_the_client() -> None:
    application = given.application(candidate=given.candidate(pause=AWAY), **AWAITED)
    assert flagged(application, "Tue 21 Jul 10:00") == ["client_response_due"]
    assert answer(application, "Tue 21 Jul 10:00").status == "due"


@pytest.mark.parametrize("allow_urgent", [True, False])
@pytest.mark.parametrize(
    ("decision", "good"),
    [(Decision.OFFER, True), (Decision.NEXT_STAGE, True), (Decision.REJECT, False)],
)
def test_good_news_may_break_a_pause_that_allows_it(
    decision: Decision, *, good: bool, allow_urgent: bool
) -> None:
    pause = given.pause("Wed 15 Jul 09:00", "Mon 27 Jul 09:00", allow_urgent=allow_urgent)
    application = given.application(
        candidate=given.candidate(pause=pause), feedback=[given.feedback("Wed 15 Jul 14:00", decision)]
    )
    assert bool(flagged(application, "Wed 15 Jul 15:00")) == (good and allow_urgent)


def test_an_attempt_within_the_pause_does_not_prolong_it() -> None:
    application = given.application(
        candidate=given.candidate(pause=AWAY),
        feedback=[REJECTION],
        contacts=[given.voicemail("Fri 24 Jul 17:00")],
    )
    assert waiting(application, "Fri 24 Jul 17:10") == {"decision_to_relay": "Mon 27 Jul 09:00"}


# G4: the client contact is away


def test_an_absent_client_is_not_chased_but_the_candidate_hears_that_the_date_passed() -> None:
    application = given.application(client=given.client(away_until="Wed 22 Jul 18:00"), **AWAITED)
    expected = ("Thu 23 Jul 09:00", "Mon 27 Jul 09:00", "Thu 30 Jul 09:00")
    assert times(application, "Mon 20 Jul 10:00", "client_response_due") == expected
    assert flagged(application, "Tue 21 Jul 09:00") == ["courtesy_update_due"]
    assert touch_base_from(application, "Mon 20 Jul 10:00") == "Mon 20 Jul 09:00"


def test_an_absence_moves_the_end_of_patience_with_it() -> None:
    application = given.application(client=given.client(away_until="Thu 23 Jul 09:00"), **AWAITED)
    expected = ("Thu 6 Aug 09:00", "Mon 10 Aug 09:00", "Wed 12 Aug 09:00")
    assert times(application, "Mon 20 Jul 10:00", "move_on_suggested") == expected


def test_an_absent_client_is_asked_for_the_timescale_on_return() -> None:
    application = given.application(client=given.client(away_until="Thu 16 Jul 09:00"), debriefs=[DEBRIEF])
    expected = ("Thu 16 Jul 09:00", "Fri 17 Jul 09:00", "Tue 21 Jul 09:00")
    assert times(application, "Wed 15 Jul 12:00", "timescale_missing") == expected


def test_an_absence_that_ends_in_time_changes_nothing() -> None:
    back = given.client(away_until="Fri 17 Jul 09:00")
    expected = ("Mon 20 Jul 09:00", "Wed 22 Jul 09:00", "Mon 27 Jul 09:00")
    application = given.application(client=back, **AWAITED)
    assert times(application, "Fri 17 Jul 10:00", "client_response_due") == expected


# G5, putting one reason off

UNTIL_FRIDAY = given.snooze(ReasonCode.CLIENT_RESPONSE_DUE, "Fri 24 Jul 12:00")


def test_a_snooze_quiets_one_reason_and_moves_nothing() -> None:
    application = given.application(snoozes=[UNTIL_FRIDAY], **AWAITED)
    assert waiting(application, "Tue 21 Jul 10:00") == {"client_response_due": "Fri 24 Jul 12:00"}
    assert flagged(application, "Tue 21 Jul 10:00") == ["courtesy_update_due"]
    assert levels(application, "Fri 24 Jul 12:00")["client_response_due"] == "overdue"


def test_a_snooze_never_outlasts_the_escalation() -> None:
    long = given.snooze(ReasonCode.CLIENT_RESPONSE_DUE, "Mon 10 Aug 09:00")
    application = given.application(snoozes=[long], **AWAITED)
    assert waiting(application, "Fri 24 Jul 10:00") == {"client_response_due": "Mon 27 Jul 09:00"}
    assert levels(application, "Mon 27 Jul 09:00")["client_response_due"] == "escalated"


def test_of_a_snooze_and_a_cool_down_the_longer_one_holds() -> None:
    application = given.application(
        snoozes=[UNTIL_FRIDAY], contacts=[given.chaser("Tue 21 Jul 10:00")], **AWAITED
    )
    assert waiting(application, "Tue 21 Jul 12:00")["client_response_due"] == "Fri 24 Jul 12:00"
    later = given.application(snoozes=[UNTIL_FRIDAY], contacts=[given.chaser("Thu 23 Jul 10:00")], **AWAITED)
    assert waiting(later, "Fri 24 Jul 12:00")["client_response_due"] == "Tue 28 Jul 10:00"


def test_a_cool_down_quiets_what_has_escalated_too() -> None:
    application = given.application(contacts=[given.voicemail("Fri 17 Jul 10:00")])
    assert "debrief_due" in waiting(application, "Fri 17 Jul 11:00")


def test_a_snooze_of_what_is_not_due_yet_changes_nothing_before() -> None:
    early = given.snooze(ReasonCode.COURTESY_UPDATE_DUE, "Mon 20 Jul 09:00")
    application = given.application(snoozes=[early], state=ApplicationState.ACTIVE, **AWAITED)
    assert flagged(application, "Tue 21 Jul 09:00") == ["client_response_due", "courtesy_update_due"]
