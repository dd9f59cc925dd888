"""The migrated schema once more, with every table of the agencies hash-partitioned by agency.

It stands in for a Citus cluster where there is none: PostgreSQL then refuses the keys that Citus would refuse, and the
plan of a statement tells which partitions it reads.
"""

from sqlalchemy import Connection, text

from app.citus import has_agency
from app.models import Base
from tests.owner import within

# The partitions lie apart, so that the schema has the tables it always had.
SCHEMA = "partitions"

TABLES = [table.name for table in Base.metadata.sorted_tables if has_agency(table)]

CONSTRAINTS = """
    SELECT format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE conrelid = ANY(CAST(:tables AS regclass[])) AND contype
"""

# What makes each table again what it was, in PostgreSQL's own words and in this order.
BELONGINGS = (
    f"{CONSTRAINTS} IN ('p', 'u', 'c')",
    f"{CONSTRAINTS} = 'f'",
    """
    SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = ANY(CAST(:tables AS regclass[]))
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
    """,
    """
    SELECT format('GRANT %s ON %s TO %I', privilege_type, oid::regclass, grantee::regrole)
    FROM pg_class, aclexplode(relacl) WHERE oid = ANY(CAST(:tables AS regclass[]))
    """,
    """
    SELECT format('ALTER TABLE %s %s ROW LEVEL SECURITY', oid::regclass, wall)
    FROM pg_class, unnest(ARRAY['ENABLE', 'FORCE'], ARRAY[relrowsecurity, relforcerowsecurity]) AS w (wall, is_up)
    WHERE oid = ANY(CAST(:tables AS regclass[])) AND is_up
    """,
    """
    SELECT format('CREATE POLICY %I ON %s USING (%s) WITH CHECK (%s)', polname, polrelid::regclass,
        pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM pg_policy WHERE polrelid = ANY(CAST(:tables AS regclass[]))
    """,
)


def partition(url: str, number: int) -> None:
    """Turn every table of the agencies, all of them empty, into one of so many partitions."""

    def work(connection: Connection) -> None:
        asked = {"tables": TABLES}
        again = [
            text(sql) for belongings in BELONGINGS for sql in connection.scalars(text(belongings), asked)
        ]
        connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        for table in TABLES:
            connection.execute(text(f"ALTER TABLE {table} RENAME TO {table}_whole"))
            connection.execute(
                text(
                    f"CREATE TABLE {table} (LIKE {table}_whole INCLUDING DEFAULTS) PARTITION BY HASH (agency_id)"
                )
            )
            for remainder in range(number):
                part = f"{SCHEMA}.{table}_{remainder} PARTITION OF {table}"
                values = f"WITH (MODULUS {number}, REMAINDER {remainder})"
                connection.execute(text(f"CREATE TABLE {part} FOR VALUES {values}"))
        connection.execute(text(f"DROP TABLE {', '.join(f'{table}_whole' for table in TABLES)}"))
        for statement in again:
            connection.execute(statement)

    within(url, work)
