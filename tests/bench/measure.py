"""Measurements: contestants take turns at one operation, round after round, and the median of the rounds counts."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

from tests.bench import load
from tests.bench.load import Outcome, Plan
from tests.bench.machine import Meter
from tests.bench.services import Service

Run = Callable[[int, float, float], Awaitable[Outcome]]
Tidy = Callable[[], Awaitable[None]]
Report = Callable[[str], None]


@dataclass(frozen=True)
class Contestant:
    """Who does an operation; `run` takes connections, seconds in all, and those that are not counted.

    `tidy` is done after each run, and not measured.
    """

    name: str
    run: Run
    pids: dict[str, int]
    tidy: Tidy | None = None


@dataclass(frozen=True)
class Figures:
    """What one run comes to; latencies in milliseconds, CPU in milliseconds for each request."""

    rps: float
    p50_ms: float
    p99_ms: float
    requests: int
    failed: int
    cpu_ms: dict[str, float]


@dataclass
class Row:
    """All runs of one contestant at one operation, with so many connections, on data of one size."""

    size: str
    operation: str
    connections: int
    contestant: str
    runs: list[Figures] = field(default_factory=list)

    @property
    def median(self) -> Figures:
        """The median of each figure."""
        runs = self.runs
        return Figures(
            statistics.median(run.rps for run in runs),
            statistics.median(run.p50_ms for run in runs),
            statistics.median(run.p99_ms for run in runs),
            sum(run.requests for run in runs),
            sum(run.failed for run in runs),
            {name: statistics.median(run.cpu_ms[name] for run in runs) for name in runs[0].cpu_ms},
        )


@dataclass(frozen=True)
class Match:
    """Contestants that take turns at one operation."""

    size: str
    operation: str
    connections: int
    contestants: Sequence[Contestant]


def of_service(service: Service, requests: Sequence[str], pids: dict[str, int]) -> Contestant:
    """A service that is sent requests at random."""

    async def run(connections: int, seconds: float, warmup: float) -> Outcome:
        plan = Plan(service.port, list(requests), connections, seconds, warmup)
        return await asyncio.to_thread(load.run, plan)

    return Contestant(service.name, run, {"api": service.pid, **pids})


async def compete(
    matches: Sequence[Match], rounds: int, seconds: float, warmup: float, report: Report
) -> list[Row]:
    """Every match once in each round, so that what else the machine does falls on all alike."""
    rows = {
        (number, each.name): Row(match.size, match.operation, match.connections, each.name)
        for number, match in enumerate(matches)
        for each in match.contestants
    }
    for turn in range(rounds):
        for number, match, contestant in _runs(matches, turn):
            row = rows[number, contestant.name]
            try:
                row.runs.append(await measure(contestant, match.connections, seconds, warmup))
            except RuntimeError as error:
                report(f"  {turn + 1}/{rounds} {match.operation}, {contestant.name} failed: {error}")
            else:
                report(f"  {turn + 1}/{rounds} {line(row, row.runs[-1])}")
            if contestant.tidy:
                await contestant.tidy()
    return [row for row in rows.values() if row.runs]


def _runs(matches: Sequence[Match], turn: int) -> Iterator[tuple[int, Match, Contestant]]:
    """All runs of a round. Who goes first changes; the sizes of one contestant follow one another, to be compared.

    Matches of one operation with as many connections stand side by side.
    """
    for _, sizes in groupby(enumerate(matches), lambda each: (each[1].operation, each[1].connections)):
        runs = [
            ((place - turn) % len(match.contestants), (number, match, contestant))
            for number, match in sizes
            for place, contestant in enumerate(match.contestants)
        ]
        for _, run in sorted(runs, key=itemgetter(0)):
            yield run


async def measure(contestant: Contestant, connections: int, seconds: float, warmup: float) -> Figures:
    """One run."""
    meter = Meter(contestant.pids)
    outcome = await contestant.run(connections, seconds, warmup)
    # The CPU of the warming up is in it, so it is shared among all that were done, counted or not.
    share = (outcome.seconds / (outcome.seconds + warmup)) if outcome.seconds else 1
    used = {**meter.used(), "client": outcome.cpu_seconds}
    return figures(outcome, {name: cpu * share for name, cpu in used.items()})


def figures(outcome: Outcome, cpu_seconds: dict[str, float]) -> Figures:
    """The figures of a run, of what succeeded. Raises RuntimeError where nothing did."""
    count = len(outcome.latencies)
    failed = sum(number for status, number in outcome.statuses.items() if not status.startswith("2"))
    if not count:
        raise RuntimeError(f"no request succeeded: {outcome.statuses}")
    ordered = sorted(outcome.latencies)
    return Figures(
        count / outcome.seconds,
        ordered[count // 2] * 1e3,
        ordered[min(count * 99 // 100, count - 1)] * 1e3,
        count,
        failed,
        {name: cpu / count * 1e3 for name, cpu in cpu_seconds.items()},
    )


HEAD = "size  operation     conn  contestant         req/s   p50 ms   p99 ms  CPU ms a request"


def line(row: Row, found: Figures) -> str:
    """A line of the table."""
    cpu = "  ".join(f"{name} {value:.2f}" for name, value in found.cpu_ms.items())
    cpu += f"  FAILED {found.failed}" if found.failed else ""
    return (
        f"{row.size:5} {row.operation:13} {row.connections:4}  {row.contestant:14} "
        f"{found.rps:9,.0f} {found.p50_ms:8.2f} {found.p99_ms:8.2f}  {cpu}"
    )


def table(rows: Sequence[Row]) -> Iterator[str]:
    """The medians, side by side."""
    yield HEAD
    before = None
    for row in rows:
        if before and (before.operation, before.connections, before.size) != (
            row.operation,
            row.connections,
            row.size,
        ):
            yield ""
        before = row
        yield line(row, row.median)
