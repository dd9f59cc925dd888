"""What speaks against a contact about to be made, and until when: not bombarding (rulebook, section 5), embargoes.

It is help, not a lock: a contact that was made all the same is a fact like any other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from app.rules.candidates import as_a_person
from app.rules.drafts import counted
from app.rules.facts import Candidate, ClientContact, Feedback, is_in_vain, is_response
from app.rules.policy import Policy
from app.rules.restraint import chase_floor, not_before
from app.rules.situation import BEGINNING, Case, Situation
from app.rules.vocabulary import GOOD_NEWS, Channel, Decision, Purpose, Target

WRITTEN = frozenset({Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.FORM})

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Plan:
    """An outbound contact about to be made at an instant, about the applications named.

    `cases` are all that is known of the person's applications, and `policy` the one for a contact about none of
    them. `chased_at` is when this client contact was last chased, whatever for (M2).
    """

    person: Candidate | ClientContact
    at: datetime
    cases: tuple[Case, ...]
    policy: Policy
    application_ids: frozenset[str]
    purpose: Purpose = Purpose.OTHER
    channel: Channel | None = None
    relays: frozenset[str] = frozenset()
    chased_at: datetime | None = None

    @property
    def concerned(self) -> list[Case]:
        """The applications that the contact is about."""
        return [case for case in self.cases if case.application.id in self.application_ids]


class Objection(NamedTuple):
    """What speaks against a contact: the rule, why, and from when no more.

    `until` is None where only a word from the other side ends it, `application_id` where it is about the person.
    """

    rule: str
    explanation: str
    until: datetime | None
    application_id: str | None = None


def objections(plan: Plan) -> list[Objection]:
    """What speaks against a contact, each rule once for the person or once for each application.

    Where the contact is about applications under several policies, the strictest counts. Raises
    CalendarRangeError where a date runs past the known holidays.
    """
    concerned = plan.concerned
    policies = [case.policy for case in concerned] or [plan.policy]
    found = [rule(plan, policy) for rule in _rules(plan) for policy in policies]
    if plan.purpose is Purpose.CHASE and isinstance(plan.person, ClientContact):
        found += [_unanswered(Situation(*case, plan.at)) for case in concerned]
    return [*_strictest(o for o in found if o and _end_of(o) > plan.at), *embargoes(plan)]


def embargoes(plan: Plan) -> list[Objection]:
    """H1, H2: news that the contact passes on too early, whoever began it; the words do not tell the news."""
    words = "News that it passes on is under embargo: it is not to be told yet."
    return _strictest(
        Objection(_relay_rule(feedback), words, feedback.embargo_until, case.application.id)
        for case in plan.concerned
        for feedback in case.application.feedback
        if plan.relays & feedback.names and feedback.embargo_until and feedback.embargo_until > plan.at
    )


def allowed_from(plan: Plan) -> datetime | None:
    """The first instant from the plan's on at which nothing speaks against it any more.

    None where only a word from the other side can end an objection. Raises CalendarRangeError.
    """
    while found := objections(plan):
        end = max(_end_of(objection) for objection in found)
        if end == _NEVER:
            return None
        plan = replace(plan, at=end)
    return plan.at


Rule = Callable[[Plan, Policy], Objection | None]


def _rules(plan: Plan) -> list[Rule]:
    """The rules about the person."""
    if isinstance(plan.person, ClientContact):
        return [_chased, _away, _window] if plan.purpose is Purpose.CHASE else [_window]
    return [_pause, _window] if plan.channel in WRITTEN else [_attempt, _pause, _window]


def _unanswered(s: Situation) -> Objection | None:
    """G2: chasers of this application that the client has left unanswered."""
    if not s.chasers:
        return None
    if s.exhausted:
        unanswered = counted(len(s.chasers), "chaser")
        words = f"{unanswered} about this application went unanswered; another would only annoy."
        return Objection("G2", words, None, s.application.id)
    days = s.policy.chaser_cooldown_working_days
    until = s.office.add_days(s.chasers[-1].at, days)
    age = counted(days, "working day")
    words = f"The last chaser about this application is unanswered and less than {age} old."
    return Objection("G2", words, until, s.application.id)


def _chased(plan: Plan, policy: Policy) -> Objection | None:
    """M2: one chaser to a client contact on one working day."""
    if plan.chased_at is None:
        return None
    words = "This client contact has been chased already; one chaser on a working day is enough."
    return Objection("M2", words, chase_floor(policy, plan.chased_at))


def _away(plan: Plan, policy: Policy) -> Objection | None:
    """G4: the client contact is away."""
    assert isinstance(plan.person, ClientContact)
    back = plan.person.unavailable_until
    return Objection("G4", "The client contact is away.", policy.office.roll(back)) if back else None


def _attempt(plan: Plan, policy: Policy) -> Objection | None:
    """G1: the candidate has just been rung in vain; whatever it was about, it was the same telephone."""
    assert isinstance(plan.person, Candidate)
    attempts = _attempts_in_vain(plan, plan.person)
    if not attempts:
        return None
    hours = policy.attempt_cooldown_working_hours
    until = policy.office.add_hours(attempts[-1], hours)
    age = counted(hours, "working hour")
    words = f"The last attempt to reach the candidate was in vain, less than {age} ago."
    return Objection("G1", words, until)


def _attempts_in_vain(plan: Plan, candidate: Candidate) -> list[datetime]:
    """When the candidate was tried in vain since their last word, in order."""
    contacts = Situation(as_a_person(candidate, plan.cases), plan.policy, plan.at).candidate_contacts
    last_word = max((c.at for c in contacts if is_response(c)), default=BEGINNING)
    return [c.at for c in contacts if is_in_vain(c) and c.at > last_word]


def _pause(plan: Plan, policy: Policy) -> Objection | None:
    """G3: the candidate wants to be left alone, except where good news may come through."""
    assert isinstance(plan.person, Candidate)
    exempt = _brings_good_news(plan)
    begun = [p.until for p in plan.person.pauses if p.start <= plan.at and not (p.allow_urgent and exempt)]
    words = "The candidate asked not to be contacted for a while."
    return Objection("G3", words, policy.office.roll(max(begun))) if begun else None


def _brings_good_news(plan: Plan) -> bool:
    return any(
        plan.relays & feedback.names and feedback.decision in GOOD_NEWS
        for case in plan.cases
        for feedback in case.application.feedback
    )


def _window(plan: Plan, policy: Policy) -> Objection:
    """T7: quiet hours, in the recipient's zone and holidays."""
    is_client = isinstance(plan.person, ClientContact)
    target, noun = (Target.CLIENT, "clients") if is_client else (Target.CANDIDATE, "candidates")
    place = (plan.person.timezone, plan.person.holidays)
    opens = not_before(target, plan.at, plan.at, policy=policy, person=place)
    return Objection("T7", f"It is outside the hours for contacts with {noun}, where they are.", opens)


def _relay_rule(feedback: Feedback) -> str:
    """The rule by which feedback is passed on."""
    return "H2" if feedback.decision is Decision.UNDECIDED else "H1"


def _strictest(found: Iterable[Objection]) -> list[Objection]:
    """Of objections by one rule about the same, the one that lasts longest."""
    kept: dict[tuple[str, str | None], Objection] = {}
    for objection in found:
        key = (objection.rule, objection.application_id)
        if key not in kept or _end_of(objection) > _end_of(kept[key]):
            kept[key] = objection
    return list(kept.values())


def _end_of(objection: Objection) -> datetime:
    return objection.until or _NEVER
