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
        return f"{'met    ' if self.is_met else 'NOT MET'} {self.target}: {self.found:,.4g} (wanted {sign} {self.bound:g})"


@dataclass(frozen=True)
class Results:
    """The medians of one run, and the figures that are measured on their own."""

    rows: Sequence[Row]
    queries: Mapping[str, Mapping[str, Any]]
    alone: Mapping[str, float]

    def of(self, size: str, operation: str, contestant: str, connections: int = 32) -> Figures | None:
        """The medians of one row, if it was measured."""
        for row in self.rows:
            if (row.size, row.operation, row.contestant, row.connections) == (
                size,
                operation,
                contestant,
                connections,
            ):
                return row.median
        return None


def verdicts(results: Results) -> Iterator[Verdict]:
    """All targets for which this run has the figures, on the largest data it had."""
    sizes = list(dict.fromkeys(row.size for row in results.rows))
    largest = sizes[-1]
    best = "touchbase x2" if any(row.contestant == "touchbase x2" for row in results.rows) else "touchbase x1"
    ours, limit = results.of(largest, "due", best), results.of(largest, "due", "pgbench")
    if ours and limit:
        yield Verdict(f"due list, {best}, of pgbench", ours.rps / limit.rps, 0.60, at_least=True)
    if ours:
        yield Verdict("due list, p99 of p50", ours.p99_ms / ours.p50_ms, 6, at_least=False)
    small = results.of(sizes[0], "due", best)
    if ours and small and largest != sizes[0]:
        yield Verdict(f"due list, {largest} of {sizes[0]}", ours.rps / small.rps, 0.90, at_least=True)
    if ours and (drf := results.of(largest, "due", "drf x2")):
        yield Verdict("due list, of Django REST Framework's", ours.rps / drf.rps, 8, at_least=True)
    debrief, limit = results.of(largest, "debrief", best), results.of(largest, "debrief", "pgbench")
    if debrief and limit:
        yield Verdict(f"debrief, {best}, of pgbench", debrief.rps / limit.rps, 0.40, at_least=True)
    if "debrief" in results.queries:
        yield Verdict("debrief, round trips", results.queries["debrief"]["round_trips"], 4, at_least=False)
    for name, (words, bound, at_least) in ALONE.items():
        if name in results.alone:
            yield Verdict(words, results.alone[name], bound, at_least=at_least)


# What is measured on its own, by the name of its figure.
ALONE = {
    "rules_evaluate_us": ("rules for ten facts, µs", 150, False),
    "calendar_us": ("working time, µs a call", 2, False),
    "sweep_10k_of_sql": ("sweep of 10k, of one SQL statement for each agency", 1.2, False),
    "sweep_100k_of_sql": ("sweep of 100k, of one SQL statement for each agency", 1.2, False),
    "sweep_100k_of_10k": ("sweep of 100k, of 10k", 12, False),
    "sweep_none_ms": ("sweep of none, ms", 1, False),
    "recomputed_per_second": ("applications recomputed a second", 3_000, True),
    "recomputation_readers_p99": ("p99 of readers meanwhile, of theirs before", 2, False),
    "rss_mb": ("memory of one API process after the load, MB", 200, False),
    "rss_growth": ("its growth over the second half of the load", 1.02, False),
}
