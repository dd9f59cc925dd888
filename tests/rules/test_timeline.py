"""The timeline says what the rules say at every instant, and why it changed."""

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import hypothesis
from hypothesis import strategies as st

from app.rules.facts import Application
from app.rules.policy import Policy
from app.rules.situation import BEGINNING
from app.rules.status import evaluate
from app.rules.timeline import Change, Move, changes, sentence
from app.rules.vocabulary import ApplicationState, Decision, Purpose, Status
from tests import given
from tests.given import at, histories, instants, policies, words
from tests.rules.properties import around, often

DEBRIEF = given.debrief("Tue 14 Jul 11:30")
BY_FRIDAY = given.said("Wed 15 Jul 10:00", date="Fri 17 Jul")

OFFERED = (
    "Feedback received: decision to relay appears; courtesy update due gives way to what matters more; "
    "client response due is settled."
)

WITHDRAWN = (
    "Candidate withdrew: withdrawal to relay appears; debrief due and timescale missing no longer apply; "
    "overdue becomes due."
)


def told(application: Application) -> list[tuple[str | None, str]]:
    """When each change happens, and what is said of it."""
    return [(words(change.at), sentence(change)) for change in changes(application, Policy())]


def change_at(application: Application, instant: str) -> Change:
    """The change at an instant."""
    return next(change for change in changes(application, Policy()) if change.at == at(instant))


def moves(application: Application, instant: str) -> dict[str, str]:
    """What became of each reason at an instant."""
    return {str(code): str(move) for code, move in change_at(application, instant).moves.items()}


def test_an_interview_that_nobody_follows_up() -> None:
    assert told(given.application())[:7] == [
        ("Tue 14 Jul 11:00", "Interview ended: debrief due appears; on track becomes due."),
        ("Tue 14 Jul 15:00", "Time passed: debrief due rises to overdue; due becomes overdue."),
        ("Wed 15 Jul 11:00", "Time passed: timescale missing appears."),
        ("Thu 16 Jul 11:00", "Time passed: timescale missing rises to overdue."),
        ("Thu 16 Jul 15:00", "Time passed: debrief due rises to escalated; overdue becomes escalated."),
        ("Mon 20 Jul 11:00", "Time passed: timescale missing rises to escalated."),
        (
            "Tue 21 Jul 11:00",
            "Time passed: client response due appears; timescale missing gives way to what matters more.",
        ),
    ]


def test_a_client_who_is_chased_and_makes_an_offer() -> None:
    application = given.application(
        debriefs=[DEBRIEF],
        timescales=[BY_FRIDAY],
        feedback=[given.feedback("Tue 21 Jul 10:00", Decision.OFFER)],
        contacts=[
            given.chaser("Mon 20 Jul 10:00"),
            given.voicemail("Tue 21 Jul 12:00"),
            given.contact("Wed 22 Jul 12:00", relays=["f1"]),
        ],
    )
    assert told(application)[:9] == [
        ("Tue 14 Jul 11:00", "Interview ended: debrief due appears; on track becomes due."),
        ("Tue 14 Jul 11:30", "Debrief: debrief due is settled; due becomes on track."),
        ("Mon 20 Jul 09:00", "Time passed: client response due appears; on track becomes due."),
        ("Mon 20 Jul 10:00", "Contact: client response due rests for now; due becomes waiting."),
        ("Tue 21 Jul 09:00", "Time passed: courtesy update due appears; waiting becomes due."),
        ("Tue 21 Jul 10:00", OFFERED),
        ("Tue 21 Jul 12:00", "Contact: decision to relay rests for now; due becomes waiting."),
        ("Tue 21 Jul 16:00", "Time passed: decision to relay appears; waiting becomes overdue."),
        ("Wed 22 Jul 12:00", "Contact: decision to relay is settled; overdue becomes on track."),
    ]


