"""What the candidate knows is a world of its own (N0): what they were not told has not happened in it."""

from dataclasses import replace
from typing import Any

import pytest

from app.rules.facts import Application
from app.rules.vocabulary import ApplicationState, Decision
from tests import given
from tests.rules.answers import touch_base_from

ACTIVE, ON_HOLD, CLOSED = ApplicationState
HELD, NO, OFFER = Decision.ROLE_ON_HOLD, Decision.REJECT, Decision.OFFER
SAID: dict[str, Any] = {"timescales": [given.said("Tue 14 Jul 12:00", date="Fri 31 Jul")]}
EMBARGO = "Mon 31 Aug 12:00"
LATER = "Wed 22 Jul 12:00"

AS_ASSUMED, AS_SAID = "Tue 21 Jul 11:00", "Mon 3 Aug 09:00"


def told(when: str, *names: str) -> Any:
    return given.contact(when, relays=names or ["f1"])


def held_and_ended(**facts: Any) -> Application:
    """A hold from the 15th to the 20th of July."""
    said = [given.feedback("Wed 15 Jul 10:00", HELD)]
    hold = given.hold("Wed 15 Jul 10:00", ended="Mon 20 Jul 10:00")
    return given.application(**{"feedback": said, "hold": hold, **facts})


def test_a_hold_that_nobody_told_has_no_end_either() -> None:
    assert touch_base_from(held_and_ended(), LATER) == AS_ASSUMED
    assert touch_base_from(held_and_ended(contacts=[told("Thu 16 Jul 10:00")]), LATER) == "Mon 27 Jul 10:00"
    assert touch_base_from(held_and_ended(feedback=[]), LATER) == "Mon 27 Jul 10:00"


def test_a_hold_told_under_embargo_shows_once_the_embargo_ends() -> None:
    embargoed = given.feedback("Wed 15 Jul 10:00", HELD, embargo="Thu 23 Jul 10:00")
    application = held_and_ended(feedback=[embargoed], contacts=[told("Thu 16 Jul 10:00")])
    assert touch_base_from(application, "Thu 23 Jul 09:59") == AS_ASSUMED
    assert touch_base_from(application, "Thu 23 Jul 10:00") == "Mon 27 Jul 10:00"


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "only noted"])
def test_an_untold_no_does_not_end_a_hold_that_the_candidate_knows_of(is_told: bool) -> None:
    no = given.feedback("Mon 20 Jul 10:00", NO, id="f2", embargo=EMBARGO)
    said = [given.feedback("Wed 15 Jul 10:00", HELD)] if is_told else []
    news = [told("Thu 16 Jul 10:00")] if is_told else []
    held = held_and_ended(feedback=[*said, no], contacts=news, **SAID)
    assert touch_base_from(held, LATER) is None
    assert touch_base_from(replace(held, state=CLOSED), LATER) is None


def test_with_the_next_interview_the_candidate_knows_that_a_hold_is_over() -> None:
    rounds = [given.interview(), given.interview("Tue 28 Jul 11:00", id="i2")]
    going_on = given.feedback("Mon 20 Jul 10:00", Decision.NEXT_STAGE, id="f2")
    held = given.feedback("Wed 15 Jul 10:00", HELD)
    news = [told("Thu 16 Jul 10:00")]
    application = held_and_ended(feedback=[held, going_on], contacts=news, interviews=rounds)
    assert touch_base_from(application, LATER) is None
    assert touch_base_from(application, "Tue 28 Jul 11:00") == "Tue 4 Aug 11:00"


def test_an_interview_before_the_hold_says_nothing_of_its_end() -> None:
    rounds = [given.interview(), given.interview("Thu 16 Jul 11:00", id="i2")]
    no = given.feedback("Mon 20 Jul 10:00", NO, embargo=EMBARGO)
    held = given.application(
        interviews=rounds,
        feedback=[no],
        hold=given.hold("Fri 17 Jul 10:00", ended="Mon 20 Jul 10:00"),
        **SAID,
    )
    assert touch_base_from(held, LATER) is None


