"""How an operation is declared: its scope, its errors, its tag; the document is made of these."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import APIRouter
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Beginning
from app.services.access import SCOPES
from app.services.scope import Caller
from app.web.routes import SCOPED, Route
from app.web.trail import AUDITED

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

PROBLEM_WORDS = {
    400: "The request or its body cannot be parsed.",
    401: "No valid credential.",
    403: "The caller lacks the scope.",
    404: "There is no such object.",
    408: "The request did not arrive in time.",
    409: "The request contradicts the present state.",
    410: "It was there once and is no more.",
    412: "The object is no longer what `If-Match` names.",
    413: "The body is larger than the limit.",
    414: "The address is longer than the limit.",
    415: "The body is not JSON.",
    422: "The request is well formed but its meaning is wrong.",
    429: "The agency has used up its requests of this minute.",
    431: "The headers are larger than the limit.",
    501: "The method, or a transfer coding of the body, is not known.",
    503: "The database, or the issuer of the token, cannot be reached right now, or too much is under way.",
    505: "The version of HTTP is neither 1.1 nor 1.0.",
}
SUCCESS_WORDS = {
    200: "Done; the body is the answer.",
    201: "Created; the body shows it.",
    202: "Accepted; it is on its way.",
    204: "Done; there is no body.",
    207: "Judged item by item; each has a status of its own.",
}
CHANGED = "An external id named it already; it was changed."
KEPT = "The same was recorded before under one of its external ids; the body shows that record."
AT_THE_DOOR = (400, 408, 414, 431, 501, 505)
ALWAYS = (401, 403, 422, 429, 503, *AT_THE_DOOR)
WITH_BODY = (413, 415)


def router(tag: str, route_class: type[APIRoute] = Route) -> APIRouter:
    """A router whose operations are checked in our order (H4), or by another class of route."""
    return APIRouter(
        route_class=route_class, tags=[tag], generate_unique_id_function=lambda route: route.name
    )


def operation(
    scope: str,
    *errors: int,
    upsert: type | None = None,
    resent: type | None = None,
    audited: bool = False,
) -> dict[str, Any]:
    """What a route declares beside its path: the scope it needs and every status it really sends.

    `scope` may be several, with spaces between them as OAuth writes them.
    `errors` beyond those that any operation, or any of its method, may answer; `upsert` is the answer's model where
    200 is possible beside 201, for an object that was changed, `resent` the same for a record that was there; `audited`
    for one that is noted in the audit trail though it only reads: whatever writes is. An operation without a scope that
    is known cannot be declared.
    """
    scopes = scope.split()
    if not scopes or not SCOPES.keys() >= set(scopes):
        raise ValueError(f"no scope: {scope}")
    responses = problem_responses(*sorted({*ALWAYS, *errors}))
    for model, words in ((upsert, CHANGED), (resent, KEPT)):
        if model is not None:
            responses[200] = {"model": model, "description": words}
    told = {SCOPED: scopes} | ({AUDITED: True} if audited else {})
    return {"responses": responses, "openapi_extra": told}


def begins(beginning: Callable[..., Beginning]) -> Callable[[Endpoint], Endpoint]:
    """Let an operation's transaction begin in its own way, made of the caller and the ids in the path."""

    def declare(endpoint: Endpoint) -> Endpoint:
        Route.beginnings[endpoint] = beginning
        return endpoint

    return declare


def takes(take: Callable[[AsyncSession, Caller], Awaitable[None]]) -> Callable[[Endpoint], Endpoint]:
    """Let an edit take what is no object of its path before it is judged whether that is still what was seen (H7)."""

    def declare(endpoint: Endpoint) -> Endpoint:
        Route.takings[endpoint] = take
        return endpoint

    return declare


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problems in the document."""
    return {status: problem_response(status) for status in statuses}


def problem_response(status: int) -> dict[str, Any]:
    """A problem in the document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": PROBLEM_WORDS[status], "content": {"application/problem+json": {"schema": schema}}}
