"""The order in which every request is checked (H4): who asks, what it may, whether it is there, what it says."""

from collections.abc import Callable, Coroutine
from typing import Any, get_args, get_origin
from uuid import UUID

from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from app.errors import (
    InvalidError,
    MalformedError,
    NotFoundError,
    TooLargeError,
    UnsupportedMediaTypeError,
)
from app.services.scope import NAMED_IDS, check_named
from app.web.body import check_query, read_json

BAD_INPUT = (InvalidError, MalformedError, RequestValidationError, TooLargeError, UnsupportedMediaTypeError)


class Route(APIRoute):
    """A route that authenticates first and reads the body by our rules.

    Bad input is reported only if the objects named in the path are there; they are looked up just for that, so
    good requests pay nothing.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of one request."""
        handle = super().get_route_handler()
        scopes = frozenset(_scopes(self.dependant))
        takes_body = self.body_field is not None
        parameters = _query_parameters(self.dependant)

        async def checked(request: Request) -> Response:
            caller = await request.app.state.authenticator.caller(request, scopes)
            request.scope["touchbase.caller"] = caller
            try:
                check_query(request, parameters)
                return await handle(await read_json(request) if takes_body else request)
            except BAD_INPUT:
                await _check_path(request)
                raise

        return checked


def _scopes(dependant: Dependant) -> list[str]:
    own = list(dependant.own_oauth_scopes or [])
    for dependency in dependant.dependencies:
        own += _scopes(dependency)
    return own


def _query_parameters(dependant: Dependant) -> dict[str, bool]:
    """The names of an operation's query parameters, each with whether it may be repeated."""
    own = {field.alias: _is_list(field.field_info.annotation) for field in dependant.query_params}
    for dependency in dependant.dependencies:
        own |= _query_parameters(dependency)
    return own


def _is_list(annotation: Any) -> bool:
    return any(get_origin(kind) is list for kind in (annotation, *get_args(annotation)))


async def _check_path(request: Request) -> None:
    ids = {}
    for name, value in request.path_params.items():
        if name in NAMED_IDS:
            try:
                ids[name] = UUID(value)
            except ValueError:
                raise NotFoundError from None
    if ids:
        await _check_ids(request, ids)


async def _check_ids(request: Request, ids: dict[str, UUID]) -> None:
    caller = request.scope["touchbase.caller"]
    opened = request.scope.get("touchbase.db")
    if opened is not None and opened.is_active:
        await check_named(opened, caller, ids)
        return
    async with request.app.state.database.transaction(caller.agency_id) as db:
        await check_named(db, caller, ids)
