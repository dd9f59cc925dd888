"""What concerns the candidate as a person: N0, when they may ask, and K1, their preferences."""

from dataclasses import replace
from typing import Any

import pytest

from app.rules.vocabulary import ApplicationMode, ApplicationState, Decision, TimescaleSource
from tests import given
from tests.given import policy
from tests.rules.answers import review, review_shown_from, touch_base_from

AWAITED: dict[str, Any] = {
    "debriefs": [given.debrief("Tue 14 Jul 11:30")],
    "timescales": [given.said("Wed 15 Jul 10:00", date="Fri 17 Jul")],
}
NOON = "Thu 16 Jul 12:00"


# Touch base from (N0)


@pytest.mark.parametrize(
    ("facts", "instant"),
    [
        ({}, "Tue 21 Jul 11:00"),
        (AWAITED, "Mon 20 Jul 09:00"),
        (
            {
                "timescales": [
                    given.said("Wed 15 Jul 10:00", date="Thu 16 Jul", source=TimescaleSource.CANDIDATE)
                ]
            },
            "Fri 17 Jul 09:00",
        ),
        (
            AWAITED | {"contacts": [given.promise("Thu 16 Jul 10:00", by="Tue 21 Jul 12:00")]},
            "Tue 21 Jul 12:00",
        ),
        (AWAITED | {"client": given.client(away_until="Mon 27 Jul 09:00")}, "Mon 20 Jul 09:00"),
        ({"interviews": []}, None),
        ({"interviews": [given.interview("Fri 17 Jul 11:00")]}, None),
        (AWAITED | {"withdrawn": "Thu 16 Jul 10:00"}, None),
        (AWAITED | {"state": ApplicationState.ON_HOLD}, None),
        (AWAITED | {"state": ApplicationState.CLOSED}, None),
    ],
    ids=[
        "assumed",
        "as the client said",
        "as the candidate heard",
        "as we promised",
        "the client's absence is no grace",
        "no interview",
        "no interview yet",
        "withdrawn",
        "on hold",
        "closed",
    ],
)
def test_when_the_candidate_may_ask(facts: dict[str, Any], instant: str | None) -> None:
    assert touch_base_from(given.application(**facts), NOON) == instant


def test_no_grace_of_the_agency_is_added() -> None:
    graced = policy(client_grace_working_hours=8)
    assert touch_base_from(given.application(**AWAITED), NOON, graced) == "Mon 20 Jul 09:00"


DECISIONS = [d for d in Decision if d not in (Decision.UNDECIDED, Decision.ROLE_ON_HOLD)]


@pytest.mark.parametrize("decision", DECISIONS)
def test_an_untold_decision_changes_nothing_and_a_told_one_ends_the_wait(decision: Decision) -> None:
    decided = given.application(feedback=[given.feedback("Thu 16 Jul 10:00", decision)], **AWAITED)
    assert touch_base_from(decided, NOON) == "Mon 20 Jul 09:00"
    told = replace(decided, contacts=(given.contact("Thu 16 Jul 11:00", relays=["f1"]),))
    assert touch_base_from(told, NOON) is None


def test_a_decision_told_under_embargo_does_not_show_before_its_end() -> None:
    embargoed = given.feedback("Thu 16 Jul 10:00", Decision.REJECT, embargo="Fri 17 Jul 12:00")
    told = given.contact("Thu 16 Jul 11:00", relays=["f1"])
    application = given.application(feedback=[embargoed], contacts=[told], **AWAITED)
    assert touch_base_from(application, "Fri 17 Jul 11:59") == "Mon 20 Jul 09:00"
    assert touch_base_from(application, "Fri 17 Jul 12:00") is None


def test_a_newer_untold_decision_does_not_reopen_what_was_told() -> None:
    feedback = [
        given.feedback("Wed 15 Jul 10:00", Decision.REJECT, id="f1"),
        given.feedback("Thu 16 Jul 10:00", Decision.OFFER, id="f2"),
    ]
    told = given.contact("Wed 15 Jul 11:00", relays=["f1"])
    assert touch_base_from(given.application(feedback=feedback, contacts=[told], **AWAITED), NOON) is None


