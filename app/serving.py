"""The service as it is run: one process, or several that serve one port."""

import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

from opentelemetry.trace import TracerProvider

from app import logs, server
from app.db import Database
from app.embedded import Home
from app.main import create_app
from app.processes import Processes
from app.settings import Settings
from app.worker import crew


@dataclass(frozen=True, slots=True)
class Service:
    """What is served, and where."""

    home: Home
    settings: Settings
    host: str
    port: int


class EndSignal:
    """Ctrl-C and a service manager's SIGTERM end us alike: what is under way is finished, the database stopped.

    An exception that a signal raises can get lost where Python ignores errors, so the signal is remembered too.
    """

    def __init__(self) -> None:
        self.heard = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)

    def _end(self, _signal: int, _frame: object) -> None:
        self.heard = True
        sys.exit(0)

    def check(self) -> None:
        """End now if a signal came while nothing could be done about it."""
        if self.heard:
            sys.exit(0)


def serve(service: Service, processes: int, *, ready: Callable[[str], None]) -> None:
    """Serve until a signal ends it; `ready` is given the address. Raises SetupError if the port is taken."""
    with server.listen(service.host, service.port) as listener:
        url = server.url_of(service.host, listener)
        if processes == 1:
            _serve_from(listener, service, None, lambda: ready(url))
            return
        port = listener.getsockname()[1]
    # Held as long as they run, though nobody is answered here. A port that others share would not have been free.
    with server.listen(service.host, port, shared=True):
        Processes(partial(_serve_beside, service, port), processes).run(lambda: ready(url))


def _serve_beside(service: Service, port: int, number: int, ready: Callable[[], None]) -> None:
    """Serve as one of several processes, of which the first has the crew."""
    logs.configure(service.settings.log_level)
    EndSignal()
    with server.listen(service.host, port, shared=True) as listener:
        _serve_from(listener, service, number, ready)


def _serve_from(
    listener: socket.socket, service: Service, number: int | None, ready: Callable[[], None]
) -> None:
    home, settings = service.home, service.settings
    with _tracing(settings) as tracer_provider:
        database = Database(home.url, pool_size=settings.pool_size)
        # With a database of the operator's own the crew's work is that of `touchbase worker`.
        has_crew = not number and not settings.database_url
        app = create_app(
            database,
            home.secret,
            settings,
            tracer_provider=tracer_provider,
            background=partial(crew.run, database, home.secret, settings) if has_crew else None,
            process=number,
        )
        server.run(app, listener, drain_seconds=settings.drain_seconds, ready=ready)


def _tracing(settings: Settings) -> AbstractContextManager[TracerProvider | None]:
    if settings.traces == "off":
        return nullcontext()
    # What exports traces is loaded only where somebody wants them.
    from app.web import traces

    return traces.exporting()
