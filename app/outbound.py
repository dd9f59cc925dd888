"""Calls to servers that others chose, such as the issuers of tokens: none can be led to our own network (S6).

A name is resolved once, the address is checked, and the connection goes to that address; the certificate is still
that of the name. Neither proxies of the environment nor redirects are followed.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Thread
from typing import NamedTuple

import httpx

from app.errors import OutboundError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str], Awaitable[Sequence[Address]]]

DEADLINE_SECONDS = 5
MOST_BYTES = 65_536
MOST_CONNECTIONS = 100
PORTS = (443, 8443)
PLAIN_PORTS = (80, 8080)
REST_SECONDS = 1  # for the rest of an answer whose status is known
_DEFAULT_PORTS = {"https": 443, "http": 80}

# Python calls these global, or has not always called them otherwise. The last is a cloud's door to its own machines.
_SPECIAL = tuple(
    ip_network(network)
    for network in (
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "224.0.0.0/3",
        "168.63.129.16/32",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
# All that is routed of IPv6 lies here; addresses that stand for one of IPv4 do not, but for 2002::/16.
_UNICAST = IPv6Network("2000::/3")


def is_public(address: Address) -> bool:
    """Whether an address is routed everywhere, and stands for no other that is not."""
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    return address.is_global and not any(address in network for network in _SPECIAL)


class Reach(NamedTuple):
    """Where calls may go beside public addresses over https: `allowed` networks of our own, on any port.

    https is asked for everywhere but in those networks; everywhere if `https_only`; nowhere if that is False.
    """

    allowed: Sequence[Network] = ()
    https_only: bool | None = None

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports of public addresses that may be called."""
        return PORTS + PLAIN_PORTS if self.https_only is False else PORTS


PUBLIC = Reach()


def check_url(url: str, reach: Reach = PUBLIC) -> None:
    """Raise OutboundError for a URL that could never be called, whatever its name resolves to."""
    try:
        parsed = httpx.URL(url)
        host = parsed.host  # which is only decoded when it is asked for
    except (httpx.InvalidURL, ValueError):
        raise OutboundError("It is not a URL.") from None
    may_be_plain = reach.https_only is False or (reach.https_only is None and bool(reach.allowed))
    if parsed.scheme not in _DEFAULT_PORTS or (parsed.scheme == "http" and not may_be_plain):
        raise OutboundError("It must begin with https://.")
    if not host or parsed.userinfo:
        raise OutboundError("It must name a host, and no user.")
    if not reach.allowed and _port_of(parsed) not in reach.ports:
        raise OutboundError(f"It must be on the port {listed_ports(reach.ports)}.")
    try:
        address = ip_address(host)
    except ValueError:
        return
    _check_address(parsed, address, reach)


def _check_address(url: httpx.URL, address: Address, reach: Reach) -> None:
    if any(address in network for network in reach.allowed):
        return
    if not is_public(address):
        raise OutboundError("Its address is not a public one.")
    if _port_of(url) not in reach.ports or (url.scheme != "https" and reach.https_only is not False):
        begin = "be" if reach.https_only is False else "begin with https://, and be"
        raise OutboundError(f"It must {begin} on the port {listed_ports(reach.ports)}.")


def listed_ports(ports: Sequence[int]) -> str:
    """Ports in words."""
    *others, last = map(str, sorted(ports))
    return f"{', '.join(others)} or {last}"


def _port_of(url: httpx.URL) -> int:
    return url.port or _DEFAULT_PORTS[url.scheme]


async def resolve(host: str) -> list[Address]:
    """The addresses of a name, however it is spelt; best first. Raises OSError, and ValueError for what is no name."""
    try:
        return [ip_address(host.strip("[]"))]
    except ValueError:
        return await asyncio.wrap_future(_look_up(host))


_look_ups: dict[str, Future[list[Address]]] = {}


def _look_up(host: str) -> Future[list[Address]]:
    """The look-up of a name that is under way, for all who ask meanwhile, else a new one.

    Each has a thread of its own, which nothing can end: an event loop has so few that name servers which do not answer
    would soon keep everybody else waiting (H16).
    """
    look_up = _look_ups.get(host)
    if look_up is None:
        look_up = Future()
        look_up.set_running_or_notify_cancel()  # so that whoever gives up does not end it for the others
        try:
            Thread(target=_answer, args=(look_up, host), name="look-up", daemon=True).start()
        except RuntimeError as error:
            raise OSError("No thread can be begun.") from error
        _look_ups[host] = look_up
        look_up.add_done_callback(lambda _: _look_ups.pop(host, None))
    return look_up


def _answer(look_up: Future[list[Address]], host: str) -> None:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        look_up.set_result([ip_address(entry[4][0]) for entry in found])
    except Exception as error:  # noqa: BLE001 - it is raised where somebody waits for it
        look_up.set_exception(error)


