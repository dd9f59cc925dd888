"""Somebody who applied without an agency: N1."""

from typing import Any

import pytest

from app.rules.facts import Application
from app.rules.vocabulary import (
    ApplicationMode,
    ApplicationState,
    ContactParty,
    Decision,
    Direction,
    Outcome,
    Purpose,
    TimescaleSource,
)
from tests import given
from tests.given import policy
from tests.rules.answers import answer, flagged, not_before, times, touch_base_from, waiting

HEARD = given.said("Tue 14 Jul 10:55", date="Fri 17 Jul", source=TimescaleSource.CANDIDATE)
THANKED = given.to_interviewer("Tue 14 Jul 18:00", Purpose.THANK_YOU)


def direct(**facts: Any) -> Application:
    """A direct application."""
    return given.application(mode=ApplicationMode.DIRECT, **facts)


def test_a_note_of_thanks_is_due_at_once_and_overdue_after_a_day_by_the_clock() -> None:
    friday = direct(interviews=[given.interview("Fri 17 Jul 18:00")])
    assert times(friday, "Fri 17 Jul 18:00", "thank_you_due") == (
        "Fri 17 Jul 18:00",
        "Sat 18 Jul 18:00",
        None,
    )
    assert times(direct(contacts=[THANKED]), "Wed 15 Jul 10:00", "thank_you_due") is None


def test_it_is_the_candidate_who_acts() -> None:
    action = answer(direct(), "Tue 14 Jul 12:00").next_action
    assert action is not None
    assert (action.code, action.actor, action.target) == ("thank_you_due", "candidate", "interviewer")


def test_a_direct_applicant_may_touch_base_once_the_time_has_passed() -> None:
    application = direct(timescales=[HEARD], contacts=[THANKED])
    assert answer(application, "Fri 17 Jul 17:30").status == "on_track"
    assert times(application, "Mon 20 Jul 09:00", "touch_base_due") == ("Mon 20 Jul 09:00", None, None)
    assert touch_base_from(application, "Mon 20 Jul 09:00") == "Mon 20 Jul 09:00"
    assert answer(application, "Mon 14 Sep 09:00").status == "due"  # it never grows late


def test_after_a_touch_it_rests_for_five_working_days() -> None:
    touched = direct(timescales=[HEARD], contacts=[THANKED, given.to_interviewer("Mon 20 Jul 09:30")])
    assert waiting(touched, "Tue 21 Jul 10:00") == {"touch_base_due": "Mon 27 Jul 09:30"}
    assert flagged(touched, "Mon 27 Jul 09:30") == ["touch_base_due"]


TWICE = (given.to_interviewer("Mon 20 Jul 09:30"), given.to_interviewer("Mon 27 Jul 10:00"))


def test_two_notes_are_enough() -> None:
    application = direct(timescales=[HEARD], contacts=[THANKED, *TWICE])
    assert answer(application, "Mon 3 Aug 09:59").status == "on_track"
    assert times(application, "Mon 3 Aug 10:00", "move_on_suggested") == ("Mon 3 Aug 10:00", None, None)
    action = answer(application, "Mon 3 Aug 10:00").next_action
    assert action is not None
    assert (action.actor, action.target) == ("candidate", None)


def test_one_who_chose_to_wait_is_left_to_wait() -> None:
    application = direct(timescales=[HEARD], contacts=[THANKED, *TWICE], continue_until="Mon 10 Aug")
    assert flagged(application, "Mon 3 Aug 10:00") == []
    assert flagged(application, "Mon 10 Aug 09:00") == ["move_on_suggested"]


def test_a_word_from_the_interviewer_starts_the_count_anew() -> None:
    answered = given.contact(
        "Tue 28 Jul 10:00", Outcome.SENT, party=ContactParty.INTERVIEWER, direction=Direction.INBOUND
    )
    application = direct(timescales=[HEARD], contacts=[THANKED, *TWICE, answered])
    assert flagged(application, "Tue 28 Jul 10:00") == ["touch_base_due"]
    later = given.said("Tue 28 Jul 10:00", date="Fri 31 Jul", source=TimescaleSource.CANDIDATE)
    application = direct(timescales=[HEARD, later], contacts=[THANKED, *TWICE])
    assert answer(application, "Tue 28 Jul 10:00").status == "on_track"
    assert flagged(application, "Mon 3 Aug 09:00") == ["touch_base_due"]


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"feedback": [given.feedback("Wed 15 Jul 10:00", Decision.REJECT)]}, "on_track"),
        ({"withdrawn": "Wed 15 Jul 10:00"}, "closed"),
        ({"state": ApplicationState.CLOSED}, "closed"),
        ({"state": ApplicationState.ON_HOLD}, "on_track"),
        ({"interviews": []}, "on_track"),
    ],
    ids=["decided", "withdrawn", "closed", "on hold", "no interview"],
)
def test_when_nothing_is_awaited_nothing_is_due(facts: dict[str, Any], status: str) -> None:
    assert answer(direct(**facts), "Thu 16 Jul 10:00").status == status


def test_nobody_at_the_agency_owes_a_direct_applicant_anything() -> None:
    asked = given.enquiry("Tue 14 Jul 14:00")
    assert flagged(direct(contacts=[asked, THANKED]), "Mon 20 Jul 10:00") == []


def test_the_number_of_notes_and_the_wait_are_the_policys() -> None:
    application = direct(timescales=[HEARD], contacts=[THANKED, TWICE[0]])
    brief = policy(direct_max_follow_ups=1, direct_cooldown_working_days=2)
    assert times(application, "Wed 22 Jul 09:30", "move_on_suggested", brief) == (
        "Wed 22 Jul 09:30",
        None,
        None,
    )


def test_the_interviewer_is_written_to_in_office_hours() -> None:
    evening = direct(interviews=[given.interview("Tue 14 Jul 18:00")])
    assert not_before(evening, "Tue 14 Jul 18:00") == "Wed 15 Jul 09:00"


def test_where_the_interviewer_is_nobody_knows_though_a_client_contact_be_named() -> None:
    elsewhere = direct(client=given.client("Australia/Sydney"))
    assert not_before(elsewhere, "Tue 14 Jul 11:00") == "Tue 14 Jul 11:00"
