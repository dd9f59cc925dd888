"""The path of one request, and the order in which it is checked (H4).

Who asks (401), whether their agency has requests left (429), what they may (403), whether it is there (404), the size
and kind of the body (413, 415), whether it was answered before (H8), what it says (400, 422), whether the object is
still what the caller saw (412), and whether it fits the state of things (409). From the reading of the body on all of
it is one transaction, which ends before the answer is sent (R2).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, get_args, get_origin

from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.db import Beginning, Database
from app.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    MalformedError,
    NotFoundError,
    TooLargeError,
    TouchbaseError,
    UnsupportedMediaTypeError,
)
from app.services import conditions, edits
from app.services.idempotency import claiming
from app.services.scope import NAMED_IDS, Caller, check_named
from app.web import etags, idempotency, trail
from app.web.body import MOST_BULK_BYTES, MOST_BYTES, ParsedRequest, parse, parse_bulk, read
from app.web.deps import Work, ids_in_path
from app.web.paging import Page
from app.web.query import check_query
from app.web.waiting import LOOK_SECONDS, WISH, Lookout, Watch, Wish

BAD_INPUT = (InvalidError, MalformedError, RequestValidationError, TooLargeError, UnsupportedMediaTypeError)
EDITS = {"PATCH", "PUT", "DELETE"}
BODIED = {"PATCH", "POST", "PUT"}
SCOPED = "x-scopes"  # how an operation is declared to need scopes, and how the document says it
PATH_CHECKED = "touchbase.path_checked"  # in the scope of a request whose path names what is there


class Route(APIRoute):
    """A route whose requests take the path above.

    Bad input is reported only if the objects named in the path are there; they are looked up just for that, so
    good requests pay nothing.
    """

    beginnings: ClassVar[dict[Callable[..., Any], Callable[..., Beginning]]] = {}
    takings: ClassVar[dict[Callable[..., Any], Callable[[AsyncSession, Caller], Awaitable[None]]]] = {}
    readers: ClassVar[dict[str, Callable[..., Awaitable[etags.Tagged]]]] = {}
    most_bytes = MOST_BYTES
    parse = staticmethod(parse)

    def __init__(self, path: str, endpoint: Callable[..., Any], **declared: Any) -> None:
        super().__init__(path, endpoint, **declared)
        if self.methods == {"GET"}:
            self.readers[path] = endpoint

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of one request."""
        scopes = frozenset(scopes_of(self))
        takes_body = self.body_field is not None
        perform = self._performer(super().get_route_handler(), scopes, takes_body=takes_body)

        async def checked(request: Request) -> Response:
            caller = await _admitted(request, scopes)
            database: Database = request.app.state.database
            raw = b""
            try:
                if request.method in BODIED:
                    raw = await read(request, most_bytes=self.most_bytes)
                    # A body may take longer to come than a revoked credential may work on (S3).
                    caller = await _admitted(request, scopes)
                keyed = idempotency.keyed_of(request, raw)
                own = self._beginning(request, caller)
                beginning = claiming(caller, keyed) if keyed else own
                async with database.transaction(caller.agency_id, beginning) as db:
                    work = request.scope["touchbase.work"] = Work(db, caller, db.info["now"])
                    performed = partial(perform, request, work, raw)
                    if keyed is None:
                        return await performed()
                    there = partial(_check_path, request, caller, db)
                    return await idempotency.answer_once(request, work, keyed, own, performed, there)
            except BAD_INPUT:
                if PATH_CHECKED not in request.scope:
                    async with database.transaction(caller.agency_id) as db:
                        await _check_path(request, caller, db)
                raise

        return checked

    def _beginning(self, request: Request, caller: Caller) -> Beginning | None:
        """How the operation's transaction begins, if in its own way; what is no id is not found later."""
        beginning = self.beginnings.get(self.endpoint)
        if beginning is None:
            return None
        with suppress(NotFoundError):
            return beginning(caller, **ids_in_path(request))
        return None

    def _performer(
        self, handle: Callable[[Request], Awaitable[Response]], scopes: frozenset[str], *, takes_body: bool
    ) -> Callable[[Request, Work, bytes], Awaitable[Response]]:
        """What does a request's work, within its transaction."""
        parameters = _query_parameters(self.dependant)
        audited = trail.is_audited(scopes, self.openapi_extra)
        names_one = not (isinstance(self.response_model, type) and issubclass(self.response_model, Page))

        async def perform(request: Request, work: Work, raw: bytes) -> Response:
            try:
                check_query(request, parameters)
                deed = trail.deed_of(request, self.name) if audited else None
                body = self.parse(raw) if raw else None
                if raw and body != {} and not takes_body:
                    raise InvalidError("The operation takes no body.", code="unexpected_body", pointer="")
                await self._judge_condition(request, work)
                response = await handle(ParsedRequest(request, raw, body) if takes_body else request)
            except BAD_INPUT:
                # Here, so that an answer that is kept is the right one.
                await _check_path(request, work.caller, work.db)
                raise
            except ConflictError:
                conditions.check(work.db)
                raise
            conditions.check(work.db)
            if deed:
                trail.note(request, work, deed, body, response)
            return etags.tagged(request, response) if names_one else response

        return perform

    async def _judge_condition(self, request: Request, work: Work) -> None:
        """Hold the object to be edited, and note whether it is still what `If-Match` names."""
        given = etags.conditions_of(request.headers, "If-Match")
        if given is None or request.method not in EDITS:
            return
        ids = ids_in_path(request)
        if take := self.takings.get(self.endpoint):
            await take(work.db, work.caller)
        for name, row_id in ids.items():
            await edits.hold(work.db, work.caller, NAMED_IDS[name], row_id)
        present = await self.readers[self.path](**ids, work=work)
        if etags.is_stale(given, present.etag):
            conditions.note_failed(work.db)


