"""What is measured on its own, since nothing else does the same: memory, bulk import, a change of policy."""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid4

import httpx

from tests.agency import Json
from tests.bench import load
from tests.bench.data import Dataset
from tests.bench.load import Outcome, Plan
from tests.bench.machine import rss_bytes
from tests.bench.operations import OPERATIONS, targets
from tests.bench.services import Service

Report = Callable[[str], None]

MEMORY_PARTS = 4
BULK_ITEMS = 500
RECOMPUTED_AGENCIES = 20
GIVE_UP_SECONDS = 600
POLL_SECONDS = 0.5
READER_SECONDS = 10
READERS = 8


async def memory(service: Service, dataset: Dataset, count: int, report: Report) -> dict[str, float]:
    """How much memory an API process holds after so many requests of all kinds of reading, and whether it grows."""
    names = ("due", "status", "preview")
    requests = [
        OPERATIONS[name].text(each) for name in names for each in targets(dataset, OPERATIONS[name])[:500]
    ]
    seen = []
    for part in range(MEMORY_PARTS):
        most = count // MEMORY_PARTS
        plan = Plan(service.port, requests, 32, GIVE_UP_SECONDS * 6, most=most)
        await asyncio.to_thread(load.run, plan)
        seen.append(rss_bytes(service.pid) / 2**20)
        report(f"  memory after {most * (part + 1):,} requests: {seen[-1]:.0f} MB")
    half = seen[MEMORY_PARTS // 2 - 1]
    return {"rss_mb": seen[-1], "rss_growth": seen[-1] / half, "rss_requests": float(count)}


async def bulk(service: Service, dataset: Dataset, rounds: int) -> dict[str, float]:
    """Objects saved by external ids, 500 a call: candidates with an application and an interview each."""
    place = next(dataset.places())
    rates = []
    async with _client(service, place.api_key) as http:
        for _ in range(rounds):
            items = list(_items())[:BULK_ITEMS]
            began = time.perf_counter()
            answer = await http.post("/v1/bulk", json={"items": items})
            seconds = time.perf_counter() - began
            failed = [each for each in answer.json()["items"] if each["status"] >= 300]
            if failed:
                raise RuntimeError(f"bulk: {failed[0]}")
            rates.append(len(items) / seconds)
    return {"bulk_items_per_second": statistics.median(rates)}


def _items() -> Iterator[Json]:
    mark = uuid4().hex[:8]

    def item(kind: str, number: int, **members: Any) -> Json:
        return {"kind": kind, "external_refs": [_ref(mark, number)], **members}

    yield item("consultant", 0, name="Kim Adeyemi")
    yield item("client", 0, name="Northwind Foods")
    yield item("client_contact", 0, name="Rosa Blum", client=_ref(mark, 0), holidays="GB-ENG")
    yield item("job", 0, title="Buyer", client=_ref(mark, 0))
    for number in range(BULK_ITEMS):
        me = _ref(mark, number)
        yield item("candidate", number, name=f"Candidate {number}", consultant=_ref(mark, 0))
        yield item(
            "application",
            number,
            candidate=me,
            job=_ref(mark, 0),
            client_contact=_ref(mark, 0),
            consultant=_ref(mark, 0),
        )
        yield item(
            "interview", number, application=me, start="2026-07-14T10:00:00Z", end="2026-07-14T11:00:00Z"
        )


def _ref(mark: str, number: int) -> Json:
    return {"source": "bench", "id": f"{mark}-{number}"}


async def policy_change(service: Service, dataset: Dataset, report: Report) -> dict[str, float]:
    """How fast a change of policy reaches all applications of some agencies; then the same while others read."""
    chosen = dataset.agencies[-RECOMPUTED_AGENCIES:]
    keys = [key for _, key in chosen]
    operation = OPERATIONS["due"]
    # Those who read belong to other agencies, where there are any.
    others = {agency_id for agency_id, _ in chosen} if len(dataset.agencies) > len(chosen) else set()
    requests = [
        operation.text(each) for each in targets(dataset, operation) if each.place.agency_id not in others
    ]
    alone, _ = await _applied(service, keys, [], report)
    before = await _readers(service, requests)
    beside, meanwhile = await _applied(service, keys, requests, report)
    return {
        "recomputed_per_second": alone,
        "recomputed_per_second_beside_readers": beside,
        "recomputation_readers_p99": _p99(meanwhile) / _p99(before),
        "recomputation_readers_per_second": len(meanwhile.latencies) / meanwhile.seconds,
        "recomputation_readers_per_second_before": len(before.latencies) / before.seconds,
    }


async def _applied(
    service: Service, keys: Sequence[str], requests: Sequence[str], report: Report
) -> tuple[float, Outcome]:
    """Change the policy of some agencies: how much is computed anew a second; and what readers find, if any read."""
    began = time.perf_counter()
    total = sum([await _change(service, key) for key in keys])
    found = await _readers(service, requests) if requests else Outcome()
    for key in keys:
        await _until_done(service, key, began + GIVE_UP_SECONDS)
    seconds = time.perf_counter() - began
    report(f"  policy: {total:,} applications and candidates in {seconds:.1f} s")
    return total / seconds, found


async def _readers(service: Service, requests: Sequence[str]) -> Outcome:
    plan = Plan(service.port, list(requests), READERS, READER_SECONDS, warmup=1)
    return await asyncio.to_thread(load.run, plan)


def _p99(outcome: Outcome) -> float:
    ordered = sorted(outcome.latencies)
    return ordered[len(ordered) * 99 // 100]


async def _change(service: Service, key: str) -> int:
    """Change a number that bears on many applications; gives how many things are computed anew."""
    async with _client(service, key) as http:
        was = (await http.get("/v1/policy")).json()
        days = 6 if was["effective"]["courtesy_every_working_days"] == 5 else 5
        answer = await http.put("/v1/policy", json={"courtesy_every_working_days": days})
        if not answer.is_success:
            raise RuntimeError(answer.text)
        total: int = answer.json()["recomputation"]["total"]
        return total


async def _until_done(service: Service, key: str, deadline: float) -> None:
    async with _client(service, key) as http:
        while (await http.get("/v1/policy")).json()["recomputation"]["state"] != "done":
            if time.perf_counter() > deadline:
                raise RuntimeError("The change of policy has not come to its end.")
            await asyncio.sleep(POLL_SECONDS)


def _client(service: Service, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{service.port}",
        headers={"Authorization": f"Bearer {key}"},
        timeout=60,
        trust_env=False,
    )
