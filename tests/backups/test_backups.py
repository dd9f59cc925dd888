"""Backups, with PostgreSQL's own programs: everything is back, from one instant."""

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import asyncpg  # type: ignore[import-untyped]
import pytest
from click.testing import CliRunner, Result

from app import postgres
from app.backups import back_up, restore
from app.cli import main
from app.errors import SetupError
from migrations import RUNNERS_LOCK
from tests.backups.original import Original, check_restored
from tests.conftest import postgres_bin
from tests.contract.document import Document
from tests.owner import catalogue, rows
from tests.serving import call, serving

OLDEST_POSTGRES = Path("/usr/lib/postgresql/15/bin")


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


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_command_says_what_is_wrong(
    command: str, empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOUCHBASE_DATABASE_URL", empty_url)
    result = run(command, tmp_path / "nowhere" / "backup")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
