"""HTTP/1.1 as it arrives: what is too large or too slow is refused before anything is made of it (H13).

uvicorn's protocol bounds neither the head of a request nor the time that a request takes to arrive, or an answer to be
taken; it says in plain text what it cannot parse, passes over what leaves a request unclear, and answers nobody who
has ended their side of the connection. This one does better; all else is uvicorn's.
"""

import asyncio
import logging
import re
from typing import Any, NoReturn
from uuid import uuid4

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.web.middleware import set_headers
from app.web.problems import problem

MOST_TARGET_BYTES = 8_000
MOST_HEADER_BYTES = 32_768
# What arrives without becoming a whole header or a part of the body: one endless line, or empty ones.
MOST_UNUSED_BYTES = MOST_TARGET_BYTES + MOST_HEADER_BYTES + 1_000

Refusal = tuple[int, str, str]

MALFORMED = (400, "malformed_request", "The request is not valid HTTP/1.1.")
HOST_UNCLEAR = (400, "invalid_host", "A request names its host once.")
TOO_SLOW = (408, "request_timeout", "The request did not arrive in time.")
TARGET_TOO_LONG = (414, "target_too_long", "The address is longer than the limit.")
HEADERS_TOO_LARGE = (431, "headers_too_large", "The headers are larger than the limit.")
UNKNOWN_METHOD = (501, "unknown_method", "The service knows no such method.")
UNKNOWN_CODING = (501, "unknown_transfer_coding", "Send the body as it is, be it in chunks.")
UNKNOWN_VERSION = (505, "unknown_http_version", "The service speaks HTTP/1.1 and HTTP/1.0.")

SPOKEN = {"1.0", "1.1"}
# The first line of a request, whatever its method and version.
_REQUEST_LINE = re.compile(
    rb"(?P<method>[-!#$%&'*+.^_`|~0-9A-Za-z]+) [!-~]+ HTTP/(?P<version>[0-9]\.[0-9])\r?\n"
)

logger = logging.getLogger("touchbase.requests")