def test_a_hold_that_was_told_ends_the_wait_only_while_it_lasts() -> None:
    on_hold = given.feedback("Thu 16 Jul 10:00", Decision.ROLE_ON_HOLD)
    told = given.contact("Thu 16 Jul 11:00", relays=["f1"])
    facts = AWAITED | {"feedback": [on_hold], "contacts": [told]}
    assert touch_base_from(given.application(state=ApplicationState.ON_HOLD, **facts), NOON) is None
    assert touch_base_from(given.application(**facts), NOON) == "Mon 20 Jul 09:00"


def test_a_hold_or_a_closure_that_nobody_told_does_not_show() -> None:
    on_hold = given.feedback("Thu 16 Jul 10:00", Decision.ROLE_ON_HOLD)
    held = given.application(state=ApplicationState.ON_HOLD, feedback=[on_hold], **AWAITED)
    assert touch_base_from(held, NOON) == "Mon 20 Jul 09:00"
    filled = given.feedback("Thu 16 Jul 10:00", Decision.ROLE_FILLED)
    closed = given.application(state=ApplicationState.CLOSED, feedback=[filled], **AWAITED)
    assert touch_base_from(closed, NOON) == "Mon 20 Jul 09:00"


# Preference review (K1)

SEEKING = given.candidate(seeking=True, registered="Mon 1 Jun 10:00")
CLOSED = ApplicationState.CLOSED
NO = given.feedback("Tue 14 Jul 15:00", Decision.REJECT)
TOLD = given.contact("Wed 15 Jul 10:00", relays=["f1"])


def test_five_working_days_after_a_no_the_preferences_are_reviewed() -> None:
    ended = given.application(candidate=SEEKING, state=CLOSED, feedback=[NO], contacts=[TOLD])
    assert review(ended, now=NOON) == ("Wed 22 Jul 09:00", "Wed 29 Jul 17:30", None)


@pytest.mark.parametrize("decision", [Decision.OFFER, Decision.NEXT_STAGE])
def test_good_news_ends_nothing_so_the_registration_counts(decision: Decision) -> None:
    good = given.feedback("Tue 14 Jul 15:00", decision)
    ended = given.application(candidate=SEEKING, state=CLOSED, feedback=[good], contacts=[TOLD])
    assert review(ended, now=NOON) == ("Mon 29 Jun 09:00", "Mon 6 Jul 17:30", None)


def test_a_withdrawal_ends_an_application_too() -> None:
    ended = given.application(candidate=SEEKING, withdrawn="Wed 15 Jul 14:00")
    assert review(ended, now=NOON) == ("Wed 22 Jul 09:00", "Wed 29 Jul 17:30", None)


def test_a_no_that_is_told_after_a_withdrawal_ends_it_later() -> None:
    withdrew: dict[str, Any] = {"withdrawn": "Mon 13 Jul 14:00", "feedback": [NO], "contacts": [TOLD]}
    ended = given.application(candidate=SEEKING, state=CLOSED, **withdrew)
    assert review(ended, now=NOON) == ("Wed 22 Jul 09:00", "Wed 29 Jul 17:30", None)


def test_so_does_a_talk_once_moving_on_was_due() -> None:
    talk = given.contact("Tue 4 Aug 10:00")
    ended = given.application(candidate=SEEKING, state=CLOSED, contacts=[talk], **AWAITED)
    assert review(ended, now="Tue 4 Aug 12:00") == ("Tue 11 Aug 09:00", "Tue 18 Aug 17:30", None)


@pytest.mark.parametrize(
    "later",
    [
        {"contacts": [given.reply("Thu 6 Aug 10:00")]},
        {"contacts": [given.chaser("Thu 6 Aug 10:00")]},
        {"client": given.client(away_until="Mon 5 Oct 09:00")},
        {"feedback": [given.feedback("Mon 10 Aug 10:00", Decision.REJECT)]},
        {"hold": given.hold("Mon 10 Aug 10:00", ended="Tue 11 Aug 10:00")},
    ],
    ids=["a word of the client's", "a chaser", "an absence", "a no that nobody told", "a hold"],
)
def test_what_came_later_does_not_undo_such_a_talk(later: dict[str, Any]) -> None:
    talk = given.contact("Tue 4 Aug 10:00")
    facts = AWAITED | later | {"contacts": [talk, *later.get("contacts", [])]}
    ended = given.application(candidate=SEEKING, state=CLOSED, **facts)
    assert review(ended, now="Wed 12 Aug 12:00") == ("Tue 11 Aug 09:00", "Tue 18 Aug 17:30", None)


