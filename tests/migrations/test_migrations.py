"""Migrations go up, down and up again, and end where the models say (R12)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from click.testing import CliRunner
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from app import postgres
from app.cli import main
from app.errors import SetupError
from app.migrate import alembic_config, head, migrate, upgrade_sql
from app.models import Base
from migrations import RUNNERS_LOCK
from migrations.versions import __path__ as versions
from tests.migrations.scripts import SCRIPTS
from tests.owner import CATALOGUE, catalogue, execute, revisions, rows, within


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.revision)
def test_a_revision_goes_up_and_down_and_up(script: Script, empty_url: str) -> None:
    config = alembic_config(empty_url)
    before = script.down_revision or "base"
    assert isinstance(before, str)
    if script.down_revision:
        command.upgrade(config, before)
    schema_before = catalogue(empty_url)
    command.upgrade(config, script.revision)
    schema_after = catalogue(empty_url)
    assert schema_after != schema_before
    command.downgrade(config, before)
    assert catalogue(empty_url) == schema_before
    command.upgrade(config, script.revision)
    assert catalogue(empty_url) == schema_after


def test_a_revision_is_named_as_its_file() -> None:
    names = [Path(script.path).stem for script in SCRIPTS]
    assert names == [script.revision for script in SCRIPTS]
    assert names == sorted(names)
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    files = {path.stem for path in Path(next(iter(versions))).glob("*.py")} - {"__init__"}
    assert files == set(names)


def test_there_is_one_head(empty_url: str) -> None:
    assert ScriptDirectory.from_config(alembic_config("")).get_heads() == [head()]
    assert head() == SCRIPTS[-1].revision
    migrate(empty_url)
    assert revisions(empty_url) == {(head(),)}


def test_alembic_finds_no_drift_from_the_models(scratch_url: str) -> None:
    def compare(connection: Connection) -> object:
        options = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)

    assert within(scratch_url, compare) == []


@pytest.fixture
def modelled_url(server: postgres.Server) -> Iterator[str]:
    """A database made from the models alone."""
    server.create_database("modelled")
    url = server.url_for("modelled")
    within(url, Base.metadata.create_all)
    yield url
    server.drop_database("modelled")


def test_the_catalogue_is_the_same_as_from_the_models(scratch_url: str, modelled_url: str) -> None:
    migrated, modelled = catalogue(scratch_url), catalogue(modelled_url)
    for name in CATALOGUE:
        assert migrated[name] == modelled[name], name
    assert len(migrated["constraints"]) > 60


def test_migrating_twice_changes_nothing(scratch_url: str) -> None:
    before = catalogue(scratch_url)
    migrate(scratch_url)
    assert catalogue(scratch_url) == before


def test_runners_wait_for_one_another_however_long_it_takes(empty_url: str) -> None:
    """The lock between runners is outside the short time that a migration may wait for the lock of a table."""
    runner = [sys.executable, "-m", "app", "migrate"]
    environment = os.environ | {"TOUCHBASE_DATABASE_URL": empty_url}

    def start_two(first: Connection) -> list[subprocess.Popen[bytes]]:
        first.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": RUNNERS_LOCK})
        runners = [subprocess.Popen(runner, env=environment, stderr=subprocess.DEVNULL) for _ in range(2)]
        for waiting in runners:
            with pytest.raises(subprocess.TimeoutExpired):
                waiting.wait(2.3)
        return runners

    assert [runner.wait(60) for runner in within(empty_url, start_two)] == [0, 0]
    assert revisions(empty_url) == {(head(),)}


def test_the_command_migrates(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", empty_url)
    result = CliRunner().invoke(main, ["migrate"])
    assert result.exit_code == 0, result.output
    assert revisions(empty_url) == {(head(),)}


def test_the_command_prints_what_it_would_run(
    empty_url: str, scratch_url: str, server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run with psql, the script makes the same schema."""
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", empty_url)
    command.upgrade(alembic_config(empty_url), SCRIPTS[0].revision)
    printed = CliRunner().invoke(main, ["migrate", "--sql"])
    assert revisions(empty_url) == {(SCRIPTS[0].revision,)}
    script = tmp_path / "migrate.sql"
    script.write_text(printed.stdout, encoding="utf-8")
    psql = [str(server.bin_dir / "psql"), "-Xq", "-v", "ON_ERROR_STOP=1", "-f", str(script)]
    subprocess.run([*psql, empty_url.replace("+asyncpg", "")], check=True, stdout=subprocess.DEVNULL)
    assert catalogue(empty_url) == catalogue(scratch_url)
    assert revisions(empty_url) == {(head(),)}


def test_the_command_makes_no_database_to_print_what_it_would_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOUCHBASE_DATABASE_URL", raising=False)
    printed = CliRunner().invoke(main, ["migrate", "--sql", "--data-dir", str(tmp_path / "new")])
    assert (printed.exit_code, "TOUCHBASE_DATABASE_URL" in printed.output) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_schema_of_a_newer_release_is_left_alone(scratch_url: str) -> None:
    execute(scratch_url, "UPDATE alembic_version SET version_num = '9999_from_the_future'")
    with pytest.raises(SetupError, match="9999_from_the_future, which a newer release made"):
        migrate(scratch_url)