def test_a_change_names_every_fact_of_its_instant() -> None:
    given_too = given.said("Tue 14 Jul 11:30", date="Fri 17 Jul")
    application = given.application(debriefs=[DEBRIEF], timescales=[given_too])
    change = change_at(application, "Tue 14 Jul 11:30")
    assert [(fact.kind, fact.id) for fact in change.causes] == [("debrief", "d1"), ("timescale", "t1")]
    assert sentence(change).startswith("Debrief and timescale given: ")


def test_a_reason_that_is_owed_anew_eases() -> None:
    """An offer that is two days late, when the client says no instead."""
    said = [
        given.feedback("Wed 15 Jul 10:00", Decision.OFFER),
        given.feedback("Fri 17 Jul 12:00", Decision.REJECT, id="f2"),
    ]
    application = given.application(debriefs=[DEBRIEF], feedback=said)
    assert moves(application, "Fri 17 Jul 12:00") == {"decision_to_relay": Move.EASED}


def test_a_pause_is_told_when_it_begins_and_when_it_ends() -> None:
    paused = given.candidate(pause=given.pause("Tue 14 Jul 13:00", "Thu 16 Jul 09:00"))
    application = given.application(candidate=paused, timescales=[BY_FRIDAY])
    assert told(application)[1:3] == [
        ("Tue 14 Jul 13:00", "Pause began: debrief due rests for now; due becomes paused."),
        ("Thu 16 Jul 09:00", "Time passed: debrief due appears; paused becomes due."),
    ]


def test_a_file_closed_on_a_date_was_open_before() -> None:
    application = given.application(state=ApplicationState.CLOSED)
    assert changes(application, Policy()) == []
    dated = replace(application, closed_at=at("Tue 14 Jul 12:00"))
    assert told(dated) == [
        ("Tue 14 Jul 11:00", "Interview ended: debrief due appears; on track becomes due."),
        ("Tue 14 Jul 12:00", "Application closed: debrief due no longer applies; due becomes closed."),
    ]


def test_a_file_closed_on_a_date_had_seen_its_hold_end() -> None:
    """The answer was assumed anew once the hold was over, and the closing does not undo that."""
    application = given.application(
        state=ApplicationState.CLOSED,
        debriefs=[DEBRIEF],
        feedback=[given.feedback("Wed 15 Jul 10:00", Decision.ROLE_ON_HOLD)],
        contacts=[given.contact("Wed 15 Jul 10:30", relays=["f1"])],
        hold=given.hold("Wed 15 Jul 10:00", ended="Mon 27 Jul 10:00"),
    )
    dated = replace(application, closed_at=at("Tue 4 Aug 10:00"))
    assert moves(dated, "Mon 27 Jul 10:00") == {
        "timescale_missing": "appeared",
        "courtesy_update_due": "appeared",
    }
    assert moves(dated, "Mon 3 Aug 10:00") == {
        "timescale_missing": "dropped",
        "client_response_due": "appeared",
    }


@often
@hypothesis.given(histories(), policies(), st.lists(instants(span=60), max_size=8), instants())
def test_until_it_is_closed_a_file_is_told_as_an_open_one(
    application: Application, policy: Policy, probes: list[datetime], closed_at: datetime
) -> None:
    opened = replace(application, state=ApplicationState.ACTIVE)
    closed = replace(application, state=ApplicationState.CLOSED, closed_at=closed_at)
    for now in [probe for probe in probes if probe < closed_at]:
        assert in_short(closed, policy, now) == in_short(opened, policy, now), now


def in_short(application: Application, policy: Policy, now: datetime) -> tuple[Status, object]:
    """The status at an instant, and what is shown."""
    found = evaluate(application, policy, now)
    return found.status, [(reason.code, reason.due_at, reason.level(now)) for reason in found.reasons]


