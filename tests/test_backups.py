"""Backups, with PostgreSQL's own programs: whole or not at all, both ways."""

import asyncio
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from uuid import UUID, uuid4

import asyncpg  # type: ignore[import-untyped]
import msgspec
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import make_url, text

from app import postgres
from app.backups import DUMP, MANIFEST, Manifest, back_up, restore, unpacked
from app.cli import main
from app.db import connected
from app.errors import SetupError
from app.main import create_app
from app.models import Base
from app.postgres.clients import client_environment
from migrations import RUNNERS_LOCK
from tests.agency import Agency, Json, found_agency
from tests.conftest import SECRET, client_of, postgres_bin
from tests.contract.document import Document
from tests.contract.world import build_world
from tests.migrations.test_migrations import catalogue, execute, revisions, rows
from tests.test_serve import call, serving

OLDEST_POSTGRES = Path("/usr/lib/postgresql/15/bin")


@dataclass
class Original:
    """A database in which everything has happened once, and its backup."""

    url: str
    agency: Agency
    due: Json
    file: Path


async def due(url: str, key: str, document: Document) -> Json:
    """The due list of a database at a fixed instant, and so that the key works there."""
    async with connected(url) as database, client_of(create_app(database, SECRET), document) as http:
        headers = {"Authorization": f"Bearer {key}"}
        answer = await http.get("/v1/due", params={"as_of": "2026-07-29T09:00:00Z"}, headers=headers)
        found: Json = answer.json()
        return found


async def populate(url: str, document: Document) -> Agency:
    """An agency with its world."""
    async with connected(url) as database, client_of(create_app(database, SECRET), document) as http:
        agency = await found_agency(http, database, SECRET)
        await build_world(agency)
    return agency


@pytest.fixture(scope="module")
def original(
    server: postgres.Server, template: str, document: Document, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Original]:
    """A populated database with its backup."""
    server.create_database("original", template)
    url = server.url_for("original")
    agency = asyncio.run(populate(url, document))
    file = tmp_path_factory.mktemp("backups") / "original"
    back_up(url, file, None)
    yield Original(url, agency, asyncio.run(due(url, agency.key, document)), file)
    server.drop_database("original")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that an unprivileged PostgreSQL can reach, gone afterwards."""
    made = Path(tempfile.mkdtemp(prefix="touchbase-backups-")).resolve()
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def content(url: str) -> dict[str, object]:
    """Every row of every table, as PostgreSQL writes it."""
    return {table: rows(url, f'SELECT t::text FROM "{table}" t') for table in Base.metadata.tables}


def tables(url: str) -> object:
    """What stands in a database."""
    return rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")


async def visible(url: str, table: str, agency_id: UUID | None) -> int:
    """How many rows the application sees."""
    async with connected(url) as database, database.transaction(agency_id) as db:
        return await db.scalar(text(f"SELECT count(*) FROM {table}")) or 0


def check_restored(url: str, original: Original, document: Document) -> None:
    """Everything is as it was."""
    assert content(url) == content(original.url)
    assert revisions(url) == revisions(original.url)
    assert original.due["items"]
    assert asyncio.run(due(url, original.agency.key, document)) == original.due
    for table in ("agencies", "debriefs", "reasons"):
        assert asyncio.run(visible(url, table, original.agency.id)) > 0
        assert asyncio.run(visible(url, table, uuid4())) == 0
        assert asyncio.run(visible(url, table, None)) == 0


def test_a_backup_comes_back_into_a_new_cluster(original: Original, folder: Path, document: Document) -> None:
    """Where not even the application's role is known."""
    with postgres.running(folder, bin_dir=postgres_bin(), durable=False) as fresh:
        assert fresh.query("SELECT rolname FROM pg_roles WHERE rolname = 'touchbase_app'") == ""
        restore(fresh.url, original.file, None)
        check_restored(fresh.url, original, document)
        assert catalogue(fresh.url) == catalogue(original.url)


