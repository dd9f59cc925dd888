"""Runs the application under uvicorn: says when it is ready, and ends it without cutting anybody off (R10)."""

import math
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from app.errors import SetupError
from app.processes import is_orphan
from app.web.protocol import Protocol

IN_FLIGHT_SECONDS = 10


class Server(uvicorn.Server):
    """A uvicorn that says when it answers, and that drains: SIGTERM first lets load balancers send others elsewhere."""

    def __init__(
        self, config: uvicorn.Config, app: FastAPI, *, drain_seconds: float, ready: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._state = app.state
        self._drain_seconds = drain_seconds
        self._drained_at = math.inf
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM drains; SIGINT, or another SIGTERM, takes no more requests; one more waits for none under way."""
        if self.should_exit:
            self.force_exit = True
        elif sig == signal.SIGTERM and not self._state.is_draining:
            self._state.is_draining = True
            self._drained_at = time.monotonic() + self._drain_seconds
            self.config.encoded_headers.append((b"connection", b"close"))
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Whether it is time to end."""
        self.should_exit = self.should_exit or time.monotonic() >= self._drained_at or is_orphan()
        return await super().on_tick(counter)


def run(app: FastAPI, listener: socket.socket, *, drain_seconds: float, ready: Callable[[], None]) -> None:
    """Serve until a signal ends it; requests under way are finished first."""
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=IN_FLIGHT_SECONDS,
    )
    with listener:
        Server(config, app, drain_seconds=drain_seconds, ready=ready).run(sockets=[listener])


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket for an address; port 0 takes any free one. Raises SetupError if it is taken.

    One that is `shared` leaves room for those of other processes, which are all of the same user.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SetupError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another --host or --port."
        ) from error
    return listener


def url_of(host: str, listener: socket.socket) -> str:
    """The address at which a socket is reached from this machine."""
    return f"http://{_shown(host)}:{listener.getsockname()[1]}"


def _shown(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
