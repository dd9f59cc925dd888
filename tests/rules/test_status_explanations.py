"""Every reason can say why, step by step; and the page of the rules names them all."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from app.rules.candidates import candidate_reasons
from app.rules.drafts import Fact
from app.rules.explanations import explain
from app.rules.facts import Application
from app.rules.policy import Policy
from app.rules.situation import Case
from app.rules.vocabulary import ApplicationMode, ApplicationState, Decision, ReasonCode, TimescaleSource
from tests import given
from tests.given import LONDON, at
from tests.rules.answers import DEFAULT, answer

RULES = (Path(__file__).parents[2] / "app" / "templates" / "rules.md").read_text(encoding="utf-8")
AWAITED: dict[str, Any] = {
    "debriefs": [given.debrief("Tue 14 Jul 11:30")],
    "timescales": [given.said("Wed 15 Jul 10:00", date="Fri 17 Jul", phrase="by Friday")],
}


WITHIN_20_DAYS = given.policy(statutory_notice_days=20)


def told(application: Application, now: str, code: str, policy: Policy = WITHIN_20_DAYS) -> str:
    found = answer(application, now, policy)
    reasons = [r for r in (*found.reasons, *found.waiting, *found.future) if r.code == code]
    if code == ReasonCode.PREFERENCE_REVIEW:
        reasons = candidate_reasons(application.candidate, [Case(application, DEFAULT)], DEFAULT, at(now))
    return explain(reasons[0], at(now), LONDON)


def test_the_arithmetic_of_a_late_answer() -> None:
    """Worked example B06, with the client's words."""
    assert told(given.application(**AWAITED), "Mon 20 Jul 09:00", "client_response_due") == (
        "client said Wed 15 Jul 'by Friday' → Fri 17 Jul 17:30 → chase from Mon 20 Jul 09:00"
        " → overdue from Wed 22 Jul 09:00"
    )


def test_the_clients_words_are_told_as_they_are() -> None:
    odd = given.said("Wed 15 Jul 10:00", date="Fri 17 Jul", phrase="by {Friday} {} {0}")
    application = given.application(timescales=[odd])
    assert "'by {Friday} {} {0}'" in told(application, "Mon 20 Jul 09:00", "client_response_due")


