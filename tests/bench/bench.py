"""One run: data, services, measurements, report."""

import asyncio
import hashlib
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.migrate import head, migrate
from app.postgres import Server
from tests.bench import (
    alone,
    bare,
    check,
    data,
    desks,
    django,
    limit,
    measure,
    rules,
    services,
    stories,
    sweep,
)
from tests.bench.data import Dataset, Size
from tests.bench.desks import Desk
from tests.bench.load import request
from tests.bench.machine import described
from tests.bench.measure import Contestant, Match, Row
from tests.bench.operations import OPERATIONS, PAGE, Operation, Target, recorded_stories, targets
from tests.bench.profiles import profiles
from tests.bench.services import Service
from tests.bench.targets import Results

Report = Callable[[str], None]

ALONE = ("rules", "sweep", "bulk", "policy", "memory")
HELLO = "hello"
WORKING_TIME = ("roll", "add_", "day_after", "end_of", "date_of")
COMPARED = ("due", "status")  # over all sizes
NAMES = (*OPERATIONS, HELLO, *ALONE)

POSTGRES = {
    "shared_buffers": "2GB",
    "effective_cache_size": "8GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "maintenance_work_mem": "512MB",
    "random_page_cost": "1.1",
    "max_connections": "400",
}
"""What the server is run with, beside the settings of the embedded mode; it syncs every commit, as in production."""


@dataclass(frozen=True)
class Options:
    """What a run is to do."""

    folder: Path
    sizes: Sequence[Size]
    stories: int
    connections: Sequence[int]
    rounds: int
    seconds: float
    warmup: float
    names: Sequence[str]
    memory_requests: int