def test_an_untold_word_on_a_hold_that_was_told_changes_nothing() -> None:
    said = [given.feedback("Wed 15 Jul 10:00", HELD), given.feedback("Mon 20 Jul 10:00", HELD, id="f2")]
    hold = given.hold("Mon 20 Jul 10:00")
    news = [told("Thu 16 Jul 10:00")]
    held = given.application(state=ON_HOLD, feedback=said, hold=hold, contacts=news, **SAID)
    assert touch_base_from(held, LATER) is None


def test_a_second_hold_that_nobody_told_does_not_show_after_a_decision_between() -> None:
    said = [
        given.feedback("Wed 15 Jul 10:00", HELD),
        given.feedback("Thu 16 Jul 10:00", Decision.NEXT_STAGE, id="f2"),
        given.feedback("Wed 29 Jul 10:00", HELD, id="f3", interview="i2"),
    ]
    rounds = [given.interview(), given.interview("Tue 28 Jul 11:00", id="i2")]
    news = [told("Fri 17 Jul 10:00", "f1", "f2")]
    hold = given.hold("Wed 29 Jul 10:00")
    held = given.application(state=ON_HOLD, feedback=said, hold=hold, interviews=rounds, contacts=news)
    assert touch_base_from(held, "Thu 30 Jul 10:00") == "Tue 4 Aug 11:00"


def test_an_untold_hold_of_the_round_before_does_not_show_either() -> None:
    rounds = [given.interview(), given.interview("Tue 28 Jul 11:00", id="i2")]
    said = [given.feedback("Wed 15 Jul 10:00", HELD)]
    hold = given.hold("Wed 15 Jul 10:00")
    held = given.application(state=ON_HOLD, feedback=said, hold=hold, interviews=rounds)
    assert touch_base_from(held, "Wed 29 Jul 10:00") == "Tue 4 Aug 11:00"


@pytest.mark.parametrize("decision", [NO, HELD])
def test_what_was_told_stands_until_the_candidate_hears_of_its_correction(decision: Decision) -> None:
    wrong = given.feedback("Wed 15 Jul 10:00", decision, id="f0")
    right = given.feedback("Wed 15 Jul 10:00", OFFER, embargo=EMBARGO, earlier=[wrong])
    application = given.application(feedback=[right], contacts=[told("Thu 16 Jul 10:00", "f0")], **SAID)
    assert touch_base_from(application, "Wed 15 Jul 12:00") == AS_SAID
    assert touch_base_from(application, LATER) is None


def test_who_was_told_of_a_record_corrected_to_the_same_knows_the_news() -> None:
    first = given.feedback("Wed 15 Jul 10:00", NO, id="f0")
    second = given.feedback("Wed 15 Jul 11:00", NO, earlier=[first])
    application = given.application(feedback=[second], contacts=[told("Thu 16 Jul 10:00", "f0")], **SAID)
    assert touch_base_from(application, LATER) is None


def test_a_comment_under_embargo_moves_no_assumed_answer_before_its_end() -> None:
    comment = given.feedback("Thu 16 Jul 10:00", embargo="Thu 23 Jul 10:00")
    application = given.application(feedback=[comment])
    assert touch_base_from(application, LATER) == AS_ASSUMED
    assert touch_base_from(application, "Thu 23 Jul 10:00") == "Thu 23 Jul 10:00"


@pytest.mark.parametrize("decision", [Decision.NEXT_STAGE, Decision.UNDECIDED])
def test_a_timescale_that_came_with_what_is_under_embargo_is_under_embargo_too(decision: Decision) -> None:
    said = given.feedback("Thu 16 Jul 10:00", decision, embargo=EMBARGO)
    with_it, before = given.said("Thu 16 Jul 10:00", date="Fri 7 Aug"), SAID["timescales"][0]
    application = given.application(feedback=[said], timescales=[before, with_it])
    assert touch_base_from(application, LATER) == AS_SAID
    apart = replace(application, timescales=(before, given.said("Thu 16 Jul 10:01", date="Fri 7 Aug")))
    assert touch_base_from(apart, LATER) == "Mon 10 Aug 09:00"


@pytest.mark.parametrize("decision", [Decision.NEXT_STAGE, OFFER])
def test_a_timescale_that_came_with_an_untold_decision_stays_hidden_when_that_is_corrected(
    decision: Decision,
) -> None:
    first = given.feedback("Thu 16 Jul 10:00", Decision.NEXT_STAGE, id="f0")
    second = given.feedback("Fri 17 Jul 10:00", decision, earlier=[first])
    with_it = given.said("Thu 16 Jul 10:00", date="Fri 7 Aug")
    application = given.application(feedback=[second], timescales=[*SAID["timescales"], with_it])
    assert touch_base_from(application, LATER) == AS_SAID