EXPLAINED: list[tuple[str, dict[str, Any], str]] = [
    ("debrief_due", {}, "interview ended Tue 14 Jul 11:00"),
    ("timescale_missing", {}, "ask the client from Wed 15 Jul 11:00"),
    ("client_response_due", {}, "assumed 5 working days after the interview ended Tue 14 Jul 11:00"),
    (
        "decision_to_relay",
        {"feedback": [given.feedback("Wed 15 Jul 14:00", Decision.NEXT_STAGE, embargo="Fri 17 Jul 12:00")]},
        "the client wants a next stage, said Wed 15 Jul 14:00 → under embargo until Fri 17 Jul 12:00",
    ),
    ("feedback_to_relay", {"feedback": [given.feedback("Wed 15 Jul 14:00")]}, "received Wed 15 Jul 14:00"),
    (
        "feedback_to_relay",
        {"feedback": [given.feedback("Wed 15 Jul 14:00", discriminates=True)]},
        "flagged as discriminating, so it goes to the manager before anything is relayed",
    ),
    (
        "courtesy_update_due",
        AWAITED,
        "debrief taken Tue 14 Jul 11:30 → a word every 5 working days: Tue 21 Jul",
    ),
    (
        "promised_update_due",
        {"contacts": [given.promise("Wed 15 Jul 10:00", by_date="Fri 17 Jul")]},
        "promised Wed 15 Jul 10:00 to speak by Fri 17 Jul → due from Fri 17 Jul 09:00 → overdue from Fri 17 Jul 17:30",
    ),
    (
        "candidate_enquiry_open",
        {"contacts": [given.enquiry("Wed 15 Jul 18:00")]},
        "answer from Thu 16 Jul 09:00",
    ),
    (
        "move_on_suggested",
        AWAITED | {"contacts": [given.reply("Tue 4 Aug 10:00")], "continue_until": "Tue 4 Aug"},
        "last word came Tue 4 Aug 10:00, then no answer for 10 working days → the candidate agreed to wait",
    ),
    (
        "withdrawal_to_relay",
        {"withdrawn": "Wed 15 Jul 14:00"},
        "overdue after 4 working hours, Thu 16 Jul 09:30",
    ),
    (
        "candidate_unresponsive",
        {
            "contacts": [
                given.voicemail("Tue 14 Jul 11:20"),
                given.voicemail("Wed 15 Jul 11:20"),
                given.note("Thu 16 Jul 10:00"),
            ]
        },
        "3 attempts without an answer, the last on Thu 16 Jul 10:00 → one written note from Fri 17 Jul 10:00",
    ),
    (
        "slip_to_relay",
        {
            "timescales": [
                given.said("Wed 15 Jul 10:00", date="Fri 17 Jul"),
                given.said("Fri 17 Jul 14:00", date="Fri 24 Jul"),
            ]
        },
        "on Fri 17 Jul 14:00 the client moved the answer from Fri 17 Jul 17:30 to Fri 24 Jul 17:30",
    ),
    (
        "job_change_to_relay",
        {"job_changes": [given.job_change("Thu 16 Jul 18:00", "salary", "location")]},
        "the job's salary and location changed Thu 16 Jul 18:00 → tell the candidate from Fri 17 Jul 09:00",
    ),
    (
        "next_step_missing",
        {"feedback": [given.feedback("Wed 15 Jul 14:00", Decision.NEXT_STAGE)]},
        "next stage announced Wed 15 Jul 14:00, nothing booked → ask the client from Fri 17 Jul 14:00",
    ),
    (
        "hold_review",
        {"state": ApplicationState.ON_HOLD, "hold": given.hold("Wed 15 Jul 12:00")},
        "on hold since Wed 15 Jul 12:00, reviewed after 10 working days → ask the client from Wed 29 Jul 09:00",
    ),
    (
        "competing_deadline",
        {"debriefs": [given.debrief(rivals=[given.rival("Mon 20 Jul", shared=True)])]},
        "must answer elsewhere by Mon 20 Jul, before this client's answer → ask the client to hurry",
    ),
    (
        "statutory_notice_due",
        {},
        "the law wants a notice within 20 days, so by Mon 3 Aug 17:30",
    ),
    (
        "thank_you_due",
        {"mode": ApplicationMode.DIRECT},
        "interview ended Tue 14 Jul 11:00 → send a note of thanks by Wed 15 Jul 11:00",
    ),
    (
        "touch_base_due",
        {"mode": ApplicationMode.DIRECT, "contacts": [given.to_interviewer("Fri 17 Jul 10:00")]},
        "after the interview ended Tue 14 Jul 11:00 → touch base from Tue 21 Jul 11:00",
    ),
    (
        "preference_review",
        {
            "candidate": given.candidate(seeking=True, registered="Mon 1 Jun 10:00"),
            "state": ApplicationState.CLOSED,
        },
        "the candidate registered Mon 1 Jun 10:00",
    ),
]


@pytest.mark.parametrize(("code", "facts", "words"), EXPLAINED, ids=[code for code, *_ in EXPLAINED])
def test_every_kind_of_reason_explains_itself(code: str, facts: dict[str, Any], words: str) -> None:
    now = "Tue 4 Aug 12:00" if code == ReasonCode.MOVE_ON_SUGGESTED else "Fri 17 Jul 15:00"
    explanation = told(given.application(**facts), now, code)
    assert words in explanation
    assert not set("{}") & set(explanation)


def test_a_pause_an_absence_and_a_cool_down_are_explained() -> None:
    paused = given.application(
        candidate=given.candidate(pause=given.pause("Wed 15 Jul 09:00", "Mon 27 Jul 09:00"))
    )
    assert "asked not to be contacted, so from Mon 27 Jul 09:00" in told(
        paused, "Thu 16 Jul 10:00", "debrief_due"
    )
    away = given.application(client=given.client(away_until="Thu 23 Jul 09:00"), **AWAITED)
    assert "away until Thu 23 Jul 09:00" in told(away, "Mon 20 Jul 10:00", "client_response_due")
    chased = given.application(contacts=[given.chaser("Mon 20 Jul 10:00")], **AWAITED)
    assert told(chased, "Mon 20 Jul 12:00", "client_response_due").endswith("quiet until Thu 23 Jul 10:00")