@pytest.mark.skipif(not OLDEST_POSTGRES.exists(), reason="needs an installed PostgreSQL 15")
def test_a_backup_comes_back_into_an_older_postgresql(
    original: Original, folder: Path, document: Document
) -> None:
    with postgres.running(folder, bin_dir=OLDEST_POSTGRES, durable=False) as older:
        restore(older.url, original.file, None)
        check_restored(older.url, original, document)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_commands_work_on_a_service_that_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOUCHBASE_POSTGRES_BIN", raising=False)
    file, old, new = (folder / name for name in ("backup", "old", "new"))
    with serving(old) as (_, ready):
        made = call(ready, "POST", "/v1/clients", {"name": "Northwind Foods"}).json()
        backed_up = run("backup", file, "--data-dir", old)
        assert backed_up.exit_code == 0, backed_up.output
        assert f"Keep {old / 'secret'} too" in backed_up.output
    restored = run("restore", file, "--data-dir", new)
    assert restored.exit_code == 0, restored.output
    assert f"need the secret of that time: put it into {new / 'secret'}" in restored.output
    for name in ("secret", "api-key"):
        shutil.copy(old / name, new / name)
    with serving(new) as (_, again):
        assert again["api_key"] == ready["api_key"]
        assert call(again, "GET", f"/v1/clients/{made['id']}").json() == made


def test_only_the_owner_can_read_a_backup_and_only_a_whole_one_has_its_name(
    original: Original, empty_url: str, tmp_path: Path
) -> None:
    assert original.file.stat().st_mode & 0o777 == 0o600
    assert list(original.file.parent.iterdir()) == [original.file]
    with pytest.raises(SetupError, match="no schema yet"):
        back_up(empty_url, tmp_path / "backup", None)
    assert list(tmp_path.iterdir()) == []


def test_a_backup_replaces_no_file(original: Original, tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("precious")
    with pytest.raises(SetupError, match="exists already"):
        back_up(original.url, file, None)
    assert file.read_text() == "precious"


def test_a_folder_that_is_not_there_is_told(original: Original, empty_url: str, tmp_path: Path) -> None:
    for action, url in ((back_up, original.url), (restore, empty_url)):
        with pytest.raises(SetupError, match=r"nowhere/backup cannot be .*: No such file or directory"):
            action(url, tmp_path / "nowhere" / "backup", None)


def test_a_backup_holds_one_instant(scratch_url: str, empty_url: str, tmp_path: Path) -> None:
    """Restoring it compares the rows with those counted before they were dumped."""
    begun, enough = Event(), Event()

    async def write() -> None:
        connection = await asyncpg.connect(scratch_url.replace("+asyncpg", ""))
        insert = "INSERT INTO agencies (agency_id, name, policy) SELECT gen_random_uuid(), 'Busy', '{}'"
        while not enough.is_set():
            await connection.execute(f"{insert} FROM generate_series(1, 100)")
            begun.set()
        await connection.close()

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(asyncio.run, write())
        assert begun.wait(20)
        manifest = back_up(scratch_url, tmp_path / "backup", None)
        enough.set()
        writer.result(20)
    ((in_the_end,),) = rows(scratch_url, "SELECT count(*)::int FROM agencies")
    assert isinstance(in_the_end, int)
    assert 0 < manifest.rows["agencies"] < in_the_end
    assert restore(empty_url, tmp_path / "backup", None) == manifest


def test_a_schema_that_is_being_migrated_is_not_backed_up(original: Original, tmp_path: Path) -> None:
    async def locked() -> None:
        connection = await asyncpg.connect(original.url.replace("+asyncpg", ""))
        await connection.execute(f"SELECT pg_advisory_lock({RUNNERS_LOCK})")
        with pytest.raises(SetupError, match="being migrated"):
            await asyncio.to_thread(back_up, original.url, tmp_path / "backup", None)
        await connection.close()

    asyncio.run(locked())


# --- what is not restored ---------------------------------------------------------------------------------


def test_a_database_that_is_not_empty_stays_as_it_is(original: Original, scratch_url: str) -> None:
    before = content(scratch_url)
    with pytest.raises(SetupError, match="not empty"):
        restore(scratch_url, original.file, None)
    assert content(scratch_url) == before


def member(original: Original, name: str) -> bytes:
    with zipfile.ZipFile(original.file) as archive:
        return archive.read(name)


def manifest_of(original: Original) -> Manifest:
    return msgspec.json.decode(member(original, MANIFEST), type=Manifest)


def changed(original: Original, to: Path, members: dict[str, bytes]) -> Path:
    """The backup with other members."""
    with zipfile.ZipFile(to, "w") as archive:
        for name in (MANIFEST, DUMP):
            archive.writestr(name, members.get(name) or member(original, name))
    return to


def check_refused(file: Path, url: str, words: str) -> None:
    """The file is refused in these words and the database is as empty as before."""
    with pytest.raises(SetupError, match=words):
        restore(url, file, None)
    assert tables(url) == set()


def test_a_backup_of_a_newer_release_is_refused(original: Original, empty_url: str, tmp_path: Path) -> None:
    newer = msgspec.structs.replace(manifest_of(original), revision="9999_from_the_future")
    file = changed(original, tmp_path / "newer", {MANIFEST: msgspec.json.encode(newer)})
    check_refused(file, empty_url, "9999_from_the_future, which a newer release made")


def test_a_row_that_does_not_come_back_undoes_everything(
    original: Original, empty_url: str, tmp_path: Path
) -> None:
    recorded = manifest_of(original)
    more = msgspec.structs.replace(recorded, rows=recorded.rows | {"debriefs": recorded.rows["debriefs"] + 1})
    file = changed(original, tmp_path / "more", {MANIFEST: msgspec.json.encode(more)})
    check_refused(file, empty_url, f"debriefs must have {more.rows['debriefs']} rows")


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9])
def test_a_dump_cut_short_undoes_everything(
    original: Original, empty_url: str, tmp_path: Path, share: float
) -> None:
    dump = member(original, DUMP)
    file = changed(original, tmp_path / "short", {DUMP: dump[: int(share * len(dump))]})
    check_refused(file, empty_url, "pg_restore: error")


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.999])
def test_a_file_cut_short_is_refused(
    original: Original, empty_url: str, tmp_path: Path, share: float
) -> None:
    whole = original.file.read_bytes()
    file = tmp_path / "short"
    file.write_bytes(whole[: int(share * len(whole))])
    check_refused(file, empty_url, "is damaged, or no backup of Touchbase")


