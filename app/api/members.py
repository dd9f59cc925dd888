"""The members by which objects are created, be it one by one, in bulk or together with a debrief."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from app.api.shapes import HoldTerms, PauseTerms
from app.api.views import ExternalRef, Referable, by_name
from app.models import RefKind
from app.rules.vocabulary import ApplicationMode, ApplicationState, InterviewState, JobState
from app.services.items import Item
from app.web.schema import (
    Day,
    Email,
    Holidays,
    Id,
    Input,
    Instant,
    Line,
    Money,
    Name,
    Notes,
    Phone,
    Word,
    Zone,
    misplaced,
)


class ConsultantCreate(Referable):
    """A consultant of the agency."""

    name: Name
    email: Email | None = None
    timezone: Zone = "Europe/London"


class ClientCreate(Referable):
    """A company that hires."""

    name: Name


class ClientContactCreate(Referable):
    """A person at a client; zone and holidays say when their promises fall due (T6)."""

    name: Name
    role: Name | None = None
    email: Email | None = None
    phone: Phone | None = None
    timezone: Zone = "Europe/London"
    holidays: Holidays | None = None
    unavailable_until: Instant | None = Field(default=None, description="Away until then: no chasing (G4).")


class CandidateFields(Input):
    """What may be said of a candidate."""

    consultant_id: Id | None = Field(default=None, description="The owner, who is asked to speak with them.")
    email: Email | None = None
    phone: Phone | None = None
    holidays: Holidays | None = Field(default=None, description="Public holidays on which not to ring.")
    registered_at: Instant | None = None
    last_preference_review_at: Instant | None = Field(
        default=None, description="When we last asked what they want; settles preference_review (K1)."
    )
    do_not_contact: PauseTerms | None = Field(
        default=None,
        description="A pause the candidate asked for (G3), in place of all others; null lifts them.",
    )


class CandidateCreate(CandidateFields, Referable):
    """A candidate."""

    name: Name
    timezone: Zone = "Europe/London"
    seeking: bool = Field(default=False, description="Whether they look for a job beyond what runs.")


class JobTerms(Input):
    """What a job offers and asks; a change of it has to be told to the candidates put forward for it."""

    location: Name | None = None
    salary: Money | None = None
    responsibilities: Notes | None = None
    contract: Name | None = Field(default=None, examples=["permanent", "12 months, outside IR35"])


class JobMembers(JobTerms, Referable):
    """A job, but for the client whose it is."""

    title: Name
    state: Word[JobState] = JobState.OPEN


class JobCreate(JobMembers):
    """A job at a client."""

    client_id: Id


class ApplicationFields(Input):
    """What may be said of an application."""

    withdrawn_at: Instant | None = Field(default=None, description="When the candidate withdrew (J1).")
    continue_until: Day | None = Field(
        default=None, description="Until when the candidate agreed to go on waiting (F1)."
    )
    hold: HoldTerms | None = Field(default=None, description="The client holds the job; goes with `on_hold`.")


class ApplicationMembers(ApplicationFields, Referable):
    """An application, but for the candidate, the job and who answers at the client."""

    consultant_id: Id | None = Field(
        default=None, description="The owner; the candidate's if absent, and nobody of a direct application."
    )
    mode: Word[ApplicationMode] = Field(
        default=ApplicationMode.AGENCY,
        description="Whether the agency speaks for the candidate, or they applied directly (N1).",
    )
    state: Word[ApplicationState] = ApplicationState.ACTIVE

    def columns(self) -> dict[str, Any]:
        """The members that are columns; of a hold only what was sent, for the rest of it stays."""
        return {**super().columns(), "hold": self.hold and by_name(self.hold, sent_only=True)}


class ApplicationCreate(ApplicationMembers):
    """One candidate put forward for one job."""

    candidate_id: Id
    job_id: Id
    client_contact_id: Id | None = Field(
        default=None, description="Who answers at the client; only a direct application does without."
    )


class InterviewCreate(Referable):
    """An interview, coming or past."""

    start: Instant
    end: Instant
    state: Word[InterviewState] = InterviewState.SCHEDULED
    title: Name | None = Field(default=None, description="Such as `Second round`.")
    location: Line | None = None


class Named(Referable):
    """An object that external ids name, and that may name others by theirs: `client` in place of `client_id`.

    `others` are the objects it can name, each with whether it must.
    """

    others: ClassVar[Mapping[RefKind, bool]] = {}

    external_refs: Annotated[list[ExternalRef], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        for kind, needed in self.others.items():
            ways = [getattr(self, f"{kind}_id", None), getattr(self, kind)]
            count = len(ways) - ways.count(None)
            if count > 1:
                raise misplaced(kind, "named_twice", f"give {kind} or {kind}_id, not both")
            if needed and count == 0:
                raise misplaced(kind, "missing", f"give {kind} or {kind}_id")
        return self

    def item(self, kind: RefKind) -> Item:
        """The object as an item to be saved."""
        named = {other: ref.model_dump() for other in self.others if (ref := getattr(self, other))}
        values = {name: value for name, value in self.columns().items() if name not in {"kind", *self.others}}
        given = self.given() | {f"{other}_id" for other in named}
        return Item(kind, values, self.refs(), given, named)


def by_external_id(kind: RefKind) -> Any:
    """The member that names another object by an external id."""
    return Field(default=None, description=f"The {kind.replace('_', ' ')} by an external id, not by ours.")
