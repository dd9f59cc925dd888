"""Where the CPU of an API process goes: samples of the Python stack, taken by the CPU time that the process uses.

`python -m tests.bench.profile FILE serve ...` runs the command of `touchbase` and writes the samples to FILE when it
ends. SIGUSR1 forgets the samples so far, which were of the start. A sample counts for the layer whose code is
innermost; what runs in C counts for the Python that called it.
"""

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from app.cli import main

EVERY_SECONDS = 0.002

# The first that the file's name holds; the event loop's own work has no Python frame but that of `run`.
LAYERS = {
    "/asyncpg/": "asyncpg",
    "/sqlalchemy/": "SQLAlchemy",
    "/greenlet/": "SQLAlchemy",
    "/fastapi/": "FastAPI and Starlette",
    "/starlette/": "FastAPI and Starlette",
    "/pydantic": "pydantic",
    "/uvicorn/": "uvicorn",
    "/app/rules/": "the rules",
    "/app/services/": "our services",
    "/app/db.py": "our db",
    "/app/db_errors.py": "our db",
    "/app/connections.py": "our db",
    "/app/writes.py": "our db",
    "/app/api/": "our api",
    "/app/web/": "our web",
    "/app/logs.py": "logging",
    "/app/": "our web",
    "/logging/": "logging",
    "/asyncio/": "the event loop",
}


def layer(path: str) -> str:
    """The layer that a file belongs to."""
    return next((name for part, name in LAYERS.items() if part in path), "the standard library")


class Samples:
    """How often each layer was at work."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def take(self, _signal: int, frame: FrameType | None) -> None:
        """One sample: the innermost frame that is not the standard library's counts."""
        while frame is not None:
            found = layer(frame.f_code.co_filename)
            if found != "the standard library":
                break
            frame = frame.f_back
        self.counts[found if frame is not None else "the standard library"] += 1

    def forget(self, _signal: int, _frame: FrameType | None) -> None:
        """Begin anew."""
        self.counts.clear()


if __name__ == "__main__":
    samples = Samples()
    signal.signal(signal.SIGPROF, samples.take)
    signal.signal(signal.SIGUSR1, samples.forget)
    signal.setitimer(signal.ITIMER_PROF, EVERY_SECONDS, EVERY_SECONDS)
    try:
        main(sys.argv[2:], standalone_mode=False)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        Path(sys.argv[1]).write_text(json.dumps(samples.counts), encoding="utf-8")