def test_a_pause_says_when_the_reason_is_overdue_now() -> None:
    paused = given.application(
        candidate=given.candidate(pause=given.pause("Wed 15 Jul 09:00", "Fri 17 Jul 12:00")),
        debriefs=[given.debrief()],
        feedback=[given.feedback("Wed 15 Jul 13:30", Decision.REJECT)],
    )
    assert told(paused, "Thu 16 Jul 10:00", "decision_to_relay") == (
        "the client said no on Wed 15 Jul 13:30"
        " → the candidate asked not to be contacted, so from Fri 17 Jul 12:00 → overdue from Fri 17 Jul 17:30"
    )


NEWS = [
    (Decision.OFFER, "the client made an offer on"),
    (Decision.NEXT_STAGE, "the client wants a next stage, said"),
    (Decision.REJECT, "the client said no on"),
    (Decision.ROLE_ELIMINATED, "the client gave the role up on"),
    (Decision.ROLE_FILLED, "the client filled the role on"),
    (Decision.ROLE_FILLED_INTERNALLY, "the client filled the role from within on"),
]


@pytest.mark.parametrize(("decision", "words"), NEWS)
def test_a_decision_is_told_as_people_say_it(decision: Decision, words: str) -> None:
    application = given.application(feedback=[given.feedback("Wed 15 Jul 13:30", decision)])
    explanation = told(application, "Wed 15 Jul 14:00", "decision_to_relay")
    assert explanation.startswith(f"{words} Wed 15 Jul 13:30 → overdue after ")


def test_a_role_put_on_hold_is_told() -> None:
    held = given.application(
        state=ApplicationState.ON_HOLD,
        hold=given.hold("Wed 15 Jul 18:00"),
        feedback=[given.feedback("Wed 15 Jul 18:00", Decision.ROLE_ON_HOLD)],
    )
    assert told(held, "Thu 16 Jul 10:00", "decision_to_relay").startswith(
        "the client put the role on hold on Wed 15 Jul 18:00 → tell the candidate from Thu 16 Jul 09:00"
    )


def test_a_promise_for_a_free_day_tells_the_day_promised() -> None:
    application = given.application(contacts=[given.promise("Wed 15 Jul 10:00", by="Sat 18 Jul 12:00")])
    assert told(application, "Wed 15 Jul 11:00", "promised_update_due") == (
        "promised Wed 15 Jul 10:00 to speak by Sat 18 Jul 12:00"
        " → a day off, so the working day before it, Fri 17 Jul"
        " → due from Fri 17 Jul 09:00 → overdue from Fri 17 Jul 17:30"
    )


def test_the_grace_that_a_client_has_is_told() -> None:
    grace = given.policy(client_grace_working_hours=4)
    explanation = told(given.application(**AWAITED), "Mon 20 Jul 14:00", "client_response_due", grace)
    assert "→ Fri 17 Jul 17:30 → 4 working hours of grace → chase from Mon 20 Jul 13:00" in explanation


def test_a_client_back_on_a_free_day_is_back_at_work_later() -> None:
    away = given.application(client=given.client(away_until="Sat 25 Jul 12:00"), **AWAITED)
    words = "client contact away until Sat 25 Jul 12:00, back at work Mon 27 Jul 09:00"
    assert f"Fri 17 Jul 17:30 → {words} → overdue" in told(away, "Mon 20 Jul 10:00", "client_response_due")
    silent = given.application(client=given.client(away_until="Sat 25 Jul 12:00"))
    assert words in told(silent, "Mon 20 Jul 10:00", "timescale_missing")


def test_a_direct_applicant_is_told_the_wait_and_the_day_agreed() -> None:
    application = given.application(
        mode=ApplicationMode.DIRECT,
        contacts=[given.to_interviewer("Tue 21 Jul 12:00"), given.to_interviewer("Tue 28 Jul 12:00")],
        continue_until="Sat 8 Aug",
    )
    assert told(application, "Wed 29 Jul 10:00", "move_on_suggested") == (
        "2 notes without an answer, the last on Tue 28 Jul 12:00 → 5 working days to wait for one"
        " → you wanted to wait until Sat 8 Aug → move on from Sat 8 Aug 09:00"
    )


def test_a_direct_applicant_who_asked_early_is_told_when_the_answer_is_expected() -> None:
    application = given.application(
        mode=ApplicationMode.DIRECT,
        contacts=[given.to_interviewer("Wed 15 Jul 12:00"), given.to_interviewer("Thu 16 Jul 12:00")],
        timescales=[given.said("Tue 14 Jul 11:00", date="Fri 31 Jul")],
    )
    assert told(application, "Fri 17 Jul 10:00", "move_on_suggested").endswith(
        "→ 5 working days to wait for one → client said Tue 14 Jul → Fri 31 Jul 17:30 → move on from Mon 3 Aug 09:00"
    )