class WaitingRoute(Route):
    """A route that may wait until there is something to answer: it asks again when there may be, and at the end.

    Whoever waits takes no place among the requests that are worked on, and is answered at once when the service ends.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of one request."""
        ask = super().get_route_handler()
        scopes = frozenset(scopes_of(self))

        async def patient(request: Request) -> Response:
            began = time.monotonic()
            response = await ask(request)
            wish: Wish | None = request.scope.pop(WISH, None)
            if wish is None:
                return response
            ends = began + wish.seconds
            lookout: Lookout = request.app.state.lookout
            with lookout.joined(request.scope["touchbase.caller"].agency_id) as watch:
                while watch and wish and not _is_over(request, ends):
                    if not await _outlasted(request, scopes, watch, wish, ends):
                        break
                    response = await ask(request)
                    wish = request.scope.pop(WISH, None)
            return response

        return patient


async def _admitted(request: Request, scopes: frozenset[str]) -> Caller:
    """Who asks. Raises UnauthenticatedError, RateLimitedError or ForbiddenError where they may not."""
    caller: Caller = await request.app.state.authenticator.caller(request)
    request.scope["touchbase.caller"] = caller
    await request.app.state.rate_limiter.admit(request.scope, caller)
    if not scopes <= caller.scopes:
        raise ForbiddenError
    return caller


async def _may_ask(request: Request, scopes: frozenset[str]) -> bool:
    """Whether who waits may still do so; if it is not known, they are told why when they ask again."""
    with suppress(TouchbaseError):
        await _admitted(request, scopes)
        return True
    return False


def _is_over(request: Request, ends: float) -> bool:
    """Whether nobody is to wait any longer."""
    return time.monotonic() >= ends or request.app.state.is_draining


async def _outlasted(request: Request, scopes: frozenset[str], watch: Watch, wish: Wish, ends: float) -> bool:
    """Wait until there may be another answer; False where the client goes away before that."""
    lookout: Lookout = request.app.state.lookout
    gone = asyncio.create_task(_gone(request))
    try:
        while watch.position <= wish.position and not _is_over(request, ends):
            if not await _may_ask(request, scopes):
                break
            most = min(LOOK_SECONDS, ends - time.monotonic())  # a look may itself be kept waiting
            look = lookout.next_look(watch)
            await asyncio.wait({gone, look}, timeout=most, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                return False
        return True
    finally:
        gone.cancel()
        await asyncio.wait({gone})


async def _gone(request: Request) -> None:
    """Wait until the client goes away, or sends no more and so may have gone."""
    while (await request.receive())["type"] != "http.disconnect":
        if getattr(request.state, "is_half_closed", False):
            break


class BulkRoute(Route):
    """A route whose body is larger, and holds items that are judged one by one (H14)."""

    most_bytes = MOST_BULK_BYTES
    parse = staticmethod(parse_bulk)


def scopes_of(route: APIRoute) -> list[str]:
    """The scopes that an operation needs."""
    scopes: list[str] = (route.openapi_extra or {}).get(SCOPED, [])
    return scopes


def _query_parameters(dependant: Dependant) -> dict[str, bool]:
    """The names of an operation's query parameters, each with whether it may be repeated."""
    own = {field.alias: _is_list(field.field_info.annotation) for field in dependant.query_params}
    for dependency in dependant.dependencies:
        own |= _query_parameters(dependency)
    return own


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(_is_list(part) for part in get_args(annotation))


async def _check_path(request: Request, caller: Caller, db: AsyncSession) -> None:
    await check_named(db, caller, ids_in_path(request))
    request.scope[PATH_CHECKED] = True
