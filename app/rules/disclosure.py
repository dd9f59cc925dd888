"""What the candidate knows of an application (N0, rulebook 9): a world of its own.

In it a decision that they have not been told has not been made, and neither it nor anything under embargo has had any
effect: on a hold, on the closing of the file, on when an answer is expected.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile
from operator import attrgetter

from app.rules.facts import Application, Feedback, GivenTimescale, Hold, end_of_hold
from app.rules.situation import Situation
from app.rules.vocabulary import ENDS_HOLD, ApplicationState, Decision, TimescaleSource


def disclosed(s: Situation) -> Situation:
    """The application as the candidate knows it at the same instant."""
    received = _received(s)
    versions = [_known_version(s, feedback) for feedback in received]
    known = [version for version in versions if version]
    hidden = [feedback for feedback in received if feedback not in known]
    if not hidden and known == list(s.history.feedback.until(s.at)):
        return s
    timescales = _timescales(s.application, known, hidden)
    state, hold = _standing(s, known, hidden)
    world = replace(
        s.application, state=state, hold=hold, feedback=tuple(known), timescales=tuple(timescales)
    )
    return Situation(world, s.policy, s.at)


def _received(s: Situation) -> list[Feedback]:
    """The latest record of each piece of news that had been received by then; what comes later has no effect yet."""
    versions = [[v for v in f.versions if s.knows(v.received_at)] for f in s.history.feedback.facts]
    return [latest_first[0] for latest_first in versions if latest_first]


def _known_version(s: Situation, feedback: Feedback) -> Feedback | None:
    """The latest record of some news that exists for the candidate: what was told stands until they hear otherwise."""
    return next((version for version in feedback.versions if _exists(s, version)), None)


def _exists(s: Situation, feedback: Feedback) -> bool:
    is_news = feedback.decision is not Decision.UNDECIDED
    return s.knows(feedback.available_at) and not (is_news and not s.is_relayed(feedback))


def _timescales(
    application: Application, known: Sequence[Feedback], hidden: Sequence[Feedback]
) -> list[GivenTimescale]:
    """Those that did not come in one breath with something hidden, or with a record that it corrects."""
    versions = {_breath(version) for feedback in hidden for version in feedback.versions}
    unheard = versions - {_breath(feedback) for feedback in known}
    return [
        given
        for given in application.timescales
        if given.source is TimescaleSource.CANDIDATE or (given.interview_id, given.given_at) not in unheard
    ]


def _breath(feedback: Feedback) -> tuple[object, ...]:
    return feedback.interview_id, feedback.received_at


def _standing(
    s: Situation, known: Sequence[Feedback], hidden: Sequence[Feedback]
) -> tuple[ApplicationState, Hold | None]:
    """The state and the hold without what is hidden and what it did to them (R6)."""
    state, hold = s.application.state, s.application.hold
    if s.closed and s.decision in hidden:
        state = ApplicationState.ACTIVE
    if _is_hold_hidden(hold, known, hidden):
        return (ApplicationState.ACTIVE if state is ApplicationState.ON_HOLD else state), None
    if state is not ApplicationState.ACTIVE:
        return state, hold
    corrected = _corrected_hold(known, s.application.feedback)
    if corrected:
        return ApplicationState.ON_HOLD, Hold(corrected.received_at)
    if hold and any(_ended(feedback, s, hold) for feedback in hidden):
        return ApplicationState.ON_HOLD, replace(hold, ended_at=None)
    return state, hold


def _is_hold_hidden(hold: Hold | None, known: Sequence[Feedback], hidden: Sequence[Feedback]) -> bool:
    """Whether the hold began with the client's word, and that is hidden.

    Another decision ends what was said before it. A hold from before that word was noted by somebody, and is known.
    """
    holds = [feedback for feedback in hidden if feedback.decision is Decision.ROLE_ON_HOLD]
    latest_first = sorted([*_decisions(known), *holds], key=attrgetter("received_at"), reverse=True)
    said = list(takewhile(lambda f: f.decision is Decision.ROLE_ON_HOLD, latest_first))
    if not said or any(feedback in known for feedback in said):
        return False
    return hold is None or hold.since is None or hold.since >= min(f.holds_from for f in said)


def _corrected_hold(known: Sequence[Feedback], recorded: Sequence[Feedback]) -> Feedback | None:
    """The latest decision known, if it is a hold that a correction has taken back without a word to the candidate."""
    latest = max(_decisions(known), key=attrgetter("received_at"), default=None)
    if latest is None or latest.decision is not Decision.ROLE_ON_HOLD or latest in recorded:
        return None
    return latest


def _decisions(known: Sequence[Feedback]) -> list[Feedback]:
    return [feedback for feedback in known if feedback.decision is not Decision.UNDECIDED]


def _ended(feedback: Feedback, s: Situation, hold: Hold) -> bool:
    """Whether a decision ended the hold, and nothing else: who has been at another interview since it began knows."""
    if s.round is None or hold.ended_at is None:
        return False
    if feedback.interview_id != s.round.id and (hold.since is None or s.round.end > hold.since):
        return False
    return feedback.decision in ENDS_HOLD and hold.ended_at == end_of_hold(feedback.received_at, hold.since)
