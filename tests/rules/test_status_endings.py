"""The reasons that end a wait: F1, moving on, and J1, a withdrawal."""

from typing import Any

import pytest

from app.rules.facts import Contact
from app.rules.vocabulary import ApplicationState, ContactParty, Outcome, Purpose
from tests import given
from tests.rules.answers import answer, flagged, times, upcoming, waiting

AWAITED: dict[str, Any] = {
    "debriefs": [given.debrief("Tue 14 Jul 11:30")],
    "timescales": [given.said("Wed 15 Jul 10:00", date="Fri 17 Jul")],
}


# Move on suggested (F1)


def test_ten_working_days_of_silence_suggest_moving_on() -> None:
    expected = ("Mon 3 Aug 09:00", "Wed 5 Aug 09:00", "Fri 7 Aug 09:00")
    application = given.application(**AWAITED)
    assert times(application, "Fri 31 Jul 10:00", "move_on_suggested") == expected
    assert flagged(application, "Mon 3 Aug 08:59") == ["client_response_due", "courtesy_update_due"]
    assert flagged(application, "Mon 3 Aug 09:00") == ["move_on_suggested"]


THREE_CHASERS = [given.chaser(day) for day in ("Mon 20 Jul 10:00", "Thu 23 Jul 10:00", "Tue 28 Jul 10:00")]


def test_three_unanswered_chasers_suggest_it_sooner() -> None:
    application = given.application(contacts=THREE_CHASERS, **AWAITED)
    assert waiting(application, "Tue 28 Jul 09:59") == {"client_response_due": "Tue 28 Jul 10:00"}
    assert waiting(application, "Tue 28 Jul 10:00") == {"move_on_suggested": "Fri 31 Jul 10:00"}
    assert flagged(application, "Fri 31 Jul 10:00") == ["move_on_suggested"]


def test_a_candidate_who_agreed_to_wait_is_left_to_wait() -> None:
    application = given.application(contacts=THREE_CHASERS, continue_until="Fri 14 Aug", **AWAITED)
    assert waiting(application, "Tue 28 Jul 10:00") == {}
    assert "client_response_due" not in flagged(application, "Tue 28 Jul 10:00")
    expected = ("Fri 14 Aug 09:00", "Tue 18 Aug 09:00", "Thu 20 Aug 09:00")
    assert times(application, "Tue 28 Jul 10:00", "move_on_suggested") == expected


def test_an_agreement_that_ends_before_the_silence_is_long_enough_changes_nothing() -> None:
    application = given.application(continue_until="Fri 24 Jul", **AWAITED)
    found = times(application, "Fri 17 Jul 10:00", "move_on_suggested")
    assert found is not None
    assert found[0] == "Mon 3 Aug 09:00"


@pytest.mark.parametrize(
    ("word", "due"),
    [
        ("Fri 31 Jul 10:00", "Mon 3 Aug 09:00"),
        ("Mon 3 Aug 09:00", "Mon 17 Aug 09:00"),
        ("Tue 4 Aug 10:00", "Tue 18 Aug 10:00"),
    ],
)
def test_a_word_of_the_client_once_it_is_due_starts_the_silence_anew(word: str, due: str) -> None:
    application = given.application(contacts=[given.reply(word)], **AWAITED)
    found = times(application, "Tue 4 Aug 10:00", "move_on_suggested")
    assert found is not None
    assert found[0] == due
    renewed = "client_response_due" in flagged(application, "Tue 4 Aug 10:00")
    assert renewed == (due != "Mon 3 Aug 09:00")


def test_while_the_candidate_agreed_to_wait_it_is_not_due_so_a_word_of_the_client_does_not_put_it_off() -> (
    None
):
    application = given.application(
        contacts=[given.reply("Wed 5 Aug 10:00")], continue_until="Fri 14 Aug", **AWAITED
    )
    expected = ("Fri 14 Aug 09:00", "Tue 18 Aug 09:00", "Thu 20 Aug 09:00")
    assert times(application, "Fri 14 Aug 09:00", "move_on_suggested") == expected


@pytest.mark.parametrize("state", [ApplicationState.CLOSED, ApplicationState.ON_HOLD])
def test_nobody_is_told_to_move_on_from_a_file_that_does_not_wait(state: ApplicationState) -> None:
    application = given.application(state=state, **AWAITED)
    assert times(application, "Tue 4 Aug 10:00", "move_on_suggested") is None


# Withdrawal to relay (J1)


def test_a_withdrawal_is_told_within_four_working_hours_and_all_else_vanishes() -> None:
    application = given.application(withdrawn="Wed 15 Jul 14:00")
    assert flagged(application, "Wed 15 Jul 13:59") == ["debrief_due", "timescale_missing"]
    assert flagged(application, "Wed 15 Jul 14:00") == ["withdrawal_to_relay"]
    expected = ("Wed 15 Jul 14:00", "Thu 16 Jul 09:30", "Fri 17 Jul 09:30")
    assert times(application, "Wed 15 Jul 14:00", "withdrawal_to_relay") == expected


def telling(when: str, outcome: Outcome, purpose: Purpose = Purpose.WITHDRAWAL) -> Contact:
    return given.contact(when, outcome, party=ContactParty.CLIENT, purpose=purpose)


@pytest.mark.parametrize("outcome", [Outcome.REACHED, Outcome.SENT])
def test_telling_the_client_closes_the_matter(outcome: Outcome) -> None:
    told = telling("Wed 15 Jul 14:00", outcome)
    application = given.application(withdrawn="Wed 15 Jul 14:00", contacts=[told])
    assert answer(application, "Wed 15 Jul 15:00").status == "closed"


@pytest.mark.parametrize(
    "contact",
    [
        telling("Wed 15 Jul 14:30", Outcome.LEFT_MESSAGE),
        telling("Wed 15 Jul 14:30", Outcome.NO_ANSWER),
        telling("Wed 15 Jul 14:30", Outcome.SENT, Purpose.CHASE),
        telling("Wed 15 Jul 13:59", Outcome.SENT),
        given.reply("Wed 15 Jul 14:30"),
    ],
)
def test_what_does_not_tell_the_client(contact: Contact) -> None:
    application = given.application(withdrawn="Wed 15 Jul 14:00", contacts=[contact])
    assert flagged(application, "Wed 15 Jul 15:00") == ["withdrawal_to_relay"]


def test_a_withdrawal_at_the_weekend_comes_up_on_monday() -> None:
    application = given.application(withdrawn="Sat 18 Jul 10:00")
    assert answer(application, "Sat 18 Jul 12:00").status == "on_track"
    assert upcoming(application, "Sat 18 Jul 12:00") == ("withdrawal_to_relay", "Mon 20 Jul 09:00")


def test_a_closed_file_still_owes_the_client_the_withdrawal() -> None:
    application = given.application(withdrawn="Wed 15 Jul 14:00", state=ApplicationState.CLOSED)
    assert flagged(application, "Wed 15 Jul 15:00") == ["withdrawal_to_relay"]
