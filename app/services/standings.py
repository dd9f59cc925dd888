"""Where applications and candidates stand: what the rules say of their facts, computed when somebody asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from app.rules.candidates import candidate_reasons, candidate_schedule
from app.rules.facts import Candidate
from app.rules.intervals import Course
from app.rules.policy import Policy
from app.rules.restraint import Reason
from app.rules.situation import Case
from app.rules.status import ApplicationStatus, evaluate, order, parted, word_for
from app.rules.vocabulary import Status
from app.services.files import File, PersonalFile

_WORST_FIRST = (
    Status.ESCALATED,
    Status.OVERDUE,
    Status.DUE,
    Status.PAUSED,
    Status.WAITING,
    Status.ON_TRACK,
    Status.CLOSED,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an application stands at an instant, with the policy that says so."""

    application_id: UUID
    as_of: datetime
    policy: Policy
    status: ApplicationStatus


@dataclass(frozen=True, slots=True)
class CandidateStanding:
    """Where a candidate stands: every application, and what concerns the person as such, shown or waiting."""

    candidate_id: UUID
    as_of: datetime
    policy: Policy
    reasons: tuple[Reason, ...]
    waiting: tuple[Reason, ...]
    applications: tuple[Standing, ...]

    @property
    def status(self) -> Status:
        """The worst of all (R5); closed only where everything is."""
        found = [standing.status.status for standing in self.applications]
        if self.reasons or self.waiting:
            found.append(word_for(self.reasons, self.waiting, self.as_of))
        return min(found, key=_WORST_FIRST.index, default=Status.ON_TRACK)


def standing(case: Case, as_of: datetime) -> Standing:
    """Where an application stands at an instant, given its facts."""
    return Standing(UUID(case.application.id), as_of, case.policy, evaluate(*case, as_of))


def candidate_standing(
    person: Candidate, cases: Sequence[Case], policy: Policy, as_of: datetime
) -> CandidateStanding:
    """Where a candidate stands at an instant, given all their applications; most urgent first."""
    flagged, waiting, _ = parted(candidate_reasons(person, cases, policy, as_of), as_of)
    standings = [standing(case, as_of) for case in cases]
    return CandidateStanding(
        UUID(person.id),
        as_of,
        policy,
        tuple(flagged),
        tuple(waiting),
        tuple(sorted(standings, key=_urgency)),
    )


class Computed:
    """An application computed anew. Raises CalendarRangeError."""

    def __init__(self, file: File, now: datetime) -> None:
        course = Course(*file.case)
        self.file = file
        self.intervals = course.intervals()
        self.touch_bases = course.touch_bases(now)
        self._course, self._now = course, now

    @cached_property
    def standing(self) -> Standing:
        """Where it stands, worked out when first asked for."""
        return Standing(self.file.id, self._now, self.file.case.policy, self._course.status(self._now))

    @property
    def status(self) -> Status:
        """The word for it, without the rest."""
        return self._course.word(self._now)


class ComputedPerson:
    """The same of a candidate as a person, given all their applications."""

    touch_bases = None

    def __init__(self, file: PersonalFile, cases: Sequence[Case], policy: Policy, now: datetime) -> None:
        self.file = file
        self.intervals = candidate_schedule(file.person, cases, policy)
        self._known = (file.person, cases, policy, now)

    @property
    def status(self) -> Status:
        """The worst of all, worked out when asked for."""
        return candidate_standing(*self._known).status


def _urgency(standing: Standing) -> tuple[Any, ...]:
    flagged = standing.status.reasons
    if not flagged:
        return (1, str(standing.application_id))
    return (0, order(flagged[0], standing.as_of, str(standing.application_id)))