class Protocol(HttpToolsProtocol):
    """One connection. Its times are in seconds.

    A head must be there `head_seconds` after the connection was made, or after its own first byte on one that is used
    again, a body `body_seconds` later. An answer that waits for its reader for `answer_seconds` is given up.
    """

    head_seconds: float = 10
    body_seconds: float = 15
    answer_seconds: float = 30
    linger_seconds: float = 2

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._arriving = ""  # the part of a request: head or body
        self._is_head = False  # whether the request is known to be a HEAD, whose answer has no body
        self._before = self.cycle  # the request before the last
        self._header_bytes = 0
        self._unused_bytes = 0
        self._reason: Refusal | None = None
        self._piece = b""  # what has just come
        self._is_refused = False
        self._arrival: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._expect_within(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        self._expect_within(None)
        if self._taking:
            self._taking.cancel()

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client sends no more, and listens on or has gone: what it asked for in full is answered, then we close.

        Whoever waits on its behalf is told by a message, and sees in the request's state what has happened.
        """
        if self._arriving == "body" and self.pipeline:
            # The unfinished request, the last in the queue, is dropped: the one before it becomes the last.
            self.pipeline.popleft()
            self.cycle = self._before
            self._arriving = ""
        if self._arriving == "body" or not self._is_answering():
            return False
        self.cycle.keep_alive = False
        self.cycle.scope["state"]["is_half_closed"] = True
        self.cycle.message_event.set()
        return True

    def data_received(self, data: bytes) -> None:
        """Parse what came; after a refusal it is thrown away."""
        if self._is_refused:
            return
        if self._arrival is None:
            self._expect_within(self.head_seconds)
        self._unused_bytes += len(data)
        self._piece = data
        super().data_received(data)
        self._piece = b""
        if self._unused_bytes > MOST_UNUSED_BYTES:
            self._refuse(HEADERS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._arriving = "head"
        self._is_head = False
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A part of its target."""
        super().on_url(url)
        self._is_head = self.parser.get_method() == b"HEAD"
        if len(self.url) > MOST_TARGET_BYTES:
            self._stop(TARGET_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or behind a body in chunks a trailer."""
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value) + len(": \r\n")
        if self._header_bytes > MOST_HEADER_BYTES:
            self._stop(HEADERS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The application begins to work."""
        self._check_head()
        self._before = self.cycle
        super().on_headers_complete()
        self._arriving = "body"
        self._unused_bytes = 0
        self._expect_within(self.body_seconds)

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        super().on_body(body)
        self._unused_bytes = 0

    def on_message_complete(self) -> None:
        """All is there; where it has been answered already, the next request is waited for."""
        super().on_message_complete()
        self._arriving = ""
        self._is_head = False
        self._unused_bytes = 0
        self._expect_within(self.head_seconds if self.cycle.response_complete else None)

    def on_response_complete(self) -> None:
        """An answer has been written, though perhaps not taken."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._give_up_later()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing more was asked."""
        self._close()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        super().pause_writing()
        self._give_up_later()

    def resume_writing(self) -> None:
        """The client has caught up."""
        super().resume_writing()
        if self._taking and not self.transport.is_closing():
            self._taking.cancel()
            self._taking = None

    def send_400_response(self, msg: str) -> None:
        """Refuse what could not be parsed, or was not parsed to the end because we stopped."""
        del msg
        self._refuse(self._reason or _unreadable(self._piece))

    def _check_head(self) -> None:
        """Refuse what the parser lets pass though it leaves open where the request goes, or what its body is."""
        version = self.parser.get_http_version()
        hosts = [value for name, value in self.headers if name == b"host"]
        codings = [value.strip().lower() for name, value in self.headers if name == b"transfer-encoding"]
        if version not in SPOKEN:
            self._stop(UNKNOWN_VERSION)
        if len(hosts) > 1 or (not hosts and version == "1.1"):
            self._stop(HOST_UNCLEAR)
        if codings not in ([], [b"chunked"]):
            self._stop(UNKNOWN_CODING)

    def _stop(self, reason: Refusal) -> NoReturn:
        self._reason = reason
        raise ValueError(reason)  # ends the parsing: uvicorn then sends its 400, which here says the reason

    def _expect_within(self, seconds: float | None) -> None:
        if self._arrival:
            self._arrival.cancel()
        self._arrival = None if seconds is None else self.loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        self._arrival = None
        if self._is_refused:
            self.transport.abort()
        elif self._is_answering():
            self.cycle.keep_alive = False  # the body's reader has its own timeout; this answer is the last
        elif self._arriving == "head":
            self._refuse(TOO_SLOW)
        else:
            self._close()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not (self.cycle.response_complete or self.cycle.disconnected)

    def _is_own_answer_free(self) -> bool:
        """Whether what is under way is the answer to the very request that is refused, and can still be replaced."""
        return self._arriving == "body" and not self.pipeline and not self.cycle.response_started

    def _refuse(self, reason: Refusal) -> None:
        if self._is_refused:
            return
        self._is_refused = True
        if self._is_answering():
            self.cycle.keep_alive = False
            if not self._is_own_answer_free():
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._answer(*reason)

    def _answer(self, status: int, code: str, detail: str) -> None:
        """Write a problem and close; what the client is still sending is read meanwhile, or it would see a reset."""
        scope = {"type": "http", "touchbase.request_id": uuid4().hex}
        answer = problem(Request(scope), status, code, detail, headers={"Connection": "close"})
        set_headers(answer.headers, scope)
        logger.info("- - %d", status, extra={"request_id": scope["touchbase.request_id"], "status": status})
        headers = [*self.server_state.default_headers, *answer.raw_headers]
        head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        body = b"" if self._is_head else bytes(answer.body)
        self.transport.write(STATUS_LINE[status] + head + b"\r\n" + body)
        self.transport.write_eof()
        self._expect_within(self.linger_seconds)

    def _close(self) -> None:
        self.transport.close()
        self._give_up_later()

    def _give_up_later(self) -> None:
        if self._taking is None:
            self._taking = self.loop.call_later(self.answer_seconds, self.transport.abort)


def _unreadable(piece: bytes) -> Refusal:
    """Why a request cannot be read: its first line, if it is one, may name an unknown method or version."""
    line = _REQUEST_LINE.match(piece)
    if line and line["version"].decode() not in SPOKEN:
        return UNKNOWN_VERSION
    if line and not _is_known(line["method"]):
        return UNKNOWN_METHOD
    return MALFORMED


def _is_known(method: bytes) -> bool:
    """Whether the parser knows a method: one that is not ours is then answered by the application, with a 405."""
    try:
        HttpRequestParser(None).feed_data(method + b" / HTTP/1.1\r\n\r\n")
    except (HttpParserError, HttpParserUpgrade):
        return False
    return True
