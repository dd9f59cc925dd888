"""Backups: one file with everything in the database, and the way back into an empty one.

The file is a zip of `database.dump`, which PostgreSQL's own pg_restore reads too, and `manifest.json`, which says what
it must bring back. The secret that API keys need is not in it.
"""

import asyncio
import os
import shutil
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import NamedTemporaryFile, TemporaryDirectory, TemporaryFile
from typing import IO

import msgspec
from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from app.connections import APPLICATION_ROLE, async_url
from app.errors import SetupError
from app.migrate import check_known, current_revision
from app.postgres import find_clients, quoted, start_client
from migrations import RUNNERS_LOCK

DUMP = "database.dump"
MANIFEST = "manifest.json"

# What zipfile and msgspec raise for a file that is cut short, changed, or something else altogether.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, LookupError, RuntimeError, ValueError)

# However long it takes; pg_dump and pg_restore ask for the same.
NO_TIMEOUTS = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds: the schema's revision, and the number of rows of each table at one instant."""

    taken_at: datetime
    revision: str
    rows: dict[str, int]

    def __str__(self) -> str:
        """In the operator's words."""
        return f"{sum(self.rows.values()):,} rows as of {self.taken_at:%Y-%m-%d %H:%M:%SZ}, at revision {self.revision}"


def back_up(url: str, file: Path, bin_dir: Path | None) -> Manifest:
    """Write everything in a database to a new file, as it stood at one instant.

    The file appears whole or not at all, and only its owner can read it. Raises SetupError if it cannot be made.
    """
    if file.exists():
        raise SetupError(f"{file} exists already.")
    if current_revision(url) is None:
        raise SetupError("The database has no schema yet, so there is nothing to back up.")
    with _appearing(file) as draft, zipfile.ZipFile(draft, "w") as archive:
        return asyncio.run(_back_up(url, archive, bin_dir))


def restore(url: str, file: Path, bin_dir: Path | None) -> Manifest:
    """Bring a backup back into an empty database, and check that all of it is there: all of it or nothing.

    Raises SetupError, also for a file that is damaged or of a newer release, and for a database that is not empty.
    """
    with TemporaryDirectory() as folder:
        manifest, dump = unpacked(file, folder)
        check_known(manifest.revision)
        current_revision(url)  # for its words where it cannot connect
        clients = asyncio.run(_prepare(url, bin_dir))
        _restore(async_url(url), clients, dump, manifest)
    return manifest


# --- out of a database ------------------------------------------------------------------------------------


@contextmanager
def _appearing(file: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name when everything is in it."""
    try:
        with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as draft:
            try:
                yield draft
                draft.flush()
                os.fsync(draft.fileno())
                Path(draft.name).replace(file)
            except BaseException:
                Path(draft.name).unlink()
                raise
    except OSError as error:
        raise SetupError(f"{file} cannot be written: {error.strerror}.") from error


async def _back_up(url: str, archive: zipfile.ZipFile, bin_dir: Path | None) -> Manifest:
    async with _connected(url) as connection:
        clients = await _clients(connection, bin_dir)
        await _keep_runners_out(connection)
        manifest = await _manifest(connection)
        archive.writestr(MANIFEST, msgspec.json.encode(manifest))
        snapshot = await connection.scalar(text("SELECT pg_export_snapshot()"))
        with archive.open(DUMP, "w", force_zip64=True) as member:
            _dump(async_url(url), clients, snapshot, member)
    return manifest


async def _keep_runners_out(connection: AsyncConnection) -> None:
    """Let the schema stay as it is while the connection lasts; what follows sees an instant after this."""
    if not await connection.scalar(text(f"SELECT pg_try_advisory_lock_shared({RUNNERS_LOCK})")):
        raise SetupError("The schema is being migrated; back up when that is over.")
    await connection.commit()


def _dump(url: URL, clients: Path, snapshot: str, member: IO[bytes]) -> None:
    options = ("--format=custom", "--schema=public", f"--snapshot={snapshot}")
    with TemporaryFile("w+") as said:
        with start_client(url, clients / "pg_dump", *options, stdout=PIPE, stderr=said) as program:
            assert program.stdout is not None
            shutil.copyfileobj(program.stdout, member)
        _check(said, program)


async def _manifest(connection: AsyncConnection) -> Manifest:
    rows = {
        table: await connection.scalar(text(f"SELECT count(*) FROM {quoted(table)}"))
        for table in await _tables(connection)
    }
    now, revision = (await connection.execute(text("SELECT now(), version_num FROM alembic_version"))).one()
    return Manifest(taken_at=now, revision=revision, rows=rows)


# --- into a database --------------------------------------------------------------------------------------


def unpacked(file: Path, folder: str) -> tuple[Manifest, str]:
    """The manifest, and where the dump has been put; reading them compares their checksums."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
            return manifest, archive.extract(DUMP, folder)
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}.") from error
    except DAMAGED as error:
        raise SetupError(f"{file} is damaged, or no backup of Touchbase ({error}).") from error


