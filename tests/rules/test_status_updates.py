"""The words owed to the candidate: H1, H2, E1, E2, E3."""

from dataclasses import replace
from typing import Any

import pytest

from app.rules.facts import Contact
from app.rules.vocabulary import ApplicationState, DebriefSource, Decision, Direction, Outcome
from tests import given
from tests.rules.answers import answer, flagged, levels, times

DEBRIEF = given.debrief("Tue 14 Jul 11:30")
BY_FRIDAY = given.said("Wed 15 Jul 10:00", date="Fri 17 Jul")
AWAITED: dict[str, Any] = {"debriefs": [DEBRIEF], "timescales": [BY_FRIDAY]}


# Decision to relay (H1)


@pytest.mark.parametrize(
    ("decision", "overdue", "escalates"),
    [
        (Decision.OFFER, "Wed 15 Jul 16:00", "Thu 16 Jul 16:00"),
        (Decision.NEXT_STAGE, "Thu 16 Jul 09:30", "Fri 17 Jul 09:30"),
        (Decision.REJECT, "Thu 16 Jul 14:00", "Fri 17 Jul 14:00"),
        (Decision.ROLE_ELIMINATED, "Thu 16 Jul 14:00", "Fri 17 Jul 14:00"),
        (Decision.ROLE_FILLED, "Thu 16 Jul 14:00", "Fri 17 Jul 14:00"),
        (Decision.ROLE_FILLED_INTERNALLY, "Thu 16 Jul 14:00", "Fri 17 Jul 14:00"),
    ],
)
def test_how_soon_a_decision_is_told(decision: Decision, overdue: str, escalates: str) -> None:
    application = given.application(feedback=[given.feedback("Wed 15 Jul 14:00", decision)])
    expected = ("Wed 15 Jul 14:00", overdue, escalates)
    assert times(application, "Wed 15 Jul 14:00", "decision_to_relay") == expected


def test_a_hold_is_a_decision_while_it_lasts() -> None:
    on_hold = given.feedback("Wed 15 Jul 14:00", Decision.ROLE_ON_HOLD)
    held = given.application(state=ApplicationState.ON_HOLD, feedback=[on_hold])
    assert "decision_to_relay" in flagged(held, "Thu 16 Jul 12:00")
    going_on = given.application(feedback=[on_hold])
    assert "decision_to_relay" not in flagged(going_on, "Thu 16 Jul 12:00")


def test_an_earlier_decision_is_told_on_hold_too_and_counts_again_after_it() -> None:
    feedback = [
        given.feedback("Wed 15 Jul 10:00", Decision.NEXT_STAGE, id="f1"),
        given.feedback("Thu 16 Jul 10:00", Decision.ROLE_ON_HOLD, id="f2"),
    ]
    told_of_hold = given.contact("Thu 16 Jul 11:00", relays=["f2"])
    held = given.application(
        state=ApplicationState.ON_HOLD,
        hold=given.hold("Thu 16 Jul 10:00"),
        feedback=feedback,
        contacts=[told_of_hold],
    )
    assert flagged(held, "Wed 15 Jul 12:00") == ["decision_to_relay"]
    assert flagged(held, "Thu 16 Jul 12:00") == []
    going_on = given.application(feedback=feedback, contacts=[told_of_hold])
    assert flagged(going_on, "Thu 16 Jul 12:00") == ["decision_to_relay"]


def test_an_embargo_moves_every_time() -> None:
    embargoed = given.feedback("Wed 15 Jul 14:00", Decision.REJECT, embargo="Fri 17 Jul 12:00")
    application = given.application(feedback=[embargoed])
    expected = ("Fri 17 Jul 12:00", "Mon 20 Jul 12:00", "Tue 21 Jul 12:00")
    assert times(application, "Wed 15 Jul 15:00", "decision_to_relay") == expected
    assert flagged(application, "Fri 17 Jul 11:59") == []
    assert flagged(application, "Fri 17 Jul 12:00") == ["decision_to_relay"]


def test_an_embargo_that_ended_before_the_word_came_changes_nothing() -> None:
    late = given.feedback("Wed 15 Jul 14:00", Decision.OFFER, embargo="Tue 14 Jul 12:00")
    assert levels(given.application(feedback=[late]), "Wed 15 Jul 14:00") == {"decision_to_relay": "due"}


RELAYS: list[tuple[Contact, bool]] = [
    (given.contact("Wed 15 Jul 15:00", relays=["f1"]), True),
    (given.contact("Wed 15 Jul 15:00", relays=["f1"], direction=Direction.INBOUND), True),
    (given.note("Wed 15 Jul 15:00", relays=["f1"]), True),
    (given.contact("Wed 15 Jul 15:00"), False),
    (given.contact("Wed 15 Jul 15:00", relays=["f2"]), False),
    (given.note("Wed 15 Jul 15:00", relays=["f1"], automated=True), False),
]


