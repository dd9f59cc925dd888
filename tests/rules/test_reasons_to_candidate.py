"""The silent candidate, the slipped date, the changed job and the statutory notice: B2, D3, H4, S1."""

from typing import Any

import pytest

from app.rules.facts import Contact
from app.rules.vocabulary import (
    ApplicationState,
    Decision,
    Direction,
    Outcome,
    Purpose,
    TimescaleKind,
    TimescaleSource,
)
from tests import given
from tests.given import policy
from tests.rules.answers import answer, flagged, times, waiting

DEBRIEF = given.debrief("Tue 14 Jul 11:30")
ATTEMPTS = (
    given.voicemail("Tue 14 Jul 11:20"),
    given.contact("Tue 14 Jul 15:30", Outcome.NO_ANSWER),
    given.note("Wed 15 Jul 09:30"),
)

# The candidate does not answer (B2)


def test_after_three_attempts_one_written_note_takes_the_place_of_the_debrief_call() -> None:
    application = given.application(contacts=ATTEMPTS)
    assert flagged(application, "Wed 15 Jul 09:29") == []
    assert times(application, "Wed 15 Jul 09:29", "debrief_due") is not None
    assert times(application, "Wed 15 Jul 09:30", "debrief_due") is None
    assert waiting(application, "Wed 15 Jul 09:30") == {"candidate_unresponsive": "Thu 16 Jul 09:30"}
    expected = ("Thu 16 Jul 09:30", "Mon 20 Jul 09:30", "Wed 22 Jul 09:30")
    assert times(application, "Thu 16 Jul 09:30", "candidate_unresponsive") == expected


def test_a_further_attempt_puts_the_note_off() -> None:
    application = given.application(contacts=[*ATTEMPTS, given.voicemail("Wed 15 Jul 16:00")])
    expected = ("Thu 16 Jul 16:00", "Mon 20 Jul 16:00", "Wed 22 Jul 16:00")
    assert times(application, "Wed 15 Jul 16:00", "candidate_unresponsive") == expected


@pytest.mark.parametrize(
    "word",
    [given.contact("Wed 15 Jul 11:00"), given.enquiry("Wed 15 Jul 11:00")],
    ids=["we reached them", "they wrote"],
)
def test_any_word_with_the_candidate_starts_the_count_anew(word: Contact) -> None:
    application = given.application(contacts=[*ATTEMPTS, word, given.voicemail("Wed 15 Jul 12:00")])
    assert times(application, "Thu 16 Jul 12:00", "candidate_unresponsive") is None
    assert times(application, "Thu 16 Jul 12:00", "debrief_due") is not None


@pytest.mark.parametrize(
    "settling",
    [{"debriefs": [DEBRIEF]}, {"feedback": [given.feedback("Wed 15 Jul 10:00", Decision.REJECT)]}],
    ids=["a debrief", "a decision"],
)
def test_what_settles_the_debrief_settles_the_silence(settling: dict[str, Any]) -> None:
    application = given.application(contacts=ATTEMPTS, **settling)
    assert times(application, "Thu 16 Jul 12:00", "candidate_unresponsive") is None


def test_attempts_before_the_interview_do_not_count() -> None:
    early = given.voicemail("Tue 14 Jul 09:00")
    application = given.application(contacts=[early, *ATTEMPTS[:2]])
    assert times(application, "Thu 16 Jul 12:00", "candidate_unresponsive") is None


def test_the_agency_says_how_many_attempts_are_enough() -> None:
    application = given.application(contacts=ATTEMPTS[:2])
    impatient = policy(max_candidate_attempts=2)
    assert flagged(application, "Wed 15 Jul 15:30", impatient) == [
        "timescale_missing",
        "candidate_unresponsive",
    ]


def test_a_silent_candidate_makes_the_courtesy_update_needless() -> None:
    application = given.application(contacts=ATTEMPTS[:2])
    assert "courtesy_update_due" not in flagged(
        application, "Wed 22 Jul 10:00", policy(max_candidate_attempts=2)
    )


# The client puts the answer off (D3)

SLIPPED = (
    given.said("Wed 15 Jul 10:00", date="Fri 17 Jul"),
    given.said("Mon 20 Jul 15:00", date="Fri 24 Jul"),
)


def test_a_later_date_is_told_at_once() -> None:
    application = given.application(debriefs=[DEBRIEF], timescales=SLIPPED)
    expected = ("Mon 20 Jul 15:00", "Tue 21 Jul 15:00", "Thu 23 Jul 15:00")
    assert times(application, "Mon 20 Jul 16:00", "slip_to_relay") == expected
    assert flagged(application, "Mon 20 Jul 16:00") == ["slip_to_relay"]


