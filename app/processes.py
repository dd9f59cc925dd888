"""Several processes that do the same work: they are started, told of signals, replaced when they die, and waited for.

Each serves the same port from a socket of its own (SO_REUSEPORT), among which the kernel spreads the connections. Of
one socket that all of them share, some would take many and others few.
"""

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from types import FrameType

from app.errors import SetupError

# Given its number and what to call when it serves; it must be a function that a new process can import.
Work = Callable[[int, Callable[[], None]], None]

LOOK_SECONDS = 0.1
AGAIN_SECONDS = 1  # before another takes the place of one that could not even begin

logger = logging.getLogger("touchbase.processes")

# A forked process would have the locks of threads that it has not.
_new = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Member:
    """A process at work, and whether it has begun to serve."""

    number: int
    process: BaseProcess
    serves: Event

    def tell(self, number: int) -> None:
        """Pass a signal on. One that does not serve yet has nothing to finish."""
        if self.process.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, number if self.serves.is_set() else signal.SIGTERM)


class Processes:
    """The processes of one service."""

    def __init__(self, work: Work, count: int) -> None:
        self._work = work
        self._count = count
        self._is_ending = False
        self._is_serving = False
        self._members: list[Member] = []

    def run(self, ready: Callable[[], None]) -> None:
        """Keep them at work until a signal ends them. Raises SetupError if one ends before all have begun to serve."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._pass_on)
        self._start_all()
        self._wait_until_they_serve()
        self._is_serving = True
        if not self._is_ending:
            ready()
        while self._members:
            self._bury(None)

    def _start_all(self) -> None:
        try:
            for number in range(self._count):
                if not self._is_ending:
                    self._start(number)
        except OSError as error:
            self._pass_on(signal.SIGTERM, None)
            raise SetupError(f"Cannot start {self._count} processes: {error.strerror}.") from None

    def _wait_until_they_serve(self) -> None:
        while self._members and not all(member.serves.is_set() for member in self._members):
            self._bury(LOOK_SECONDS)

    def _bury(self, seconds: float | None) -> None:
        """Wait for one to end; unless all are to end, another takes its place."""
        ended = connection.wait([member.process.sentinel for member in self._members], seconds)
        for member in [member for member in self._members if member.process.sentinel in ended]:
            member.process.join()
            self._members.remove(member)
            if not self._is_ending:
                self._replace(member)

    def _replace(self, member: Member) -> None:
        code, has_served = member.process.exitcode, member.serves.is_set()
        if not (has_served or self._is_serving):
            self._pass_on(signal.SIGTERM, None)
            raise SetupError(f"A process of the service ended before it served, with exit code {code}.")
        logger.error("process %d ended with exit code %s, another takes its place", member.number, code)
        if not has_served:
            time.sleep(AGAIN_SECONDS)
        if not self._is_ending:
            self._start(member.number)

    def _start(self, number: int) -> None:
        serves = _new.Event()
        member = Member(number, _new.Process(target=_work, args=(self._work, number, serves)), serves)
        member.process.start()
        self._members.append(member)
        if self._is_ending:  # a signal came meanwhile
            member.tell(signal.SIGTERM)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        self._is_ending = True
        for member in self._members:
            member.tell(number)


def _work(work: Work, number: int, serves: Event) -> None:
    # A terminal's Ctrl-C reaches the first process alone, which passes it on: a second one would cut people off.
    os.setpgrp()
    work(number, serves.set)


def is_orphan() -> bool:
    """Whether the first process is gone, so that nobody would end this one."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()
