"""What one process counts, as Prometheus reads it. Labels are words of our own: no agency, nobody (S5)."""

from collections.abc import Iterator, Mapping
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest

from app.db import Database
from app.rules.vocabulary import Level

# What asked for no operation of ours, or with a method that the address has not.
NO_OPERATION = "none"


class _Registry(CollectorRegistry):
    """Figures that say of which process they are, where several answer at one address."""

    def __init__(self, process: int | None) -> None:
        super().__init__()
        self._labels = {} if process is None else {"process": str(process)}

    def collect(self) -> Iterator[Metric]:
        """Every figure."""
        for metric in super().collect():
            labelled = [
                sample._replace(labels={**sample.labels, **self._labels}) for sample in metric.samples
            ]
            metric.samples = labelled
            yield metric


class Metrics:
    """The figures of one application, in a registry of its own; `process` is its number among several."""

    def __init__(self, database: Database, process: int | None = None) -> None:
        self._registry = _Registry(process)
        requests = Counter(
            "touchbase_requests",
            "Requests answered, by operationId and status; 499 is a client that left.",
            ["operation", "status"],
            registry=self._registry,
        )
        times = Histogram(
            "touchbase_request_duration_seconds",
            "Time from a request to the end of its answer, by operationId.",
            ["operation"],
            registry=self._registry,
        )
        # The figure of some labels is looked up once: that took longer than counting.
        self._count, self._time = cache(requests.labels), cache(times.labels)
        self.in_flight = self._gauge("requests_in_flight", "Requests being answered, this one among them.")
        self.retried = Counter(
            "touchbase_transactions_retried",
            "Transactions run again after a serialisation failure or a deadlock.",
            registry=self._registry,
        )
        pool = {
            "size": ("Database connections this process may have.", lambda: database.pool.size),
            "checked_out": ("Database connections in use.", lambda: database.pool.lent),
            "waiting": ("Transactions that wait for a database connection.", lambda: database.pool.waiting),
        }
        for name, (words, read) in pool.items():
            self._gauge(f"pool_{name}", words).set_function(read)
        self._database_up = self._gauge("database_up", "Whether this process can use its database right now.")
        self._due = Gauge(
            "touchbase_due_items",
            "Items of the due lists of all agencies, by level; counted once a minute, absent without database.",
            ["level"],
            registry=self._registry,
        )

    def answered(self, operation: str | None, status: int, seconds: float) -> None:
        """Count a request; `operation` is None where it asked for none of ours."""
        name = operation or NO_OPERATION
        self._count(name, status).inc()
        self._time(name).observe(seconds)

    def show_due(self, counts: Mapping[Level, int], *, database_up: bool) -> None:
        """Tell how many items are due at each level; nothing where no count is known."""
        self._database_up.set(database_up)
        self._due.clear()
        for level, count in counts.items():
            self._due.labels(level).set(count)

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        return generate_latest(self._registry)

    def _gauge(self, name: str, words: str) -> Gauge:
        return Gauge(f"touchbase_{name}", words, registry=self._registry)
