"""What is due to a candidate as a person, whatever the application: the preference review (K1)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from app.rules.drafts import Draft, Fact, overdue_step, step
from app.rules.facts import Application, Candidate, Contact
from app.rules.intervals import Interval, laid_out, spans
from app.rules.policy import Policy
from app.rules.reasons_to_candidate import move_on_suggested
from app.rules.situation import Case, Situation
from app.rules.status import Reason, restrained
from app.rules.turning_points import turning_points
from app.rules.vocabulary import NOES, ApplicationState, ReasonCode, Target


def candidate_reasons(
    candidate: Candidate, cases: Sequence[Case], policy: Policy, at: datetime
) -> list[Reason]:
    """The reasons that concern the candidate as a person, as known at an instant.

    `policy` is the agency's; each application comes with its own.
    """
    person = Situation(_person(candidate, cases), policy, at)
    draft = preference_review(person, [Situation(*case, at) for case in cases])
    return [restrained(person, draft)] if draft else []


def candidate_schedule(candidate: Candidate, cases: Sequence[Case], policy: Policy) -> list[Interval]:
    """Those reasons with the intervals in which they are shown, over all time."""
    if not (candidate.seeking and all(_ends(case.application) for case in cases)):
        return []
    known = {instant for case in cases for instant in turning_points(*case)}
    known |= turning_points(_person(candidate, cases), policy).keys()
    known |= {at for at in (candidate.registered_at, candidate.last_preference_review_at) if at}
    return laid_out(
        (start, end, candidate_reasons(candidate, cases, policy, start))
        for start, end in spans(sorted(known))
    )


def preference_review(person: Situation, situations: Sequence[Situation]) -> Draft | None:
    """K1: a candidate who seeks and has nothing running is asked what they want now."""
    candidate = person.application.candidate
    if not candidate.seeking or not all(s.closed or s.withdrawn for s in situations):
        return None
    basis = _review_basis(person, situations)
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


def _ends(application: Application) -> bool:
    """Whether an application ever comes to its end, as far as its facts tell."""
    return application.state is ApplicationState.CLOSED or application.withdrawn_at is not None


def _review_basis(person: Situation, situations: Sequence[Situation]) -> tuple[Fact, int, str] | None:
    """What the review counts from: the last end, a later review, or the registration."""
    policy, candidate = person.policy, person.application.candidate
    end = max((fact for s in situations if (fact := _end_of(s))), key=lambda f: f.at, default=None)
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


def _end_of(s: Situation) -> Fact | None:
    """When an application ended for the candidate: they withdrew, heard a no, or agreed to move on."""
    if s.withdrawn:
        assert s.application.withdrawn_at is not None
        return Fact("withdrawal", None, s.application.withdrawn_at)
    told = [s.told_of(f) for f in s.feedback if f.decision in NOES]
    ends = [contact for contact in (*told, _move_on_talk(s)) if contact]
    last = max(ends, key=lambda c: c.at, default=None)
    return Fact("contact", last.id, last.at) if last else None


def _move_on_talk(s: Situation) -> Contact | None:
    """The first word to the candidate once moving on was due (F1), where the client never decided."""
    open_file = Situation(replace(s.application, state=ApplicationState.ACTIVE), s.policy, s.at)
    suggested = move_on_suggested(open_file)
    if suggested is None:
        return None
    return _first(c for c in s.successes if c.at >= suggested.due_at)


def _first(contacts: Iterable[Contact]) -> Contact | None:
    return next(iter(contacts), None)


def _person(candidate: Candidate, cases: Sequence[Case]) -> Application:
    """The candidate apart from any one job, so that pauses and attempts bear on a review as on the rest."""
    contacts = {contact for case in cases for contact in case.application.contacts}
    return Application(candidate.id, candidate, None, contacts=tuple(contacts))