async def _prepare(url: str, bin_dir: Path | None) -> Path:
    """The folder of the programs for a database that is found to be empty."""
    async with _connected(url) as connection:
        if await _tables(connection):
            raise SetupError(
                "The database is not empty. Restore into a new one: nothing is ever overwritten here."
            )
        return await _clients(connection, bin_dir)


def _restore(url: URL, clients: Path, dump: str, manifest: Manifest) -> None:
    """Run what pg_restore says in a transaction of psql, which ends by itself unless it is told to commit."""
    reading = ("--file=-", "--schema=public", "--no-owner", dump)
    writing = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-")
    with TemporaryFile("w+") as said:
        with (
            suppress(BrokenPipeError),  # psql has ended before its time, and says why
            start_client(url, clients / "pg_restore", *reading, stdout=PIPE, stderr=said) as restoring,
            start_client(url, clients / "psql", *writing, stdin=PIPE, stderr=said) as psql,
        ):
            assert restoring.stdout is not None
            assert psql.stdin is not None
            psql.stdin.write(OPENING.encode())
            psql.stdin.writelines(line for line in islice(restoring.stdout, PREAMBLE) if line != TOO_NEW)
            shutil.copyfileobj(restoring.stdout, psql.stdin)
            if restoring.wait() == 0:
                psql.stdin.write(_closing(manifest).encode())
        _check(said, restoring, psql)


# The role belongs to the whole server, so another database may have made it already.
OPENING = f"""
BEGIN;
SET LOCAL client_min_messages = warning;
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION_ROLE}') THEN
        CREATE ROLE {APPLICATION_ROLE} NOLOGIN;
    END IF;
    GRANT {APPLICATION_ROLE} TO CURRENT_USER;
END
$$;
"""

# The programs of PostgreSQL 17 and newer begin with a setting that servers before it do not know.
TOO_NEW = b"SET transaction_timeout = 0;\n"
PREAMBLE = 40  # lines


def _closing(manifest: Manifest) -> str:
    """SQL that commits if every table has the rows that were backed up."""
    checks = "".join(
        f"IF (SELECT count(*) FROM public.{quoted(table)}) <> {rows:d} THEN"
        f" RAISE EXCEPTION USING MESSAGE = {_literal(f'{table} must have {rows} rows')}; END IF;\n"
        for table, rows in manifest.rows.items()
    )
    tables = ", ".join(f"public.{quoted(table)}" for table in manifest.rows)
    return f"DO $check$ BEGIN\n{checks}END $check$;\nANALYZE {tables};\nCOMMIT;\n"


# --- both -------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection of which each transaction sees one instant, and every agency's rows."""
    engine = create_async_engine(
        async_url(url),
        poolclass=NullPool,
        isolation_level="REPEATABLE READ",
        connect_args={"server_settings": NO_TIMEOUTS},
    )
    try:
        async with engine.connect() as connection:
            await _check_sight(connection)
            yield connection
    except DBAPIError as error:
        raise SetupError(f"The database refuses: {getattr(error.orig, '__cause__', None)}.") from error
    finally:
        await engine.dispose()


async def _check_sight(connection: AsyncConnection) -> None:
    """Raise SetupError for a login that row-level security binds: it would see no row of any agency."""
    query = text("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    login, sees_all = (await connection.execute(query)).one()
    if not sees_all:
        raise SetupError(
            f"Row-level security hides the agencies' rows from {login}, even if it owns the tables. Use a superuser, "
            f"or let {login} see them: ALTER ROLE {login} BYPASSRLS."
        )


async def _clients(connection: AsyncConnection, bin_dir: Path | None) -> Path:
    """The folder of programs that suit the server."""
    number = await connection.scalar(text("SELECT current_setting('server_version_num')::int / 10000"))
    return find_clients(bin_dir, number)


async def _tables(connection: AsyncConnection) -> list[str]:
    query = text("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
    return list(await connection.scalars(query))


def _check(said: IO[str], *programs: Popen[bytes]) -> None:
    """Raise SetupError with what the programs said, if one has failed."""
    if any(program.returncode for program in programs):
        said.seek(0)
        raise SetupError(f"PostgreSQL's programs have failed: {said.read().strip()}")


def _literal(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"
