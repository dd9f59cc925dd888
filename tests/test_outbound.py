"""Calls to servers that others chose reach public addresses and those that are allowed, and no others (S6)."""

import asyncio
import gzip
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from app import outbound
from app.errors import OutboundError
from app.outbound import Address, GuardedTransport, Network, Outbound, Reach, check_url, is_public
from tests.certificates import certify
from tests.issuer import LocalIssuer

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"),)

Make = Callable[..., Outbound]

PUBLIC = ["8.8.8.8", "193.0.6.139", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"]
NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - looked at, not bound
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_routed_everywhere_may_be_called(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_may_not(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://login.example",
        "https://login.example:8443/realms/a",
        "https://8.8.8.8/x",
        "https://[2606:4700:4700::1111]/",
        "https://xn--9ca.example/é",
    ],
)
def test_a_url_may_name_a_public_server(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "login.example",
        "//login.example",
        "http://login.example",
        "ftp://login.example",
        "file:///etc/passwd",
        "https:///x",
        "https://",
        "https://user@login.example",
        "https://user:secret@login.example",
        "https://login.example:22",
        "https://login.example:99999",
        "https://login.example:x",
        "https://login.exa\nmple",
        "https://127.0.0.1",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
        "https://169.254.169.254/latest/meta-data",
        "https://\uff11\uff12\uff17.0.0.1:22",
    ],
)
def test_a_url_that_could_never_be_called_is_refused(url: str) -> None:
    with pytest.raises(OutboundError):
        check_url(url)


def test_an_allowed_network_may_be_named_also_over_http() -> None:
    check_url("http://127.0.0.1:9999/x", Reach(LOOPBACK))
    with pytest.raises(OutboundError):
        check_url("http://10.0.0.1:9999/x", Reach(LOOPBACK))


# What may be called: by whether https is asked for everywhere, nowhere, or where nothing is said (None).
REACHES = [
    ("https://8.8.8.8/x", (None, True, False)),
    ("https://8.8.8.8:8443/x", (None, True, False)),
    ("http://8.8.8.8/x", (False,)),
    ("http://8.8.8.8:8080/x", (False,)),
    ("https://8.8.8.8:8080/x", (False,)),
    ("http://8.8.8.8:22/x", ()),
    ("https://8.8.8.8:22/x", ()),
    ("https://127.0.0.1:9999/x", (None, True, False)),
    ("http://127.0.0.1:9999/x", (None, False)),
    ("http://10.0.0.1/x", ()),
    ("https://10.0.0.1/x", ()),
]


@pytest.mark.parametrize(("url", "passing"), REACHES)
@pytest.mark.parametrize("https_only", [None, True, False])
async def test_where_https_is_asked_for(
    client: Make, url: str, passing: tuple[bool | None, ...], https_only: bool | None
) -> None:
    if https_only in passing:
        check_url(url, Reach(LOOPBACK, https_only))
    else:
        with pytest.raises(OutboundError):
            check_url(url, Reach(LOOPBACK, https_only))
        # Nor may it be where a name leads.
        named, address = httpx.URL(url).copy_with(host="hooks.example"), httpx.URL(url).host
        with pytest.raises(OutboundError, match=r"It must|Its address"):
            await client(LOOPBACK, https_only=https_only, resolve=always(address)).get(str(named))


@pytest.mark.parametrize("port", [80, 8080])
def test_without_networks_of_our_own_plain_http_must_be_let_in(port: int) -> None:
    check_url(f"http://hooks.example:{port}/x", Reach(https_only=False))
    for https_only in (None, True):
        with pytest.raises(OutboundError):
            check_url(f"http://hooks.example:{port}/x", Reach(https_only=https_only))


async def test_a_post_gives_the_status_alone(server: LocalIssuer, client: Make) -> None:
    for status in ("200 OK", "302 Found\r\nLocation: /keys", "500 Oops"):
        server.answers["/x"] = (status, b"zqcanary")
        answered = await client(LOOPBACK).post(f"{server.url}/x", {}, b"{}", seconds=1)
        assert answered == int(status[:3])
    assert server.asked == ["/x"] * 3


