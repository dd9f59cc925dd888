"""What the rules answer, in words short enough to stand in a test."""

from collections.abc import Sequence

from app.rules.candidates import candidate_reasons
from app.rules.facts import Application, Candidate
from app.rules.policy import Policy
from app.rules.restraint import Reason
from app.rules.situation import Case
from app.rules.status import ApplicationStatus, evaluate
from tests.given import at, words

DEFAULT = Policy()
Times = tuple[str | None, str | None, str | None]


def answer(application: Application, now: str, policy: Policy = DEFAULT) -> ApplicationStatus:
    """Everything the rules say."""
    return evaluate(application, policy, at(now))


def flagged(application: Application, now: str, policy: Policy = DEFAULT) -> list[str]:
    """The codes shown, in their order."""
    return [str(reason.code) for reason in answer(application, now, policy).reasons]


def levels(application: Application, now: str, policy: Policy = DEFAULT) -> dict[str, str]:
    """The codes shown, each with its level."""
    shown = answer(application, now, policy).reasons
    return {str(reason.code): str(reason.level(at(now))) for reason in shown}


def waiting(application: Application, now: str, policy: Policy = DEFAULT) -> dict[str, str | None]:
    """The codes kept quiet, each with its resume_at."""
    return {str(r.code): words(r.flagged_from) for r in answer(application, now, policy).waiting}


def upcoming(application: Application, now: str, policy: Policy = DEFAULT) -> tuple[str, str | None] | None:
    """The reason that comes next, with its due time."""
    reason = answer(application, now, policy).upcoming
    return (str(reason.code), words(reason.due_at)) if reason else None


def times(application: Application, now: str, code: str, policy: Policy = DEFAULT) -> Times | None:
    """When a reason is due, overdue and escalated, be it shown, waiting or to come; None if there is none."""
    found = answer(application, now, policy)
    everything = (*found.reasons, *found.waiting, *found.future)
    return next((times_of(reason) for reason in everything if reason.code == code), None)


def times_of(reason: Reason) -> Times:
    """When a reason is due, overdue and escalated."""
    return words(reason.due_at), words(reason.overdue_at), words(reason.escalate_at)


def touch_base_from(application: Application, now: str, policy: Policy = DEFAULT) -> str | None:
    """The instant from which the candidate may ask."""
    return words(answer(application, now, policy).touch_base_from)


def not_before(application: Application, now: str, policy: Policy = DEFAULT) -> str | None:
    """The instant before which nobody is called."""
    action = answer(application, now, policy).next_action
    return words(action.not_before) if action else None


def review(*applications: Application, now: str, policy: Policy = DEFAULT) -> Times | None:
    """When the preference review of the applications' candidate is due, be it shown or not."""
    reason = _review(applications[0].candidate, applications, now, policy)
    return times_of(reason) if reason else None


def review_shown_from(candidate: Candidate, *applications: Application, now: str) -> str | None:
    """When the preference review of a candidate is shown, after any rest."""
    reason = _review(candidate, applications, now, DEFAULT)
    return words(reason.flagged_from) if reason else None


def _review(
    candidate: Candidate, applications: Sequence[Application], now: str, policy: Policy
) -> Reason | None:
    cases = [Case(application, policy) for application in applications]
    return next(iter(candidate_reasons(candidate, cases, policy, at(now))), None)
