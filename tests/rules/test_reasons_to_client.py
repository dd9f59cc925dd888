"""The next step that is not booked, the job on hold, the rival deadline: H3, F2, L1."""

from typing import Any

import pytest

from app.rules.facts import Contact
from app.rules.vocabulary import (
    ApplicationState,
    ContactParty,
    Decision,
    InterviewState,
    Outcome,
    Purpose,
    TimescaleKind,
    TimescaleSource,
)
from tests import given
from tests.given import policy
from tests.rules.answers import answer, flagged, times

DEBRIEF = given.debrief("Tue 14 Jul 11:30")

# The next stage is not booked (H3)

INVITED: dict[str, Any] = {
    "debriefs": [DEBRIEF],
    "feedback": [given.feedback("Wed 15 Jul 14:00", Decision.NEXT_STAGE)],
    "contacts": [given.contact("Wed 15 Jul 14:30", relays=["f1"])],
}


def test_an_invitation_is_to_be_booked_within_two_working_days() -> None:
    expected = ("Fri 17 Jul 14:00", "Tue 21 Jul 14:00", "Thu 23 Jul 14:00")
    assert times(given.application(**INVITED), "Thu 16 Jul 10:00", "next_step_missing") == expected


def test_the_client_may_have_asked_for_more_time() -> None:
    later = given.said("Wed 15 Jul 14:00", date="Wed 22 Jul")
    application = given.application(**INVITED, timescales=[later])
    expected = ("Thu 23 Jul 09:00", "Mon 27 Jul 09:00", "Wed 29 Jul 09:00")
    assert times(application, "Thu 16 Jul 10:00", "next_step_missing") == expected


def test_time_without_a_date_is_five_working_days() -> None:
    application = given.application(**INVITED, timescales=[given.said("Wed 15 Jul 15:00")])
    found = times(application, "Thu 16 Jul 10:00", "next_step_missing")
    assert found is not None
    assert found[0] == "Wed 22 Jul 15:00"


@pytest.mark.parametrize(
    "said",
    [
        given.said("Wed 15 Jul 13:59", date="Wed 22 Jul"),
        given.said("Wed 15 Jul 15:00", date="Wed 22 Jul", source=TimescaleSource.CANDIDATE),
    ],
    ids=["before the invitation", "hearsay"],
)
def test_other_dates_do_not_put_the_booking_off(said: Any) -> None:
    found = times(given.application(**INVITED, timescales=[said]), "Thu 16 Jul 10:00", "next_step_missing")
    assert found is not None
    assert found[0] == "Fri 17 Jul 14:00"


def test_a_booked_interview_settles_it() -> None:
    second = given.interview("Mon 27 Jul 11:00", id="i2", state=InterviewState.SCHEDULED)
    application = given.application(**INVITED, interviews=[given.interview(), second])
    assert times(application, "Fri 17 Jul 15:00", "next_step_missing") is None
    called_off = given.interview("Mon 27 Jul 11:00", id="i2", state=InterviewState.CANCELLED)
    application = given.application(**INVITED, interviews=[given.interview(), called_off])
    assert flagged(application, "Fri 17 Jul 15:00") == ["next_step_missing"]


# On hold (F2)

ON_HOLD: dict[str, Any] = {"state": ApplicationState.ON_HOLD, "debriefs": [DEBRIEF]}


def test_a_hold_is_reviewed_when_it_was_to_end() -> None:
    held = given.application(**ON_HOLD, hold=given.hold("Wed 15 Jul 12:00", until="Mon 31 Aug"))
    expected = ("Tue 1 Sep 09:00", "Tue 1 Sep 17:30", "Thu 3 Sep 17:30")  # 31 August is a bank holiday
    assert times(held, "Thu 16 Jul 10:00", "hold_review") == expected


def test_an_open_hold_is_reviewed_after_ten_working_days() -> None:
    held = given.application(**ON_HOLD, hold=given.hold("Wed 15 Jul 12:00"))
    expected = ("Wed 29 Jul 09:00", "Wed 29 Jul 17:30", "Fri 31 Jul 17:30")
    assert times(held, "Thu 16 Jul 10:00", "hold_review") == expected
    sooner = times(held, "Thu 16 Jul 10:00", "hold_review", policy(hold_review_working_days=3))
    assert sooner is not None
    assert sooner[0] == "Mon 20 Jul 09:00"


def test_a_hold_without_a_date_counts_from_the_clients_word() -> None:
    said = given.feedback("Wed 15 Jul 12:00", Decision.ROLE_ON_HOLD)
    held = given.application(**ON_HOLD, feedback=[said])
    found = times(held, "Thu 16 Jul 10:00", "hold_review")
    assert found is not None
    assert found[0] == "Wed 29 Jul 09:00"


