"""The facts of one application in the order of their instants: what is known at one of them are the first so many."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Generic, TypeVar

from app.rules.derived import Derived
from app.rules.facts import (
    Application,
    Contact,
    Debrief,
    Feedback,
    GivenTimescale,
    is_call,
    is_chaser,
    is_in_vain,
    is_response,
    is_success,
)
from app.rules.vocabulary import ContactParty, Direction, Outcome, TimescaleSource

_T = TypeVar("_T")


class Kind(StrEnum):
    """The kinds of fact that become known at a turning point, as far as some rules need not look at them."""

    TURN = "turn"  # an interview, a decision, a hold, the end: it bears on every rule
    COMMENT = "comment"  # feedback without a decision
    DISCLOSURE = "disclosure"  # it bears on no rule, only on what the candidate may know (N0)
    PAUSE = "pause"  # it bears on no rule, only on what becomes of their answers (G3)
    DEBRIEF = "debrief"
    TIMESCALE = "timescale"
    JOB_CHANGE = "job_change"
    CANDIDATE_CONTACT = "candidate_contact"
    CANDIDATE_ATTEMPT = "candidate_attempt"  # of ours, in vain: it bears on nothing but our attempts (B2)
    CLIENT_CONTACT = "client_contact"
    INTERVIEWER_CONTACT = "interviewer_contact"


class Dated(Generic[_T]):
    """Facts in the order of their instants."""

    __slots__ = ("_at", "_instants", "facts")

    def __init__(self, facts: Iterable[_T], at: Callable[[_T], datetime]) -> None:
        self._at = at
        self.facts = tuple(facts)
        self._instants = list(map(at, self.facts))

    def only(self, kind: Callable[[_T], bool]) -> "Dated[_T]":
        """Those of a kind."""
        facts = [fact for fact in self.facts if kind(fact)]
        return self if len(facts) == len(self.facts) else Dated(facts, self._at)

    def until(self, now: datetime) -> tuple[_T, ...]:
        """Those known at an instant."""
        return self.facts[: bisect_right(self._instants, now)] if self.facts else ()

    def last(self, now: datetime) -> _T | None:
        """The latest of them."""
        known = bisect_right(self._instants, now) if self.facts else 0
        return self.facts[known - 1] if known else None


def _in_order(facts: Iterable[_T], at: Callable[[_T], datetime]) -> Dated[_T]:
    return Dated(sorted(facts, key=at), at)


class History:
    """Every row of facts that is asked for at one instant after another, sorted when first asked for."""

    def __init__(self, application: Application) -> None:
        self._application = application

    @Derived
    def contacts(self) -> Dated[Contact]:
        """Every contact that covers the application."""
        return _in_order(self._application.contacts, attrgetter("at"))

    @Derived
    def candidate_contacts(self) -> Dated[Contact]:
        """Contacts with the candidate."""
        return self.contacts.only(lambda c: c.party is ContactParty.CANDIDATE)

    @Derived
    def client_contacts(self) -> Dated[Contact]:
        """Contacts with the client."""
        return self.contacts.only(lambda c: c.party is ContactParty.CLIENT)

    @Derived
    def interviewer_contacts(self) -> Dated[Contact]:
        """Contacts of a direct applicant with the interviewer (N1)."""
        return self.contacts.only(lambda c: c.party is ContactParty.INTERVIEWER)

    @Derived
    def successes(self) -> Dated[Contact]:
        """Contacts in which the candidate had a word from us (R2)."""
        return self.candidate_contacts.only(is_success)

    @Derived
    def promises(self) -> Dated[Contact]:
        """Contacts in which we promised the candidate a word (E2)."""
        return self.candidate_contacts.only(lambda c: c.promise is not None)

    @Derived
    def enquiries(self) -> Dated[Contact]:
        """Contacts in which the candidate asked for an answer (E3)."""
        return self.candidate_contacts.only(lambda c: c.needs_reply and c.direction is Direction.INBOUND)

    @Derived
    def missed(self) -> Dated[Contact]:
        """Our tries to reach the candidate that were no talk (B2)."""
        return self.candidate_contacts.only(_is_missed)

    @Derived
    def in_vain(self) -> Dated[Contact]:
        """Those of them in which nobody was there (G1)."""
        return self.missed.only(is_in_vain)

    @Derived
    def candidate_responses(self) -> Dated[Contact]:
        """Contacts in which the candidate answered in some way (B2)."""
        return self.candidate_contacts.only(is_response)

    @Derived
    def missed_chasers(self) -> Dated[Contact]:
        """Chasers that were no talk (G2)."""
        return self.client_contacts.only(lambda c: is_chaser(c) and _is_missed(c))

    @Derived
    def client_words(self) -> list[datetime]:
        """When the client said anything at all (G2)."""
        words = [c.at for c in self.client_contacts.facts if is_response(c)]
        words += [f.received_at for f in self._application.feedback]
        words += [t.given_at for t in self._application.timescales if t.source is TimescaleSource.CLIENT]
        return sorted(words)

    @Derived
    def accounts(self) -> list[Debrief]:
        """Debriefs that tell of their interview: none from before it began, as when it was put off to another day."""
        begins = {interview.id: interview.start for interview in self._application.interviews}
        told = (debrief for debrief in self._application.debriefs if debrief.interview_id in begins)
        return [debrief for debrief in told if debrief.occurred_at >= begins[debrief.interview_id]]

    @Derived
    def debriefs(self) -> dict[str, Dated[Debrief]]:
        """Accounts, by interview; of those at one instant the first recorded is the last: sent again, it is no news."""
        found: dict[str, list[Debrief]] = {}
        for debrief in reversed(self.accounts):
            found.setdefault(debrief.interview_id, []).append(debrief)
        return {of: _in_order(debriefs, attrgetter("occurred_at")) for of, debriefs in found.items()}

    @Derived
    def calls(self) -> dict[str, Dated[Debrief]]:
        """Those of them in which we spoke with the candidate (E1)."""
        return {of: debriefs.only(is_call) for of, debriefs in self.debriefs.items()}

    @Derived
    def rivals_named(self) -> list[Debrief]:
        """Accounts that say what else the candidate is in (L1), each in its place."""
        return [debrief for debrief in self.accounts if debrief.other_processes is not None]

    @Derived
    def timescales(self) -> Dated[GivenTimescale]:
        """Timescales of any round."""
        return _in_order(self._application.timescales, attrgetter("given_at"))

    @Derived
    def feedback(self) -> Dated[Feedback]:
        """Feedback on any round."""
        return _in_order(self._application.feedback, attrgetter("received_at"))


def _is_missed(contact: Contact) -> bool:
    return contact.direction is Direction.OUTBOUND and contact.outcome is not Outcome.REACHED
