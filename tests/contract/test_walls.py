"""The walls of tenancy as they stand in the live database: keys, policies, roles and grants (S1)."""

from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections import APPLICATION_ROLE
from app.db import Database
from app.errors import NotFoundError
from app.models import Base, Client, Digest, Phase, Recomputation, RecomputationStretch
from tests.agency import Agency
from tests.contract.world import build_world
from tests.told import answered

# Read before the agency is known; they hold nothing of anybody.
SHARED = {"credentials", "agency_work", "wakes", "alembic_version"}
EVIDENCE = {
    "audit_entries",
    "debriefs",
    "timescales",
    "feedback",
    "contacts",
    "contact_applications",
    "relays",
    "snoozes",
    "credentials",
    "job_changes",
    "policy_versions",
    "preferences",
    "revisions",
    "voids",
}
TENANTED = sorted(set(Base.metadata.tables) - SHARED)


async def rows(owner: AsyncEngine, sql: str) -> list[tuple[object, ...]]:
    """The answer to a question about the catalogue."""
    async with owner.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(sql))]


async def test_the_models_name_every_table(owner: AsyncEngine) -> None:
    tables = await rows(
        owner, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    assert {name for (name,) in tables} == set(Base.metadata.tables) | {"alembic_version"}


async def test_a_row_is_known_by_its_agency_and_its_id(owner: AsyncEngine) -> None:
    keys = await rows(
        owner,
        """
        SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype = 'p' AND connamespace = 'public'::regnamespace
        """,
    )
    odd = {
        "agencies": "PRIMARY KEY (agency_id)",
        "credentials": "PRIMARY KEY (lookup, agency_id)",
        "agency_work": "PRIMARY KEY (agency_id, kind)",
        "agency_usage": "PRIMARY KEY (agency_id)",
        "event_logs": "PRIMARY KEY (agency_id)",
    }
    expected = {table: odd.get(table, "PRIMARY KEY (agency_id, id)") for table in Base.metadata.tables}
    assert {table: key for table, key in keys if table != "alembic_version"} == expected


async def test_every_column_that_names_a_row_has_its_foreign_key(owner: AsyncEngine) -> None:
    free = await rows(
        owner,
        """
        SELECT a.attrelid::regclass::text || '.' || a.attname FROM pg_attribute a
        JOIN pg_class t ON t.oid = a.attrelid AND t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace
        WHERE a.atttypid = 'uuid'::regtype AND a.attname <> 'id' AND a.attnum > 0 AND NOT EXISTS (
            SELECT FROM pg_constraint c
            WHERE c.contype = 'f' AND c.conrelid = a.attrelid AND a.attnum = ANY(c.conkey))
        """,
    )
    # An agency itself, and the look-up of it (a reference table); of many tables, and told by `kind` or `phase`, or by
    # what else is null; a derived row's fact; who works at a row.
    assert {name for (name,) in free} == {
        "agencies.agency_id",
        "credentials.agency_id",
        "audit_entries.object_id",
        "deliveries.subject_id",
        "delivery_queues.lease",
        "delivery_queues.subject_id",
        "digests.lease",
        "events.subject_id",
        "external_refs.object_id",
        "reasons.fact_id",
        "recomputation_stretches.after_id",
        "recomputation_stretches.through_id",
        "recomputations.after_id",
        "revisions.object_id",
    }


async def test_every_table_is_sealed_even_to_its_owner(owner: AsyncEngine) -> None:
    sealed = await rows(
        owner,
        """
        SELECT t.relname, t.relrowsecurity, t.relforcerowsecurity, p.polcmd, p.polpermissive,
            pg_get_expr(p.polqual, t.oid), pg_get_expr(p.polwithcheck, t.oid)
        FROM pg_class t LEFT JOIN pg_policy p ON p.polrelid = t.oid
        WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace ORDER BY t.relname
        """,
    )
    own = "(agency_id = (NULLIF(current_setting('app.agency_id'::text, true), ''::text))::uuid)"
    wall = (True, True, b"*", True, own, own)
    assert {row[0]: row[1:] for row in sealed if row[0] not in SHARED} == dict.fromkeys(TENANTED, wall)


async def test_the_application_owns_nothing_and_passes_no_wall(owner: AsyncEngine) -> None:
    role = await rows(
        owner,
        f"""
        SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin,
            (SELECT count(*) FROM pg_class WHERE relowner = r.oid),
            (SELECT count(*) FROM pg_auth_members WHERE member = r.oid),
            has_schema_privilege(r.oid, 'public', 'CREATE')
        FROM pg_roles r WHERE rolname = '{APPLICATION_ROLE}'
        """,
    )
    assert role == [(False, False, False, False, False, 0, 0, False)]


async def test_evidence_can_only_be_added_to(owner: AsyncEngine) -> None:
    grants = await rows(
        owner,
        f"""
        SELECT table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type)
        FROM information_schema.role_table_grants WHERE grantee = '{APPLICATION_ROLE}' GROUP BY table_name
        """,
    )
    passing, kept_for_a_time = "DELETE INSERT SELECT", "DELETE INSERT SELECT UPDATE"
    derived = {
        **dict.fromkeys(("deliveries", "delivery_queues", "digests", "events", "wakes"), kept_for_a_time),
        "delivery_attempts": passing,
        "reasons": passing,
        "agency_work": passing,
        "idempotency_keys": kept_for_a_time,
        "recomputation_stretches": kept_for_a_time,
        "alembic_version": "SELECT",
    }
    expected = dict.fromkeys(Base.metadata.tables, "INSERT SELECT UPDATE")
    expected |= dict.fromkeys(EVIDENCE, "INSERT SELECT") | derived
    assert {str(table): granted for table, granted in grants} == expected


async def test_nobody_else_has_any_right(owner: AsyncEngine) -> None:
    grants = await rows(
        owner,
        """
        SELECT table_name, grantee FROM information_schema.role_table_grants
        WHERE table_schema = 'public' AND grantee = 'PUBLIC'
        """,
    )
    assert grants == []


@pytest.fixture
async def populated(agency: Agency, database: Database) -> Agency:
    """An agency with a row in every table of its own."""
    world = await build_world(agency)
    await answered(database, agency, 503)
    await agency.consultant(external_refs=[{"source": "bullhorn", "id": "1"}])
    await agency.call("POST", "/v1/clients", json={"name": "Acme"}, headers={"Idempotency-Key": "1"})
    async with database.transaction(agency.id) as db:
        now = db.info["now"]
        # A worker makes these, on working days.
        consultant_id = UUID(world.ids["consultant"])
        db.add(Digest(agency_id=agency.id, consultant_id=consultant_id, day=now.date(), next_attempt_at=now))
        # And these, where a change of policy has more to do than one batch.
        [work] = await db.scalars(select(Recomputation.id).where(Recomputation.client_id.is_(None)))
        db.add(
            RecomputationStretch(agency_id=agency.id, recomputation_id=work, started_at=now, phase=Phase.OPEN)
        )
    return agency


async def test_one_agency_sees_nothing_of_another(
    populated: Agency, rival: Agency, database: Database
) -> None:
    for table in TENANTED:
        count = text(f"SELECT count(*) FROM {table} WHERE agency_id = :agency_id")
        of_populated = {"agency_id": populated.id}
        async with database.transaction(populated.id) as db:
            assert await db.scalar(count, of_populated) > 0, table
        for other in (rival.id, None):
            async with database.transaction(other) as db:
                assert await db.scalar(count, of_populated) == 0, table


async def test_an_agency_writes_and_changes_only_its_own(
    populated: Agency, rival: Agency, database: Database
) -> None:
    with pytest.raises(NotFoundError):
        async with database.transaction(rival.id) as db:
            db.add(Client(agency_id=populated.id, name="planted"))
    async with database.transaction(rival.id) as db:
        changed = await db.execute(text("UPDATE clients SET name = 'changed' RETURNING agency_id"))
        assert {agency_id for (agency_id,) in changed} <= {rival.id}
    with pytest.raises(NotFoundError):
        async with database.transaction(populated.id) as db:
            await db.execute(text("UPDATE clients SET agency_id = :rival"), {"rival": rival.id})


async def test_the_agency_is_forgotten_with_its_transaction(populated: Agency, database_url: str) -> None:
    single = Database(database_url, pool_size=1)
    async with single.transaction(populated.id) as db:
        assert await db.scalar(text("SELECT count(*) FROM clients")) > 0
    async with single.transaction(None) as db:
        assert await db.scalar(text("SELECT count(*) FROM clients")) == 0
    await single.close()


@pytest.mark.parametrize("table", sorted(EVIDENCE))
async def test_evidence_is_neither_changed_nor_removed(
    agency: Agency, database: Database, table: str
) -> None:
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET agency_id = agency_id"):
        with pytest.raises(NotFoundError):
            async with database.transaction(agency.id) as db:
                await db.execute(text(statement))


async def test_two_agencies_may_use_the_same_external_id(agency: Agency, rival: Agency) -> None:
    refs = [{"source": "bullhorn", "id": "7"}]
    mine, theirs = await agency.client(external_refs=refs), await rival.client(external_refs=refs)
    assert mine != theirs
    assert (await agency.get("/v1/clients", external_id="7"))["items"][0]["id"] == mine