def test_a_changed_byte_is_noticed_or_changes_nothing(original: Original, tmp_path: Path) -> None:
    whole = original.file.read_bytes()
    headers = [*range(200), *range(len(whole) - 300, len(whole))]
    file = tmp_path / "changed"
    for place in [*headers, *range(200, len(whole), 5000)]:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        with suppress(SetupError):
            manifest, dump = unpacked(file, str(tmp_path))
            assert manifest == manifest_of(original)
            assert Path(dump).read_bytes() == member(original, DUMP)


# --- who may, and with what -------------------------------------------------------------------------------


def url_as(url: str, login: str) -> str:
    """The same database for another login."""
    return make_url(url).set(username=login, password="hunter2").render_as_string(hide_password=False)


@pytest.fixture
def login(server: postgres.Server) -> Iterator[str]:
    """A login with no rights at all."""
    name = f"login_{uuid4().hex}"
    server.query(f"CREATE ROLE {name} LOGIN")
    yield name
    server.query(f"DROP ROLE {name}")


def test_an_owner_that_may_not_see_every_row_is_told(
    scratch_url: str, login: str, original: Original, tmp_path: Path
) -> None:
    """Row-level security binds the owner of the tables too; a backup without the rows would look like one."""
    owned = [f"ALTER TABLE {table} OWNER TO {login}" for table in Base.metadata.tables]
    execute(scratch_url, *owned, f"GRANT SELECT ON alembic_version TO {login}")
    url = url_as(scratch_url, login)
    for action, file in ((back_up, tmp_path / "backup"), (restore, original.file)):
        with pytest.raises(SetupError, match=f"hides the agencies' rows from {login}"):
            action(url, file, None)
    assert list(tmp_path.iterdir()) == []
    execute(scratch_url, f"REASSIGN OWNED BY {login} TO touchbase_owner", f"DROP OWNED BY {login}")


