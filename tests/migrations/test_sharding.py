"""The schema shards by agency as it stands: every key begins with the agency, and none refers to another's rows."""

import pytest

from tests.owner import execute, rows

# Kept whole on every machine of a cluster, and why.
REFERENCE = {
    "credentials": "it is read before the agency is known, and tells which that is",
    "alembic_version": "it is Alembic's own, and tells of the schema, not of an agency",
}

# A key, with its table and whether it begins with the agency.
KEYS = """
    SELECT i.relname, t.relname, a.attname = 'agency_id' FROM pg_index x
    JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
    WHERE t.relnamespace = 'public'::regnamespace AND (x.indisunique OR x.indisexclusion)
"""

# A foreign key, with both its tables, whether it begins with the agency on both sides, and whether it goes on.
REFERENCES = """
    SELECT c.conname, c.conrelid::regclass::text, c.confrelid::regclass::text,
        a.attname = 'agency_id' AND b.attname = 'agency_id', cardinality(c.conkey) > 1
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
    WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
"""

KEYLESS = """
    SELECT t.relname FROM pg_class t
    WHERE t.relkind IN ('r', 'p') AND t.relnamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = t.oid AND contype = 'p')
"""


def misfits(url: str) -> set[str]:
    """The tables, keys and foreign keys of a database that would keep it from being sharded by agency."""
    keys, references = rows(url, KEYS), rows(url, REFERENCES)
    assert len(keys) > 60
    assert len(references) > 60
    unled = {str(name) for name, table, is_led in keys if not is_led and table not in REFERENCE}
    loose = {
        str(name)
        for name, table, other, is_led, is_composite in references
        if table in REFERENCE or other in REFERENCE or not is_led or is_composite == (other == "agencies")
    }
    return unled | loose | {str(table) for (table,) in rows(url, KEYLESS)}


def test_every_key_begins_with_the_agency(scratch_url: str) -> None:
    assert misfits(scratch_url) == set()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("CREATE TABLE notes (agency_id uuid, id uuid)", {"notes"}),
        ("CREATE TABLE notes (id uuid CONSTRAINT whose PRIMARY KEY, agency_id uuid)", {"whose"}),
        (
            "CREATE TABLE notes (id uuid, agency_id uuid, CONSTRAINT late PRIMARY KEY (id, agency_id))",
            {"late"},
        ),
        ("ALTER TABLE jobs ADD CONSTRAINT one_title UNIQUE (title)", {"one_title"}),
        ("CREATE UNIQUE INDEX one_name ON clients (name) WHERE name <> ''", {"one_name"}),
        ("CREATE UNIQUE INDEX any_case ON clients (lower(name))", {"any_case"}),
        ("ALTER TABLE jobs ADD CONSTRAINT one EXCLUDE (id WITH =)", {"one"}),
        (
            "ALTER TABLE clients ADD CONSTRAINT far FOREIGN KEY (name, agency_id) REFERENCES credentials",
            {"far"},
        ),
        (
            "ALTER TABLE credentials ADD CONSTRAINT whole FOREIGN KEY (agency_id) REFERENCES agencies",
            {"whole"},
        ),
        ("ALTER TABLE jobs ADD CONSTRAINT strange FOREIGN KEY (client_id) REFERENCES agencies", {"strange"}),
    ],
)
def test_what_cannot_be_sharded_is_found(scratch_url: str, change: str, found: set[str]) -> None:
    execute(scratch_url, change)
    assert misfits(scratch_url) == found
