"""Logging: one JSON object a line on standard error, with no personal data in it (S5).

The words of an error may quote what somebody wrote. So a line names the error's type and its places in the code, and
never says its words, whoever logs it.
"""

import asyncio
import json
import logging
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

Facts = dict[str, str | int | float]

EXTRAS = ("request_id", "status", "milliseconds")

# What every line says of the request it is written in. A function, as the agency is known only after a while.
request_facts: ContextVar[Callable[[], Facts]] = ContextVar("request_facts", default=dict)

logger = logging.getLogger("touchbase.loop")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= request_facts.get()()
        told = vars(record)
        line |= {name: told[name] for name in EXTRAS if name in told}
        if record.exc_info:
            line["traceback"] = _places(record.exc_info[1])
        return json.dumps(line)


def configure(level: str) -> None:
    """Send every log line to standard error as JSON: our own from `level` on, of others what is at least a warning.

    Others would tell more than we may: below that, SQLAlchemy logs rows and uvicorn addresses.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("touchbase").setLevel(level.upper())
    logging.getLogger("uvicorn.error").addFilter(_is_not_told_already)


def report_loop_error(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what failed outside every request. asyncio itself would quote the error, and what was being handled."""
    error = context.get("exception")
    name = "trouble" if error is None else type(error).__name__
    logger.error("unexpected %s outside a request", name, exc_info=error)


def _is_not_told_already(record: logging.LogRecord) -> bool:
    """Whether uvicorn says something that our protocol does not: of what it cannot parse, that has the id (H5)."""
    return record.getMessage() != "Invalid HTTP request received."


def _places(error: BaseException | None) -> str:
    """A traceback without the words of the errors: of the last one first, then of what caused it."""
    lines: list[str] = []
    while error is not None:
        lines += [*traceback.format_tb(error.__traceback__), f"{type(error).__name__}\n"]
        error = error.__cause__ or error.__context__
    return "".join(lines)
