"""API keys: what systems call with (S3)."""

from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from app.api.views import by_name
from app.models import ApiKey, Role
from app.services import api_keys as service
from app.services import objects
from app.services.access import Scope, scopes_of
from app.services.api_keys import Issued
from app.services.objects import fields_of
from app.services.scope import columns_of, find
from app.web.deps import InWork, WithMint
from app.web.etags import Tagged
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import Id, Input, Instant, Name, Word, absent, misplaced

api_keys = router("Access")


DAY, WEEK = 86_400, 604_800


Scopes = Annotated[
    list[Word[Scope]],
    Field(min_length=1, max_length=len(Scope), description="What it may do, one by one, instead of a role."),
]
ExpiresAt = Annotated[Instant | None, Field(description="From when on it works no longer.")]


class ApiKeyCreate(Input):
    """An API key: what it is for, and what it may do, by a role or by scopes."""

    name: Name
    role: Word[Role] | None = None
    scopes: Scopes | None = None
    expires_at: ExpiresAt = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.role is None) == (self.scopes is None):
            raise misplaced("role", "grant_members", "give role or scopes, one of the two")
        return self


class ApiKeyUpdate(Input):
    """What changes about an API key; absent members stay."""

    name: Name = absent()
    role: Word[Role] = absent()
    scopes: Scopes = absent()
    expires_at: ExpiresAt = None

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if {"role", "scopes"} <= self.model_fields_set:
            raise misplaced("role", "grant_members", "give role or scopes, not both")
        return self


class ApiKeyRotate(Input):
    """How an API key gets its new text."""

    overlap_seconds: Annotated[
        int, Field(ge=0, le=WEEK, description="How long the present text goes on working; 0 ends it now.")
    ] = DAY


class ApiKeyView(Tagged):
    """An API key, without its text."""

    id: Id
    name: str
    role: Role | None = Field(description="The role whose scopes it has; null if it has scopes of its own.")
    scopes: list[Scope] = Field(description="What it may do.")
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Instant | None = Field(description="To the minute.")
    previous_expires_at: Instant | None = Field(
        description="Until when its text before the last rotation works."
    )
    created_at: Instant
    updated_at: Instant


class ApiKeyIssued(ApiKeyView):
    """An API key with its new text."""

    beside = frozenset({"key"})

    key: str = Field(description="The text to call with. It is shown this once; we keep no copy.")


@api_keys.post("/v1/api-keys", status_code=201, **operation("access:write"))
async def create_api_key(body: ApiKeyCreate, work: InWork, mint: WithMint) -> ApiKeyIssued:
    """Create an API key; its text is in the answer, this once."""
    return _issued(await service.issue(work.db, work.caller, mint, by_name(body), now=work.now))


@api_keys.get("/v1/api-keys", **operation("access:read"))
async def list_api_keys(work: InWork, paging: Paged) -> Page[ApiKeyView]:
    """List the agency's API keys, oldest first, with those that are over."""
    query = columns_of(work.caller, ApiKey)
    rows, more = await objects.page(work.db, query, ApiKey, after=paging.after, limit=paging.limit)
    items = [_view(row) for row in rows]
    return Page[ApiKeyView](items=items, next_cursor=paging.next_cursor(rows, more=more))


@api_keys.get("/v1/api-keys/{api_key_id}", **operation("access:read", 404))
async def get_api_key(api_key_id: Id, work: InWork) -> ApiKeyView:
    """Read an API key."""
    return _view(fields_of(await find(work.db, work.caller, ApiKey, api_key_id)))


@api_keys.patch("/v1/api-keys/{api_key_id}", **operation("access:write", 404, 409))
async def update_api_key(api_key_id: Id, body: ApiKeyUpdate, work: InWork) -> ApiKeyView:
    """Change an API key: its name, what it may do, or when it expires; absent members stay as they are."""
    terms = by_name(body, sent_only=True)
    return _view(fields_of(await service.change(work.db, work.caller, api_key_id, terms, now=work.now)))


@api_keys.post("/v1/api-keys/{api_key_id}/rotate", **operation("access:write", 404, 409))
async def rotate_api_key(api_key_id: Id, body: ApiKeyRotate, work: InWork, mint: WithMint) -> ApiKeyIssued:
    """Give an API key a new text; the present one goes on working for a while, one still older ends now."""
    overlap = timedelta(seconds=body.overlap_seconds)
    return _issued(
        await service.rotate(work.db, work.caller, mint, api_key_id, overlap=overlap, now=work.now)
    )


@api_keys.post("/v1/api-keys/{api_key_id}/revoke", **operation("access:write", 404, 409))
async def revoke_api_key(api_key_id: Id, work: InWork) -> ApiKeyView:
    """Revoke an API key for good, its text and the one before; every process refuses them within 5 s."""
    return _view(fields_of(await service.revoke(work.db, work.caller, api_key_id, now=work.now)))


def _view(row: dict[str, Any]) -> ApiKeyView:
    return ApiKeyView.model_validate(_shown(row))


def _issued(issued: Issued) -> ApiKeyIssued:
    return ApiKeyIssued.model_validate({**_shown(fields_of(issued.row)), "key": issued.text})


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "scopes": sorted(scopes_of(row["role"], row["scopes"]))}