@pytest.mark.parametrize(("contact", "told"), RELAYS)
def test_only_a_success_that_names_it_tells_a_decision(contact: Contact, *, told: bool) -> None:
    offer = given.feedback("Wed 15 Jul 14:00", Decision.OFFER)
    codes = flagged(given.application(feedback=[offer], contacts=[contact]), "Wed 15 Jul 16:00")
    assert codes == ([] if told else ["decision_to_relay"])


def test_a_voicemail_tells_nothing_however_much_it_says() -> None:
    voicemail = given.voicemail("Wed 15 Jul 15:00", relays=["f1"])
    application = given.application(
        feedback=[given.feedback("Wed 15 Jul 14:00", Decision.OFFER)], contacts=[voicemail]
    )
    assert flagged(application, "Thu 16 Jul 10:30") == ["decision_to_relay"]


def test_only_the_latest_decision_is_told() -> None:
    feedback = [
        given.feedback("Wed 15 Jul 10:00", Decision.REJECT, id="f1"),
        given.feedback("Thu 16 Jul 10:00", Decision.OFFER, id="f2"),
    ]
    told = given.application(feedback=feedback, contacts=[given.contact("Wed 15 Jul 11:00", relays=["f1"])])
    assert times(told, "Thu 16 Jul 10:00", "decision_to_relay") == (
        "Thu 16 Jul 10:00",
        "Thu 16 Jul 12:00",
        "Fri 17 Jul 12:00",
    )
    silent = given.application(feedback=feedback)
    assert flagged(silent, "Thu 16 Jul 10:00") == ["decision_to_relay"]


# Feedback to relay (H2)


def test_comments_are_passed_on_within_a_working_day() -> None:
    application = given.application(feedback=[given.feedback("Wed 15 Jul 14:00")], **AWAITED)
    expected = ("Wed 15 Jul 14:00", "Thu 16 Jul 14:00", "Mon 20 Jul 14:00")
    assert times(application, "Wed 15 Jul 14:00", "feedback_to_relay") == expected


def test_of_several_comments_the_earliest_untold_sets_the_time() -> None:
    feedback = [
        given.feedback("Wed 15 Jul 10:00", id="f1"),
        given.feedback("Thu 16 Jul 10:00", id="f2"),
    ]
    silent = given.application(feedback=feedback)
    first = ("Wed 15 Jul 10:00", "Thu 16 Jul 10:00", "Mon 20 Jul 10:00")
    assert times(silent, "Thu 16 Jul 12:00", "feedback_to_relay") == first
    half = given.application(feedback=feedback, contacts=[given.contact("Thu 16 Jul 11:00", relays=["f1"])])
    second = ("Thu 16 Jul 10:00", "Fri 17 Jul 10:00", "Tue 21 Jul 10:00")
    assert times(half, "Thu 16 Jul 12:00", "feedback_to_relay") == second


def test_a_later_decision_settles_comments_and_later_comments_stand_beside_it() -> None:
    comments = given.feedback("Wed 15 Jul 10:00", id="f1")
    offer = given.feedback("Thu 16 Jul 10:00", Decision.OFFER, id="f2")
    more = given.feedback("Thu 16 Jul 11:00", id="f3")
    assert flagged(given.application(feedback=[comments, offer]), "Thu 16 Jul 12:00") == ["decision_to_relay"]
    both = given.application(feedback=[comments, offer, more])
    assert flagged(both, "Thu 16 Jul 12:00") == ["decision_to_relay", "feedback_to_relay"]


def test_comments_of_the_instant_of_a_decision_stand_beside_it_if_recorded_after_it() -> None:
    no = given.feedback("Wed 15 Jul 10:00", Decision.REJECT, embargo="Fri 17 Jul 12:00", id="f1")
    comments = given.feedback("Wed 15 Jul 10:00", id="f2")
    after = given.application(feedback=[no, comments], **AWAITED)
    assert flagged(after, "Wed 15 Jul 12:00") == ["feedback_to_relay"]
    before = given.application(feedback=[comments, no], **AWAITED)
    assert flagged(before, "Wed 15 Jul 12:00") == []


# Courtesy update due (E1)


def test_a_candidate_hears_from_us_every_five_working_days() -> None:
    quiet = given.application(
        debriefs=[DEBRIEF], timescales=[given.said("Wed 15 Jul 10:00", date="Fri 31 Jul")]
    )
    expected = ("Tue 21 Jul 09:00", "Tue 21 Jul 17:30", "Thu 23 Jul 17:30")
    assert times(quiet, "Wed 15 Jul 12:00", "courtesy_update_due") == expected


