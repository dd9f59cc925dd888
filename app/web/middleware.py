"""What surrounds every request, as plain ASGI (R11): ids, HEAD, headers, logging, retries."""

import asyncio
import logging
import random
import re
import time
from collections.abc import Iterable
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import RetryError, UnavailableError
from app.web.problems import problem, unexpected

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TRIES = 3
CLIENT_CLOSED = 499  # for the log alone: nobody is left to answer

logger = logging.getLogger("touchbase.requests")


class Envelope:
    """Gives a request its id, answers HEAD as GET without the body, and sets the headers every answer has.

    Logs one line per request: method, route, status, time; neither the query nor anything a client wrote.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

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

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _set_headers(MutableHeaders(scope=message), request_id)
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self.app(inner, receive, answer)
        except ClientDisconnect:
            status = CLIENT_CLOSED
        except Exception as error:
            if status:
                raise
            await unexpected(Request(inner), error)(inner, receive, answer)
        finally:
            _log(inner, request_id, status, time.perf_counter() - started)


class Retry:
    """Runs a request again when the database gave up its transaction for another's sake (R8)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, up to three times."""
        heard: list[Message] = []
        for attempt in range(_TRIES):
            try:
                await self.app(scope, _replaying(heard, receive), send)
            except RetryError:
                # Rivals that come back at the same moment would only meet again.
                await asyncio.sleep(random.uniform(0, 0.02) * 2**attempt)  # noqa: S311 - no secret
                continue
            return
        answer = problem(Request(scope), 503, UnavailableError.code, UnavailableError.detail)
        await answer(scope, receive, send)


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


def _set_headers(headers: MutableHeaders, request_id: str) -> None:
    headers["X-Request-Id"] = request_id
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Cache-Control", "no-store")


def _log(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    route = scope.get("route")
    caller = scope.get("touchbase.caller")
    logger.info(
        "%s %s %d",
        scope["method"],
        getattr(route, "path", "-"),
        status,
        extra={
            "request_id": request_id,
            "agency_id": str(caller.agency_id) if caller else None,
            "milliseconds": round(seconds * 1000, 1),
        },
    )
