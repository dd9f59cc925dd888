"""The log of a service in this process."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass

from app import logs
from tests.agency import Json


@dataclass
class Written:
    """What the service has logged, at its most talkative."""

    stream: io.StringIO

    @property
    def text(self) -> str:
        """All of it."""
        return self.stream.getvalue()

    @property
    def lines(self) -> list[Json]:
        """Each line, which is an object of JSON."""
        return [json.loads(line) for line in self.text.splitlines()]


@contextmanager
def writing() -> Iterator[Written]:
    """What is logged meanwhile for an operator who asked for everything."""
    stream = io.StringIO()
    root, ours = logging.getLogger(), logging.getLogger("touchbase")
    before = (root.handlers, root.level, ours.level)
    try:
        with redirect_stderr(stream):
            logs.configure("debug")
            yield Written(stream)
    finally:
        root.handlers, root.level, ours.level = before
