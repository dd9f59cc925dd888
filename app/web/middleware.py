"""What surrounds every request, as plain ASGI (R11): ids, HEAD, headers, logging, counting, overload, retries."""

import asyncio
import logging
import random
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import DrainingError, OverloadedError, RetryError, UnavailableError
from app.logs import Facts, request_facts
from app.web.metrics import Metrics
from app.web.problems import METHODS, unavailable, unexpected

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TRIES = 3
UNCOUNTED = ("/livez", "/readyz", "/metrics")
CLIENT_CLOSED = 499  # for the log and the figures alone: nobody is left to answer

logger = logging.getLogger("touchbase.requests")


class Envelope:
    """Gives a request its id, answers HEAD as GET without the body, and sets the headers every answer has.

    Counts it, and logs one line: method, route, status, time; neither the query nor anything a client wrote.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope).get("x-request-id"))
        is_head = scope["method"] == "HEAD"
        # A copy: the server itself must go on seeing HEAD, so that it sends no body.
        inner = {**scope, "method": "GET" if is_head else scope["method"], "touchbase.request_id": request_id}
        started, status = time.perf_counter(), 0
        told = request_facts.set(partial(facts_of, inner))

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                set_headers(MutableHeaders(scope=message), inner)
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        try:
            with self.metrics.in_flight.track_inprogress():
                await self.app(inner, receive, answer)
        except ClientDisconnect:
            status = CLIENT_CLOSED
        except asyncio.CancelledError:
            if not status:  # the service ends and waits no longer
                await unavailable(Request(inner), DrainingError)(inner, receive, answer)
            raise
        except Exception as error:
            if status:
                raise
            await unexpected(Request(inner), error)(inner, receive, answer)
        finally:
            seconds = time.perf_counter() - started
            self.metrics.answered(operation_of(inner), status or CLIENT_CLOSED, seconds)
            _log(inner, status or CLIENT_CLOSED, seconds)
            request_facts.reset(told)


class Shed:
    """Refuses at once what comes while too much is under way; health and metrics are always answered (R14).

    A request whose body is still on its way does not count, so slow clients cannot take all places.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.places = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] in UNCOUNTED:
            await self.app(scope, receive, send)
        elif self.places <= 0:
            await unavailable(Request(scope), OverloadedError)(scope, receive, send)
        else:
            with self._moved(-1):
                await self.app(scope, self._without_place(receive), send)

    def _without_place(self, receive: Receive) -> Receive:
        async def listen() -> Message:
            with self._moved(+1):
                return await receive()

        return listen

    @contextmanager
    def _moved(self, places: int) -> Iterator[None]:
        self.places += places
        try:
            yield
        finally:
            self.places -= places


class Retry:
    """Runs a request again that met another, or a migration, in the database (R8)."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, up to three times."""
        heard: list[Message] = []
        for attempt in range(_TRIES):
            if attempt:
                self.metrics.retried.inc()
            try:
                await self.app(scope, _replaying(heard, receive), send)
            except RetryError:
                logger.info("transaction given up for another's sake, try %d of %d", attempt + 1, _TRIES)
                # Rivals that come back at the same moment would only meet again.
                await asyncio.sleep(random.uniform(0, 0.02) * 2**attempt)  # noqa: S311 - no secret
                continue
            return
        await unavailable(Request(scope), UnavailableError)(scope, receive, send)


def _replaying(heard: list[Message], receive: Receive) -> Receive:
    """Gives what was heard before once more, and remembers what comes new."""
    again: Iterable[Message] = iter(list(heard))

    async def listen() -> Message:
        for message in again:
            return message
        message = await receive()
        heard.append(message)
        return message

    return listen


def _request_id(given: str | None) -> str:
    return given if given and _REQUEST_ID.fullmatch(given) else uuid4().hex


def set_headers(headers: MutableHeaders, scope: Scope) -> None:
    """Set what every answer says of itself: its id, its manners, and where the agency stands with its limit."""
    headers["X-Request-Id"] = scope["touchbase.request_id"]
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Cache-Control", "no-store")
    headers.update(scope.get("touchbase.rate_limit", {}))


def operation_of(scope: Scope) -> str | None:
    """The operationId of a request, None where it asked for no operation of ours."""
    route = scope.get("route")
    if isinstance(route, Route) and scope["method"] in (route.methods or ()):
        return route.name
    return None


def facts_of(scope: Scope) -> Facts:
    """What can be told of a request by now: its id, and once they are known its agency and its operation."""
    facts: Facts = {"request_id": scope["touchbase.request_id"]}
    if caller := scope.get("touchbase.caller"):
        facts["agency_id"] = str(caller.agency_id)
    if operation := operation_of(scope):
        facts["operation"] = operation
    return facts


def _log(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    path = getattr(scope.get("route"), "path", "-")
    extra = {"status": status, "milliseconds": round(seconds * 1000, 1)}
    logger.info("%s %s %d", method, path, status, extra=extra)
