"""How the tables are spread over a Citus cluster; that it works there, a cluster must show."""

import re

from app.citus import SETTINGS, distribute, statements
from app.models import Base
from tests.migrations.test_sharding import REFERENCE
from tests.owner import catalogue, rows

SPREAD = re.compile(r"SELECT create_(reference|distributed)_table\('(\w+)'")


def spread(done: set[str]) -> list[tuple[str, str]]:
    """The tables that are spread after those that are, in turn, and how."""
    found = [SPREAD.match(statement) for statement in statements(done) if statement not in SETTINGS]
    return [(match[2], match[1]) for match in found if match]


def test_every_table_is_spread_after_those_it_refers_to() -> None:
    order = [table for table, _ in spread(set())]
    assert sorted(order) == sorted(Base.metadata.tables)
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            assert order.index(key.referred_table.name) <= order.index(table.name), key.name


def test_what_is_read_before_the_agency_is_known_is_on_every_machine() -> None:
    whole = {table for table, kind in spread(set()) if kind == "reference"}
    assert whole | {"alembic_version"} == REFERENCE.keys()


def test_all_rows_of_an_agency_are_on_one_machine() -> None:
    first, *others = [statement for statement in statements(set()) if "distributed" in statement]
    assert first == "SELECT create_distributed_table('agencies', 'agency_id')"
    assert all(re.search(r"'agency_id', colocate_with => 'agencies'\)$", other) for other in others)


def test_a_run_that_was_cut_off_goes_on() -> None:
    order = [table for table, _ in spread(set())]
    assert [table for table, _ in spread(set(order[:7]))] == order[7:]
    assert statements(order) == []


def test_one_machine_stays_as_it_is(scratch_url: str) -> None:
    before = catalogue(scratch_url)
    distribute(scratch_url)
    assert catalogue(scratch_url) == before
    role = "SELECT rolcanlogin FROM pg_roles WHERE rolname = 'touchbase_app'"
    assert rows(scratch_url, role) == {(False,)}