LAST_WORDS: list[tuple[str, dict[str, Any], str]] = [
    ("a talk", {"contacts": [given.contact("Thu 16 Jul 10:00")]}, "Thu 23 Jul 09:00"),
    (
        "their own call",
        {"contacts": [given.enquiry("Thu 16 Jul 10:00", Outcome.REACHED)]},
        "Thu 23 Jul 09:00",
    ),
    ("a note", {"contacts": [given.note("Thu 16 Jul 10:00")]}, "Thu 23 Jul 09:00"),
    ("an automatic note", {"contacts": [given.note("Thu 16 Jul 10:00", automated=True)]}, "Tue 21 Jul 09:00"),
    ("a voicemail", {"contacts": [given.voicemail("Thu 16 Jul 10:00")]}, "Tue 21 Jul 09:00"),
    ("a debrief by call", {"debriefs": [given.debrief("Wed 15 Jul 10:00")]}, "Wed 22 Jul 09:00"),
    (
        "a debrief by form",
        {"debriefs": [given.debrief("Wed 15 Jul 10:00", source=DebriefSource.SELF_SERVICE)]},
        "Tue 21 Jul 09:00",
    ),
    ("a hold", {"state": ApplicationState.ON_HOLD}, "Tue 28 Jul 09:00"),
]


@pytest.mark.parametrize(
    ("facts", "due"), [c[1:] for c in LAST_WORDS], ids=[c[0].replace(" ", "-") for c in LAST_WORDS]
)
def test_what_the_five_days_are_counted_from(facts: dict[str, Any], due: str) -> None:
    found = times(given.application(**facts), "Fri 17 Jul 12:00", "courtesy_update_due")
    assert found is not None
    assert found[0] == due


def test_a_debrief_that_is_sent_again_is_no_news() -> None:
    again = [replace(given.debrief("Wed 15 Jul 10:00"), id=id_) for id_ in ("d1", "d2", "d3")]
    reasons = answer(given.application(debriefs=again), "Wed 22 Jul 12:00").reasons
    assert [fact.id for r in reasons if r.rule == "E1" for fact in r.facts] == ["d1"]


def test_the_candidate_is_told_the_day_after_the_clients_date_passed() -> None:
    by_wednesday = given.said("Tue 14 Jul 15:00", date="Wed 15 Jul")
    application = given.application(debriefs=[DEBRIEF], timescales=[by_wednesday])
    expected = ("Fri 17 Jul 09:00", "Fri 17 Jul 17:30", "Tue 21 Jul 17:30")
    assert times(application, "Thu 16 Jul 10:00", "courtesy_update_due") == expected


def test_once_told_that_the_date_passed_the_five_days_count_again() -> None:
    told = given.contact("Mon 20 Jul 10:00")
    application = given.application(contacts=[told], **AWAITED)
    found = times(application, "Mon 20 Jul 12:00", "courtesy_update_due")
    assert found is not None
    assert found[0] == "Mon 27 Jul 09:00"


def test_an_assumed_date_that_passed_is_no_news() -> None:
    no_idea = given.said("Tue 14 Jul 10:30")
    application = given.application(
        debriefs=[DEBRIEF], timescales=[no_idea], contacts=[given.contact("Fri 17 Jul 10:00")]
    )
    found = times(application, "Fri 17 Jul 12:00", "courtesy_update_due")
    assert found is not None
    assert found[0] == "Fri 24 Jul 09:00"


def test_the_updates_go_on_after_a_decision_was_told() -> None:
    offer = given.feedback("Wed 15 Jul 10:00", Decision.OFFER)
    told = given.contact("Wed 15 Jul 11:00", relays=["f1"])
    application = given.application(feedback=[offer], contacts=[told])
    assert flagged(application, "Wed 22 Jul 09:00") == ["courtesy_update_due"]


def test_no_courtesy_while_an_interview_is_to_come() -> None:
    coming = given.interview("Fri 31 Jul 11:00", id="i2")
    application = given.application(interviews=[given.interview(), coming], **AWAITED)
    assert times(application, "Tue 21 Jul 12:00", "courtesy_update_due") is None


# Promised update due (E2)