async def test_a_post_waits_so_long_and_no_longer(server: LocalIssuer, client: Make) -> None:
    server.delay = 0.5
    with pytest.raises(OutboundError, match="in time"):
        await client(LOOPBACK).post(f"{server.url}/x", {}, b"{}", seconds=0.05)


async def test_the_look_up_of_a_name_counts_too(client: Make) -> None:
    async def never(_name: str) -> list[Address]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(OutboundError, match="in time"):
        await client(resolve=never).post("https://hooks.example/x", {}, b"{}", seconds=0.05)


async def test_a_post_to_one_who_does_not_encrypt_says_so(client: Make) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.transport.abort()

    plain = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with plain:
        url = f"https://127.0.0.1:{plain.sockets[0].getsockname()[1]}/x"
        with pytest.raises(OutboundError, match="does not take an encrypted connection"):
            await client(LOOPBACK).post(url, {}, b"{}", seconds=5)


async def test_a_post_to_nobody_says_so_in_words_of_ours(server: LocalIssuer, client: Make) -> None:
    await server.stop()
    places = {server.url: "takes a connection", "http://no-such-name.invalid": "leads to no address"}
    for url, words in places.items():
        with pytest.raises(OutboundError, match=words):
            await client(LOOPBACK).post(url, {}, b"{}", seconds=5)


