"""The status of applications and candidates, explained."""

from typing import Annotated

from fastapi import Query

from app.api.shapes import (
    ExplainedReason,
    ExplainedStatus,
    ExplainedWaiting,
    KnownAt,
    explained,
    explained_reason,
    explained_waiting,
)
from app.rules.vocabulary import Status
from app.services import status as service
from app.services.facts import FOREVER
from app.services.revisions import check_known
from app.web.deps import InWork
from app.web.operations import operation, router
from app.web.schema import Id, Instant, Output

statuses = router("Status")

AsOf = Annotated[Instant | None, Query(description="Any instant, past or coming; now if absent")]


class CandidateStatus(Output):
    """Where a candidate stands over all their applications, the most urgent first.

    `reasons` and `waiting` concern the candidate as a person; `status` is the worst of these and of the applications.
    """

    candidate_id: Id
    as_of: Instant
    status: Status
    reasons: list[ExplainedReason]
    waiting: list[ExplainedWaiting]
    applications: list[ExplainedStatus]


@statuses.get("/v1/applications/{application_id}/status", **operation("status:read", 404))
async def get_application_status(
    application_id: Id, work: InWork, as_of: AsOf = None, known_at: KnownAt = None
) -> ExplainedStatus:
    """Explain where an application stands: every reason with its rule, its facts and its arithmetic.

    `as_of` is the instant asked about, `known_at` when we knew: the same instant for both gives the status as it was
    shown then. With `known_at`, later records, edits and policies are as if they had never been.
    """
    check_known(known_at, work.now)
    standing = await service.of_application(
        work.db, work.caller, application_id, as_of=as_of or work.now, known_at=known_at or FOREVER
    )
    return explained(standing)


@statuses.get("/v1/candidates/{candidate_id}/status", **operation("status:read", 404))
async def get_candidate_status(
    candidate_id: Id, work: InWork, as_of: AsOf = None, known_at: KnownAt = None
) -> CandidateStatus:
    """Explain where a candidate stands over all their applications; `known_at` as for one application."""
    check_known(known_at, work.now)
    standing = await service.of_candidate(
        work.db, work.caller, candidate_id, as_of=as_of or work.now, known_at=known_at or FOREVER
    )
    return CandidateStatus.model_validate(
        {
            "candidate_id": standing.candidate_id,
            "as_of": standing.as_of,
            "status": standing.status,
            "reasons": [explained_reason(r, standing.policy, standing.as_of) for r in standing.reasons],
            "waiting": [explained_waiting(r, standing.policy, standing.as_of) for r in standing.waiting],
            "applications": [explained(application) for application in standing.applications],
        }
    )