@dataclass
class Bench:
    """A run on one server."""

    server: Server
    postmaster: int
    options: Options
    report: Report
    rows: list[Row] = field(default_factory=list)
    applications: dict[str, int] = field(default_factory=dict)
    queries: dict[str, dict[str, Any]] = field(default_factory=dict)
    alone: dict[str, float] = field(default_factory=dict)
    profile: dict[str, dict[str, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    async def run(self) -> dict[str, Any]:
        """Everything, and what came of it."""
        before = described()
        desk, mark = await self._desk()
        datasets = [await self._dataset(size, desk, mark) for size in self.options.sizes]
        self.applications = {each.size.name: each.applications for each in datasets}
        await self._compete(datasets)
        await self._measure_alone(datasets[-1])
        if self._wants("rules"):
            self.alone |= self._rules()
        return {
            "at": datetime.now(UTC).isoformat(),
            "machine": before,
            "postgres": {"version": self.server.query("SHOW server_version"), "settings": POSTGRES},
            "options": {
                "rounds": self.options.rounds,
                "seconds": self.options.seconds,
                "warmup": self.options.warmup,
            },
            "rows": [
                {**asdict(row), "applications": self.applications[row.size], "median": asdict(row.median)}
                for row in self.rows
            ],
            "queries": self.queries,
            "alone": self.alone,
            "profile": self.profile,
            "notes": self.notes,
        }

    def _rules(self) -> dict[str, float]:
        """What the rules cost, by themselves."""
        self.report("Measuring the rules.")
        cost = {name: each.median for name, each in rules.measure().items()}
        working_time = [value for name, value in cost.items() if name.startswith(WORKING_TIME)]
        return {
            "rules_evaluate_us": cost["evaluate"],
            "rules_schedule_us": cost["schedule"],
            "working_time_us": max(working_time),
        }

    @property
    def results(self) -> Results:
        """What the targets are judged by."""
        return Results(self.rows, self.queries, self.alone)

    def _note(self, words: str) -> None:
        self.notes.append(words)
        self.report(f"NOTE {words}")

    def _wants(self, name: str) -> bool:
        return name in self.options.names

    async def _desk(self) -> tuple[Desk, str]:
        """The desk, told anew where the stories or the schema have changed, and a mark of this version of it."""
        source = Path(stories.__file__).read_text(encoding="utf-8") + head() + str(self.options.stories)
        mark = hashlib.sha256(source.encode()).hexdigest()[:8]
        path = self.options.folder / f"desk-{mark}.json"
        if not path.exists():
            self.report(f"Telling {self.options.stories} stories.")
            name = f"desk_{mark}"
            self.server.drop_database(name)
            self.server.create_database(name)
            url = self.server.url_for(name)
            await asyncio.to_thread(migrate, url)
            (await desks.tell(url, self.options.stories, self.report)).save(path)
            self.server.drop_database(name)
        return Desk.load(path), mark

    async def _dataset(self, size: Size, desk: Desk, mark: str) -> Dataset:
        name, family = f"bench_{size.name}_{mark}", f"bench_{size.name}_"
        known = self.server.query(f"SELECT datname FROM pg_database WHERE starts_with(datname, '{family}')")
        for outdated in set(known.split()) - {name}:
            self.server.drop_database(outdated)
        if name not in known.split():
            self.server.create_database(name)
        began = time.monotonic()
        dataset = await data.load(self.server.url_for(name), size, desk, self.report)
        age = datetime.now(UTC) - desk.told_at
        self.report(
            f"{size.name}: {dataset.applications:,} open applications over {size.agencies} agencies, ready in "
            f"{time.monotonic() - began:.0f} s; told {age.total_seconds() / 3600:.1f} h ago"
        )
        if wrong := await check.differing(dataset):
            found = f"{len(wrong)} of {check.SAMPLE} applications are not as the rules say now"
            self._note(f"{size.name}: {found}; use another --data-dir")
        if (cards := await check.cards(dataset, PAGE)) < PAGE:
            self._note(f"{size.name}: a due list has {cards} cards, where a page has {PAGE}")
        return dataset

    async def _compete(self, datasets: Sequence[Dataset]) -> None:
        """All that contestants take turns at; what is compared over the sizes takes turns over them, too."""
        options, sizes = self.options, [each.size.name for each in datasets]
        async with AsyncExitStack() as stack:
            matches = [match for each in datasets for match in await self._entered(stack, each)]
            matches.sort(key=lambda match: (NAMES.index(match.operation), match.connections))
            rows = await measure.compete(
                matches, options.rounds, options.seconds, options.warmup, self.report
            )
        self.rows = sorted(rows, key=lambda row: sizes.index(row.size))

    async def _entered(self, stack: AsyncExitStack, dataset: Dataset) -> list[Match]:
        """The matches on one dataset, with the services that take part."""
        folder = self.options.folder
        ours = [stack.enter_context(services.touchbase(dataset, folder, 1))]
        if services.MULTIPLE:
            ours.append(stack.enter_context(services.touchbase(dataset, folder, 2)))
        matches = await self._matches(dataset, ours)
        if self._wants("due"):
            for contestant in (await self._bare(stack, dataset), await self._django(stack, dataset)):
                matches = [
                    replace(match, contestants=[*match.contestants, contestant])
                    if match.operation == "due"
                    else match
                    for match in matches
                ]
        if self._wants(HELLO) and dataset.size is self.options.sizes[-1]:
            floor = [stack.enter_context(services.hello(kind, folder)) for kind in ("asgi", "fastapi")]
            matches += self._floor(dataset, floor)
        return matches

    async def _matches(self, dataset: Dataset, ours: Sequence[Service]) -> list[Match]:
        """Each wanted operation with each number of connections: pgbench and Touchbase.

        The smaller sizes show what reading depends on: they have the hot lists alone, and the most connections.
        """
        is_last = dataset.size is self.options.sizes[-1]
        connections = self.options.connections if is_last else self.options.connections[-1:]
        wanted = [
            each for name, each in OPERATIONS.items() if self._wants(name) and (is_last or name in COMPARED)
        ]
        found = []
        async with limit.listening(self.server, dataset.name) as listener:
            for operation in wanted:
                contestants = await self._contestants(listener, dataset, operation, ours)
                found += [Match(dataset.size.name, operation.name, each, contestants) for each in connections]
        return found

    async def _contestants(
        self, listener: limit.Listener, dataset: Dataset, operation: Operation, ours: Sequence[Service]
    ) -> list[Contestant]:
        database = {"postgres": self.postmaster}
        requests = [operation.text(each) for each in targets(dataset, operation)]
        serving = [measure.of_service(service, requests, database) for service in ours]
        if operation.is_keyed:
            return serving  # pgbench cannot make what a key is known and its answer sealed by
        chosen = recorded_stories(operation, dataset.desk.stories)
        scripts, recordings = await limit.record(listener, operation, chosen, dataset)
        self.queries[operation.name] = {
            "statements": statistics.median_low(len(each.statements) for each in recordings),
            "round_trips": statistics.median_low(each.round_trips for each in recordings),
            "most_round_trips": max(each.round_trips for each in recordings),
            "scripts": len(scripts),
        }
        if left_out := len(chosen) - len(scripts):
            self._note(f"pgbench leaves out {left_out} of {len(chosen)} stories of {operation.name}")
        pgbench = await limit.Pgbench.like(listener, self.server, dataset)
        every = 1 if operation.is_write else limit.DRAW_EVERY

        async def run(connections: int, seconds: float, warmup: float) -> Any:
            return await pgbench.run(scripts, connections, seconds=seconds, warmup=warmup, draw_every=every)

        tidy = pgbench.tidy if operation.is_write else None
        return [Contestant("pgbench", run, database, tidy), *serving]

    async def _bare(self, stack: AsyncExitStack, dataset: Dataset) -> Contestant:
        """The stack without us, at the due list of one consultant."""
        operation = OPERATIONS["due"]
        [story] = recorded_stories(operation, dataset.desk.stories)
        target = Target(list(dataset.places())[-1], story)
        async with limit.listening(self.server, dataset.name) as listener:
            answer = await listener.ask(operation, target)
            recording = await listener.record(operation, target)
            connect = limit.parameters(self.server, dataset, await listener.settings())
        plan = bare.Plan(connect, recording.statements, answer)
        service = stack.enter_context(services.bare(plan, self.options.folder))
        requests = [request("GET", "/", "Bearer none")]
        return measure.of_service(service, requests, {"postgres": self.postmaster})

    async def _django(self, stack: AsyncExitStack, dataset: Dataset) -> Contestant:
        """Django REST Framework, at the due list."""
        python = await asyncio.to_thread(django.environment, self.options.folder)
        tokens = await django.prepared(dataset, self.server, python)
        service = stack.enter_context(services.django(dataset, self.server, python, self.options.folder))
        requests = [
            request(
                "GET",
                f"/due/?consultant_id={each.place.id(each.story.consultant_id)}",
                f"Token {tokens[str(each.place.agency_id)]}",
            )
            for each in targets(dataset, OPERATIONS["due"])
        ]
        return measure.of_service(service, requests, {"postgres": self.postmaster})

    def _floor(self, dataset: Dataset, floor: Sequence[Service]) -> list[Match]:
        greet = [request("GET", "/", "Bearer none")]
        contestants = [measure.of_service(service, greet, {}) for service in floor]
        return [
            Match(dataset.size.name, HELLO, connections, contestants)
            for connections in self.options.connections
        ]

    async def _measure_alone(self, dataset: Dataset) -> None:
        """What is measured on its own, on the largest data."""
        folder = self.options.folder
        if self._wants("due"):
            self.profile = await profiles(dataset, folder, self.options.seconds, self.postmaster)
        if self._wants("sweep"):
            self.alone |= await self._sweep(dataset.applications)
        with services.touchbase(dataset, folder, 1) as service:
            if self._wants("memory"):
                count = self.options.memory_requests
                self.alone |= await alone.memory(service, dataset, count, self.report)
            if self._wants("bulk"):
                self.alone |= await alone.bulk(service, dataset, self.options.rounds)
        if self._wants("policy"):
            with services.touchbase(dataset, folder, 2 if services.MULTIPLE else 1) as service:
                self.alone |= await alone.policy_change(service, dataset, self.report)

    async def _sweep(self, applications: int) -> dict[str, float]:
        """Sweeps of one in a hundred and of one in ten, in a database of their own that is filled anew."""
        name = "sweep"
        self.report(f"Filling a database for the sweep of {applications:,} applications.")
        self.server.drop_database(name)
        self.server.create_database(name)
        url = self.server.url_for(name)
        await asyncio.to_thread(migrate, url)
        async with sweep.connected(url) as owner:
            await sweep.fill(owner, applications)
        few = await sweep.compare(url, applications // 100, sweep.ROUNDS_OF_FEW)
        many = await sweep.compare(url, applications // 10, sweep.ROUNDS_OF_MANY)
        seconds = [statistics.median(each.seconds for each in result.sweeps) for result in (few, many)]
        found = {
            "sweep_1_percent_s": seconds[0],
            "sweep_1_percent_of_sql": few.ratio,
            "sweep_10_percent_s": seconds[1],
            "sweep_10_percent_of_sql": many.ratio,
            "sweep_10_of_1_percent": seconds[1] / seconds[0],
            "sweep_none_ms": await sweep.looks(url) * 1e3,
        }
        self.server.drop_database(name)
        return found
