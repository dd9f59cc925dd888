"""What callers may do: scopes, and the roles that are named sets of them (S4)."""

from collections.abc import Iterable

from app.errors import ConflictError, ForbiddenError, InvalidError
from app.models import Role
from app.services.scope import Caller

SCOPES = {
    "directory:read": "Read consultants, clients, client contacts, candidates and jobs",
    "directory:write": "Create and change consultants, clients, client contacts, candidates and jobs",
    "applications:read": "Read applications, interviews and snoozes",
    "applications:write": "Create and change applications, interviews and snoozes",
    "records:read": "Read debriefs, timescales, feedback and contacts",
    "records:write": "Record debriefs, timescales, feedback and contacts",
    "status:read": "Ask who is due a word and why; read and try a policy; have a phrase read",
    "policy:write": "Change the policy of the agency and of its clients",
    "access:read": "Read API keys, identity providers and identities, never a secret",
    "access:write": "Create, rotate and revoke API keys; manage identity providers and identities",
    "audit:read": "Read the audit trail",
}

ALL = frozenset(SCOPES)
_DAILY_WORK = ALL - {"policy:write", "access:read", "access:write", "audit:read"}

ROLES = {
    Role.ADMIN: ALL,
    Role.MANAGER: ALL - {"access:write"},
    Role.CONSULTANT: _DAILY_WORK,
    Role.INTEGRATION: frozenset(scope for scope in _DAILY_WORK if scope.endswith(":read")),
}


def roles_with(scopes: Iterable[str]) -> list[Role]:
    """The roles that have all of some scopes."""
    return [role for role, held in ROLES.items() if held.issuperset(scopes)]


def check_grant(caller: Caller, scopes: Iterable[str], *, pointer: str) -> None:
    """Raise InvalidError unless the caller may do all that they give to another; `pointer` names the member."""
    if not caller.scopes.issuperset(scopes):
        raise InvalidError("Nobody gives what they do not have.", code="beyond_own_scopes", pointer=pointer)


def check_reach(caller: Caller, scopes: Iterable[str]) -> None:
    """Raise ForbiddenError for what belongs to somebody who may do more than the caller."""
    if not caller.scopes.issuperset(scopes):
        raise ForbiddenError("It may do more than you may.", code="beyond_own_scopes")


def check_not_own(caller: Caller, principal: str) -> None:
    """Raise ConflictError for the caller's own credential.

    Whoever takes a credential away keeps their own, so an agency is never left without one by a slip.
    """
    if caller.principal == principal:
        raise ConflictError(
            "Nobody takes their own access away; use another credential.", code="own_credential"
        )
