"""Several things at once: what drops what, what goes first, and when a person may be called (X, M, P1, T7)."""

from dataclasses import replace
from typing import Any

import pytest

from app.rules.facts import Application, covers
from app.rules.status import order
from app.rules.vocabulary import ApplicationState, ContactParty, Decision
from tests import given
from tests.given import at, policy
from tests.rules.answers import answer, flagged, not_before, times, waiting

DEBRIEF = given.debrief("Tue 14 Jul 11:30")
BY_FRIDAY = given.said("Wed 15 Jul 10:00", date="Fri 17 Jul")
AWAITED: dict[str, Any] = {"debriefs": [DEBRIEF], "timescales": [BY_FRIDAY]}
THREE_CHASERS = [given.chaser(day) for day in ("Mon 20 Jul 10:00", "Thu 23 Jul 10:00", "Tue 28 Jul 10:00")]


# X: what drops what


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"feedback": [given.feedback("Mon 20 Jul 10:00", Decision.REJECT)]}, "decision_to_relay"),
        ({"feedback": [given.feedback("Mon 20 Jul 10:00")]}, "feedback_to_relay"),
        ({"contacts": [given.enquiry("Mon 20 Jul 10:00")]}, "candidate_enquiry_open"),
        ({"debriefs": []}, "debrief_due"),
    ],
)
def test_another_talk_takes_the_courtesy_with_it(facts: dict[str, Any], code: str) -> None:
    codes = flagged(given.application(**AWAITED | facts), "Tue 21 Jul 12:00")
    assert code in codes
    assert "courtesy_update_due" not in codes


def test_it_does_so_even_while_it_waits() -> None:
    application = given.application(
        contacts=[given.enquiry("Mon 20 Jul 10:00"), given.voicemail("Tue 21 Jul 11:00")], **AWAITED
    )
    assert flagged(application, "Tue 21 Jul 12:00") == ["client_response_due"]
    assert waiting(application, "Tue 21 Jul 12:00") == {"candidate_enquiry_open": "Tue 21 Jul 15:00"}


def test_it_does_not_before_it_is_due() -> None:
    later = given.feedback("Mon 20 Jul 10:00", embargo="Tue 21 Jul 12:00")
    application = given.application(feedback=[later], **AWAITED)
    assert flagged(application, "Tue 21 Jul 11:59") == ["client_response_due", "courtesy_update_due"]
    assert flagged(application, "Tue 21 Jul 12:00") == ["feedback_to_relay", "client_response_due"]


def test_asking_for_the_answer_takes_the_timescale_with_it() -> None:
    application = given.application(debriefs=[DEBRIEF])
    assert flagged(application, "Tue 21 Jul 10:59") == ["timescale_missing", "courtesy_update_due"]
    assert flagged(application, "Tue 21 Jul 11:00") == ["client_response_due", "courtesy_update_due"]


def test_moving_on_takes_the_rest_with_it_from_the_third_chaser_on() -> None:
    application = given.application(contacts=THREE_CHASERS, **AWAITED)
    assert flagged(application, "Tue 28 Jul 09:59") == ["courtesy_update_due"]
    assert flagged(application, "Tue 28 Jul 10:00") == []
    assert list(waiting(application, "Tue 28 Jul 10:00")) == ["move_on_suggested"]


# P1: what goes first


def due_list(*applications: Application, now: str) -> list[str]:
    pairs = [(reason, a.id) for a in applications for reason in answer(a, now).reasons]
    ranked = sorted(pairs, key=lambda pair: order(pair[0], at(now), pair[1]))
    return [f"{subject}:{reason.code}" for reason, subject in ranked]


def test_an_offer_goes_before_what_escalated_and_that_before_what_is_overdue() -> None:
    offer = given.feedback("Thu 16 Jul 15:30", Decision.OFFER)
    applications = (
        given.application(id="due", contacts=[given.enquiry("Thu 16 Jul 12:00")], **AWAITED),
        given.application(id="late"),
        given.application(id="offer", feedback=[offer], **AWAITED),
    )
    assert due_list(*applications, now="Thu 16 Jul 16:00") == [
        "offer:decision_to_relay",
        "late:debrief_due",
        "late:timescale_missing",
        "due:candidate_enquiry_open",
    ]


