"""Policies: the numbers of the rules, for the agency and for each client."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field

from app.api.parameters import ClientPolicyParameters, EffectiveParameters, PolicyParameters
from app.api.views import recorded
from app.models import Client, PolicyVersion
from app.rules.vocabulary import Status
from app.services import facts, policy_trials
from app.services import policies as service
from app.services.recomputations import Progress
from app.services.scope import find
from app.web.deps import InWork, Work
from app.web.etags import Tagged
from app.web.operations import operation, router, takes
from app.web.paging import Page, Paged
from app.web.schema import AsGiven, Day, Flag, Id, Instant, Output

policies = router("Policies")

DryRun = Annotated[Flag, Query(description="Store nothing: answer what would change.")]
# A parameter that was not set is not there, so this is an object with some of the members of `effective`.
Overrides = Annotated[
    dict[str, Any],
    AsGiven(PolicyParameters),
    Field(description="The parameters that differ: from the defaults, or from the agency's."),
]


class RecomputationState(StrEnum):
    """Whether a change of policy has reached every stored status."""

    RUNNING = "running"
    DONE = "done"


class RecomputationView(Output):
    """How far the latest change has been applied, in applications and candidates."""

    state: RecomputationState
    done: int
    total: int


class PolicyView(Tagged):
    """A policy as it stands; version 0 before it was ever set."""

    version: int
    parameters: Overrides
    effective: EffectiveParameters
    holidays_known_until: Day = Field(
        description="The last date of the agency's holiday calendars: what would fall later is refused."
    )
    recorded_at: Instant | None
    recomputation: RecomputationView | None


class PolicyVersionView(Tagged):
    """One version of a policy."""

    id: Id
    version: int
    parameters: Overrides
    principal: str = Field(description="Who set it: `key:` or `identity:` and its id.")
    recorded_at: Instant


class StatusChangeCount(Output):
    """How many applications would go from one status to another."""

    from_: Status = Field(alias="from")
    to: Status
    count: int


class ApplicationChange(Output):
    """An application that would go from one status to another."""

    application_id: Id
    from_: Status = Field(alias="from")
    to: Status


class PolicyTrial(Output):
    """What would change at once if the policy were replaced; nothing has been stored."""

    examined: int
    total: int
    complete: bool = Field(description="Whether all were examined: at most 5,000 are, the open ones first.")
    changes: list[StatusChangeCount]
    applications: list[ApplicationChange] = Field(description="The first 200 that would change.")
    reasons_changed: int = Field(
        description="Applications that would be due for another reason or at another level, in whatever status."
    )


@policies.get("/v1/policy", **operation("status:read"))
async def get_policy(work: InWork) -> PolicyView:
    """Read the agency's policy."""
    return _view(await service.in_force(work.db, work.caller, None))


@policies.put("/v1/policy", **operation("policy:write"))
@takes(facts.take_policy)
async def replace_policy(
    body: PolicyParameters,
    work: InWork,
    *,
    dry_run: DryRun = False,
) -> PolicyView | PolicyTrial:
    """Replace the agency's policy: the body holds all parameters that differ from the defaults.

    Every stored status follows, in the background where there are many. The same policy again changes nothing.
    """
    return await _replaced(work, None, body.overrides(), dry_run=dry_run)


@policies.get("/v1/policy/versions", **operation("status:read"))
async def list_policy_versions(work: InWork, paging: Paged) -> Page[PolicyVersionView]:
    """List the versions of the agency's policy, oldest first."""
    query = service.versions(work.caller, None)
    return await recorded(PolicyVersionView, work, paging, query, PolicyVersion)


@policies.get("/v1/clients/{client_id}/policy", **operation("status:read", 404))
async def get_client_policy(client_id: Id, work: InWork) -> PolicyView:
    """Read a client's policy."""
    return _view(await service.in_force(work.db, work.caller, client_id))


@policies.put("/v1/clients/{client_id}/policy", **operation("policy:write", 404))
@takes(facts.take_policy)
async def replace_client_policy(
    client_id: Id,
    body: ClientPolicyParameters,
    work: InWork,
    *,
    dry_run: DryRun = False,
) -> PolicyView | PolicyTrial:
    """Replace a client's policy: the body holds all parameters that differ from the agency's.

    It concerns the applications for this client's jobs alone.
    """
    return await _replaced(work, client_id, body.overrides(), dry_run=dry_run)


@policies.get("/v1/clients/{client_id}/policy/versions", **operation("status:read", 404))
async def list_client_policy_versions(client_id: Id, work: InWork, paging: Paged) -> Page[PolicyVersionView]:
    """List the versions of a client's policy, oldest first."""
    await find(work.db, work.caller, Client, client_id)
    query = service.versions(work.caller, client_id)
    return await recorded(PolicyVersionView, work, paging, query, PolicyVersion)


async def _replaced(
    work: Work, client_id: UUID | None, parameters: dict[str, Any], *, dry_run: bool
) -> PolicyView | PolicyTrial:
    if dry_run:
        trial = await policy_trials.try_out(work.db, work.caller, client_id, parameters, now=work.now)
        return _trial_view(trial)
    return _view(await service.replace(work.db, work.caller, client_id, parameters, now=work.now))


def _view(found: service.InForce) -> PolicyView:
    return PolicyView.model_validate(
        {
            "version": found.version.version if found.version else 0,
            "parameters": found.parameters,
            "effective": found.effective.parameters,
            "holidays_known_until": found.effective.office.known_until(),
            "recorded_at": found.version and found.version.recorded_at,
            "recomputation": found.recomputation and _progress(found.recomputation),
        }
    )


def _progress(found: Progress) -> dict[str, Any]:
    state = RecomputationState.DONE if found.finished else RecomputationState.RUNNING
    return {"state": state, "done": found.done, "total": found.total}


def _trial_view(trial: policy_trials.Trial) -> PolicyTrial:
    changes = [
        {"from": before, "to": after, "count": count} for (before, after), count in trial.changes.items()
    ]
    applications = [
        {"application_id": application_id, "from": before, "to": after}
        for application_id, (before, after) in trial.applications
    ]
    return PolicyTrial.model_validate(
        {
            "examined": trial.examined,
            "total": trial.total,
            "complete": trial.complete,
            "changes": changes,
            "applications": applications,
            "reasons_changed": trial.reasons_changed,
        }
    )
