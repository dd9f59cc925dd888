"""What callers may do: scopes, and the roles that are named sets of them (S4)."""

from app.models import Role

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
