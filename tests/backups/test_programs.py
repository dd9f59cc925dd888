"""Who may back up and restore, and with which programs."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from app import postgres
from app.backups import back_up, restore
from app.errors import SetupError
from app.models import Base
from app.postgres.clients import client_environment
from tests.backups.original import Original, check_restored, content, tables
from tests.conftest import SECRET
from tests.contract.document import Document
from tests.owner import execute


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