def test_of_a_direct_application_only_a_talk_after_two_notes_in_vain() -> None:
    talk = given.contact("Tue 4 Aug 10:00")
    notes = [given.to_interviewer("Mon 20 Jul 09:30"), given.to_interviewer("Mon 27 Jul 10:00")]
    facts = AWAITED | {"candidate": SEEKING, "state": CLOSED, "mode": ApplicationMode.DIRECT}
    unasked = given.application(contacts=[talk], **facts)
    assert review(unasked, now="Tue 4 Aug 12:00") == ("Mon 29 Jun 09:00", "Mon 6 Jul 17:30", None)
    in_vain = given.application(contacts=[*notes, talk], **facts)
    assert review(in_vain, now="Tue 4 Aug 12:00") == ("Tue 11 Aug 09:00", "Tue 18 Aug 17:30", None)


def test_the_last_of_several_ends_counts() -> None:
    first = given.application(id="p1", candidate=SEEKING, withdrawn="Mon 13 Jul 14:00")
    last = given.application(id="p2", candidate=SEEKING, state=CLOSED, feedback=[NO], contacts=[TOLD])
    assert review(first, last, now=NOON) == ("Wed 22 Jul 09:00", "Wed 29 Jul 17:30", None)


def test_a_review_after_the_end_starts_the_twenty_days() -> None:
    reviewed = replace(SEEKING, last_preference_review_at=given.at("Thu 16 Jul 10:00"))
    ended = given.application(candidate=reviewed, state=CLOSED, feedback=[NO], contacts=[TOLD])
    assert review(ended, now=NOON) == ("Thu 13 Aug 09:00", "Thu 20 Aug 17:30", None)
    earlier = replace(SEEKING, last_preference_review_at=given.at("Tue 14 Jul 10:00"))
    not_since = replace(ended, candidate=earlier)
    assert review(not_since, now=NOON) == ("Wed 22 Jul 09:00", "Wed 29 Jul 17:30", None)


@pytest.mark.parametrize("state", [ApplicationState.ACTIVE, ApplicationState.ON_HOLD])
def test_no_review_while_anything_runs(state: ApplicationState) -> None:
    ended = given.application(id="p1", candidate=SEEKING, state=CLOSED, feedback=[NO], contacts=[TOLD])
    running = given.application(id="p2", candidate=SEEKING, state=state)
    assert review(ended, running, now=NOON) is None


def test_no_review_for_a_candidate_who_does_not_seek() -> None:
    settled = given.candidate(registered="Mon 1 Jun 10:00")
    assert review(given.application(candidate=settled, state=CLOSED), now=NOON) is None


def test_a_pause_moves_a_review_too() -> None:
    away = replace(SEEKING, pauses=(given.pause("Mon 20 Jul 09:00", "Mon 3 Aug 09:00"),))
    ended = given.application(candidate=away, state=CLOSED, feedback=[NO], contacts=[TOLD])
    assert review(ended, now=NOON) == ("Mon 3 Aug 09:00", "Mon 3 Aug 17:30", None)


ATTEMPT = given.voicemail("Thu 23 Jul 10:00")


@pytest.mark.parametrize("now", ["Thu 23 Jul 10:00", "Thu 23 Jul 14:00", "Fri 24 Jul 10:00"])
def test_an_attempt_lets_a_review_rest_too(now: str) -> None:
    ended = given.application(candidate=SEEKING, state=CLOSED, feedback=[NO], contacts=[TOLD, ATTEMPT])
    assert review_shown_from(SEEKING, ended, now=now) == "Thu 23 Jul 14:00"
    # Of somebody without applications the person alone knows it; once there is one, both do.
    tried = replace(SEEKING, contacts=(ATTEMPT,))
    assert review_shown_from(tried, now=now) == "Thu 23 Jul 14:00"
    assert review_shown_from(tried, ended, now=now) == "Thu 23 Jul 14:00"


def test_an_attempt_before_a_review_is_due_does_not() -> None:
    tried = replace(SEEKING, contacts=(given.voicemail("Fri 26 Jun 16:00"),))
    assert review_shown_from(tried, now=NOON) == "Mon 29 Jun 09:00"