def test_a_third_voicemail_settles_nothing() -> None:
    tried = [given.voicemail(when) for when in ("Tue 14 Jul 11:20", "Wed 15 Jul 11:20", "Thu 16 Jul 15:20")]
    application = given.application(timescales=[BY_FRIDAY], contacts=tried)
    assert moves(application, "Thu 16 Jul 15:20") == {
        "candidate_unresponsive": Move.ANNOUNCED,
        "debrief_due": Move.LAPSED,
    }
    assert sentence(change_at(application, "Thu 16 Jul 15:20")) == (
        "Contact: candidate unresponsive comes next; debrief due no longer applies; escalated becomes waiting."
    )


def test_a_third_chaser_settles_nothing() -> None:
    asked = [given.chaser(when) for when in ("Mon 20 Jul 10:00", "Thu 23 Jul 10:00", "Tue 28 Jul 10:00")]
    application = given.application(debriefs=[DEBRIEF], timescales=[BY_FRIDAY], contacts=asked)
    found = moves(application, "Tue 28 Jul 10:00")
    assert found["client_response_due"] == Move.LAPSED
    assert found["move_on_suggested"] == Move.ANNOUNCED


def test_a_withdrawal_settles_nothing_and_telling_the_client_settles_it() -> None:
    told_of = given.to_client("Wed 15 Jul 15:00", Purpose.WITHDRAWAL)
    application = given.application(contacts=[told_of], withdrawn="Wed 15 Jul 14:00")
    assert told(application)[-2:] == [
        (
            "Wed 15 Jul 14:00",
            WITHDRAWN,
        ),
        ("Wed 15 Jul 15:00", "Contact: withdrawal to relay is settled; due becomes closed."),
    ]


def test_a_hold_tells_what_happened_and_its_end_settles_the_review() -> None:
    said = given.feedback("Wed 15 Jul 12:00", Decision.ROLE_ON_HOLD)
    application = given.application(
        feedback=[said],
        contacts=[given.contact("Wed 15 Jul 12:30", relays=["f1"])],
        hold=given.hold("Wed 15 Jul 12:00", ended="Thu 30 Jul 10:00"),
    )
    said_then = dict(told(application))
    assert str(said_then["Wed 15 Jul 12:00"]).startswith("Feedback received and job put on hold: ")
    assert moves(application, "Thu 30 Jul 10:00")["hold_review"] == Move.SETTLED


def test_a_file_without_facts_has_no_changes() -> None:
    assert changes(given.application(interviews=[]), Policy()) == []


@often
@hypothesis.given(histories(), policies(), st.lists(instants(span=60), max_size=8), st.none() | instants())
def test_the_timeline_says_what_the_rules_say_at_every_instant(
    application: Application, policy: Policy, probes: list[datetime], closed_at: datetime | None
) -> None:
    application = replace(application, closed_at=closed_at)
    found = changes(application, policy)
    for now in [*probes, *around(change.at for change in found)]:
        expected = evaluate(application, policy, now)
        assert last(found, now, application, policy) == (
            expected.status,
            {reason.code: reason.level(now) for reason in expected.reasons},
        ), now


def last(
    found: list[Change], now: datetime, application: Application, policy: Policy
) -> tuple[Status, object]:
    """The status and the levels after the latest change, or from the beginning on."""
    latest = next((change for change in reversed(found) if change.at <= now), None)
    if latest is not None:
        return latest.after, dict(latest.levels)
    beginning = evaluate(application, policy, BEGINNING)
    return beginning.status, {reason.code: reason.level(BEGINNING) for reason in beginning.reasons}


@often
@hypothesis.given(histories(), policies())
def test_the_changes_make_a_chain(application: Application, policy: Policy) -> None:
    for earlier, later in pairwise(changes(application, policy)):
        assert earlier.at < later.at
        assert (earlier.after, bool(later.moves) or later.before is not later.after) == (later.before, True)
        appeared = {code for code, move in later.moves.items() if move is Move.APPEARED}
        gone = {code for code in later.moves if code not in later.levels}
        assert set(later.levels) == (set(earlier.levels) | appeared) - gone
        assert sentence(later).endswith(".")
