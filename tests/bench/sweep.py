"""The announcing sweep against the limit: one bare SQL statement that does the same, agency by agency.

    python -m tests.bench.sweep URL [applications]

The URL is that of a database's owner. Where the database is empty it is filled first, with nothing but what a sweep
reads; one that `tests.bench.data` has filled will do as well. Each round sweeps what passes next, and then lets the
bare statement do the same with what passes after that, so that the two are interleaved and nothing has to be put back.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import make_url

from app.connections import APPLICATION_ROLE
from app.migrate import migrate
from app.models import WakeKind
from app.worker.announcements import announce
from app.worker.wakes import Watch
from tests.clock import ClockedDatabase

ROUNDS_OF_FEW, ROUNDS_OF_MANY = 5, 3  # the shorter they are, the more a round differs from the next
AGENCIES = 200
BEGINNING = datetime(2026, 7, 13, tzinfo=UTC)
LOOKS = 500  # at nothing

# An agency's applications have a debrief due since yesterday, which is overdue in as many seconds as the application
# has others before it, those of all agencies taken in turn.
FILL = """
WITH numbers AS (
  SELECT gen_random_uuid() AS id, gen_random_uuid() AS person,
    $3::timestamptz + make_interval(secs => n * $4 + $2) AS at
  FROM generate_series(0, $5 - 1) n
), agency AS (
  INSERT INTO agencies (agency_id, name, policy) VALUES ($1, 'Sweep', '{}')
), people AS (
  INSERT INTO candidates (agency_id, id, name, timezone, seeking, pause_allow_urgent)
  SELECT $1, person, 'Cand Idate', 'Europe/London', false, false FROM numbers
), files AS (
  INSERT INTO applications (agency_id, id, candidate_id, job_id, mode, state)
  SELECT $1, id, person, id, 'agency', 'active' FROM numbers
), streams AS (
  INSERT INTO event_streams (agency_id, id, candidate_id, last_sequence, announced_until, next_at)
  SELECT $1, id, person, 2, $3, at FROM numbers
), wake AS (
  INSERT INTO wakes (agency_id, id, kind, at) SELECT $1, gen_random_uuid(), 'announce', min(at) FROM numbers
)
INSERT INTO reasons (agency_id, id, application_id, candidate_id, consultant_id, code, position, rule, target, urgent,
  due_at, overdue_at, escalate_at, flagged_from, flagged_until, fact_kind, fact_at)
SELECT $1, gen_random_uuid(), id, person, id, 'debrief_due', 5, 'B1', 'candidate', false,
  $3 - interval '1 day', at, at + interval '1 year', $3 - interval '1 day', '9999-01-01Z', 'interview', $3
FROM numbers
"""

# What must be done at least: find what has passed, number it, write it, move the streams on, say that there is news and
# when to look again. Without the locks, the batches and the look at what was told before.
BARE = """
WITH due AS (
  SELECT s.id, s.candidate_id, s.last_sequence, s.announced_until AS since, r.consultant_id, r.code, r.rule, r.target,
    r.urgent, r.due_at, r.overdue_at, r.escalate_at, r.flagged_from, r.flagged_until,
    CASE WHEN r.escalate_at <= $2 THEN 'escalated' WHEN r.overdue_at <= $2 THEN 'overdue' ELSE 'due' END AS status
  FROM event_streams s JOIN reasons r ON r.agency_id = s.agency_id AND r.application_id = s.id
  WHERE s.agency_id = $1 AND s.next_at <= $2
), passings AS (
  SELECT due.*, p.type, p.at FROM due CROSS JOIN LATERAL (VALUES
    ('reason.due', flagged_from), ('reason.overdue', overdue_at), ('reason.escalated', escalate_at),
    ('reason.settled', NULLIF(flagged_until, '9999-01-01Z'))) p (type, at)
  WHERE p.at > since
), told AS (
  INSERT INTO events (agency_id, id, type, subject_id, application_id, candidate_id, sequence, code, due_at,
    occurred_at, recorded_at, body)
  SELECT $1, gen_random_uuid(), type, id, id, candidate_id, sequence, code, due_at, at, $2,
    convert_to(json_build_object('type', type, 'timestamp', at, 'data', json_build_object(
      'application_id', id, 'candidate_id', candidate_id, 'consultant_id', consultant_id, 'sequence', sequence,
      'status', status, 'reason', json_build_object('code', code, 'rule', rule, 'target', target, 'urgent', urgent,
        'due_at', due_at, 'overdue_at', overdue_at, 'escalate_at', escalate_at)))::text, 'UTF8')
  FROM (SELECT *, last_sequence + row_number() OVER (PARTITION BY id ORDER BY at) AS sequence
        FROM passings WHERE at <= $2) n
  ON CONFLICT DO NOTHING
), moved AS (
  UPDATE event_streams s SET last_sequence = s.last_sequence + p.news, announced_until = $2, next_at = p.next_at
  FROM (SELECT id, count(*) FILTER (WHERE at <= $2) AS news, min(at) FILTER (WHERE at > $2) AS next_at
        FROM passings GROUP BY id) p
  WHERE s.agency_id = $1 AND s.id = p.id
  RETURNING s.next_at
), taken AS (
  DELETE FROM wakes WHERE agency_id = $1 AND kind = 'announce' AND at <= $2
)
INSERT INTO wakes (agency_id, id, kind, at)
SELECT $1, gen_random_uuid(), 'publish', $2
UNION ALL SELECT $1, gen_random_uuid(), 'announce', LEAST(
  (SELECT min(next_at) FROM moved), (SELECT min(next_at) FROM event_streams WHERE agency_id = $1 AND next_at > $2))