def test_any_success_after_the_client_spoke_settles_it() -> None:
    for when, open_still in (("Mon 20 Jul 15:00", True), ("Mon 20 Jul 15:30", False)):
        application = given.application(timescales=SLIPPED, contacts=[given.note(when)])
        assert ("slip_to_relay" in flagged(application, "Mon 20 Jul 16:00")) is open_still


@pytest.mark.parametrize(
    "timescales",
    [
        [SLIPPED[0]],
        [
            given.said("Wed 15 Jul 10:00", date="Fri 24 Jul"),
            given.said("Mon 20 Jul 15:00", date="Thu 23 Jul"),
        ],
        [SLIPPED[0], given.said("Mon 20 Jul 15:00", date="Fri 17 Jul")],
        [SLIPPED[0], given.said("Mon 20 Jul 15:00")],
        [SLIPPED[0], given.said("Mon 20 Jul 15:00", date="Fri 24 Jul", source=TimescaleSource.CANDIDATE)],
        [given.said("Wed 15 Jul 10:00"), SLIPPED[1]],
        [given.said("Mon 13 Jul 10:00", date="Fri 17 Jul", interview="i0"), SLIPPED[1]],
    ],
    ids=["the first", "sooner", "the same", "no date", "hearsay", "after no date", "of another round"],
)
def test_what_is_no_slip(timescales: list[Any]) -> None:
    assert times(given.application(timescales=timescales), "Mon 20 Jul 16:00", "slip_to_relay") is None


def test_a_vague_word_between_does_not_hide_the_slip() -> None:
    vague = given.said("Fri 17 Jul 10:00", kind=TimescaleKind.AFTER_EVENT, event="the board")
    application = given.application(timescales=[SLIPPED[0], vague, SLIPPED[1]])
    assert "slip_to_relay" in flagged(application, "Mon 20 Jul 16:00")


def test_the_client_may_slip_from_what_the_candidate_heard() -> None:
    heard = given.said("Tue 14 Jul 11:30", date="Thu 16 Jul", source=TimescaleSource.CANDIDATE)
    application = given.application(timescales=[heard, SLIPPED[0]])
    assert "slip_to_relay" in flagged(application, "Wed 15 Jul 12:00")


def test_a_decision_ends_the_slip() -> None:
    decided = given.feedback("Mon 20 Jul 15:30", Decision.REJECT)
    application = given.application(timescales=SLIPPED, feedback=[decided])
    assert flagged(application, "Mon 20 Jul 16:00") == ["decision_to_relay"]


# The job has changed (H4)

CHANGED = given.job_change("Wed 15 Jul 18:00")


def test_a_changed_job_is_told_within_a_working_day() -> None:
    application = given.application(debriefs=[DEBRIEF], job_changes=[CHANGED])
    expected = ("Thu 16 Jul 09:00", "Fri 17 Jul 09:00", "Tue 21 Jul 09:00")
    assert times(application, "Thu 16 Jul 10:00", "job_change_to_relay") == expected
    assert flagged(application, "Thu 16 Jul 10:00") == ["job_change_to_relay", "timescale_missing"]


def test_only_a_success_that_names_the_change_settles_it() -> None:
    other = given.contact("Thu 16 Jul 10:00", relays=["f1"])
    voicemail = given.voicemail("Thu 16 Jul 10:30", relays=["j1"])
    application = given.application(job_changes=[CHANGED], contacts=[other, voicemail])
    assert times(application, "Fri 17 Jul 10:00", "job_change_to_relay") is not None
    told = given.contact("Thu 16 Jul 11:00", relays=["j1"])
    application = given.application(job_changes=[CHANGED], contacts=[other, voicemail, told])
    assert times(application, "Fri 17 Jul 10:00", "job_change_to_relay") is None


def test_of_several_changes_the_first_untold_sets_the_time() -> None:
    second = given.job_change("Fri 17 Jul 10:00", id="j2")
    application = given.application(job_changes=[second, CHANGED])
    assert times(application, "Fri 17 Jul 12:00", "job_change_to_relay") == (
        "Thu 16 Jul 09:00",
        "Fri 17 Jul 09:00",
        "Tue 21 Jul 09:00",
    )
    told = given.contact("Fri 17 Jul 12:00", relays=["j1"])
    application = given.application(job_changes=[second, CHANGED], contacts=[told])
    assert times(application, "Fri 17 Jul 12:00", "job_change_to_relay") == (
        "Fri 17 Jul 10:00",
        "Mon 20 Jul 10:00",
        "Wed 22 Jul 10:00",
    )


