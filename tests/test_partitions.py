"""The partitioned schema, on which the API tests run as well, is the migrated one in all but its partitions."""

import pytest
from sqlalchemy.exc import DBAPIError

from tests.owner import CATALOGUE, WALLS, execute, rows
from tests.partitions import TABLES, partition


def schema(url: str) -> dict[str, set[tuple[object, ...]]]:
    """What makes a schema, in words that do not tell a partitioned table from a plain one."""
    asked = (CATALOGUE | WALLS).items()
    found = {name: rows(url, sql.replace("relkind = 'r'", "relkind IN ('r', 'p')")) for name, sql in asked}
    found["indexes"] = {(*row[:2], str(row[2]).replace(" ON ONLY ", " ON ")) for row in found["indexes"]}
    # A foreign key to a partitioned table has a copy for each of its partitions.
    found["constraints"] = {
        row for row in found["constraints"] if " REFERENCES partitions." not in str(row[3])
    }
    found["the rest"] = {row for row in found["the rest"] if row[1] not in (b"p", b"I")}
    return found


def test_it_is_the_migrated_schema(scratch_url: str) -> None:
    before = schema(scratch_url)
    partition(scratch_url, 3)
    assert schema(scratch_url) == before
    parts = rows(scratch_url, "SELECT inhparent::regclass::text, count(*) FROM pg_inherits GROUP BY 1")
    assert {row for row in parts if row[0] in TABLES} == {(table, 3) for table in TABLES}


def test_it_refuses_a_key_without_the_agency(scratch_url: str) -> None:
    partition(scratch_url, 2)
    with pytest.raises(DBAPIError, match="must include all partitioning columns"):
        execute(scratch_url, "ALTER TABLE clients ADD CONSTRAINT one_name UNIQUE (name)")
