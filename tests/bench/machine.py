"""The machine: which one it is, and how much CPU the processes of a measurement use."""

import os
import platform
import re
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

_TICK = os.sysconf("SC_CLK_TCK")
_PACKAGES = (
    "asyncpg",
    "fastapi",
    "httptools",
    "msgspec",
    "pydantic",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "uvloop",
)


def described() -> dict[str, Any]:
    """The machine and the versions of what runs on it."""
    cpu = re.search(r"model name\s*: (.+)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+)", _read("/proc/meminfo"))
    return {
        "cpu": cpu[1] if cpu else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(memory[1]) / 2**20, 1) if memory else None,
        "system": platform.platform(),
        "python": f"{platform.python_version()} of {sys.base_prefix}",
        "packages": {name: version(name) for name in _PACKAGES},
        "load_before": os.getloadavg()[0],
    }


def cpu_seconds(pid: int) -> float:
    """What a process and all below it have used by now, those that have ended too."""
    used = 0.0
    for each in tree(pid):
        fields = _stat(each)
        if fields:
            # Its own time, and that of its children that have ended.
            used += sum(int(fields[n]) for n in (11, 12, 13, 14)) / _TICK
    return used


def rss_bytes(pid: int) -> int:
    """The memory that a process and all below it hold, shared pages counted once for each."""
    pages = (_read(f"/proc/{each}/statm").split() for each in tree(pid))
    return sum(int(each[1]) for each in pages if each) * os.sysconf("SC_PAGE_SIZE")


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(path.name))
        if fields:
            children.setdefault(int(fields[1]), []).append(int(path.name))
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


@dataclass
class Meter:
    """The CPU that some processes, each with all below it, use from `start` on."""

    pids: dict[str, int]

    def __post_init__(self) -> None:
        self._before = {name: cpu_seconds(pid) for name, pid in self.pids.items()}

    def used(self) -> dict[str, float]:
        """CPU seconds by name."""
        return {name: cpu_seconds(pid) - self._before[name] for name, pid in self.pids.items()}


def _stat(pid: int) -> list[str]:
    """The fields behind the program's name; none for a process that has ended."""
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
