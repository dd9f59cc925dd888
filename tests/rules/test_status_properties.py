"""What holds of every history: the stored intervals and the rules asked at an instant tell one story."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise
from typing import TypeVar

import hypothesis
from hypothesis import strategies as st

from app.rules.candidates import candidate_reasons, candidate_schedule
from app.rules.explanations import explain
from app.rules.facts import Application, Candidate, Feedback, Hold
from app.rules.intervals import Course, Interval, schedule, touch_bases
from app.rules.policy import Policy
from app.rules.restraint import Reason
from app.rules.situation import Case, Situation
from app.rules.status import ApplicationStatus, evaluate, touch_base_from
from app.rules.vocabulary import ApplicationState, Decision, Level, Status
from tests import given
from tests.given import LONDON, SEASONS, files, histories, instants, policies
from tests.rules.properties import MOMENT, around, often

ENDINGS = st.sampled_from([d for d in Decision if d not in (Decision.UNDECIDED, Decision.ROLE_ON_HOLD)])
Facts = TypeVar("Facts")
Shown = set[tuple[str, datetime, datetime | None, datetime | None]]


def in_any_season(
    build: Callable[[date], st.SearchStrategy[Facts]],
) -> st.SearchStrategy[tuple[Facts, list[datetime]]]:
    """Facts of some weeks, with instants of those weeks and of the next to ask about."""
    return st.sampled_from(SEASONS).flatmap(
        lambda first: st.tuples(build(first), st.lists(instants(first, 60), max_size=8))
    )


def shown(reasons: Iterable[Reason]) -> Shown:
    return {(r.code, r.due_at, r.overdue_at, r.escalate_at) for r in reasons}


def covering(intervals: Iterable[Interval], now: datetime) -> Shown:
    return shown(i.reason for i in intervals if i.start <= now and (i.until is None or now < i.until))


def told(answer: ApplicationStatus, now: datetime) -> list[object]:
    """All that a status says, in words where it has some."""
    rows = (answer.reasons, answer.waiting, answer.future, answer.dropped)
    explained = [[(*shown([r]), r.flagged_from, explain(r, now, LONDON)) for r in row] for row in rows]
    return [answer.status, answer.touch_base_from, answer.next_action, *explained]


def told_of(application: Application) -> list[datetime]:
    """Instants at which only a chaser or the candidate's knowledge makes a difference."""
    return [*application.chased_at, *(feedback.available_at for feedback in application.feedback)]


def ends_of(intervals: Iterable[Interval]) -> list[datetime]:
    return sorted({t for i in intervals for t in (i.start, i.until) if t is not None})


@often
@hypothesis.given(in_any_season(lambda first: histories(first=first)), policies())
def test_intervals_agree_with_the_rules_at_every_instant(
    case: tuple[Application, list[datetime]], policy: Policy
) -> None:
    application, probes = case
    intervals = schedule(application, policy)
    facts = [c.at for c in application.contacts] + [f.received_at for f in application.feedback]
    for now in [*probes, *around(ends_of(intervals)), *around(facts)]:
        assert covering(intervals, now) == shown(evaluate(application, policy, now).reasons), now


@often
@hypothesis.given(in_any_season(lambda first: histories(first=first)), policies())
def test_a_course_says_what_the_rules_say_at_every_instant(
    case: tuple[Application, list[datetime]], policy: Policy
) -> None:
    application, probes = case
    course = Course(application, policy)
    for now in [*probes, *around(ends_of(course.intervals())), *around(told_of(application))]:
        status = evaluate(application, policy, now)
        assert told(course.status(now), now) == told(status, now), now
        assert course.word(now) is status.status, now


def test_a_course_knows_of_the_time_before_its_first_fact() -> None:
    course = Course(given.application(), Policy())
    status = course.status(given.at("Mon 13 Jul 10:00"))
    assert (status.status, status.upcoming and status.upcoming.code) == (Status.ON_TRACK, "debrief_due")


def test_intervals_of_a_closed_file_know_when_its_hold_ended() -> None:
    application = given.application(
        state=ApplicationState.CLOSED,
        feedback=[given.feedback("Wed 15 Jul 10:00", Decision.ROLE_ON_HOLD)],
        hold=given.hold("Wed 15 Jul 10:00", ended="Mon 20 Jul 10:00"),
    )
    now = given.at("Tue 21 Jul 10:00")
    assert covering(schedule(application, Policy()), now) == shown(
        evaluate(application, Policy(), now).reasons
    )


@often
@hypothesis.given(in_any_season(lambda first: files(first) | files(first, ApplicationState)), policies())
def test_intervals_of_a_candidate_agree_with_the_rules_at_every_instant(
    case: tuple[tuple[Candidate, list[Application]], list[datetime]], policy: Policy
) -> None:
    (person, applications), probes = case
    cases = [Case(application, policy) for application in applications]
    intervals = candidate_schedule(person, cases, policy)
    for now in [*probes, *around(ends_of(intervals))]:
        reasons = candidate_reasons(person, cases, policy, now)
        assert covering(intervals, now) == shown(r for r in reasons if r.is_flagged(now)), now