def test_a_later_decision_does_not_change_since_when_it_is_on_hold() -> None:
    said = given.feedback("Wed 15 Jul 12:00", Decision.ROLE_ON_HOLD, id="f1")
    invited = given.feedback("Fri 24 Jul 10:00", Decision.NEXT_STAGE, id="f2")
    held = given.application(**ON_HOLD, feedback=[said, invited])
    found = times(held, "Mon 27 Jul 10:00", "hold_review")
    assert found is not None
    assert found[0] == "Wed 29 Jul 09:00"


def test_a_day_named_is_enough_where_nobody_said_since_when() -> None:
    held = given.application(
        state=ApplicationState.ON_HOLD, interviews=[], hold=given.hold(until="Fri 17 Jul")
    )
    expected = ("Fri 17 Jul 09:00", "Fri 17 Jul 17:30", "Tue 21 Jul 17:30")
    assert times(held, "Mon 20 Jul 10:00", "hold_review") == expected
    unsaid = given.application(state=ApplicationState.ON_HOLD, interviews=[])
    assert times(unsaid, "Mon 20 Jul 10:00", "hold_review") is None


def test_a_hold_that_is_over_is_reviewed_no_more() -> None:
    over = given.application(hold=given.hold("Wed 15 Jul 12:00", ended="Mon 20 Jul 10:00"))
    assert times(over, "Fri 17 Jul 10:00", "hold_review") is not None
    assert times(over, "Mon 20 Jul 10:00", "hold_review") is None


# The candidate must answer elsewhere first (L1)

BY_WEDNESDAY = given.said("Wed 15 Jul 10:00", date="Wed 22 Jul")


def pressed(deadline: str, *, shared: bool = True, **more: Any) -> Any:
    """An application whose candidate must answer somebody else by a date."""
    named = given.debrief(rivals=[given.rival(deadline, shared=shared)])
    return given.application(**{"debriefs": [named], "timescales": [BY_WEDNESDAY], **more})


def test_a_client_who_would_answer_too_late_is_asked_to_hurry() -> None:
    found = answer(pressed("Fri 17 Jul"), "Wed 15 Jul 11:00").reasons[0]
    assert (found.code, found.target) == ("competing_deadline", "client")
    expected = ("Wed 15 Jul 09:00", "Thu 16 Jul 17:30", "Tue 21 Jul 09:00")
    assert times(pressed("Fri 17 Jul"), "Wed 15 Jul 11:00", "competing_deadline") == expected


def test_without_leave_to_share_the_candidate_is_asked_first() -> None:
    found = answer(pressed("Fri 17 Jul", shared=False), "Wed 15 Jul 11:00").reasons[0]
    assert (found.code, found.target) == ("competing_deadline", "candidate")


def test_it_stands_before_everything_else() -> None:
    asked = given.enquiry("Tue 14 Jul 18:00")
    application = pressed("Fri 17 Jul", contacts=[asked])
    assert flagged(application, "Wed 15 Jul 11:00") == ["competing_deadline", "candidate_enquiry_open"]


def test_late_word_of_a_near_deadline_is_due_at_once() -> None:
    named = given.debrief(recorded="Thu 16 Jul 18:00", rivals=[given.rival("Fri 17 Jul", shared=True)])
    application = given.application(debriefs=[named], timescales=[BY_WEDNESDAY])
    expected = ("Fri 17 Jul 09:00", "Fri 17 Jul 09:00", "Tue 21 Jul 09:00")
    assert times(application, "Fri 17 Jul 09:00", "competing_deadline") == expected


def test_asked_about_the_time_before_it_was_typed_in_the_talk_counts() -> None:
    named = given.debrief(recorded="Mon 20 Jul 09:00", rivals=[given.rival("Fri 17 Jul", shared=True)])
    application = given.application(debriefs=[named], timescales=[BY_WEDNESDAY])
    expected = ("Wed 15 Jul 09:00", "Thu 16 Jul 17:30", "Tue 21 Jul 09:00")
    assert times(application, "Wed 15 Jul 11:00", "competing_deadline") == expected


@pytest.mark.parametrize(
    ("deadline", "pressing"), [("Tue 21 Jul", True), ("Wed 22 Jul", False), ("Thu 23 Jul", False)]
)
def test_only_a_deadline_before_the_clients_answer_presses(deadline: str, pressing: bool) -> None:
    found = times(pressed(deadline), "Wed 15 Jul 11:00", "competing_deadline")
    assert (found is not None) is pressing