def test_a_slip_from_what_only_the_candidate_had_heard() -> None:
    heard = given.said("Tue 14 Jul 12:00", date="Thu 16 Jul", source=TimescaleSource.CANDIDATE)
    application = given.application(
        timescales=[heard, given.said("Wed 15 Jul 10:00", date="Fri 24 Jul")],
    )
    assert told(application, "Wed 15 Jul 11:00", "slip_to_relay") == (
        "the candidate had heard of an answer by Thu 16 Jul 17:30,"
        " but on Wed 15 Jul 10:00 the client said by Fri 24 Jul 17:30 → overdue from Thu 16 Jul 10:00"
    )


def test_an_answer_assumed_after_a_hold_or_after_comments() -> None:
    ended = given.hold("Wed 15 Jul 10:00", ended="Mon 20 Jul 10:00")
    held = given.application(debriefs=[given.debrief()], hold=ended)
    assert (
        "assumed 5 working days after the hold ended Mon 20 Jul 10:00 → chase from Mon 27 Jul 10:00"
        in told(held, "Tue 21 Jul 10:00", "client_response_due")
    )
    reasons = answer(held, "Tue 21 Jul 10:00").future
    [due] = [reason for reason in reasons if reason.code is ReasonCode.CLIENT_RESPONSE_DUE]
    assert due.facts == (Fact("hold_end", None, at("Mon 20 Jul 10:00")),)
    commented = given.application(feedback=[given.feedback("Wed 15 Jul 14:00")])
    assert "after the client's comments of Wed 15 Jul 14:00" in told(
        commented, "Thu 16 Jul 10:00", "client_response_due"
    )


def test_long_words_are_cut_and_told_on_one_line() -> None:
    phrase = "by  Friday,\nI hope; " + "or later " * 100
    application = given.application(
        timescales=[given.said("Wed 15 Jul 10:00", date="Fri 17 Jul", phrase=phrase)]
    )
    assert told(application, "Mon 20 Jul 09:00", "client_response_due").startswith(
        "client said Wed 15 Jul 'by Friday, I hope; or later or later or later or later or l…' → Fri 17 Jul 17:30"
    )


def test_a_rest_that_is_over_is_not_told() -> None:
    application = given.application(contacts=[given.voicemail("Tue 14 Jul 12:00")])
    resting, rested = (
        told(application, now, "debrief_due") for now in ("Tue 14 Jul 15:59", "Tue 14 Jul 16:00")
    )
    assert resting.endswith("last attempt Tue 14 Jul 12:00, so quiet until Tue 14 Jul 16:00")
    assert "last attempt" not in rested


def test_what_has_escalated_says_since_when() -> None:
    before, after = (
        told(given.application(), now, "debrief_due") for now in ("Thu 16 Jul 14:59", "Thu 16 Jul 15:00")
    )
    assert "escalated" not in before
    assert after == f"{before} → escalated since Thu 16 Jul 15:00"


def test_every_reason_built_is_explained_here() -> None:
    assert {code for code, *_ in EXPLAINED} == {str(code) for code in ReasonCode}


# The page of the rules


@pytest.mark.parametrize("name", [field.name for field in fields(Policy)])
def test_the_page_names_every_parameter_with_its_default(name: str) -> None:
    row = re.search(rf"^\| `{name}` \| ([^|]+) \|", RULES, re.MULTILINE)
    assert row is not None
    defaults = {**DEFAULT.parameters, "working_hours": {}}
    assert row[1].strip() == f"`{json.dumps(defaults[name])}`"


@pytest.mark.parametrize("code", list(ReasonCode))
def test_the_page_names_every_reason(code: ReasonCode) -> None:
    assert f"`{code}`" in RULES


def test_the_page_names_every_rule_that_a_reason_may_cite() -> None:
    cited = [
        "B1",
        "C1",
        "D1",
        "E1",
        "E2",
        "E3",
        "F1",
        "H1",
        "H2",
        "J1",
        "K1",
        "K2",
        "G1",
        "G2",
        "G3",
        "G4",
        "G5",
        "M1",
        "M2",
        "P1",
        "N0",
        "X",
    ]
    cited += [f"T{n}" for n in range(1, 9)] + [f"R{n}" for n in range(1, 7)]
    assert [rule for rule in cited if f"**{rule}**" not in RULES] == []
