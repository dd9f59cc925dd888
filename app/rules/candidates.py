"""What is due to a candidate as a person, whatever the application: the preference review (K1)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from app.rules.drafts import Draft, Fact, overdue_step, step
from app.rules.facts import Application, Candidate, Contact
from app.rules.history import History
from app.rules.intervals import Interval, laid_out, spans
from app.rules.policy import Policy
from app.rules.reasons_direct import direct_move_on
from app.rules.reasons_to_candidate import move_on_suggested
from app.rules.restraint import Reason, restrained
from app.rules.situation import Case, Situation
from app.rules.turning_points import turning_points
from app.rules.vocabulary import NOES, ApplicationMode, ApplicationState, ReasonCode, Target


def candidate_reasons(
    candidate: Candidate, cases: Sequence[Case], policy: Policy, at: datetime
) -> list[Reason]:
    """The reasons that concern the candidate as a person, as known at an instant.

    `policy` is the agency's; each application comes with its own.
    """
    if not _may_be_reviewed(candidate, cases):
        return []
    return _reasons_at(as_a_person(candidate, cases), cases, policy, at, list(map(_move_on_talk, cases)))


def _reasons_at(
    person: Application,
    cases: Sequence[Case],
    policy: Policy,
    at: datetime,
    talks: Sequence[Contact | None],
) -> list[Reason]:
    situation = Situation(person, policy, at)
    ends = [Ending(Situation(*case, at), talk) for case, talk in zip(cases, talks, strict=True)]
    draft = preference_review(situation, ends)
    return [restrained(situation, draft)] if draft else []


def candidate_schedule(candidate: Candidate, cases: Sequence[Case], policy: Policy) -> list[Interval]:
    """Those reasons with the intervals in which they are shown, over all time."""
    if not _may_be_reviewed(candidate, cases):
        return []
    person = as_a_person(candidate, cases)
    known = {instant for case in cases for instant in turning_points(*case)}
    known |= turning_points(person, policy).keys()
    known |= {at for at in (candidate.registered_at, candidate.last_preference_review_at) if at}
    talks = list(map(_move_on_talk, cases))
    return laid_out(
        (start, end, _reasons_at(person, cases, policy, start, talks)) for start, end in spans(sorted(known))
    )


class Ending(NamedTuple):
    """An application as known at an instant, with the talk about moving on that it ever comes to."""

    situation: Situation
    move_on_talk: Contact | None

    @property
    def is_over(self) -> bool:
        """Whether it runs no more."""
        return self.situation.closed or self.situation.withdrawn

    @property
    def fact(self) -> Fact | None:
        """When it ended for the candidate: they withdrew, heard a no, or agreed to move on, whichever came last."""
        s, talk = self.situation, self.move_on_talk
        told = [s.told_of(f) for f in s.feedback if f.decision in NOES]
        ends = [Fact("contact", each.id, each.at) for each in (*told, talk) if each and s.knows(each.at)]
        if s.withdrawn:
            assert s.application.withdrawn_at is not None
            ends.append(Fact("withdrawal", None, s.application.withdrawn_at))
        return max(ends, key=attrgetter("at"), default=None)


def preference_review(person: Situation, endings: Sequence[Ending]) -> Draft | None:
    """K1: a candidate who seeks and has nothing running any more is asked what they want now."""
    if not all(ending.is_over for ending in endings):
        return None
    basis = _review_basis(person, endings)
    if basis is None:
        return None
    fact, days, words = basis
    office = person.office
    day = office.day_after(office.date_of(fact.at), days)
    due, overdue = office.start_of(day), office.end_of(office.day_after(day, 5))
    return Draft(
        ReasonCode.PREFERENCE_REVIEW,
        "K1",
        Target.CANDIDATE,
        due,
        overdue,
        None,
        (fact,),
        lambda: (
            step(f"{words} {{}}", fact.at),
            step("{} working days later: {}", days, due),
            overdue_step("overdue from {}", overdue),
        ),
    )


def _may_be_reviewed(candidate: Candidate, cases: Sequence[Case]) -> bool:
    """Whether the candidate seeks and every application ever comes to its end, as far as its facts tell."""
    return candidate.seeking and all(
        application.state is ApplicationState.CLOSED or application.withdrawn_at is not None
        for application, _ in cases
    )


def _review_basis(person: Situation, endings: Sequence[Ending]) -> tuple[Fact, int, str] | None:
    """What the review counts from: the last end, a later review, or the registration."""
    policy, candidate = person.policy, person.application.candidate
    end = max((fact for ending in endings if (fact := ending.fact)), key=attrgetter("at"), default=None)
    reviewed = candidate.last_preference_review_at
    if reviewed and person.knows(reviewed) and (end is None or reviewed > end.at):
        days = policy.preference_review_working_days
        return Fact("preference_review", None, reviewed), days, "preferences reviewed"
    if end:
        return end, policy.aftercare_working_days, "the last application ended"
    registered = candidate.registered_at
    if registered and person.knows(registered):
        days = policy.preference_review_working_days
        return Fact("registration", None, registered), days, "the candidate registered"
    return None


def _move_on_talk(case: Case) -> Contact | None:
    """The first word to the candidate at a time when moving on was due (F1, N1), as was known then.

    What came later does not undo it: another word of the client's, a chaser, or an absence, of which nobody knows since
    when it was foreseen.
    """
    application, policy = case
    client = replace(application.client, unavailable_until=None) if application.client else None
    open_file = replace(application, state=ApplicationState.ACTIVE, client=client)
    history = History(open_file)
    suggestion = direct_move_on if application.mode is ApplicationMode.DIRECT else move_on_suggested
    for talk in history.successes.facts:
        suggested = suggestion(Situation(open_file, policy, talk.at, history))
        if suggested and talk.at >= suggested.due_at:
            return talk
    return None


def as_a_person(candidate: Candidate, cases: Sequence[Case]) -> Application:
    """The candidate apart from any one job, so that pauses and attempts bear on the person as on the rest."""
    contacts = {*candidate.contacts, *(contact for case in cases for contact in case.application.contacts)}
    return Application(candidate.id, candidate, None, contacts=tuple(contacts))