def test_within_a_rank_the_kind_counts_before_the_time_and_the_time_before_the_id() -> None:
    applications = (
        given.application(id="a", contacts=[given.enquiry("Wed 15 Jul 15:00")], **AWAITED),
        given.application(id="b", contacts=[given.enquiry("Wed 15 Jul 14:00")], **AWAITED),
        given.application(id="c", contacts=[given.enquiry("Wed 15 Jul 15:00")], **AWAITED),
        given.application(id="d", feedback=[given.feedback("Wed 15 Jul 15:30")], **AWAITED),
        given.application(id="e", withdrawn="Wed 15 Jul 15:45"),
    )
    assert due_list(*applications, now="Wed 15 Jul 16:00") == [
        "e:withdrawal_to_relay",
        "b:candidate_enquiry_open",
        "a:candidate_enquiry_open",
        "c:candidate_enquiry_open",
        "d:feedback_to_relay",
    ]


# M1, M2: one person, several applications


@pytest.mark.parametrize(
    ("application_ids", "party", "covered"),
    [
        (None, ContactParty.CANDIDATE, True),
        (None, ContactParty.CLIENT, True),
        (frozenset({"p1", "p2"}), ContactParty.CANDIDATE, True),
        (frozenset({"p2"}), ContactParty.CANDIDATE, False),
        (frozenset(), ContactParty.CLIENT, False),
    ],
)
def test_whom_a_contact_counts_for(
    application_ids: frozenset[str] | None, party: ContactParty, *, covered: bool
) -> None:
    contact = given.contact("Wed 15 Jul 10:00", party=party, application_ids=application_ids)
    assert covers(contact, "p1", "cand1", "cli1") == covered
    assert covers(replace(contact, person_id="other"), "p1", "cand1", "cli1") == (
        covered and application_ids is not None
    )


@pytest.mark.parametrize(
    ("chased", "now", "earliest"),
    [
        ("Mon 20 Jul 09:30", "Mon 20 Jul 10:00", "Tue 21 Jul 09:00"),
        ("Fri 17 Jul 16:00", "Mon 20 Jul 10:00", "Mon 20 Jul 10:00"),
        ("Fri 24 Jul 09:30", "Fri 24 Jul 17:00", "Mon 27 Jul 09:00"),
        ("Tue 21 Jul 09:30", "Mon 20 Jul 10:00", "Mon 20 Jul 10:00"),
    ],
    ids=["today", "last week", "on a Friday", "not yet"],
)
def test_a_client_chased_today_for_anybody_is_chased_again_tomorrow(
    chased: str, now: str, earliest: str
) -> None:
    told = given.contact("Mon 20 Jul 09:15")
    application = replace(given.application(contacts=[told], **AWAITED), chased_at=(at(chased),))
    assert flagged(application, now)[0] == "client_response_due"
    assert not_before(application, now) == earliest


NEXT_STAGE = given.feedback("Wed 15 Jul 14:00", Decision.NEXT_STAGE)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"debriefs": [DEBRIEF]}, "timescale_missing"),
        (
            {"feedback": [NEXT_STAGE], "contacts": [given.note("Wed 15 Jul 15:00", relays=["f1"])]},
            "next_step_missing",
        ),
        (
            {
                "debriefs": [DEBRIEF],
                "state": ApplicationState.ON_HOLD,
                "hold": given.hold("Wed 15 Jul 10:00", "Fri 17 Jul"),
            },
            "hold_review",
        ),
    ],
)
def test_whatever_the_client_is_asked_for_waits_for_that_day(facts: dict[str, Any], code: str) -> None:
    application = replace(given.application(**facts), chased_at=(at("Fri 17 Jul 16:00"),))
    assert flagged(application, "Fri 17 Jul 16:30") == [code]
    assert not_before(application, "Fri 17 Jul 16:30") == "Mon 20 Jul 09:00"


def test_the_floor_holds_for_chasers_only() -> None:
    application = replace(
        given.application(withdrawn="Mon 20 Jul 09:00"), chased_at=(at("Mon 20 Jul 09:30"),)
    )
    assert not_before(application, "Mon 20 Jul 10:00") == "Mon 20 Jul 10:00"


# T7: contact windows