def test_a_comment_that_is_corrected_to_an_untold_no_still_has_its_timescale() -> None:
    comment = given.feedback("Thu 16 Jul 10:00", id="f0")
    no = given.feedback("Thu 16 Jul 10:00", NO, earlier=[comment])
    with_it = given.said("Thu 16 Jul 10:00", date="Fri 31 Jul")
    assert touch_base_from(given.application(feedback=[no], timescales=[with_it]), LATER) == AS_SAID


def test_closing_upon_an_untold_no_leaves_the_date_as_it_was() -> None:
    """The hold before it was told, and its end stays what it was."""
    no = given.feedback("Tue 21 Jul 10:00", NO, id="f2")
    hold = given.feedback("Wed 15 Jul 10:00", HELD)
    open_file = held_and_ended(feedback=[hold, no], contacts=[told("Thu 16 Jul 10:00")])
    assert touch_base_from(open_file, LATER) == "Mon 27 Jul 10:00"
    assert touch_base_from(replace(open_file, state=CLOSED), LATER) == "Mon 27 Jul 10:00"


NOTED = given.hold("Tue 14 Jul 14:00")


@pytest.mark.parametrize("later", [{}, {"feedback": [given.feedback("Mon 20 Jul 10:00", HELD)]}])
def test_what_is_not_received_yet_hides_nothing(later: dict[str, Any]) -> None:
    held = given.application(state=ON_HOLD, hold=NOTED, **later)
    assert touch_base_from(held, "Fri 17 Jul 12:00") is None
    ended = given.application(hold=given.hold("Tue 14 Jul 14:00", ended="Thu 16 Jul 10:00"), **later)
    assert touch_base_from(ended, "Fri 17 Jul 12:00") == "Thu 23 Jul 10:00"


@pytest.mark.parametrize("embargo", [None, EMBARGO])
def test_an_untold_word_on_a_hold_that_somebody_had_noted_changes_nothing(embargo: str | None) -> None:
    said = given.feedback("Mon 20 Jul 10:00", HELD, embargo=embargo)
    assert touch_base_from(given.application(state=ON_HOLD, hold=NOTED, feedback=[said]), LATER) is None
    ended = given.hold("Tue 14 Jul 14:00", ended="Tue 21 Jul 10:00")
    assert touch_base_from(given.application(hold=ended, feedback=[said]), LATER) == "Tue 28 Jul 10:00"


def test_an_untold_hold_that_began_before_the_word_of_it_does_not_show() -> None:
    said = given.feedback("Mon 20 Jul 10:00", HELD, held_since="Tue 14 Jul 14:00")
    assert touch_base_from(given.application(state=ON_HOLD, hold=NOTED, feedback=[said]), LATER) == AS_ASSUMED


def test_a_correction_still_to_come_takes_nothing_back() -> None:
    wrong = given.feedback("Wed 15 Jul 10:00", NO, id="f0")
    right = given.feedback("Mon 20 Jul 10:00", earlier=[wrong])
    application = given.application(feedback=[right], contacts=[told("Thu 16 Jul 10:00", "f0")])
    assert touch_base_from(application, "Thu 16 Jul 09:59") == AS_ASSUMED
    assert touch_base_from(application, "Fri 17 Jul 12:00") is None


def test_an_untold_record_hides_its_traces_also_until_its_correction_is_received() -> None:
    wrong = given.feedback("Wed 15 Jul 10:00", HELD, id="f0")
    right = given.feedback("Mon 20 Jul 10:00", HELD, earlier=[wrong])
    held = given.application(state=ON_HOLD, hold=given.hold("Wed 15 Jul 10:00"), feedback=[right])
    assert touch_base_from(held, "Fri 17 Jul 12:00") == AS_ASSUMED
    in_one_breath = [given.said("Wed 15 Jul 10:00", date="Fri 31 Jul")]
    waiting = given.application(feedback=[right], timescales=in_one_breath)
    assert touch_base_from(waiting, "Fri 17 Jul 12:00") == AS_ASSUMED
