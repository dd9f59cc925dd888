"""Rows of several tables travel as one statement, at the latest with the commit, and not at all where it is undone."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from app import writes
from app.db import Beginning, Database, attempt, savepoint
from app.errors import ConflictError
from app.models import Client, Consultant, EventStream, Job, Wake, WakeKind
from app.models.base import TenantedBase
from tests.agency import Agency
from tests.locks import advisory_locks


async def names_of(database: Database, agency: Agency, column: Any) -> list[Any]:
    """What a column holds, in the order of ids."""
    async with database.transaction(agency.id) as db:
        table: type[TenantedBase] = column.class_
        return list(await db.scalars(select(column).where(table.agency_id == agency.id).order_by(table.id)))


def client(agency: Agency, name: str) -> writes.Row:
    """A client to be written."""
    return {"agency_id": agency.id, "id": uuid7(), "name": name}


def wake(agency: Agency) -> writes.Row:
    """A wake far ahead, which no worker takes."""
    return {
        "agency_id": agency.id,
        "id": uuid7(),
        "kind": WakeKind.DIGEST,
        "at": datetime(2099, 1, 1, tzinfo=UTC),
    }


async def test_rows_are_written_with_the_commit(agency: Agency, database: Database) -> None:
    async with database.transaction(agency.id) as db:
        writes.insert(db, Client, [client(agency, "Northwind"), client(agency, "Contoso")])
        assert await _seen(db, agency) == []
    assert await names_of(database, agency, Client.name) == ["Northwind", "Contoso"]


async def test_a_row_may_refer_to_another_of_the_same_statement(agency: Agency, database: Database) -> None:
    client_id = uuid7()
    async with database.transaction(agency.id) as db:
        writes.add(db, Job(agency_id=agency.id, client_id=client_id, title="Buyer"))
        writes.add(db, Client(agency_id=agency.id, id=client_id, name="Northwind"))
    assert await names_of(database, agency, Job.title) == ["Buyer"]


async def test_rows_are_changed_put_and_deleted_by_their_ids(agency: Agency, database: Database) -> None:
    kept, changed = client(agency, "Kept"), client(agency, "Old")
    wakes = [wake(agency), wake(agency)]
    streams = [{"agency_id": agency.id, "id": uuid7(), "last_sequence": n} for n in (1, 2)]
    async with database.transaction(agency.id) as db:
        writes.insert(db, Client, [kept, changed])
        writes.insert(db, Wake, wakes)
        writes.put(db, EventStream, streams)
        await writes.flush(db)
        writes.change(db, Client, [{"agency_id": agency.id, "id": changed["id"], "name": "New"}])
        writes.delete(db, Wake, [{"agency_id": agency.id, "id": wakes[0]["id"]}])
        writes.put(db, EventStream, [{**streams[1], "last_sequence": 7}])
    assert await names_of(database, agency, Client.name) == ["Kept", "New"]
    assert await names_of(database, agency, EventStream.last_sequence) == [1, 7]
    assert await names_of(database, agency, Wake.id) == [wakes[1]["id"]]


async def test_what_is_undone_is_not_written(agency: Agency, database: Database) -> None:
    async def fail(db: AsyncSession) -> None:
        async with savepoint(db):
            writes.insert(db, Client, [client(agency, "Undone")])
            raise ValueError("undone")

    async with database.transaction(agency.id) as db:
        writes.insert(db, Client, [client(agency, "Before")])
        with pytest.raises(ValueError, match="undone"):
            await fail(db)
        writes.insert(db, Client, [client(agency, "After")])
    assert await names_of(database, agency, Client.name) == ["Before", "After"]


async def test_what_was_sent_is_undone_with_its_part(agency: Agency, database: Database) -> None:
    async def fail(db: AsyncSession) -> None:
        async with savepoint(db):
            writes.insert(db, Client, [client(agency, "Undone")])
            await writes.flush(db)
            raise ValueError("undone")

    async with database.transaction(agency.id) as db:
        with pytest.raises(ValueError, match="undone"):
            await fail(db)
    assert await names_of(database, agency, Client.name) == []


@pytest.mark.parametrize("is_broken", [False, True])
async def test_a_refusal_undoes_an_attempt_and_nothing_else(
    agency: Agency, database: Database, is_broken: bool
) -> None:
    """Also what the session has sent or failed to send, and what was locked and learnt meanwhile."""
    beginning = Beginning(["SELECT pg_advisory_xact_lock(7)"], info={"learnt": True})

    async def refuse(db: AsyncSession) -> None:
        async with attempt(db, beginning):
            assert db.info["learnt"]
            assert await advisory_locks(db) == 1
            writes.insert(db, Client, [client(agency, "Gathered")])
            db.add(Client(agency_id=agency.id, name="Sent"))
            await db.flush()
            if is_broken:
                db.add(Job(agency_id=agency.id, client_id=uuid7(), title="Of no client"))
                with suppress(IntegrityError):
                    await db.flush()
            raise ConflictError

    async with database.transaction(agency.id) as db:
        writes.insert(db, Client, [client(agency, "Before")])
        with pytest.raises(ConflictError):
            await refuse(db)
        assert "learnt" not in db.info
        assert await advisory_locks(db) == 0
        writes.insert(db, Client, [client(agency, "After")])
    assert await names_of(database, agency, Client.name) == ["Before", "After"]


async def test_no_row_of_another_agency_is_touched(agency: Agency, rival: Agency, database: Database) -> None:
    theirs, late = client(rival, "Theirs"), wake(rival)
    async with database.transaction(rival.id) as db:
        writes.insert(db, Client, [theirs])
        writes.insert(db, Wake, [late])
    async with database.transaction(agency.id) as db:
        writes.change(db, Client, [{"agency_id": agency.id, "id": theirs["id"], "name": "Taken"}])
        writes.delete(db, Wake, [{"agency_id": agency.id, "id": late["id"]}])
    assert await names_of(database, rival, Client.name) == ["Theirs"]
    assert await names_of(database, rival, Wake.id) == [late["id"]]


@pytest.mark.parametrize("name", ["", "Zoë \\ \"quoted\" 'too'", "\u2028 \U0001f600", "null", "\\x00"])
async def test_text_is_written_as_it_is(agency: Agency, database: Database, name: str) -> None:
    async with database.transaction(agency.id) as db:
        writes.add(db, Consultant(agency_id=agency.id, name=name, timezone="UTC"))
    assert await names_of(database, agency, Consultant.name) == [name]


async def _seen(db: AsyncSession, agency: Agency) -> Sequence[str]:
    return (await db.scalars(select(Client.name).where(Client.agency_id == agency.id))).all()