@cache
def _trust() -> ssl.SSLContext:
    """Whom we trust over TLS: the authorities that come with httpx, which take long to read."""
    return httpx.create_ssl_context(trust_env=False)


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects to nothing but checked addresses: public ones, and those of the networks that are allowed."""

    def __init__(
        self,
        reach: Reach = PUBLIC,
        *,
        resolve: Resolve = resolve,
        verify: ssl.SSLContext | None = None,
        kept: int = 0,
    ) -> None:
        self._reach = reach
        self._resolve = resolve
        # No connection is kept unless one server alone is called: one to an address might serve another name that
        # leads there. Which address that is is looked up and checked anew for every request all the same.
        limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=kept)
        self._inner = httpx.AsyncHTTPTransport(verify=verify or _trust(), trust_env=False, limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, to the first checked address that takes the connection. Raises OutboundError if none may."""
        check_url(str(request.url), self._reach)
        name = request.url.raw_host.decode("ascii")
        addresses = await self._resolve(name)
        words = "No address of it takes a connection."
        for address in self._checked(request.url, addresses):
            try:
                return await self._inner.handle_async_request(_sent_to(address, name, request))
            except httpx.ConnectError as error:
                words = _of_tls(error) or words
        raise OutboundError(words)

    def _checked(self, url: httpx.URL, addresses: Iterable[Address]) -> list[Address]:
        each = list(dict.fromkeys(addresses))
        for address in each:
            _check_address(url, address, self._reach)
        return each

    async def aclose(self) -> None:
        """Close what is open."""
        await self._inner.aclose()


def _sent_to(address: Address, name: str, request: httpx.Request) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": name},
    )


def _of_tls(error: BaseException | None) -> str | None:
    """What was wrong with the encryption, in words of ours, if it is that which kept a connection from being made."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return "Its certificate is not one to be trusted, or is another name's."
        if isinstance(error, ssl.SSLError):
            return "It does not take an encrypted connection as TLS asks."
        error = error.__cause__ or error.__context__
    return None


class Outbound:
    """A client for servers that others chose."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport
        self._client = httpx.AsyncClient(
            transport=transport,
            trust_env=False,
            follow_redirects=False,
            timeout=DEADLINE_SECONDS,
            headers={"User-Agent": "touchbase", "Accept-Encoding": "identity"},
        )

    async def get(self, url: str) -> bytes:
        """What stands at a URL, 64 kB at most, within 5 s. Raises OutboundError for anything but a plain 200."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS), self._client.stream("GET", url) as response:
                return await _read(response)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise OutboundError(f"It did not answer ({type(error).__name__}).") from error

    async def post(self, url: str, headers: Mapping[str, str], body: bytes, *, seconds: float) -> int:
        """The status that a server answers within so many seconds, from the look-up of its name on.

        Of the rest of the answer we take what comes within a second, 64 kB at most, and look at none of it. Raises
        OutboundError, whose words are ours alone.
        """
        # Straight to the transport, which unpacks nothing and keeps no cookies.
        request = httpx.Request("POST", url, headers=headers, content=body)
        try:
            async with asyncio.timeout(seconds):
                response = await self._transport.handle_async_request(request)
        except OutboundError:
            raise
        except TimeoutError:
            raise OutboundError("It did not answer in time.") from None
        except socket.gaierror:
            raise OutboundError("Its name leads to no address.") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise OutboundError(_told(error)) from None
        await _leave(response)
        return response.status_code

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()


def _told(error: Exception) -> str:
    """What went wrong, in words of ours: those of the error might quote what the server sent."""
    if isinstance(error, httpx.RemoteProtocolError):
        return "It did not answer as HTTP asks."
    return (
        "The connection was lost."
        if isinstance(error, httpx.NetworkError | OSError)
        else "It did not answer."
    )


async def _leave(response: httpx.Response) -> None:
    """Take the rest of an answer politely, so that the connection can be kept, but not at any price."""
    taken = 0
    with suppress(httpx.HTTPError, OSError, TimeoutError):
        async with asyncio.timeout(REST_SECONDS):
            async for chunk in response.aiter_raw():
                taken += len(chunk)
                if taken > MOST_BYTES:
                    break
    with suppress(httpx.HTTPError, OSError):
        await response.aclose()


async def _read(response: httpx.Response) -> bytes:
    if response.status_code != HTTPStatus.OK:
        raise OutboundError(f"It answered {response.status_code}.")
    # What is packed small may be endless when unpacked.
    if response.headers.get("content-encoding", "identity") != "identity":
        raise OutboundError("It answered in an encoding that was not asked for.")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MOST_BYTES:
            raise OutboundError("It answered with more than 64 kB.")
    return bytes(body)
