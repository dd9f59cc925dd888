"""Starts the embedded PostgreSQL again when it ends without having been asked to."""

import threading
from collections.abc import Callable
from typing import Protocol

from app.postgres.places import PostgresError

LOOK_SECONDS = 0.5


class Supervised(Protocol):
    """A server that can be waited for and stopped."""

    def wait(self) -> None:
        """Return when the server has ended."""

    def stop(self) -> None:
        """End the server."""


class Elsewhere:
    """A server that another process started: it can be outlived, not stopped."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self._is_over = is_over
        self._let_go = threading.Event()

    def wait(self) -> None:
        """Return when the server has ended, or is not ours to watch any more."""
        while not self._let_go.wait(LOOK_SECONDS) and not self._is_over():
            pass

    def stop(self) -> None:
        """Watch it no longer."""
        self._let_go.set()


class Supervisor:
    """Keeps a server running until `stop`; a server that will not start again is reported and left."""

    def __init__(
        self, server: Supervised, start_again: Callable[[], Supervised], report: Callable[[str], None]
    ) -> None:
        self._server: Supervised | None = server
        self._start_again = start_again
        self._report = report
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the server for good."""
        self._stopping.set()
        if self._server:
            self._server.stop()
        self._thread.join()
        # It may have been started once more between the two.
        if self._server:
            self._server.stop()

    def _watch(self) -> None:
        while self._server and not self._stopping.is_set():
            self._server.wait()
            if not self._stopping.is_set():
                self._revive()

    def _revive(self) -> None:
        self._report("PostgreSQL has ended; starting it again.")
        try:
            self._server = self._start_again()
        except (OSError, PostgresError) as error:
            self._server = None
            self._report(f"PostgreSQL could not be started again: {error}")