"""

Work = Callable[[UUID, datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Round:
    """How many events were told, in which time."""

    events: int
    seconds: float

    @property
    def cost(self) -> float:
        """The seconds of one event."""
        return self.seconds / self.events


@dataclass(frozen=True, slots=True)
class Result:
    """Rounds of the sweep and of the bare statement, in pairs, of about as many passed instants."""

    passed: int
    sweeps: Sequence[Round]
    bares: Sequence[Round]

    @property
    def ratio(self) -> float:
        """What the sweep takes in terms of the bare statement, in the median pair."""
        pairs = zip(self.sweeps, self.bares, strict=True)
        return median(sweep.cost / bare.cost for sweep, bare in pairs)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection"]:
    """A connection of the owner."""
    connection = await asyncpg.connect(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    try:
        yield connection
    finally:
        await connection.close()


async def fill(owner: "asyncpg.Connection", applications: int) -> None:
    """Make agencies that hold so many applications together."""
    await owner.execute("SET session_replication_role = replica")  # there are no jobs, for nobody reads them
    for number in range(AGENCIES):
        await owner.fetch(FILL, _agency(number), number, BEGINNING, AGENCIES, applications // AGENCIES)
    await owner.execute("SET session_replication_role = origin")
    await owner.execute("VACUUM ANALYZE")


def _agency(number: int) -> UUID:
    return UUID(int=number + 1, version=4)


async def compare(url: str, passed: int, rounds: int) -> Result:
    """Sweep what passes next and let the bare statement do the same, in turn."""
    database = ClockedDatabase(url, pool_size=1)
    async with connected(url) as owner, connected(url) as application:
        await application.execute(f"SET ROLE {APPLICATION_ROLE}; SET timezone = 'UTC'")

        async def sweep(agency_id: UUID, now: datetime) -> None:
            database.now = now
            await announce(database, agency_id)

        async def bare(agency_id: UUID, now: datetime) -> None:
            await application.execute(f"BEGIN; SET LOCAL app.agency_id = '{agency_id}'")
            await application.fetch(BARE, agency_id, now)
            await application.execute("COMMIT")

        sweeps, bares = [], []
        for _ in range(rounds):
            sweeps.append(await _round(owner, sweep, passed))
            bares.append(await _round(owner, bare, passed))
    await database.close()
    return Result(passed, sweeps, bares)


async def _round(owner: "asyncpg.Connection", work: Work, passed: int) -> Round:
    """Do what passes next, agency after agency, as long as there are wakes."""
    now = await owner.fetchval(
        "SELECT next_at FROM event_streams WHERE next_at IS NOT NULL ORDER BY next_at LIMIT 1 OFFSET $1",
        passed - 1,
    )
    due = "SELECT DISTINCT agency_id FROM wakes WHERE kind = 'announce' AND at <= $1"
    before, begun = await _events(owner), time.perf_counter()
    while waiting := await owner.fetch(due, now):
        for (agency_id,) in waiting:
            await work(agency_id, now)
    seconds = time.perf_counter() - begun
    return Round(await _events(owner) - before, seconds)


async def _events(owner: "asyncpg.Connection") -> int:
    count: int = await owner.fetchval("SELECT count(*) FROM events")
    return count


async def looks(url: str) -> float:
    """The median time in seconds of a worker's look where nothing has passed."""
    database = ClockedDatabase(url, pool_size=1)
    watch = Watch(database, {WakeKind.ANNOUNCE: _unwanted})
    stop, seconds = asyncio.Event(), []
    async with connected(url) as owner:
        await owner.execute("UPDATE wakes SET at = at + interval '100 years'")
        for _ in range(LOOKS):
            begun = time.perf_counter()
            await watch.look(stop)
            seconds.append(time.perf_counter() - begun)
        await owner.execute("UPDATE wakes SET at = at - interval '100 years'")
    await database.close()
    return median(seconds)


async def _unwanted(agency_id: UUID) -> bool:
    raise AssertionError(agency_id)


async def main(url: str, applications: int, report: Callable[[str], None]) -> None:
    """Fill an empty database, then report what a sweep of it takes."""
    await asyncio.to_thread(migrate, url)
    async with connected(url) as owner:
        if not await owner.fetchval("SELECT count(*) FROM event_streams"):
            await fill(owner, applications)
    for passed, number in ((10_000, ROUNDS_OF_FEW), (100_000, ROUNDS_OF_MANY)):
        result = await compare(url, passed, number)
        for name, rounds in (("sweep", result.sweeps), ("bare", result.bares)):
            seconds = " ".join(f"{each.seconds:.2f}" for each in rounds)
            report(
                f"{passed:7,} passed: {name} {seconds} s, {1 / median(each.cost for each in rounds):,.0f} a second"
            )
        report(f"{passed:7,} passed: the sweep takes {result.ratio:.2f} x the bare statement")
    report(f"none passed: a look takes {await looks(url) * 1000:.2f} ms")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000, print))