def test_the_deadline_ends_with_the_working_day_where_the_candidate_is() -> None:
    abroad = given.candidate("America/New_York", "US")
    assert times(pressed("Wed 22 Jul", candidate=abroad), "Wed 15 Jul 11:00", "competing_deadline") is None
    far_east = given.candidate("Asia/Singapore", None)
    found = times(pressed("Wed 22 Jul", candidate=far_east), "Wed 15 Jul 11:00", "competing_deadline")
    assert found is not None


def test_an_assumed_answer_always_comes_too_late() -> None:
    found = times(pressed("Fri 31 Jul", timescales=[]), "Wed 15 Jul 11:00", "competing_deadline")
    assert found is not None
    vague = given.said("Wed 15 Jul 10:00", kind=TimescaleKind.UNKNOWN)
    assert (
        times(pressed("Fri 31 Jul", timescales=[vague]), "Wed 15 Jul 11:00", "competing_deadline") is not None
    )


def urged(when: str, party: ContactParty, outcome: Outcome = Outcome.SENT) -> Contact:
    """Our word about the rival deadline."""
    return given.contact(when, outcome, party=party, purpose=Purpose.COMPETING_DEADLINE)


@pytest.mark.parametrize(
    ("word", "settled"),
    [
        (urged("Wed 15 Jul 11:00", ContactParty.CLIENT), True),
        (urged("Wed 15 Jul 11:00", ContactParty.CLIENT, Outcome.REACHED), True),
        (urged("Wed 15 Jul 11:00", ContactParty.CLIENT, Outcome.LEFT_MESSAGE), False),
        (urged("Tue 14 Jul 11:00", ContactParty.CLIENT), False),
        (urged("Wed 15 Jul 11:00", ContactParty.CANDIDATE), False),
        (given.chaser("Wed 15 Jul 11:00"), False),
    ],
    ids=["a message", "a talk", "a voicemail", "before the debrief", "to the candidate", "another purpose"],
)
def test_what_settles_a_deadline_shared_with_the_client(word: Contact, settled: bool) -> None:
    found = times(pressed("Fri 17 Jul", contacts=[word]), "Wed 15 Jul 12:00", "competing_deadline")
    assert (found is None) is settled


def test_of_several_deadlines_the_first_open_one_counts() -> None:
    rivals = [given.rival("Tue 21 Jul"), given.rival("Fri 17 Jul", shared=True), given.rival("Mon 20 Jul")]
    application = given.application(debriefs=[given.debrief(rivals=rivals)], timescales=[BY_WEDNESDAY])
    assert answer(application, "Wed 15 Jul 11:00").reasons[0].target == "client"
    hurried = given.application(
        debriefs=[given.debrief(rivals=rivals)],
        timescales=[BY_WEDNESDAY],
        contacts=[urged("Wed 15 Jul 11:00", ContactParty.CLIENT)],
    )
    found = answer(hurried, "Thu 16 Jul 12:00").reasons[0]
    assert (found.code, found.target) == ("competing_deadline", "candidate")


def test_the_last_account_that_speaks_of_other_processes_counts() -> None:
    gone = given.debrief("Wed 15 Jul 10:30", rivals=[])
    silent = given.debrief("Wed 15 Jul 10:45")
    named = given.debrief(rivals=[given.rival("Fri 17 Jul", shared=True)])
    still = given.application(debriefs=[named, silent], timescales=[BY_WEDNESDAY])
    over = given.application(debriefs=[named, gone, silent], timescales=[BY_WEDNESDAY])
    assert "competing_deadline" in flagged(still, "Wed 15 Jul 11:00")
    assert "competing_deadline" not in flagged(over, "Wed 15 Jul 11:00")


def test_a_correction_made_later_stays_in_its_place_before_other_accounts() -> None:
    corrected = given.debrief(recorded="Wed 15 Jul 10:45", rivals=[given.rival("Fri 17 Jul", shared=True)])
    gone = given.debrief("Wed 15 Jul 10:30", recorded="Wed 15 Jul 10:30", rivals=[])
    application = given.application(debriefs=[corrected, gone], timescales=[BY_WEDNESDAY])
    assert "competing_deadline" not in flagged(application, "Wed 15 Jul 11:00")


def test_what_was_said_of_other_processes_before_the_interview_is_asked_again() -> None:
    early = given.debrief("Mon 13 Jul 12:00", rivals=[given.rival("Fri 17 Jul", shared=True)])
    application = given.application(debriefs=[early], timescales=[BY_WEDNESDAY])
    assert flagged(application, "Wed 15 Jul 11:00") == ["debrief_due"]
