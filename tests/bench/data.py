"""The data: as many open applications as wanted, over some agencies, each of them some copies of one desk.

An agency is loaded by one transaction, so a run that is killed goes on where it was.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import make_url

from app.migrate import migrate
from app.models import WakeKind
from app.models.access import Role
from app.services.access import ROLES
from app.services.api_keys import digest_of, generate, key_id_of
from tests.bench.desks import SECRET, Desk, connect, own, tables

Report = Callable[[str], None]

LOADERS = 2
REPORT_SECONDS = 5

# The agencies loaded so far, with what a client needs to call as one of them.
REGISTER = """
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.agencies (
  number integer PRIMARY KEY, agency_id uuid NOT NULL, api_key text NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How many agencies there are, and how many desks each has."""

    name: str
    agencies: int
    desks: int


SIZES = {size.name: size for size in (Size("1k", 4, 1), Size("100k", 200, 2), Size("1m", 200, 20))}
"""A thousand applications are too few for 200 agencies whose due lists fill a page."""


@dataclass(frozen=True)
class Place:
    """One copy of the desk, in its agency."""

    agency: int
    agency_id: UUID
    api_key: str
    copy: int

    def id(self, marked: str) -> UUID:
        """What an id of the desk is here."""
        return own(marked, self.agency, self.copy)


@dataclass(frozen=True)
class Dataset:
    """A database that holds the data of a size."""

    url: str
    size: Size
    desk: Desk
    agencies: list[tuple[UUID, str]]

    @property
    def name(self) -> str:
        """The database's name."""
        return str(make_url(self.url).database)

    @property
    def applications(self) -> int:
        """How many applications are open."""
        return len(self.desk.stories) * self.size.desks * self.size.agencies

    def places(self) -> Iterator[Place]:
        """Every copy of the desk: each agency's first, then each agency's second, and so on."""
        for copy in range(self.size.desks):
            for number, (agency_id, api_key) in enumerate(self.agencies):
                yield Place(number, agency_id, api_key, copy)


async def load(url: str, size: Size, desk: Desk, report: Report) -> Dataset:
    """Load what is missing in a database, then let PostgreSQL know what it holds."""
    await asyncio.to_thread(migrate, url)
    connection = await connect(url)
    try:
        await connection.execute(REGISTER)
        missing = set(range(size.agencies)) - {number for number, _, _ in await _agencies(connection)}
        if missing:
            await _load(url, size, desk, sorted(missing), report)
            report(f"{size.name}: vacuuming")
            await connection.execute("VACUUM (ANALYZE, PARALLEL 2)")
            await connection.execute("CHECKPOINT")
        agencies = [(agency_id, key) for _, agency_id, key in await _agencies(connection)]
    finally:
        await connection.close()
    return Dataset(url, size, desk, agencies)


async def _agencies(connection: "asyncpg.Connection") -> list[tuple[int, UUID, str]]:
    rows = await connection.fetch("SELECT number, agency_id, api_key FROM bench.agencies ORDER BY number")
    return [tuple(row) for row in rows]


async def _load(url: str, size: Size, desk: Desk, missing: list[int], report: Report) -> None:
    """Load agencies over some connections at once; each takes the next one that nobody has."""
    left, begun, told = iter(missing), time.monotonic(), time.monotonic()

    async def loader() -> None:
        nonlocal told
        connection = await connect(url)
        try:
            await connection.execute("SET session_replication_role = replica")  # the rows are proven already
            for number in left:
                await load_agency(connection, size, desk, number)
                if time.monotonic() - told > REPORT_SECONDS:
                    told = time.monotonic()
                    report(f"{size.name}: agency {number + 1} of {size.agencies} after {told - begun:.0f} s")
        finally:
            await connection.close()

    await asyncio.gather(*(loader() for _ in range(LOADERS)))


async def load_agency(connection: "asyncpg.Connection", size: Size, desk: Desk, number: int) -> None:
    """One agency with its key and all its desks, or nothing."""
    agency_id, key = own(desk.agency_id, number, 0), generate("test")
    async with connection.transaction():
        await _found(connection, agency_id, number, key)
        for table in tables():
            await connection.copy_to_table(
                table,
                source=_stream(desk, table, number, size.desks),
                columns=desk.columns[table],
                format="text",
            )
        if desk.next_at:
            wake = "INSERT INTO wakes (agency_id, id, kind, at) VALUES ($1, gen_random_uuid(), $2, $3)"
            await connection.execute(wake, agency_id, str(WakeKind.ANNOUNCE), desk.next_at[0])


async def _stream(desk: Desk, table: str, agency: int, desks: int) -> AsyncIterator[bytes]:
    for part in desk.copies(table, agency, desks):
        yield part


async def _found(connection: "asyncpg.Connection", agency_id: UUID, number: int, key: str) -> None:
    """The agency, its API key as the service makes it, and its line in the register."""
    await connection.execute(
        "INSERT INTO agencies (agency_id, name, policy) VALUES ($1, $2, '{}')", agency_id, f"Agency {number}"
    )
    await connection.execute(
        "INSERT INTO api_keys (agency_id, id, key_id, name, digest, role, scopes)"
        " VALUES ($1, gen_random_uuid(), $2, 'bench', $3, $4, $5)",
        agency_id, key_id_of(key), digest_of(key, SECRET), str(Role.ADMIN), sorted(ROLES[Role.ADMIN]),
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO credentials (lookup, agency_id) VALUES ($1, $2)", key_id_of(key), agency_id
    )
    await connection.execute("INSERT INTO bench.agencies VALUES ($1, $2, $3)", number, agency_id, key)