def test_a_changed_job_makes_the_courtesy_update_needless() -> None:
    application = given.application(debriefs=[DEBRIEF], job_changes=[CHANGED])
    assert "courtesy_update_due" not in flagged(application, "Wed 22 Jul 10:00")


def test_closing_a_file_settles_the_change_once_the_candidate_knows_how_it_ended() -> None:
    closed: dict[str, Any] = {"state": ApplicationState.CLOSED, "job_changes": [CHANGED]}
    assert flagged(given.application(**closed), "Thu 16 Jul 10:00") == ["job_change_to_relay"]
    ended = given.feedback("Thu 16 Jul 09:30", Decision.ROLE_ELIMINATED)
    assert flagged(given.application(**closed, feedback=[ended]), "Thu 16 Jul 10:00") == ["decision_to_relay"]
    told = given.contact("Thu 16 Jul 09:45", relays=["f1"])
    known = given.application(**closed, feedback=[ended], contacts=[told])
    assert answer(known, "Thu 16 Jul 10:00").status == "closed"


def test_a_withdrawn_candidate_need_not_hear_of_the_job() -> None:
    application = given.application(job_changes=[CHANGED], withdrawn="Thu 16 Jul 09:30")
    assert flagged(application, "Thu 16 Jul 10:00") == ["withdrawal_to_relay"]


# The statutory notice (S1)

WITHIN_20_DAYS = policy(statutory_notice_days=20)  # from Tue 14 Jul: Mon 3 Aug
TALKED = given.contact("Mon 27 Jul 08:00")


def test_the_notice_is_due_five_working_days_before_its_last_day() -> None:
    application = given.application(debriefs=[DEBRIEF], contacts=[TALKED])
    expected = ("Mon 27 Jul 09:00", "Mon 3 Aug 17:30", "Mon 3 Aug 17:30")
    assert times(application, "Mon 27 Jul 09:00", "statutory_notice_due", WITHIN_20_DAYS) == expected
    assert times(application, "Mon 27 Jul 09:00", "statutory_notice_due") is None


def test_a_last_day_that_is_free_moves_forward_not_back() -> None:
    within_19 = policy(statutory_notice_days=19)  # Sun 2 Aug
    expected = ("Fri 24 Jul 09:00", "Fri 31 Jul 17:30", "Fri 31 Jul 17:30")
    assert times(given.application(), "Mon 27 Jul 09:00", "statutory_notice_due", within_19) == expected


@pytest.mark.parametrize(
    ("facts", "settled"),
    [
        ({"contacts": [given.note("Mon 27 Jul 10:00", purpose=Purpose.STATUTORY_NOTICE)]}, True),
        ({"contacts": [given.voicemail("Mon 27 Jul 10:00", purpose=Purpose.STATUTORY_NOTICE)]}, False),
        ({"contacts": [given.note("Mon 27 Jul 10:00")]}, False),
        ({"contacts": [given.note("Tue 14 Jul 10:00", purpose=Purpose.STATUTORY_NOTICE)]}, False),
    ],
    ids=["a notice", "a voicemail", "another note", "before the interview"],
)
def test_what_settles_the_notice(facts: dict[str, Any], settled: bool) -> None:
    application = given.application(**facts)
    found = times(application, "Tue 28 Jul 10:00", "statutory_notice_due", WITHIN_20_DAYS)
    assert (found is None) is settled


@pytest.mark.parametrize(
    ("decision", "settled"),
    [
        (Decision.REJECT, True),
        (Decision.ROLE_FILLED, True),
        (Decision.OFFER, True),
        (Decision.NEXT_STAGE, False),
    ],
)
def test_a_relayed_no_or_offer_is_notice_enough(decision: Decision, settled: bool) -> None:
    said = given.feedback("Mon 20 Jul 10:00", decision)
    told = given.contact("Mon 20 Jul 11:00", relays=["f1"])
    untold = given.application(feedback=[said])
    known = given.application(feedback=[said], contacts=[told])
    now = "Tue 28 Jul 10:00"
    assert times(untold, now, "statutory_notice_due", WITHIN_20_DAYS) is not None
    assert (times(known, now, "statutory_notice_due", WITHIN_20_DAYS) is None) is settled


def test_an_inbound_call_that_gave_the_notice_counts() -> None:
    call = given.contact("Mon 27 Jul 10:00", direction=Direction.INBOUND, purpose=Purpose.STATUTORY_NOTICE)
    found = times(
        given.application(contacts=[call]), "Tue 28 Jul 10:00", "statutory_notice_due", WITHIN_20_DAYS
    )
    assert found is None