@pytest.fixture
async def server() -> AsyncIterator[LocalIssuer]:
    """A server on this machine."""
    made = LocalIssuer()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def client() -> AsyncIterator[Callable[..., Outbound]]:
    """Makes clients and closes them."""
    made: list[Outbound] = []

    def make(
        allowed: Sequence[Network] = (), *, https_only: bool | None = None, **options: object
    ) -> Outbound:
        made.append(Outbound(GuardedTransport(Reach(allowed, https_only), **options)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        await each.close()


def always(*addresses: str) -> Callable[[str], Awaitable[list[Address]]]:
    """A resolver to which every name leads to the same place."""

    async def resolve(_name: str) -> list[Address]:
        return [ip_address(address) for address in addresses]

    return resolve


@pytest.fixture
def look_ups(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often each name was looked up; the name servers of *.silent.example answer nothing while the test lasts."""
    found: Counter[str] = Counter()
    is_over, ask = Event(), socket.getaddrinfo

    def look_up(host: str, *args: Any, **options: Any) -> Any:
        found[host] += 1
        if host.endswith(".silent.example"):
            is_over.wait()
            raise socket.gaierror
        return ask(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield found
    is_over.set()


async def test_name_servers_that_do_not_answer_keep_nobody_else_waiting(look_ups: Counter[str]) -> None:
    """All who ask for a name meanwhile share one look-up of it."""
    names = [f"{number}.silent.example" for number in range(50)]
    waiting = [asyncio.create_task(outbound.resolve(name)) for name in names for _ in range(16)]
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        assert ip_address("127.0.0.1") in await outbound.resolve("localhost")
    for each in waiting:
        each.cancel()
    assert {type(each) for each in await asyncio.gather(*waiting, return_exceptions=True)} == {
        asyncio.CancelledError
    }
    assert look_ups == Counter([*names, "localhost"])


async def test_where_no_thread_can_be_begun_nobody_is_called(
    client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_thread: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(Thread, "start", start)
        with pytest.raises(OutboundError):
            await client(LOOPBACK).get("http://localhost:9/keys")
        with pytest.raises(OutboundError):
            await client(LOOPBACK).post("http://localhost:9/hook", {}, b"{}", seconds=5)
    assert ip_address("127.0.0.1") in await outbound.resolve("localhost")


LOCAL_SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0x7f000001",
    "0x7f.1",
    "2130706433",
    "017700000001",
    "0",
    "localhost",
    "localhost.",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
]


@pytest.mark.parametrize("host", LOCAL_SPELLINGS)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_this_machine_is_out_of_reach_however_it_is_spelt(
    server: LocalIssuer, client: Make, monkeypatch: pytest.MonkeyPatch, scheme: str, host: str
) -> None:
    monkeypatch.setattr(outbound, "PORTS", (server.port,))  # the port alone shall not save us
    with pytest.raises(OutboundError):
        await client().get(f"{scheme}://{host}:{server.port}/keys")
    assert server.asked == []


async def test_an_allowed_network_is_reached(server: LocalIssuer, client: Make) -> None:
    assert b'"kid"' in await client(LOOPBACK).get(f"{server.url}/keys")
    assert b'"kid"' in await client(LOOPBACK).get(f"http://127.1:{server.port}/keys")


async def test_a_name_is_resolved_once_and_no_address_of_it_may_be_private(
    server: LocalIssuer, client: Make
) -> None:
    named: list[str] = []

    async def resolve(name: str) -> list[Address]:
        named.append(name)
        return [ip_address("127.0.0.1" if len(named) == 1 else "10.0.0.1")]

    assert await client(LOOPBACK, resolve=resolve).get(f"http://login.example:{server.port}/keys")
    assert named == ["login.example"]
    for mixed in (always("8.8.8.8", "10.0.0.1"), always("10.0.0.1", "127.0.0.1"), always()):
        with pytest.raises(OutboundError):
            await client(LOOPBACK, resolve=mixed).get(f"https://login.example:{server.port}/keys")
    assert server.asked == ["/keys"]


async def test_the_next_address_is_tried_where_one_takes_no_connection(
    server: LocalIssuer, client: Make
) -> None:
    two = always("127.0.0.2", "127.0.0.1")
    assert await client(LOOPBACK, resolve=two).get(f"http://login.example:{server.port}/keys")


async def test_the_environments_proxy_is_not_asked(
    server: LocalIssuer, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert await client(LOOPBACK).get(f"{server.url}/keys")


ANSWERS = {
    "a redirect": ("302 Found\r\nLocation: /keys", b""),
    "an error": ("500 Oops", b"{}"),
    "nothing": ("204 No Content", b""),
    "too much": ("200 OK", b"x" * 65_537),
    "packed": ("200 OK\r\nContent-Encoding: gzip", gzip.compress(b"x" * 1_000_000)),
    "no HTTP": ("200 OK\r\nnonsense", b"{}"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
async def test_anything_but_a_plain_answer_is_refused(
    server: LocalIssuer, client: Make, answer: tuple[str, bytes]
) -> None:
    server.answers["/x"] = answer
    with pytest.raises(OutboundError):
        await client(LOOPBACK).get(f"{server.url}/x")
    assert server.asked == ["/x"]


async def test_sixty_four_kilobytes_are_read(server: LocalIssuer, client: Make) -> None:
    server.answers["/x"] = ("200 OK", b"x" * 65_536)
    assert len(await client(LOOPBACK).get(f"{server.url}/x")) == 65_536


async def test_who_answers_too_slowly_is_left(
    server: LocalIssuer, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "DEADLINE_SECONDS", 0.05)
    server.delay = 0.5
    with pytest.raises(OutboundError):
        await client(LOOPBACK).get(f"{server.url}/x")


async def test_nobody_there_is_an_error_of_ours(server: LocalIssuer, client: Make) -> None:
    await server.stop()
    for url in (server.url, "http://no-such-name.invalid", f"http://{'x' * 64}.example", "http://[::1"):
        with pytest.raises(OutboundError):
            await client(LOOPBACK).get(url)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for login.example, with its key."""
    return certify("login.example", tmp_path)


async def test_the_certificate_is_that_of_the_name_though_the_address_is_called(
    certificate: Path, client: Make
) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=serving)
    port = server.sockets[0].getsockname()[1]
    async with server:
        caller = client(LOOPBACK, resolve=always("127.0.0.1"), verify=trusting)
        assert await caller.get(f"https://login.example:{port}/x") == b"{}"
        with pytest.raises(OutboundError):
            await caller.get(f"https://other.example:{port}/x")
        with pytest.raises(OutboundError, match="Its certificate is not one to be trusted"):
            await caller.post(f"https://other.example:{port}/x", {}, b"{}", seconds=5)
    assert f"host: login.example:{port}".encode() in heard[0].lower()
    assert len(heard) == 1
