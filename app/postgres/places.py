"""Who runs PostgreSQL, and the directories it lives in."""

import hashlib
import os
import pwd
import re
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import SetupError

SHORT_PATH = re.compile(r"/[A-Za-z0-9._/-]{0,84}")
"""Fits a socket address (103 bytes on macOS) with the socket's name, and needs no quoting in a URL."""

FIRST_CLOSED = """for d in "$@"; do
    if test -e "$d" && ! test -x "$d"; then printf %s "$d"; exit; fi
done"""
"""Asked as the account itself, so that access lists and the like count too."""


class PostgresError(SetupError):
    """The embedded PostgreSQL could not be found, made, started or asked; the message says what to do."""


@dataclass(frozen=True)
class Account:
    """The operating system's user that PostgreSQL runs as."""

    name: str
    uid: int
    gid: int

    @property
    def foreign(self) -> bool:
        """Whether this is somebody else than the user who runs us (then we are root)."""
        return self.uid != os.geteuid()


@dataclass(frozen=True)
class Places:
    """The directories of one embedded server below the directory the user named."""

    root: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.root / "postgres"

    @property
    def lock(self) -> Path:
        """The file that only one starter holds."""
        return self.root / "postgres.lock"

    @property
    def alive(self) -> Path:
        """The file that every process of a running server holds."""
        return self.root / "postgres.alive"

    @property
    def log(self) -> Path:
        """PostgreSQL's log."""
        return self.root / "postgres.log"

    def socket_dir(self, uid: int) -> Path:
        """A directory for the socket: here if the path is short and plain enough, else a stable short one."""
        here = self.root / "run"
        if SHORT_PATH.fullmatch(str(here)):
            return here
        base = os.environ.get("XDG_RUNTIME_DIR", "") if uid == os.geteuid() else ""
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path(base if SHORT_PATH.fullmatch(base) else "/tmp") / f"touchbase-{uid}-{digest}"


def environment() -> dict[str, str]:
    """All that PostgreSQL's programs get to see of ours: no secrets, no PG* settings, one language."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def run(
    command: Sequence[str | Path],
    account: Account | None = None,
    timeout: float | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as the account if one is named, and keep what it says."""
    user: dict[str, Any] = {}
    if account and account.foreign:
        user = {"user": account.uid, "group": account.gid, "extra_groups": []}
    return subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        cwd="/",
        env=environment(),
        timeout=timeout,
        pass_fds=pass_fds,
        **user,
    )


def default_data_dir() -> Path:
    """The data directory of a user who named none."""
    if os.geteuid() == 0:
        return Path("/var/lib/touchbase")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "touchbase"
    base = os.environ.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "share") / "touchbase"


def choose_account(places: Places) -> Account:
    """Ourselves; for root the owner of the data, else an unprivileged account (PostgreSQL refuses root)."""
    found = places.cluster.stat() if places.cluster.exists() else None
    uid = os.geteuid()
    if uid == 0:
        return Account(str(found.st_uid), found.st_uid, found.st_gid) if found else _unprivileged()
    if found and found.st_uid != uid:
        raise PostgresError(f"{places.cluster} belongs to user {found.st_uid}: run as that user.")
    return Account(str(uid), uid, os.getegid())


def _unprivileged() -> Account:
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise PostgresError("PostgreSQL does not run as root, and there is no user postgres or nobody here.")


def prepare_root(places: Places, account: Account) -> None:
    """Make the data directory; the account may pass through it, and no directory above it is changed."""
    _check_way(places.root.parent, account)
    places.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if account.foreign and not any(places.root.iterdir()):
        places.root.chmod(0o711)
    _check_way(places.root, account)


def _check_way(path: Path, account: Account) -> None:
    """Refuse a path with a directory that the account cannot pass through."""
    if not account.foreign:
        return
    chain = [*reversed(path.parents), path]
    blocked = run(["/bin/sh", "-c", FIRST_CLOSED, "sh", *chain], account).stdout
    if blocked:
        raise PostgresError(
            f"PostgreSQL does not run as root, and the user {account.name} cannot pass through {blocked}. "
            f"Choose another data directory, such as {default_data_dir()}, or run as an ordinary user."
        )


def hand_over(path: Path, account: Account) -> None:
    """Make a directory that only the account (and root) can enter; refuse one that somebody else made."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    ours = found.st_uid in (account.uid, os.geteuid())
    if not stat.S_ISDIR(found.st_mode) or not ours or found.st_mode & 0o077:
        raise PostgresError(f"{path} is not a private directory of user {account.name}: remove it.")
    os.chown(path, account.uid, account.gid)
