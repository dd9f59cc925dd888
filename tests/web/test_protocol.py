"""What arrives too large, too slowly or as nonsense is refused over the wire, and what is right is not (H1, H13)."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from app.db import Database
from app.web import problems
from app.web.body import read
from app.web.metrics import Metrics
from app.web.middleware import Envelope
from tests.web.connections import PATIENCE, Connection, Served, served
from tests.written import writing

LONG = 32_768 - len("host: x\r\n") - len("a: \r\n")  # what may stand in one more header

POST_BODY = b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

GET = b"GET /livez HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
async def small() -> FastAPI:
    """An application that reads, waits and answers at length, as ours does."""
    app = FastAPI()
    app.add_middleware(Envelope, metrics=Metrics(Database("postgresql://nowhere/nothing")))
    problems.install(app)
    app.state.go_on = asyncio.Event()
    app.state.heard = []

    @app.get("/livez")
    async def answer() -> Response:
        return PlainTextResponse("ok")

    @app.post("/body")
    async def read_body(request: Request) -> Response:
        body = await read(request, most_bytes=1_000, most_seconds=1)
        return PlainTextResponse(str(len(body)))

    @app.post("/patient")
    async def read_patiently(request: Request) -> Response:
        try:
            return PlainTextResponse(str(len(await request.body())))
        except Exception as error:
            app.state.heard.append(type(error).__name__)
            app.state.go_on.set()
            raise

    @app.get("/waiting")
    async def wait(request: Request) -> Response:
        await request.body()
        await app.state.go_on.wait()
        return PlainTextResponse("waited")

    @app.get("/long")
    async def answer_at_length(length: int) -> Response:
        return Response(b"x" * length)

    @app.get("/parts")
    async def answer_in_parts() -> Response:
        return StreamingResponse(b"x" * 10_000 for _ in range(1_000))

    return app


@pytest.fixture
async def service(small: FastAPI) -> AsyncIterator[Served]:
    """It listens with the usual timeouts."""
    async with served(small) as listening:
        yield listening


@pytest.fixture
async def hasty(small: FastAPI) -> AsyncIterator[Served]:
    """It listens with short timeouts."""
    times = dict.fromkeys(("head_seconds", "body_seconds", "answer_seconds", "linger_seconds"), 1)
    async with served(small, **times) as listening:
        yield listening


@pytest.fixture
async def connection(service: Served) -> AsyncIterator[Connection]:
    """A connection with the usual timeouts."""
    async with service.connection() as opened:
        yield opened


@pytest.mark.parametrize("pieces", [1, 2, 7])
async def test_headers_of_32_kilobytes_are_read(connection: Connection, pieces: int) -> None:
    request = GET + b"a: " + b"x" * LONG + b"\r\n\r\n"
    for start in range(0, len(request), len(request) // pieces + 1):
        await connection.send(request[start : start + len(request) // pieces + 1])
        await asyncio.sleep(0.01)
    assert (await connection.answer()).body == b"ok"


@pytest.mark.parametrize(
    "headers",
    [
        b"a: " + b"x" * (LONG + 1) + b"\r\n\r\n",
        b"a: " + b"x" * 60_000,
        b"a" * 60_000,
        b"a: b\r\n" * 6_000 + b"\r\n",
        b"a: b\r\n" * 6_000,
        b"a: b\r\n" * 100_000,
        b"a: " + b"x" * 20_000_000,
    ],
    ids=["a byte", "no end", "no colon", "many", "many, no end", "very many", "endless"],
)
async def test_larger_headers_are_refused(connection: Connection, headers: bytes) -> None:
    sending = asyncio.create_task(connection.send(GET + headers))
    answer = await connection.answer()
    problem = answer.problem(431, "headers_too_large")
    assert problem["title"] == "Request Header Fields Too Large"
    assert problem["instance"] == f"urn:touchbase:request:{problem['request_id']}"
    assert answer.headers["connection"] == "close"
    assert re.fullmatch(r"[0-9a-f]{32}", problem["request_id"])
    await sending
    assert await connection.end() == b""


async def test_an_address_of_8000_bytes_is_read_and_a_longer_one_refused(connection: Connection) -> None:
    head = b" HTTP/1.1\r\nHost: x\r\n\r\n"
    await connection.send(b"GET /livez?" + b"x" * (8_000 - len("/livez?")) + head)
    assert (await connection.answer()).status == 200
    await connection.send(b"GET /livez?" + b"x" * 9_000)
    (await connection.answer()).problem(414, "target_too_long")
    assert await connection.end() == b""


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHo st: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \x00\r\n\r\n",
        b"FOO\r\n\r\n",
        b"FOO / HTTP\r\n\r\n",
        b"(FOO) / HTTP/1.1\r\n\r\n",
    ],
)
async def test_nonsense_is_refused_as_a_problem(connection: Connection, nonsense: bytes) -> None:
    await connection.send(nonsense)
    (await connection.answer()).problem(400, "malformed_request")
    assert await connection.end() == b""


async def test_of_nonsense_one_line_is_logged_with_the_id_of_the_answer(connection: Connection) -> None:
    with writing() as written:
        await connection.send(b"FOO\r\n\r\n")
        problem = (await connection.answer()).problem(400, "malformed_request")
    assert [line["request_id"] for line in written.lines] == [problem["request_id"]]


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        (b"FOO /livez HTTP/1.1", 501, "unknown_method"),
        (b"get /livez HTTP/1.1", 501, "unknown_method"),
        (b"GETS /livez HTTP/1.0", 501, "unknown_method"),
        (b"DESCRIBE /livez HTTP/1.1", 501, "unknown_method"),
        (b"CONNECT x:80 HTTP/1.1", 501, "unknown_method"),
        (b"GET /livez HTTP/0.9", 505, "unknown_http_version"),
        (b"GET /livez HTTP/2.0", 505, "unknown_http_version"),
        (b"GET /livez HTTP/9.9", 505, "unknown_http_version"),
        (b"FOO /livez HTTP/3.0", 505, "unknown_http_version"),
        (b"PRI * HTTP/2.0", 505, "unknown_http_version"),
    ],
)
async def test_a_method_or_a_version_that_is_not_ours_is_refused_as_such(
    connection: Connection, line: bytes, status: int, code: str
) -> None:
    await connection.send(line + b"\r\nHost: x\r\n\r\n")
    answer = await connection.answer()
    answer.problem(status, code)
    assert answer.headers["connection"] == "close"
    assert await connection.end() == b""


@pytest.mark.parametrize("method", [b"OPTIONS", b"PROPFIND"])
@pytest.mark.parametrize("rest", [b"/livez HTTP/1.1\r\nHo st: x\r\n\r\n", b"x:y HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_a_method_that_can_be_read_is_not_to_blame_for_the_rest(
    connection: Connection, method: bytes, rest: bytes
) -> None:
    await connection.send(method + b" " + rest)
    (await connection.answer()).problem(400, "malformed_request")


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        (b"/livez HTTP/1.1\r\n\r\n", b"400"),
        (b"/livez HTTP/1.1\r\nHo st: x\r\n\r\n", b"400"),
        (b"/" + b"x" * 8_000 + b" HTTP/1.1\r\n", b"414"),
        (b"/livez HTTP/1.1\r\na: " + b"x" * 45_000, b"431"),
        (b"/livez HTTP/2.0\r\n\r\n", b"505"),
    ],
    ids=["host", "header", "target", "headers", "version"],
)
async def test_a_refused_head_has_no_body(connection: Connection, rest: bytes, status: bytes) -> None:
    await connection.send(b"HEAD " + rest)
    head, _, body = (await connection.end()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert b"\r\ncontent-type: application/problem+json" in head
    assert body == b""


async def test_nonsense_after_a_head_is_refused_with_a_body(connection: Connection) -> None:
    await connection.send(GET.replace(b"GET", b"HEAD") + b"\r\n")
    await connection.reader.readuntil(b"\r\n\r\n")
    await connection.send(b"?\r\n\r\n")
    (await connection.answer()).problem(400, "malformed_request")


@pytest.mark.parametrize("hosts", [b"", b"Host: x\r\nhost: x\r\n", b"Host: x\r\nHost: y\r\n"])
async def test_a_request_names_its_host_once(connection: Connection, hosts: bytes) -> None:
    await connection.send(b"GET /livez HTTP/1.1\r\n" + hosts + b"\r\n")
    (await connection.answer()).problem(400, "invalid_host")
    assert await connection.end() == b""


@pytest.mark.parametrize("host", [b"", b"Host: x\r\n"])
async def test_a_probe_of_http_1_0_need_not_name_its_host(connection: Connection, host: bytes) -> None:
    await connection.send(b"GET /livez HTTP/1.0\r\n" + host + b"\r\n")
    assert (await connection.answer()).body == b"ok"
    assert await connection.end() == b""


@pytest.mark.parametrize(
    "coding", [b"gzip, chunked", b"gzip\r\nTransfer-Encoding: chunked", b"gzip", b"identity"]
)
async def test_a_body_in_a_coding_that_is_not_undone_is_refused(
    connection: Connection, coding: bytes
) -> None:
    await connection.send(POST_BODY + b"Transfer-Encoding: " + coding + b"\r\n\r\n1\r\nx\r\n0\r\n\r\n")
    (await connection.answer()).problem(501, "unknown_transfer_coding")
    assert await connection.end() == b""


@pytest.mark.parametrize("coding", [b"chunked", b"Chunked", b" chunked "])
async def test_a_body_in_chunks_is_read(connection: Connection, coding: bytes) -> None:
    await connection.send(POST_BODY + b"Transfer-Encoding: " + coding + b"\r\n\r\n1\r\nx\r\n0\r\n\r\n")
    assert (await connection.answer()).body == b"1"


async def test_nonsense_after_an_answer_is_refused(connection: Connection) -> None:
    await connection.send(GET + b"\r\n")
    assert (await connection.answer()).status == 200
    await connection.send(b"?\r\n\r\n")
    (await connection.answer()).problem(400, "malformed_request")


async def test_nonsense_in_a_body_is_refused_and_the_reader_told_at_once(small: FastAPI) -> None:
    async with served(small, linger_seconds=PATIENCE) as service, service.connection() as connection:
        await connection.send(b"POST /patient HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        await connection.send(b"1\r\nx\r\nno\r\n")
        (await connection.answer()).problem(400, "malformed_request")
        assert await connection.end() == b""
        async with asyncio.timeout(PATIENCE / 2):
            await small.state.go_on.wait()
        assert small.state.heard == ["ClientDisconnect"]


@pytest.mark.parametrize("trailers", [b"a: b\r\n" * 6_000, b"a: " + b"x" * 1_000_000])
async def test_trailers_are_bounded_like_headers(connection: Connection, trailers: bytes) -> None:
    head = b"POST /patient HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    sending = asyncio.create_task(connection.send(head + trailers))
    (await connection.answer()).problem(431, "headers_too_large")
    await sending


async def test_a_request_in_one_byte_pieces_is_read(connection: Connection) -> None:
    for byte in POST_BODY + b"Content-Length: 5\r\n\r\n12345":
        await connection.send(bytes([byte]))
    assert (await connection.answer()).body == b"5"


async def test_requests_in_one_piece_are_answered_in_their_order(connection: Connection) -> None:
    await connection.send(POST_BODY + b"Content-Length: 3\r\n\r\n123" + (GET + b"\r\n") * 3)
    bodies = [(await connection.answer()).body for _ in range(4)]
    assert bodies == [b"3", b"ok", b"ok", b"ok"]


async def test_an_answer_under_way_comes_before_nonsense_ends_the_connection(
    connection: Connection, small: FastAPI
) -> None:
    await connection.send(b"GET /waiting HTTP/1.1\r\nHost: x\r\n\r\n")
    await connection.send(b"?\r\n\r\n")
    await asyncio.sleep(0.05)
    small.state.go_on.set()
    assert (await connection.answer()).body == b"waited"
    assert await connection.end() == b""


async def test_a_connection_that_says_nothing_is_closed(hasty: Served) -> None:
    async with hasty.connection() as connection:
        assert await connection.end() == b""


async def test_a_head_that_does_not_end_is_refused_however_it_drips(hasty: Served) -> None:
    async with hasty.connection() as connection:
        await connection.send(GET)
        dripping = asyncio.create_task(connection.drip(b"a: b\r\n", 0.02))
        answer = await connection.answer()
        answer.problem(408, "request_timeout")
        assert answer.headers["connection"] == "close"
        assert await connection.end() == b""
        await dripping


async def test_empty_lines_do_not_keep_a_connection_open(hasty: Served) -> None:
    async with hasty.connection() as connection:
        await connection.send(GET + b"\r\n")
        assert (await connection.answer()).body == b"ok"
        dripping = asyncio.create_task(connection.drip(b"\r\n", 0.02))
        assert await connection.end() == b""
        await dripping


async def test_a_second_head_has_its_own_time(hasty: Served) -> None:
    async with hasty.connection() as connection:
        for _ in range(4):
            await connection.send(GET)
            await asyncio.sleep(0.3)
            await connection.send(b"\r\n")
            assert (await connection.answer()).body == b"ok"
        await connection.send(GET)
        (await connection.answer()).problem(408, "request_timeout")


@pytest.mark.parametrize("piece", [b"", b"x"])
async def test_a_body_that_does_not_end_is_refused_however_it_drips(service: Served, piece: bytes) -> None:
    async with service.connection() as connection:
        await connection.send(POST_BODY + b"Content-Length: 900\r\n\r\n")
        dripping = asyncio.create_task(connection.drip(piece, 0.02))
        answer = await connection.answer()
        assert answer.problem(408, "request_timeout")["instance"] == "/body"
        assert answer.headers["connection"] == "close"
        assert await connection.end() == b""
        await dripping


async def test_a_body_beyond_its_limit_is_refused_at_once(connection: Connection) -> None:
    await connection.send(POST_BODY + b"Content-Length: 1001\r\n\r\n")
    (await connection.answer()).problem(413, "too_large")
    await connection.send(b"x" * 1001 + GET + b"\r\n")
    assert (await connection.answer()).body == b"ok"


async def test_a_body_that_grows_beyond_its_limit_is_refused(connection: Connection) -> None:
    await connection.send(POST_BODY + b"Transfer-Encoding: chunked\r\n\r\n")
    await connection.send(b"1f4\r\n" + b"x" * 500 + b"\r\n1f5\r\n" + b"x" * 501 + b"\r\n")
    (await connection.answer()).problem(413, "too_large")


@pytest.mark.parametrize("unread", [1, 9_000])
async def test_a_body_that_nobody_reads_cannot_keep_the_connection(hasty: Served, unread: int) -> None:
    async with hasty.connection() as connection:
        await connection.send(b"GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n")
        assert (await connection.answer()).body == b"ok"
        await connection.send(b"x" * unread)
        piece = b"x" if unread == 1 else b""
        dripping = asyncio.create_task(connection.drip(piece, 0.02))
        assert await connection.end() == b""
        await dripping


async def test_an_answer_that_takes_longer_than_a_body_may_is_given(hasty: Served, small: FastAPI) -> None:
    async with hasty.connection() as connection:
        await connection.send(b"GET /waiting HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(1.5)
        small.state.go_on.set()
        assert (await connection.answer()).body == b"waited"
        await connection.send(GET + b"\r\n")
        assert (await connection.answer()).body == b"ok"


@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"])
@pytest.mark.parametrize("path", [b"/long?length=60000", b"/long?length=9000000", b"/parts"])
async def test_an_answer_that_is_not_read_is_given_up(hasty: Served, path: bytes, more: bytes) -> None:
    async with hasty.connection() as connection:
        await connection.send(GET + b"\r\n")
        assert (await connection.answer()).body == b"ok"
        assert hasty.state.connections
        connection.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await connection.send(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n" + more + b"\r\n")
        await hasty.emptied()


async def test_answers_are_given_to_who_reads_them_late(hasty: Served) -> None:
    async with hasty.connection() as connection:
        for _ in range(4):
            await connection.send(b"GET /long?length=900000 HTTP/1.1\r\nHost: x\r\n\r\n")
            await asyncio.sleep(0.4)
            assert len((await connection.answer()).body) == 900_000


async def test_a_client_that_asks_first_is_told_to_send(connection: Connection) -> None:
    await connection.send(POST_BODY + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    assert (await connection.answer()).status == 100
    await connection.send(b"12")
    assert (await connection.answer()).body == b"2"


async def test_an_offer_to_upgrade_is_passed_over(connection: Connection) -> None:
    for _ in range(2):
        await connection.send(GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert (await connection.answer()).body == b"ok"


async def test_what_is_cut_off_at_the_end_is_told_so(service: Served) -> None:
    async with service.connection() as connection:
        await connection.send(b"GET /waiting HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.1)
        [task] = service.state.tasks
        task.cancel()
        answer = await connection.answer()
        answer.problem(503, "draining")
        assert answer.headers["retry-after"] == "2"


@pytest.mark.parametrize(
    "more",
    [b"", b"GET /livez HTTP/1.1\r\nHo", POST_BODY + b"Content-Length: 9\r\n\r\n123"],
    ids=["whole", "half a second head", "half a second body"],
)
async def test_whoever_sends_no_more_is_answered_before_the_connection_ends(
    connection: Connection, small: FastAPI, more: bytes
) -> None:
    await connection.send(b"GET /waiting HTTP/1.1\r\nHost: x\r\n\r\n" + more)
    connection.end_sending()
    await asyncio.sleep(0.05)
    small.state.go_on.set()
    assert (await connection.answer()).body == b"waited"
    assert await connection.end() == b""


async def test_a_body_is_read_though_no_more_comes(connection: Connection) -> None:
    await connection.send(POST_BODY + b"Content-Length: 3\r\n\r\n123")
    connection.end_sending()
    assert (await connection.answer()).body == b"3"
    assert await connection.end() == b""


@pytest.mark.parametrize(
    "more", [b"", POST_BODY + b"Content-Length: 9\r\n\r\n123"], ids=["whole", "and half"]
)
async def test_every_request_that_came_before_the_end_is_answered(
    connection: Connection, more: bytes
) -> None:
    await connection.send(POST_BODY + b"Content-Length: 3\r\n\r\n123" + (GET + b"\r\n") * 3 + more)
    connection.end_sending()
    bodies = [(await connection.answer()).body for _ in range(4)]
    assert bodies == [b"3", b"ok", b"ok", b"ok"]
    assert await connection.end() == b""


@pytest.mark.parametrize(
    "piece", [b"", GET, GET + b"\r\n", POST_BODY + b"Content-Length: 9\r\n\r\n123"], ids=range(4)
)
async def test_whoever_sends_no_more_and_waits_for_nothing_is_let_go(small: FastAPI, piece: bytes) -> None:
    async with (
        served(small, head_seconds=60, linger_seconds=60) as service,
        service.connection() as connection,
    ):
        await connection.send(piece)
        if piece.endswith(b"\r\n\r\n"):
            assert (await connection.answer()).body == b"ok"
        connection.end_sending()
        assert await connection.end() == b""


async def test_whoever_was_refused_and_sends_no_more_is_let_go(small: FastAPI) -> None:
    async with served(small, linger_seconds=60) as service, service.connection() as connection:
        await connection.send(POST_BODY + b"Transfer-Encoding: chunked\r\n\r\nno")
        (await connection.answer()).problem(400, "malformed_request")
        connection.end_sending()
        await service.emptied()


async def test_whoever_goes_while_an_answer_is_made_leaves_nothing_behind(
    service: Served, small: FastAPI
) -> None:
    async with service.connection() as connection:
        await connection.send(b"GET /waiting HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(0.05)
    small.state.go_on.set()
    await service.emptied()