def refuse(url: str, revision: str) -> None:
    """Let a revision fail in its last statement, which tells that it is done."""
    execute(
        url,
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$",
        "CREATE TRIGGER refuse BEFORE UPDATE ON alembic_version FOR EACH ROW"
        f" WHEN (NEW.version_num = '{revision}') EXECUTE FUNCTION refuse()",
    )


def test_a_revision_that_fails_leaves_those_before_it(empty_url: str) -> None:
    first, *_, last_but_one, last = SCRIPTS
    command.upgrade(alembic_config(empty_url), first.revision)
    refuse(empty_url, last.revision)
    with pytest.raises(DBAPIError, match="not today"):
        migrate(empty_url)
    assert revisions(empty_url) == {(last_but_one.revision,)}


@dataclass
class Step:
    """One revision, and a database at the revision before."""

    url: str
    before: str
    revision: str

    def run(self) -> None:
        """Migrate by this revision."""
        command.upgrade(alembic_config(self.url), self.revision)


@pytest.fixture(params=SCRIPTS[1:], ids=lambda script: script.revision)
def step(request: pytest.FixtureRequest, empty_url: str) -> Step:
    """Each revision but the first, about to run."""
    step = Step(empty_url, request.param.down_revision, request.param.revision)
    command.upgrade(alembic_config(empty_url), step.before)
    return step


def test_a_revision_that_meets_a_held_lock_gives_up_and_changes_nothing(step: Step) -> None:
    """Whoever waits for the lock of a table makes everybody behind them wait, however short their own work."""
    schema_before = catalogue(step.url)
    tables = ", ".join({str(row[0]) for row in schema_before["grants"]})

    def meet(connection: Connection) -> None:
        connection.execute(text(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            pool.submit(step.run).result(timeout=20)

    with ThreadPoolExecutor(1) as pool:
        within(step.url, meet)
    assert catalogue(step.url) == schema_before
    step.run()
    assert revisions(step.url) == {(step.revision,)}


def test_a_revision_that_fails_in_its_last_statement_is_undone_or_starts_over(step: Step) -> None:
    """Each is one transaction; only what reads whole tables while everybody works on cannot be, and can run again."""
    refuse(step.url, step.revision)
    schema_before = catalogue(step.url)
    with pytest.raises(DBAPIError, match="not today"):
        step.run()
    undone = catalogue(step.url) == schema_before
    sql = upgrade_sql(step.before, step.revision)
    assert undone == ("CONCURRENTLY" not in sql and "VALIDATE CONSTRAINT" not in sql)
    execute(step.url, "DROP FUNCTION refuse CASCADE")
    step.run()
    assert revisions(step.url) == {(step.revision,)}


OLD_SCOPES = (
    "'directory:read', 'directory:write', 'applications:read', 'applications:write', 'records:read', "
    "'records:write', 'status:read'"
)
OLD_ROWS = f"""
    INSERT INTO agencies (agency_id, name, policy) VALUES ('{uuid4()}', 'An agency', '{{}}');
    INSERT INTO candidates (agency_id, id, name, timezone, seeking, pause_from, pause_until, pause_allow_urgent)
        SELECT agency_id, gen_random_uuid(), 'Away', 'Europe/London', false, '2026-07-01', '2026-07-20', true
        FROM agencies;
    INSERT INTO candidates (agency_id, id, name, timezone, seeking, pause_allow_urgent)
        SELECT agency_id, gen_random_uuid(), 'Here', 'Europe/London', false, false FROM agencies;
    INSERT INTO api_keys (agency_id, id, key_id, name, digest, scopes)
        SELECT agency_id, gen_random_uuid(), 'all', 'all', '', ARRAY[{OLD_SCOPES}] FROM agencies;
    INSERT INTO api_keys (agency_id, id, key_id, name, digest, scopes)
        SELECT agency_id, gen_random_uuid(), 'few', 'few', '', ARRAY['status:read'] FROM agencies;
"""


def test_pauses_move_to_rows_of_their_own_and_full_keys_stay_full(empty_url: str) -> None:
    command.upgrade(alembic_config(empty_url), "0001_create_schema")
    execute(empty_url, *OLD_ROWS.split(";\n")[:-1])
    migrate(empty_url)
    moved = rows(
        empty_url,
        "SELECT c.name, p.start::date::text, p.until::date::text, p.allow_urgent FROM pauses p"
        " JOIN candidates c ON c.agency_id = p.agency_id AND c.id = p.candidate_id",
    )
    assert moved == {("Away", "2026-07-01", "2026-07-20", True)}
    widened = rows(empty_url, "SELECT key_id, role, 'policy:write' = ANY (scopes) FROM api_keys")
    assert widened == {("all", "admin", True), ("few", None, False)}


def test_there_is_no_going_back_while_two_agencies_share_an_issuer(empty_url: str) -> None:
    migrate(empty_url)
    shared = "INSERT INTO credentials (lookup, agency_id) VALUES ('oidc:ours', gen_random_uuid())"
    execute(empty_url, shared, shared)
    with pytest.raises(DBAPIError, match="credentials_pkey"):
        command.downgrade(alembic_config(empty_url), "0007_share_recomputations")
    assert revisions(empty_url) == {("0009_share_issuers",)}
