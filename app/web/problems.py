"""Every error answer: RFC 9457 problem details, the same shape everywhere (H1 to H3)."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Match

from app.errors import (
    CalendarRangeError,
    ConflictError,
    FailedDependencyError,
    ForbiddenError,
    GoneError,
    InFlightError,
    InvalidError,
    MalformedError,
    NotFoundError,
    PreconditionFailedError,
    RateLimitedError,
    RefusedError,
    TooLargeError,
    TooSlowError,
    UnauthenticatedError,
    UnavailableError,
    UnsupportedMediaTypeError,
)
from app.web import misdated
from app.web.body import escaped
from app.web.schema import is_id

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
MOST_ERRORS = 50
RETRY_AFTER_SECONDS = 2

STATUSES: dict[type[RefusedError], int] = {
    MalformedError: 400,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    GoneError: 410,
    TooSlowError: 408,
    ConflictError: 409,
    PreconditionFailedError: 412,
    TooLargeError: 413,
    UnsupportedMediaTypeError: 415,
    InvalidError: 422,
    FailedDependencyError: 424,
    RateLimitedError: 429,
    UnavailableError: 503,
}

_EXTRA_HEADERS = {
    401: {"WWW-Authenticate": 'Bearer realm="touchbase"'},
    408: {"Connection": "close"},
    503: {"Retry-After": str(RETRY_AFTER_SECONDS)},
}

logger = logging.getLogger("touchbase.problems")


class FieldError(BaseModel):
    """One thing that is wrong with the input, and where; exactly one of the three places is named."""

    model_config = ConfigDict(extra="forbid")

    pointer: str | None = Field(default=None, description="JSON pointer into the body")
    parameter: str | None = Field(default=None, description="Name of a path or query parameter")
    header: str | None = Field(default=None, description="Name of a header")
    code: str
    detail: str


_EXAMPLE: dict[str, JsonValue] = {
    "type": "urn:touchbase:problem:invalid",
    "title": "Unprocessable Entity",
    "status": 422,
    "detail": "The request is not valid; see errors.",
    "instance": "/v1/clients",
    "code": "invalid",
    "request_id": "7f0c1d8e-import-12",
    "errors": [{"pointer": "/name", "code": "missing", "detail": "Field required"}],
    "errors_omitted": 0,
}


class Problem(BaseModel):
    """Why a request failed (RFC 9457). `code` is stable; `detail` is for people."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: list[FieldError] | None = None
    errors_omitted: int | None = None


def problem(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error answer."""
    content: dict[str, Any] = {
        "type": f"urn:touchbase:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance_of(request),
        "code": code,
        "request_id": request.scope.get("touchbase.request_id", ""),
    }
    if errors:
        content |= {"errors": list(errors[:MOST_ERRORS]), "errors_omitted": max(0, len(errors) - MOST_ERRORS)}
    return JSONResponse(
        content,
        status,
        headers={**_EXTRA_HEADERS.get(status, {}), **(headers or {})},
        media_type="application/problem+json",
    )


def path_of(request: Request) -> str:
    """The path as it stands in a URL. `request.url` would also read the Host header, which may be anything."""
    return quote(request.scope["path"])


def instance_of(request: Request) -> str:
    """The address that was asked for, if it is one of ours and its ids are ids; else the request itself.

    Anything might stand in another address, a name or a key, and an error never repeats what a client wrote (S5).
    """
    ids = request.scope.get("path_params", {}).values()
    if "route" in request.scope and all(map(is_id, ids)):
        return path_of(request)
    return f"urn:touchbase:request:{request.scope.get('touchbase.request_id', '')}"


def install(app: FastAPI) -> None:
    """Answer every kind of error as a problem."""
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(CalendarRangeError, _out_of_calendar)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def status_of(error: RefusedError) -> int:
    """The status with which an error is answered."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RefusedError)
    return refused(request, error)


def refused(request: Request, error: RefusedError) -> JSONResponse:
    """The answer to a request that cannot be carried out."""
    if isinstance(error, NotFoundError):
        fixed = _fixed_methods(request)
        if fixed and request.method not in fixed:
            return _method_not_allowed(request)
    status = status_of(error)
    places = {"pointer": error.pointer, "parameter": error.parameter, "header": error.header}
    place = {name: value for name, value in places.items() if value is not None}
    if status == HTTPStatus.UNPROCESSABLE_ENTITY and not place:
        place = {"pointer": ""}  # the body as a whole
    errors = [{**place, "code": error.code, "detail": error.detail}] if place else []
    headers = None
    if isinstance(error, InFlightError | RateLimitedError):
        headers = {"Retry-After": str(error.seconds)}
    return problem(request, status, error.code, error.detail, errors=errors, headers=headers)


async def _out_of_calendar(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, CalendarRangeError)
    place = misdated.place_of(request, error.year)
    errors = [{**place, "code": error.code, "detail": error.detail}]
    return problem(request, 422, error.code, error.detail, errors=errors)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["loc"][0] == "path" for item in found):
        return problem(request, 404, NotFoundError.code, NotFoundError.detail)
    errors = [field_error(item) for item in found]
    return problem(request, 422, "invalid", "The request is not valid; see errors.", errors=errors)


def field_error(item: Mapping[str, Any]) -> dict[str, str]:
    """One validation error in our words: where, a stable code and a sentence, never the input itself (H2)."""
    place, *path = item["loc"]
    if place == "body":
        where = {"pointer": "".join(f"/{escaped(str(part))}" for part in path)}
    else:
        where = {"header" if place == "header" else "parameter": str(path[0]) if path else ""}
    return {**where, "code": item["type"], "detail": item["msg"]}


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return _method_not_allowed(request)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem(request, 404, NotFoundError.code, NotFoundError.detail)
    return problem(request, error.status_code, "http_error", HTTPStatus(error.status_code).phrase)


def _method_not_allowed(request: Request) -> JSONResponse:
    allow = {"Allow": ", ".join(allowed_methods(request))}
    return problem(request, 405, "method_not_allowed", "This address has no such method.", headers=allow)


def allowed_methods(request: Request) -> list[str]:
    """Every method of the address that was asked for."""
    found = _fixed_methods(request) or _routed_methods(request)
    return sorted(found | {"HEAD"} if "GET" in found else found)


def _fixed_methods(request: Request) -> set[str]:
    """The methods of an address without an id; it also looks like one with an id, but no id is spelt so."""
    methods: dict[str, set[str]] = request.app.state.methods
    return methods.get(request.scope["path"], set())


def _routed_methods(request: Request) -> set[str]:
    routes: list[BaseRoute] = request.app.routes
    tried = [({**request.scope, "method": method}, method) for method in METHODS]
    return {method for scope, method in tried for route in routes if route.matches(scope)[0] is Match.FULL}


def unavailable(request: Request, kind: type[UnavailableError]) -> JSONResponse:
    """The answer where the application itself does not get to work."""
    return problem(request, 503, kind.code, kind.detail)


def unexpected(request: Request, error: Exception) -> JSONResponse:
    """The answer to a bug of ours; its place in the code goes to the log."""
    # The traceback names places in the code; the error's own words might quote what a client sent.
    extra = {"request_id": request.scope.get("touchbase.request_id")}
    logger.error("unexpected %s", type(error).__name__, exc_info=_without_words(error), extra=extra)
    return problem(request, 500, "internal_error", "Something went wrong on our side.")


def _without_words(error: Exception) -> Exception:
    bare = RuntimeError(type(error).__name__)
    bare.__traceback__ = error.__traceback__
    return bare