PROMISES: list[tuple[str, dict[str, str], tuple[str, str, str]]] = [
    (
        "Wed 15 Jul 10:00",
        {"by": "Thu 16 Jul 12:00"},
        ("Thu 16 Jul 09:00", "Thu 16 Jul 12:00", "Fri 17 Jul 12:00"),
    ),
    (
        "Wed 15 Jul 10:00",
        {"by": "Wed 15 Jul 16:00"},
        ("Wed 15 Jul 10:00", "Wed 15 Jul 16:00", "Thu 16 Jul 16:00"),
    ),
    (
        "Wed 15 Jul 10:00",
        {"by": "Thu 16 Jul 19:00"},
        ("Thu 16 Jul 09:00", "Thu 16 Jul 19:00", "Mon 20 Jul 09:00"),
    ),
    (
        "Wed 15 Jul 10:00",
        {"by": "Sat 18 Jul 12:00"},
        ("Fri 17 Jul 09:00", "Fri 17 Jul 17:30", "Tue 21 Jul 09:00"),
    ),
    (
        "Wed 15 Jul 10:00",
        {"by_date": "Fri 17 Jul"},
        ("Fri 17 Jul 09:00", "Fri 17 Jul 17:30", "Tue 21 Jul 09:00"),
    ),
    (
        "Wed 15 Jul 10:00",
        {"by_date": "Sun 19 Jul"},
        ("Fri 17 Jul 09:00", "Fri 17 Jul 17:30", "Tue 21 Jul 09:00"),
    ),
    (
        "Sat 18 Jul 10:00",
        {"by": "Sat 18 Jul 14:00"},
        ("Mon 20 Jul 09:00", "Fri 17 Jul 17:30", "Tue 21 Jul 09:00"),
    ),
]


@pytest.mark.parametrize(("made", "by", "expected"), PROMISES)
def test_when_a_promise_falls_due(made: str, by: dict[str, str], expected: tuple[str, str, str]) -> None:
    application = given.application(contacts=[given.promise(made, **by)])
    assert times(application, made, "promised_update_due") == expected


def test_a_promise_takes_the_place_of_the_courtesy_until_it_is_kept() -> None:
    promise = given.promise("Wed 15 Jul 10:00", by_date="Mon 3 Aug")
    waiting = given.application(contacts=[promise], **AWAITED)
    assert flagged(waiting, "Fri 31 Jul 12:00") == ["client_response_due"]
    kept = given.application(contacts=[promise, given.contact("Thu 16 Jul 10:00")], **AWAITED)
    assert times(kept, "Thu 16 Jul 12:00", "promised_update_due") is None
    assert times(kept, "Thu 16 Jul 12:00", "courtesy_update_due") is not None


@pytest.mark.parametrize(
    "contact", [given.voicemail("Thu 16 Jul 10:00"), given.note("Thu 16 Jul 10:00", automated=True)]
)
def test_an_attempt_does_not_keep_a_promise(contact: Contact) -> None:
    application = given.application(
        contacts=[given.promise("Wed 15 Jul 10:00", by="Thu 16 Jul 12:00"), contact]
    )
    assert times(application, "Thu 16 Jul 11:00", "promised_update_due") is not None


def test_the_latest_promise_counts_and_none_is_open_once_kept() -> None:
    first = given.promise("Wed 15 Jul 10:00", by="Thu 16 Jul 12:00")
    second = given.promise("Wed 15 Jul 11:00", by_date="Wed 22 Jul")
    application = given.application(contacts=[first, second])
    found = times(application, "Wed 15 Jul 12:00", "promised_update_due")
    assert found is not None
    assert found[0] == "Wed 22 Jul 09:00"


# Candidate enquiry open (E3)


def test_a_message_at_the_weekend_is_answered_from_monday() -> None:
    application = given.application(contacts=[given.enquiry("Sat 18 Jul 10:00")])
    expected = ("Mon 20 Jul 09:00", "Tue 21 Jul 09:00", "Thu 23 Jul 09:00")
    assert times(application, "Sat 18 Jul 12:00", "candidate_enquiry_open") == expected


def test_the_earliest_open_message_sets_the_time_and_any_success_answers_all() -> None:
    asked = [given.enquiry("Wed 15 Jul 10:00"), given.enquiry("Thu 16 Jul 10:00")]
    found = times(given.application(contacts=asked), "Thu 16 Jul 12:00", "candidate_enquiry_open")
    assert found is not None
    assert found[0] == "Wed 15 Jul 10:00"
    answered = given.application(contacts=[*asked, given.note("Thu 16 Jul 11:00")])
    assert times(answered, "Thu 16 Jul 12:00", "candidate_enquiry_open") is None


def test_a_call_of_theirs_that_wants_an_answer_stays_open() -> None:
    asked = given.enquiry("Wed 15 Jul 10:00", Outcome.REACHED)
    application = given.application(contacts=[asked], **AWAITED)
    assert flagged(application, "Wed 15 Jul 10:00") == ["candidate_enquiry_open"]


def test_a_message_that_wants_no_answer_is_none() -> None:
    thanks = given.contact("Wed 15 Jul 10:00", Outcome.SENT, direction=Direction.INBOUND)
    assert answer(given.application(contacts=[thanks], **AWAITED), "Wed 15 Jul 12:00").status == "on_track"
