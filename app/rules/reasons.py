"""Which rules are asked of an application, by where it stands."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from app.rules.drafts import Draft
from app.rules.history import Kind
from app.rules.reasons_direct import direct_move_on, thank_you_due, touch_base_due
from app.rules.reasons_to_candidate import (
    candidate_enquiry_open,
    candidate_unresponsive,
    coming_debrief_due,
    courtesy_update_due,
    debrief_due,
    move_on_suggested,
    promised_update_due,
    statutory_notice_due,
)
from app.rules.reasons_to_client import (
    client_response_due,
    competing_deadline,
    hold_review,
    next_step_missing,
    timescale_missing,
    withdrawal_to_relay,
)
from app.rules.reasons_to_relay import (
    decision_to_relay,
    feedback_to_relay,
    job_change_to_relay,
    slip_to_relay,
)
from app.rules.situation import Situation
from app.rules.vocabulary import ApplicationMode


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule, and the kinds of fact that it reads: when none of them becomes known its answer stays what it is."""

    ask: Callable[[Situation], Draft | None]
    reads: frozenset[Kind]


def _rule(ask: Callable[[Situation], Draft | None], *reads: Kind) -> Rule:
    return Rule(ask, frozenset({Kind.TURN, *reads}))


_DECISION_TO_RELAY = _rule(decision_to_relay, Kind.CANDIDATE_CONTACT)
_JOB_CHANGE_TO_RELAY = _rule(job_change_to_relay, Kind.JOB_CHANGE, Kind.CANDIDATE_CONTACT)

# The order does not matter here: the due list sorts by P1.
OPEN_RULES: tuple[Rule, ...] = (
    _rule(debrief_due, Kind.DEBRIEF, Kind.CANDIDATE_CONTACT, Kind.CANDIDATE_ATTEMPT),
    _rule(coming_debrief_due),
    _rule(candidate_unresponsive, Kind.DEBRIEF, Kind.CANDIDATE_CONTACT, Kind.CANDIDATE_ATTEMPT),
    _rule(timescale_missing, Kind.COMMENT, Kind.TIMESCALE, Kind.CLIENT_CONTACT),
    _rule(client_response_due, Kind.COMMENT, Kind.TIMESCALE, Kind.CLIENT_CONTACT),
    _rule(slip_to_relay, Kind.COMMENT, Kind.TIMESCALE, Kind.CANDIDATE_CONTACT),
    _DECISION_TO_RELAY,
    _rule(feedback_to_relay, Kind.COMMENT, Kind.CANDIDATE_CONTACT),
    _JOB_CHANGE_TO_RELAY,
    _rule(next_step_missing, Kind.COMMENT, Kind.TIMESCALE),
    _rule(courtesy_update_due, Kind.COMMENT, Kind.DEBRIEF, Kind.TIMESCALE, Kind.CANDIDATE_CONTACT),
    _rule(promised_update_due, Kind.CANDIDATE_CONTACT),
    _rule(candidate_enquiry_open, Kind.CANDIDATE_CONTACT),
    _rule(move_on_suggested, Kind.COMMENT, Kind.TIMESCALE, Kind.CLIENT_CONTACT),
    _rule(hold_review),
    _rule(
        competing_deadline,
        Kind.COMMENT,
        Kind.DEBRIEF,
        Kind.TIMESCALE,
        Kind.CANDIDATE_CONTACT,
        Kind.CLIENT_CONTACT,
    ),
    _rule(statutory_notice_due, Kind.CANDIDATE_CONTACT),
)

# K2: of a closed application only the duty to tell the candidate how it stands stays alive.
CLOSED_RULES: tuple[Rule, ...] = (_DECISION_TO_RELAY, _JOB_CHANGE_TO_RELAY)

# J1: once the candidate has withdrawn every other reason vanishes.
WITHDRAWN_RULES: tuple[Rule, ...] = (_rule(withdrawal_to_relay, Kind.CLIENT_CONTACT),)

# N1: nobody at an agency owes anything; what the applicant owes ends with the application.
DIRECT_RULES: tuple[Rule, ...] = (
    _rule(thank_you_due, Kind.INTERVIEWER_CONTACT),
    _rule(touch_base_due, Kind.COMMENT, Kind.TIMESCALE, Kind.INTERVIEWER_CONTACT),
    _rule(direct_move_on, Kind.COMMENT, Kind.TIMESCALE, Kind.INTERVIEWER_CONTACT),
)


# The rules that are asked of a situation, each with its answer.
Answers = dict[Rule, Draft | None]


def answers_of(s: Situation) -> Answers:
    """What the rules say to the facts known now."""
    return {rule: rule.ask(s) for rule in _rules_for(s)}


def answers_after(before: Answers, news: frozenset[Kind], s: Situation) -> Answers:
    """The same where the answers before some facts became known are at hand: only who reads those is asked."""
    if not before or Kind.TURN in news:
        return answers_of(s)
    return before | {rule: rule.ask(s) for rule in _readers(news) if rule in before}


def drafts_of(answers: Answers) -> list[Draft]:
    """The draft reasons among answers."""
    return [draft for draft in answers.values() if draft is not None]


@cache
def _readers(news: frozenset[Kind]) -> list[Rule]:
    rules = (*OPEN_RULES, *WITHDRAWN_RULES, *DIRECT_RULES)
    return [rule for rule in rules if not rule.reads.isdisjoint(news)]


def _rules_for(s: Situation) -> tuple[Rule, ...]:
    if is_direct(s):
        return () if s.withdrawn or s.closed else DIRECT_RULES
    if s.withdrawn:
        return WITHDRAWN_RULES
    return CLOSED_RULES if s.closed else OPEN_RULES


def is_direct(s: Situation) -> bool:
    """Whether the candidate applied without an agency (N1)."""
    return s.application.mode is ApplicationMode.DIRECT
