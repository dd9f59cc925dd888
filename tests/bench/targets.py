"""The targets of the issue, as ratios of medians of one run, and whether each is met."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.measure import Figures, Row


@dataclass(frozen=True)
class Verdict:
    """One target: what was wanted and what came out."""

    target: str
    found: float
    bound: float
    at_least: bool

    @property
    def is_met(self) -> bool:
        """Whether it is met."""
        return self.found >= self.bound if self.at_least else self.found <= self.bound

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        word = "met    " if self.is_met else "NOT MET"
        return f"{word} {self.target}: {self.found:,.4g} (wanted {sign} {self.bound:g})"


@dataclass(frozen=True)
class Results:
    """The medians of one run, and the figures that are measured on their own."""

    rows: Sequence[Row]
    queries: Mapping[str, Mapping[str, Any]]
    alone: Mapping[str, float]

    @property
    def sizes(self) -> list[str]:
        """The sizes measured, the smallest first."""
        return list(dict.fromkeys(row.size for row in self.rows)) or [""]

    @property
    def best(self) -> str:
        """Touchbase with as many processes as were measured."""
        return (
            "touchbase x2" if any(row.contestant == "touchbase x2" for row in self.rows) else "touchbase x1"
        )

    def of(self, size: str, operation: str, contestant: str) -> Figures | None:
        """The medians with the most connections, if it was measured."""
        most = max((row.connections for row in self.rows), default=0)
        wanted = (size, operation, contestant, most)
        for row in self.rows:
            if (row.size, row.operation, row.contestant, row.connections) == wanted:
                return row.median
        return None


def verdicts(results: Results) -> Iterator[Verdict]:
    """All targets for which this run has the figures, on the largest data it had."""
    yield from _due(results)
    largest, best = results.sizes[-1], results.best
    debrief, limit = results.of(largest, "debrief", best), results.of(largest, "debrief", "pgbench")
    if debrief and limit:
        yield Verdict(f"debrief, {best}, of pgbench", debrief.rps / limit.rps, 0.40, at_least=True)
    if "debrief" in results.queries:
        yield Verdict("debrief, round trips", results.queries["debrief"]["round_trips"], 4, at_least=False)
    for name, (words, bound, at_least) in ALONE.items():
        if name in results.alone:
            yield Verdict(words, results.alone[name], bound, at_least=at_least)


def _due(results: Results) -> Iterator[Verdict]:
    smallest, largest, best = results.sizes[0], results.sizes[-1], results.best
    ours, small = results.of(largest, "due", best), results.of(smallest, "due", best)
    if not ours or not small:
        return
    if limit := results.of(largest, "due", "pgbench"):
        yield Verdict(f"due list, {best}, of pgbench", ours.rps / limit.rps, 0.60, at_least=True)
    yield Verdict("due list, p99 of p50", ours.p99_ms / ours.p50_ms, 6, at_least=False)
    if largest != smallest:
        yield Verdict(f"due list, {largest} of {smallest}", ours.rps / small.rps, 0.90, at_least=True)
    if drf := results.of(largest, "due", "drf x2"):
        yield Verdict("due list, of Django REST Framework's", ours.rps / drf.rps, 8, at_least=True)


# What is measured on its own, by the name of its figure.
ALONE = {
    "rules_evaluate_us": ("rules for ten facts, µs", 150, False),
    "working_time_us": ("working time, µs of the dearest call", 2, False),
    "sweep_1_percent_of_sql": (
        "sweep where one in 100 has passed, of one SQL statement for each agency",
        1.2,
        False,
    ),
    "sweep_10_percent_of_sql": (
        "sweep where one in 10 has passed, of one SQL statement for each agency",
        1.2,
        False,
    ),
    "sweep_10_of_1_percent": ("sweep of ten times as much, of that", 12, False),
    "sweep_none_ms": ("sweep of none, ms", 1, False),
    "recomputed_per_second": ("applications recomputed a second", 3_000, True),
    "recomputation_readers_p99": ("p99 of readers meanwhile, of theirs before", 2, False),
    "rss_mb": ("memory of one API process after the load, MB", 200, False),
    "rss_growth": ("its growth over the second half of the load", 1.02, False),
}
