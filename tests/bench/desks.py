"""The desk that every agency of the benchmark is made of: told once, kept as the text that COPY takes, and repeated.

An agency of n desks has n copies of everything but itself. A copy differs in its ids alone: the last twelve digits of
each are those of the agency and of the copy, so a text with a mark in their place becomes a copy in one replacement.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
import httpx
from sqlalchemy import make_url

from app.db import connected
from app.main import create_app
from app.models import Base
from app.settings import Settings
from tests.agency import found_agency
from tests.bench.stories import SEED, STORIES, Story, Teller, evening

SECRET = "a secret of the benchmark, long enough to be one"

OWN_ID = "#" * 12  # stands where the digits of agency and copy come
AGENCY_ID = "@" * 12  # the same in the agency's own id, which has no copies

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

# What an agency has once, and what it is told or forgets in time: its log, its audit trail, and what workers note.
LEFT_OUT = {
    "agencies", "agency_usage", "agency_work", "api_keys", "audit_entries", "credentials", "event_logs", "events",
    "idempotency_keys", "policy_versions", "recomputations", "wakes",
}  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """Its stories with marked ids, the rows of each table as COPY writes them, and when it was told."""

    told_at: datetime
    agency_id: str
    stories: list[Story]
    next_at: list[datetime]
    columns: dict[str, list[str]]
    rows: dict[str, str]

    @property
    def consultants(self) -> list[str]:
        """The two consultants' marked ids: first the one whose due list fills a page."""
        return list(dict.fromkeys(story.consultant_id for story in self.stories))

    def copies(self, table: str, agency: int, count: int) -> Iterator[bytes]:
        """A table's rows in the copies of one agency."""
        text = self.rows[table].replace(AGENCY_ID, digits(agency, 0))
        for copy in range(count):
            yield text.replace(OWN_ID, digits(agency, copy)).encode()

    def save(self, path: Path) -> None:
        """Keep it in a file, written whole or not at all."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self), default=datetime.isoformat), encoding="utf-8")
        draft.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Desk":
        """The desk that was saved."""
        kept = json.loads(path.read_text(encoding="utf-8"))
        kept["told_at"] = datetime.fromisoformat(kept["told_at"])
        kept["next_at"] = [datetime.fromisoformat(each) for each in kept["next_at"]]
        kept["stories"] = [Story(**story) for story in kept["stories"]]
        return cls(**kept)


def digits(agency: int, copy: int) -> str:
    """The last twelve digits of an id."""
    return f"{agency:04x}{copy:08x}"


def own(marked: str, agency: int, copy: int) -> UUID:
    """An id of a copy, or the agency's own."""
    return UUID(marked.replace(OWN_ID, digits(agency, copy)).replace(AGENCY_ID, digits(agency, 0)))


async def tell(url: str, stories: int = STORIES, report: Callable[[str], None] = lambda _words: None) -> Desk:
    """Tell a desk, as of a working day's evening, into a migrated database, and take its rows."""
    settings = Settings(rate_limit="off")
    async with connected(url) as database:
        app = create_app(database, SECRET, settings)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as http:
            agency = await found_agency(http, database, SECRET)
            async with database.transaction(agency.id) as db:
                now: datetime = db.info["now"]
            teller = Teller(agency, evening(now), Random(SEED))  # noqa: S311 - the same each time
            told = await teller.desk(stories, report)
        await app.state.due_counts.close()
    return await _taken(url, agency.id, told, now)


async def _taken(url: str, agency_id: UUID, told: list[Story], now: datetime) -> Desk:
    connection = await connect(url)
    try:
        marks = Marks(str(agency_id))
        columns = {table: await _columns(connection, table) for table in tables()}
        rows = {
            table: marks.mark(await _rows(connection, table, columns[table], agency_id)) for table in columns
        }
        due = "SELECT next_at FROM event_streams WHERE agency_id = $1 AND next_at IS NOT NULL ORDER BY 1"
        next_at = [row["next_at"] for row in await connection.fetch(due, agency_id)]
    finally:
        await connection.close()
    marked = [Story(*(marks.mark(each) for each in asdict(story).values())) for story in told]
    return Desk(now, marks.mark(str(agency_id)), marked, next_at, columns, rows)


class Marks:
    """Gives each id of a desk its first twenty digits, and the mark in place of the rest."""

    def __init__(self, agency_id: str) -> None:
        self._known = {agency_id: f"{agency_id[:13]}-7000-8000-{AGENCY_ID}"}

    def mark(self, text: str) -> str:
        """A text with every id in it marked."""
        return _UUID.sub(lambda found: self._marked(found[0]), text)

    def _marked(self, found: str) -> str:
        if found not in self._known:
            serial = f"{len(self._known):06x}"
            self._known[found] = f"{found[:13]}-7{serial[:3]}-8{serial[3:]}-{OWN_ID}"
        return self._known[found]


def tables() -> list[str]:
    """The tables that a desk has rows in."""
    return [table.name for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT]


async def connect(url: str) -> "asyncpg.Connection":
    """A connection as the owner, who passes by row-level security as a superuser does."""
    place = make_url(url)
    return await asyncpg.connect(
        host=place.query["host"], port=place.query["port"], user=place.username, database=place.database
    )


async def _columns(connection: "asyncpg.Connection", table: str) -> list[str]:
    query = (
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"
    )
    return [row["attname"] for row in await connection.fetch(query, table)]


async def _rows(connection: "asyncpg.Connection", table: str, columns: list[str], agency_id: UUID) -> str:
    names = ", ".join(f'"{column}"' for column in columns)
    query = f"SELECT {names} FROM {table} WHERE agency_id = $1 ORDER BY id"
    parts: list[bytes] = []

    async def take(data: bytes) -> None:
        parts.append(data)

    await connection.copy_from_query(query, agency_id, output=take)
    return b"".join(parts).decode()