def test_a_login_that_only_reads_can_back_up(
    server: postgres.Server, original: Original, empty_url: str, login: str, tmp_path: Path
) -> None:
    server.query(f"ALTER ROLE {login} BYPASSRLS")
    execute(original.url, f"GRANT SELECT ON alembic_version TO {login}")
    with pytest.raises(SetupError, match="The database refuses: permission denied for table agencies"):
        back_up(url_as(original.url, login), tmp_path / "backup", None)
    execute(original.url, f"DROP OWNED BY {login}", f"GRANT pg_read_all_data TO {login}")
    back_up(url_as(original.url, login), tmp_path / "backup", None)
    restore(empty_url, tmp_path / "backup", None)
    assert content(empty_url) == content(original.url)


def test_an_owner_that_is_no_superuser_can_restore(
    server: postgres.Server, original: Original, empty_url: str, login: str, document: Document
) -> None:
    server.query(f"ALTER ROLE {login} BYPASSRLS")
    server.query(f"GRANT touchbase_app TO {login} WITH ADMIN OPTION")
    execute(empty_url, f"GRANT ALL ON SCHEMA public TO {login}")
    url = url_as(empty_url, login)
    restore(url, original.file, None)
    check_restored(empty_url, original, document)
    execute(empty_url, f"REASSIGN OWNED BY {login} TO touchbase_owner", f"DROP OWNED BY {login}")
    server.query(f"DROP OWNED BY {login}")


def program(folder: Path, name: str, script: str) -> None:
    """A program of the test's own."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_programs_older_than_the_server_are_refused(original: Original, tmp_path: Path) -> None:
    for name in ("pg_dump", "pg_restore", "psql"):
        program(tmp_path, name, f"echo '{name} (PostgreSQL) 14.9'")
    with pytest.raises(SetupError, match=r"No pg_dump.* of PostgreSQL \d+ or newer.*version 14 is older"):
        back_up(original.url, tmp_path / "backup", tmp_path)


def test_a_program_that_fails_at_its_end_undoes_everything(
    server: postgres.Server, original: Original, empty_url: str, tmp_path: Path
) -> None:
    program(tmp_path, "psql", f'exec {server.bin_dir / "psql"} "$@"')
    for name in ("pg_dump", "pg_restore"):
        program(tmp_path, name, f'{server.bin_dir / name} "$@" && test "$1" = --version')
    with pytest.raises(SetupError, match="have failed"):
        back_up(original.url, tmp_path / "backup", tmp_path)
    assert not (tmp_path / "backup").exists()
    with pytest.raises(SetupError, match="have failed"):
        restore(empty_url, original.file, tmp_path)
    assert tables(empty_url) == set()


def test_the_password_stands_on_no_command_line(
    server: postgres.Server, original: Original, empty_url: str, tmp_path: Path
) -> None:
    written = tmp_path / "written"
    for name in ("pg_dump", "pg_restore", "psql"):
        program(tmp_path, name, f'echo {name} "$@" >> {written}; exec {server.bin_dir / name} "$@"')
    back_up(url_as(original.url, "touchbase_owner"), tmp_path / "backup", tmp_path)
    restore(url_as(empty_url, "touchbase_owner"), tmp_path / "backup", tmp_path)
    assert {line.split()[0] for line in written.read_text().splitlines()} == {"pg_dump", "pg_restore", "psql"}
    assert "hunter2" not in written.read_text()


def test_programs_are_told_all_that_the_url_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSSLROOTCERT", "/etc/root.crt")
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("TOUCHBASE_SECRET", SECRET)
    told = client_environment(
        make_url("postgresql+asyncpg://kim:p%40ss@db.example:6432/touch%20base?ssl=require")
    )
    assert told.items() >= {
        ("PGHOST", "db.example"),
        ("PGPORT", "6432"),
        ("PGUSER", "kim"),
        ("PGPASSWORD", "p@ss"),
        ("PGDATABASE", "touch base"),
        ("PGSSLMODE", "require"),
        ("PGSSLROOTCERT", "/etc/root.crt"),
    }
    assert SECRET not in told.values()


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_command_says_what_is_wrong(
    command: str, empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", empty_url)
    result = run(command, tmp_path / "nowhere" / "backup")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
