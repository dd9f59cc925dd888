"""The reasons of somebody who applied without an agency (N1): they owe the interviewer a word themselves."""

from datetime import timedelta

from app.rules.drafts import Draft, Fact, counted, due_step, step
from app.rules.expectations import expectation_steps
from app.rules.facts import is_delivered
from app.rules.situation import Situation
from app.rules.vocabulary import Purpose, ReasonCode, Target


def thank_you_due(s: Situation) -> Draft | None:
    """N1: thank the interviewer within a day, by the clock."""
    if not s.awaiting or s.round is None or _has_thanked(s):
        return None
    end = s.round.end
    overdue = end + timedelta(hours=24)
    return Draft(
        ReasonCode.THANK_YOU_DUE,
        "N1",
        Target.INTERVIEWER,
        end,
        overdue,
        None,
        (Fact("interview", s.round.id, end),),
        lambda: (step("interview ended {}", end), step("send a note of thanks by {}", overdue)),
    )


def touch_base_due(s: Situation) -> Draft | None:
    """N1: the time the interviewer named has passed; ask, and not more often than is gracious."""
    expected = s.expectation
    if not s.awaiting or expected is None or len(s.touches) >= s.policy.direct_max_follow_ups:
        return None
    due = s.office.roll(expected.at)
    return Draft(
        ReasonCode.TOUCH_BASE_DUE,
        "N1",
        Target.INTERVIEWER,
        due,
        None,
        None,
        (expected.fact,),
        lambda: (*expectation_steps(s, expected), due_step("touch base from {}", due)),
    )


def direct_move_on(s: Situation) -> Draft | None:
    """N1: enough notes without an answer; move on."""
    touches, expected = s.touches, s.expectation
    if not s.awaiting or expected is None or len(touches) < s.policy.direct_max_follow_ups:
        return None
    days, last = s.policy.direct_cooldown_working_days, touches[-1]
    cooled, passed = s.office.add_days(last.at, days), s.office.roll(expected.at)
    due = max(cooled, passed)
    agreed = s.application.continue_until
    if agreed:
        due = max(due, s.office.start_of(agreed))
    return Draft(
        ReasonCode.MOVE_ON_SUGGESTED,
        "N1",
        Target.CANDIDATE,
        due,
        None,
        None,
        (Fact("contact", last.id, last.at),),
        lambda: (
            step("{} without an answer, the last on {}", counted(len(touches), "note"), last.at),
            step("{} to wait for one", counted(days, "working day")),
            *(expectation_steps(s, expected) if passed > cooled else ()),
            *([step("you wanted to wait until {}", agreed)] if agreed else []),
            due_step("move on from {}", due),
        ),
    )


def _has_thanked(s: Situation) -> bool:
    assert s.round is not None
    end = s.round.end
    return any(
        is_delivered(c) and c.purpose is Purpose.THANK_YOU and c.at >= end for c in s.interviewer_contacts
    )
