"""Where the CPU of one request goes: the API's by layer, and the database's."""

import asyncio
import json
import os
import signal
from pathlib import Path

from tests.bench import load, services
from tests.bench.data import Dataset
from tests.bench.load import Plan
from tests.bench.machine import Meter
from tests.bench.operations import OPERATIONS, targets

CONNECTIONS = 8
DATABASE = "PostgreSQL"


async def profiles(
    dataset: Dataset, folder: Path, seconds: float, postmaster: int
) -> dict[str, dict[str, float]]:
    """CPU milliseconds of one request by layer, for the two hot paths."""
    return {name: await _profile(dataset, folder, seconds, postmaster, name) for name in ("due", "debrief")}


async def _profile(
    dataset: Dataset, folder: Path, seconds: float, postmaster: int, name: str
) -> dict[str, float]:
    operation, samples = OPERATIONS[name], folder / f"profile-{name}.json"
    requests = [operation.text(each) for each in targets(dataset, operation)]
    with services.touchbase(dataset, folder, 1, profile=samples) as service:
        plan = Plan(service.port, requests, CONNECTIONS, seconds)
        await asyncio.to_thread(load.run, plan)
        os.kill(service.pid, signal.SIGUSR1)
        meter = Meter({"api": service.pid, DATABASE: postmaster})
        outcome = await asyncio.to_thread(load.run, plan)
        used = meter.used()
    counts: dict[str, int] = json.loads(samples.read_text(encoding="utf-8"))
    api, count = used["api"] / sum(counts.values()), len(outcome.latencies)
    found = {layer: samples * api / count * 1e3 for layer, samples in sorted(counts.items(), key=_most)}
    return {**found, DATABASE: used[DATABASE] / count * 1e3}


def _most(item: tuple[str, int]) -> int:
    return -item[1]