@pytest.mark.parametrize(
    ("zone", "holidays", "now", "earliest"),
    [
        ("Europe/London", "GB-ENG", "Tue 14 Jul 19:59", "Tue 14 Jul 19:59"),
        ("Europe/London", "GB-ENG", "Tue 14 Jul 20:00", "Wed 15 Jul 08:00"),
        ("Europe/London", "GB-ENG", "Fri 17 Jul 20:00", "Mon 20 Jul 08:00"),
        ("Europe/London", "GB-ENG", "Mon 31 Aug 10:00", "Tue 1 Sep 08:00"),
        ("Europe/London", None, "Mon 31 Aug 10:00", "Mon 31 Aug 10:00"),
        ("America/New_York", "US", "Tue 14 Jul 11:00", "Tue 14 Jul 13:00"),
        ("Asia/Singapore", None, "Tue 14 Jul 13:00", "Wed 15 Jul 01:00"),
    ],
)
def test_a_candidate_is_rung_in_the_window_of_their_own_day(
    zone: str, holidays: str | None, now: str, earliest: str
) -> None:
    application = given.application(candidate=given.candidate(zone, holidays))
    assert flagged(application, now)[0] == "debrief_due"
    assert not_before(application, now) == earliest


@pytest.mark.parametrize(
    ("zone", "holidays", "now", "earliest"),
    [
        ("Europe/London", "GB-ENG", "Mon 20 Jul 08:30", "Mon 20 Jul 09:00"),
        ("Europe/London", "GB-ENG", "Mon 20 Jul 17:30", "Tue 21 Jul 09:00"),
        ("America/New_York", "US", "Mon 20 Jul 10:00", "Mon 20 Jul 14:00"),
    ],
)
def test_a_client_is_rung_in_theirs(zone: str, holidays: str | None, now: str, earliest: str) -> None:
    application = given.application(client=given.client(zone, holidays), withdrawn="Thu 16 Jul 10:00")
    assert not_before(application, now) == earliest


def test_the_window_moves_no_due_time() -> None:
    application = given.application(candidate=given.candidate("America/New_York", "US"))
    expected = ("Tue 14 Jul 11:00", "Tue 14 Jul 15:00", "Thu 16 Jul 15:00")
    assert times(application, "Tue 14 Jul 11:00", "debrief_due") == expected


def test_nobody_is_to_be_called_when_nothing_is_shown() -> None:
    assert not_before(given.application(), "Mon 13 Jul 10:00") is None


# Policy: one row changes one number

OVERRIDES: list[tuple[dict[str, Any], dict[str, Any], str, tuple[str, str, str]]] = [
    (
        {"debrief_overdue_working_hours": 2},
        {},
        "debrief_due",
        ("Tue 14 Jul 11:00", "Tue 14 Jul 13:00", "Thu 16 Jul 13:00"),
    ),
    (
        {"escalate_working_days": 3},
        {},
        "debrief_due",
        ("Tue 14 Jul 11:00", "Tue 14 Jul 15:00", "Fri 17 Jul 15:00"),
    ),
    (
        {"day_start": "08:00"},
        {"interviews": [given.interview("Mon 13 Jul 19:00")]},
        "debrief_due",
        ("Tue 14 Jul 08:00", "Tue 14 Jul 12:00", "Thu 16 Jul 12:00"),
    ),
    (
        {"client_overdue_working_days": 1, "client_escalate_working_days": 3},
        AWAITED,
        "client_response_due",
        ("Mon 20 Jul 09:00", "Tue 21 Jul 09:00", "Thu 23 Jul 09:00"),
    ),
    (
        {"default_response_working_days": 3},
        {"debriefs": [DEBRIEF]},
        "client_response_due",
        ("Fri 17 Jul 11:00", "Tue 21 Jul 11:00", "Fri 24 Jul 11:00"),
    ),
    (
        {"courtesy_every_working_days": 3},
        {"debriefs": [DEBRIEF]},
        "courtesy_update_due",
        ("Fri 17 Jul 09:00", "Fri 17 Jul 17:30", "Tue 21 Jul 17:30"),
    ),
    (
        {"move_on_working_days": 5},
        AWAITED,
        "move_on_suggested",
        ("Mon 27 Jul 09:00", "Wed 29 Jul 09:00", "Fri 31 Jul 09:00"),
    ),
]


@pytest.mark.parametrize(("overrides", "facts", "code", "expected"), OVERRIDES)
def test_a_policy_changes_what_it_names(
    overrides: dict[str, Any], facts: dict[str, Any], code: str, expected: tuple[str, str, str]
) -> None:
    found = times(given.application(**facts), "Wed 15 Jul 10:00", code, policy(**overrides))
    assert found == expected


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown policy parameters: courtesy"):
        policy(courtesy=3)
