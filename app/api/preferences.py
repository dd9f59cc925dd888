"""Preferences: what a candidate looks for, version after version."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from app.api.shapes import NoticePeriod
from app.api.views import POLLING, narrowed, recorded
from app.models import Candidate, Preference
from app.rules.vocabulary import NoticeUnit, Wish, WorkArrangement
from app.services import preferences as service
from app.services.scope import columns_of, find
from app.web.deps import InWork
from app.web.etags import Tagged
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Day, Id, Input, Instant, Money, Name, Notes, Output, Word

preferences = router("Preferences")

Names = Annotated[list[Name], Field(min_length=1, max_length=50)]
ChangedSince = Annotated[
    Instant | None,
    Query(
        description=f"Only versions in which something changed, recorded at or after this instant. {POLLING}"
    ),
]


class PreferenceCreate(Input):
    """What the candidate said when asked; absent members are as before, null is no longer known.

    An empty object says that they were asked and nothing has changed.
    """

    reviewed_at: Instant | None = Field(default=None, description="When they were asked; now if absent.")
    roles: Names | None = None
    salary_minimum: Money | None = Field(default=None, description="The floor; never told to a client.")
    salary_target: Money | None = None
    locations: Names | None = None
    contracts: Names | None = None
    hybrid: Word[WorkArrangement] | None = Field(default=None, description="Where they want to work.")
    notice_period: NoticePeriod | None = None
    available_from: Day | None = None
    notes: Notes | None = Field(default=None, description="Private; the candidate may ask to see it.")

    def said(self) -> dict[str, Any]:
        """The wishes that were sent, as JSON."""
        return self.model_dump(mode="json", include=self.model_fields_set - {"reviewed_at"})


class NoticePeriodView(Output):
    """How long the candidate must give notice."""

    value: int
    unit: NoticeUnit
    negotiable: bool


class Wishes(Output):
    """All that is known of what the candidate looks for; null is not known."""

    roles: list[str] | None
    salary_minimum: Money | None
    salary_target: Money | None
    locations: list[str] | None
    contracts: list[str] | None
    hybrid: WorkArrangement | None
    notice_period: NoticePeriodView | None
    available_from: Day | None
    notes: str | None


class PreferenceView(Tagged):
    """One version of what a candidate looks for, for eyes inside the agency."""

    id: Id
    candidate_id: Id
    version: int = Field(description="The latest of a candidate is the current one.")
    reviewed_at: Instant
    recorded_at: Instant
    wishes: Wishes
    changed: list[Wish] = Field(description="What differs from the version before.")


class AffectedApplication(Output):
    """An open application that a change of preferences may matter for."""

    application_id: Id
    job_id: Id
    members: list[Wish] = Field(
        description="What changed, without that which the job is known to suit before and after."
    )
    conflicts: list[Wish] = Field(description="Those of them that what is known of the job contradicts.")


class PreferenceSaved(PreferenceView):
    """A version with the open applications that its changes may matter for."""

    beside = frozenset({"affected_applications"})

    affected_applications: list[AffectedApplication]


@preferences.post(
    "/v1/candidates/{candidate_id}/preferences",
    status_code=201,
    **operation("directory:write", 404),
)
async def record_preference(candidate_id: Id, body: PreferenceCreate, work: InWork) -> PreferenceSaved:
    """Record what a candidate looks for, which settles the review of it, and name the applications it may affect."""
    done = await service.record(
        work.db, work.caller, candidate_id, body.said(), reviewed_at=body.reviewed_at, now=work.now
    )
    affected = [
        {
            "application_id": each.application_id,
            "job_id": each.job_id,
            "members": each.bearing.members,
            "conflicts": each.bearing.conflicts,
        }
        for each in done.affected
    ]
    fields = PreferenceView.model_validate(done.preference).model_dump()
    return PreferenceSaved.model_validate({**fields, "affected_applications": affected})


@preferences.get("/v1/candidates/{candidate_id}/preferences", **operation("directory:read", 404))
async def list_preferences(
    candidate_id: Id, work: InWork, paging: Paged, changed_since: ChangedSince = None
) -> Page[PreferenceView]:
    """List the versions of a candidate's preferences, oldest first."""
    await find(work.db, work.caller, Candidate, candidate_id)
    query = narrowed(columns_of(work.caller, Preference), Preference, {"candidate_id": candidate_id})
    if changed_since is not None:
        query = query.where(service.changed_since(changed_since))
    return await recorded(PreferenceView, work, paging, query, Preference)


@preferences.get("/v1/candidates/{candidate_id}/preference", **operation("directory:read", 404))
async def get_current_preference(candidate_id: Id, work: InWork) -> PreferenceView:
    """Read what a candidate looks for now."""
    return PreferenceView.model_validate(await service.current(work.db, work.caller, candidate_id))


@preferences.get("/v1/preferences/{preference_id}", **operation("directory:read", 404))
async def get_preference(preference_id: Id, work: InWork) -> PreferenceView:
    """Read one version of a candidate's preferences."""
    return PreferenceView.model_validate(await find(work.db, work.caller, Preference, preference_id))