def test_intervals_of_a_candidate_know_when_the_hold_of_a_closed_file_ended() -> None:
    """The talk on 30 June came once moving on was due; that the hold ends later does not undo it."""
    application = given.application(
        candidate=given.candidate(seeking=True, registered="Mon 1 Jun 10:00"),
        state=ApplicationState.CLOSED,
        interviews=[given.interview("Mon 1 Jun 11:00")],
        contacts=[given.contact("Tue 30 Jun 10:00")],
        hold=given.hold(until="Mon 20 Jul"),
    )
    case = Case(application, Policy())
    file, now = (application.candidate, [case], Policy()), given.at("Tue 21 Jul 10:00")
    assert covering(candidate_schedule(*file), now) == shown(candidate_reasons(*file, now))


@often
@hypothesis.given(histories(), policies())
def test_nothing_changes_between_the_ends_of_intervals(application: Application, policy: Policy) -> None:
    for start, end in pairwise(ends_of(schedule(application, policy))):
        codes = [
            {reason.code for reason in evaluate(application, policy, now).reasons}
            for now in (start, start + (end - start) / 2, end - MOMENT)
        ]
        assert codes[0] == codes[1] == codes[2], (start, end)


@often
@hypothesis.given(histories(), policies(), instants(span=60))
def test_every_answer_is_whole(application: Application, policy: Policy, now: datetime) -> None:
    answer = evaluate(application, policy, now)
    flagged = {reason.code for reason in answer.reasons}
    assert len(flagged) == len(answer.reasons)
    assert flagged.isdisjoint(reason.code for reason in answer.waiting)
    assert (answer.next_action is not None) == bool(answer.reasons)
    assert all(reason.level(now) is not Level.SCHEDULED for reason in answer.reasons)
    assert all(reason.flagged_from > now for reason in answer.waiting)
    assert answer.upcoming is None or answer.status is Status.ON_TRACK
    assert answer.next_action is None or answer.next_action.not_before >= now


@often
@hypothesis.given(histories((ApplicationState.ACTIVE, ApplicationState.ON_HOLD)), ENDINGS, instants())
def test_an_untold_decision_is_not_betrayed(
    application: Application, decision: Decision, now: datetime
) -> None:
    before = Situation(_with_hold_in_step(application), Policy(), now)
    if before.round is None:
        return
    untold = Feedback("untold", before.round.id, _after_all_feedback(application), decision)
    after = Situation(_decided(before.application, untold), Policy(), now)
    assert touch_base_from(after) == touch_base_from(before)


def _with_hold_in_step(application: Application) -> Application:
    """The application as services keep it: on hold there is a hold that has not ended."""
    if application.state is not ApplicationState.ON_HOLD:
        return application
    return replace(application, hold=replace(application.hold or Hold(), ended_at=None))


def _after_all_feedback(application: Application) -> datetime:
    said = [feedback.received_at for feedback in application.feedback]
    return max(said, default=given.at("Mon 10 Aug 12:00")) + MOMENT


def _decided(application: Application, decision: Feedback) -> Application:
    """The application with its latest decision, which ends a hold (R6)."""
    hold = application.hold
    if hold and application.state is ApplicationState.ON_HOLD:
        hold = replace(hold, ended_at=max(decision.received_at, hold.since or decision.received_at))
    feedback = (*application.feedback, decision)
    return replace(application, state=ApplicationState.ACTIVE, hold=hold, feedback=feedback)


@often
@hypothesis.given(histories(), instants(), instants())
def test_a_comment_under_embargo_is_not_betrayed(
    application: Application, received: datetime, now: datetime
) -> None:
    before = Situation(application, Policy(), now)
    if before.round is None:
        return
    comment = Feedback("f9", before.round.id, received, Decision.UNDECIDED, now + MOMENT)
    commented = replace(application, feedback=(*application.feedback, comment))
    assert touch_base_from(Situation(commented, Policy(), now)) == touch_base_from(before)


@often
@hypothesis.given(histories(), policies(), instants())
def test_what_is_to_be_told_of_touching_base_holds_when_it_is_told(
    application: Application, policy: Policy, since: datetime
) -> None:
    for named, at in touch_bases(application, policy, since):
        assert evaluate(application, policy, at).touch_base_from == named


@often
@hypothesis.given(histories(), policies(), instants(span=60))
def test_every_reason_explains_itself(application: Application, policy: Policy, now: datetime) -> None:
    answer = evaluate(application, policy, now)
    for reason in (*answer.reasons, *answer.waiting, *answer.future):
        told = explain(reason, now, LONDON)
        assert told
        assert not set("{}") & set(told)
