"""The worked examples, exactly; and what the statuses mean."""

from typing import Any

import pytest

from app.api.previews import PreviewAnswer, PreviewRequest
from app.rules.policy import PARAMETERS, Policy
from app.rules.vocabulary import ApplicationState, Decision, Outcome
from app.services.previews import preview
from tests import given
from tests.examples import DEFAULTS, EXAMPLES, same_instants
from tests.rules.answers import answer, flagged, upcoming, waiting


@pytest.mark.parametrize("case", EXAMPLES, ids=lambda case: case["id"])
def test_worked_example(case: dict[str, Any]) -> None:
    request = PreviewRequest.model_validate({name: case[name] for name in ("facts", "policy", "now")})
    found = preview(request.facts.model_dump(by_alias=True), request.policy.policy(), request.now)
    shown = PreviewAnswer.model_validate(found).model_dump(mode="json")
    assert same_instants({name: shown[name] for name in case["expected"]}) == same_instants(case["expected"])


def test_examples_of_both_tiers_are_known() -> None:
    assert {case["tier"] for case in EXAMPLES} == {"core", "extended"}
    assert len(EXAMPLES) == 61


def test_the_default_policy_is_that_of_the_examples() -> None:
    assert Policy.of(DEFAULTS) == Policy()
    assert DEFAULTS.keys() == PARAMETERS - {"working_hours", "closing_days"}


def test_before_the_interview_all_is_on_track_and_the_debrief_is_next() -> None:
    application = given.application()
    assert answer(application, "Mon 13 Jul 10:00").status == "on_track"
    assert upcoming(application, "Mon 13 Jul 10:00") == ("debrief_due", "Tue 14 Jul 11:00")


def test_without_any_interview_nothing_is_due_and_nothing_comes() -> None:
    application = given.application(interviews=[])
    assert answer(application, "Mon 13 Jul 10:00").status == "on_track"
    assert upcoming(application, "Mon 13 Jul 10:00") is None


def test_the_status_is_the_highest_level_of_what_is_shown() -> None:
    application = given.application(contacts=[given.enquiry("Tue 14 Jul 14:00")])
    assert answer(application, "Tue 14 Jul 14:00").status == "due"
    assert answer(application, "Tue 14 Jul 15:00").status == "overdue"
    assert answer(application, "Thu 16 Jul 15:00").status == "escalated"


def test_what_is_shown_outweighs_what_waits() -> None:
    application = given.application(contacts=[given.voicemail("Wed 15 Jul 11:00")])
    assert flagged(application, "Wed 15 Jul 12:00") == ["timescale_missing"]
    assert waiting(application, "Wed 15 Jul 12:00") == {"debrief_due": "Wed 15 Jul 15:00"}
    assert answer(application, "Wed 15 Jul 12:00").status == "due"


def test_what_waits_shows_nothing_to_come() -> None:
    application = given.application(contacts=[given.voicemail("Tue 14 Jul 11:20")])
    assert answer(application, "Tue 14 Jul 12:00").status == "waiting"
    assert upcoming(application, "Tue 14 Jul 12:00") is None


def test_a_closed_file_owes_only_a_decision_that_nobody_told() -> None:
    """K2."""
    untold = given.feedback("Wed 15 Jul 10:00", Decision.ROLE_FILLED)
    closed = ApplicationState.CLOSED
    asked = given.enquiry("Wed 15 Jul 09:00")
    told = given.contact("Wed 15 Jul 12:00", relays=["f1"])
    assert answer(given.application(state=closed, contacts=[asked]), "Thu 16 Jul 10:00").status == "closed"
    owing = given.application(state=closed, feedback=[untold], contacts=[asked])
    assert flagged(owing, "Thu 16 Jul 10:00") == ["decision_to_relay"]
    done = given.application(state=closed, feedback=[untold], contacts=[asked, told])
    assert answer(done, "Thu 16 Jul 10:00").status == "closed"


def test_a_closed_file_is_closed_while_its_last_duty_waits() -> None:
    """R5 in its order: closed comes before waiting."""
    application = given.application(
        state=ApplicationState.CLOSED,
        feedback=[given.feedback("Wed 15 Jul 10:00", Decision.REJECT)],
        contacts=[given.voicemail("Wed 15 Jul 11:00")],
    )
    assert answer(application, "Wed 15 Jul 12:00").status == "closed"
    assert waiting(application, "Wed 15 Jul 12:00") == {"decision_to_relay": "Wed 15 Jul 15:00"}
    assert flagged(application, "Wed 15 Jul 15:00") == ["decision_to_relay"]


def test_facts_dated_later_are_not_known_yet() -> None:
    application = given.application(
        debriefs=[given.debrief("Wed 15 Jul 11:30")],
        contacts=[given.contact("Thu 16 Jul 10:00", Outcome.LEFT_MESSAGE)],
    )
    assert flagged(application, "Wed 15 Jul 10:59") == ["debrief_due"]
    assert flagged(application, "Wed 15 Jul 11:30") == ["timescale_missing"]
