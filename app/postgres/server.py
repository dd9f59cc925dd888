"""Starts the embedded PostgreSQL, or attaches to a running one."""

import fcntl
import logging
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import MappingProxyType
from typing import IO
from urllib.parse import quote

from app.postgres import guard
from app.postgres.finder import Programs, find
from app.postgres.places import (
    Account,
    Places,
    PostgresError,
    choose_account,
    environment,
    hand_over,
    prepare_root,
    run,
)
from app.postgres.supervisor import Elsewhere, Supervised, Supervisor

OWNER = "touchbase_owner"
DATABASE = "touchbase"
PORT = 5432

LOCK_SECONDS = 120
HELD_UP_SECONDS = 30
READY_SECONDS = 120
STOP_SECONDS = 20

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "jit": "off",
    # The log holds no personal data: errors of statements quote values, so they are not logged at all.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "logging_collector": "off",
    "log_destination": "stderr",
}

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests only: a crash of the machine may lose the whole cluster."""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL that answers on a Unix socket."""

    data_dir: Path
    socket_dir: Path
    started: bool
    bin_dir: Path

    @property
    def url(self) -> str:
        """Where the application's own database is."""
        return self.url_for(DATABASE)

    def url_for(self, database: str) -> str:
        """Where the named database is, in SQLAlchemy's words."""
        host = quote(str(self.socket_dir), safe="/")
        return f"postgresql+asyncpg://{OWNER}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database, as a copy of `template` (which nobody may be connected to) if one is named."""
        self.query(f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(template or 'template1')}")

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it, if it exists."""
        self.query(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")

    def query(self, sql: str) -> str:
        """Run one statement as the owner and give its answer as text."""
        command = [str(self.bin_dir / "psql"), "-XAtqw", "-v", "ON_ERROR_STOP=1", "-c", sql]
        command += ["-h", str(self.socket_dir), "-p", str(PORT), "-U", OWNER, "-d", "postgres"]
        try:
            done = run(command, timeout=60)
        except subprocess.TimeoutExpired:
            raise PostgresError("PostgreSQL did not answer within 60 seconds.") from None
        if done.returncode:
            raise PostgresError(f"PostgreSQL refused: {done.stderr.strip()}")
        return done.stdout.strip()


def quoted(name: str) -> str:
    """A name as a statement spells it, whatever stands in it."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def running(
    data_dir: Path,
    *,
    bin_dir: Path | None = None,
    durable: bool = True,
    settings: Mapping[str, str] = MappingProxyType({}),
    report: Callable[[str], None] = lambda message: None,
) -> Iterator[Server]:
    """A server for this data directory: the one that runs already, else one that ends with this block.

    One that ends before its time is started again, here, whoever had started it. `settings` are PostgreSQL's own,
    where it is to differ from what suits a laptop.
    """
    places = Places(data_dir.expanduser().resolve())
    changed = SETTINGS | ({} if durable else FAST) | dict(settings)
    open_it = partial(_open, places, bin_dir, durable, changed, report)
    try:
        server, watched = open_it()
    except OSError as error:
        raise PostgresError(f"PostgreSQL could not be started: {error}") from error
    starter, supervisor = os.getpid(), Supervisor(watched, lambda: open_it()[1], report)
    try:
        yield server
    finally:
        # A fork of the starter comes out of the same block; the server is not its own.
        if os.getpid() == starter:
            supervisor.stop()


def _open(
    places: Places,
    bin_dir: Path | None,
    durable: bool,
    settings: Mapping[str, str],
    report: Callable[[str], None],
) -> tuple[Server, Supervised]:
    account = choose_account(places)
    prepare_root(places, account)
    with _starting(places.lock):
        programs = find(bin_dir, places, account)
        return _attach_or_start(places, account, programs, durable, settings, report)


def _attach_or_start(
    places: Places,
    account: Account,
    programs: Programs,
    durable: bool,
    settings: Mapping[str, str],
    report: Callable[[str], None],
) -> tuple[Server, Supervised]:
    found = _attach_or_claim(places, programs)
    if isinstance(found, Server):
        report(f"Using the PostgreSQL that already runs in {places.root}.")
        return found, Elsewhere(partial(_is_over, places))
    with found as claim:
        if not places.cluster.exists():
            report(f"Making a new PostgreSQL {programs.version} database in {places.root}.")
            _initdb(places, account, programs, durable, claim.fileno())
        _check_version(places, programs)
        server, postmaster = _start(places, account, programs, settings, claim.fileno())
    report(f"PostgreSQL {programs.version} started in {places.root}.")
    return server, postmaster


@contextmanager
def _starting(path: Path) -> Iterator[None]:
    """Let one starter at a time in; the lock goes with its holder, however that ends."""
    deadline = time.monotonic() + LOCK_SECONDS
    while not (held := _lock(path)):
        if time.monotonic() > deadline:
            raise PostgresError(f"Another process has been starting PostgreSQL for long ({path}).")
        time.sleep(0.05)
    with held:
        yield


def _lock(path: Path) -> IO[bytes] | None:
    """The file, locked until it and every inherited copy of it are closed; None if somebody else has it."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return file
    except BlockingIOError:
        file.close()
        return None


# --- a running server -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PidFile:
    """What a postmaster writes about itself into `postmaster.pid`."""

    pid: int
    socket_dir: Path
    ready: bool


def _read_pid_file(cluster: Path) -> PidFile | None:
    try:
        lines = (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
        return PidFile(int(lines[0]), Path(lines[4]), lines[7].strip() == "ready")
    except (OSError, ValueError, IndexError):
        return None


def _attach_or_claim(places: Places, programs: Programs) -> Server | IO[bytes]:
    """The server that answers, else the lock which says that no process of an earlier one is left.

    A server inherits that lock. A process number in a pid file proves less: it may be another program's
    by now, or that of a server in another container.
    """
    deadline = time.monotonic() + HELD_UP_SECONDS
    while not (found := _attach(places, programs) or _lock(places.alive)):
        if time.monotonic() > deadline:
            raise PostgresError(f"The PostgreSQL that runs in {places.root} neither answers nor ends.")
        time.sleep(0.05)
    return found


def _is_over(places: Places) -> bool:
    """Whether nothing of a server is left."""
    with _lock(places.alive) or nullcontext() as held:
        return held is not None


def _attach(places: Places, programs: Programs) -> Server | None:
    found = _read_pid_file(places.cluster)
    if not found or not found.ready:
        return None
    server = Server(places.root, found.socket_dir, False, programs.bin_dir)
    with suppress(PostgresError):
        if server.query("SHOW data_directory") == str(places.cluster):
            _ensure_database(server)
            return server
    return None


def _ensure_database(server: Server) -> None:
    if not server.query(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):
        server.create_database(DATABASE)


# --- a new data directory ---------------------------------------------------------------------------------


def _initdb(places: Places, account: Account, programs: Programs, durable: bool, claim: int) -> None:
    """Make the cluster under another name, so that one cut short is never taken for a whole one.

    It holds the claim too: where its starter is killed, the next one waits until it no longer writes.
    """
    for rest in places.root.glob("postgres.new-*"):
        shutil.rmtree(rest, ignore_errors=True)
    for locale in ("C.UTF-8", "C"):  # C for systems whose C library has no C.UTF-8
        fresh = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=places.root))
        os.chown(fresh, account.uid, account.gid)
        done = run(_guarded(account, _initdb_command(programs, fresh, locale, durable)), pass_fds=[claim])
        if done.returncode == 0:
            return _install(fresh, places.cluster)
        shutil.rmtree(fresh, ignore_errors=True)
        if "locale" not in done.stderr:
            break
    raise PostgresError(f"PostgreSQL could not make a database in {places.root}: {done.stderr.strip()}")


def _initdb_command(programs: Programs, fresh: Path, locale: str, durable: bool) -> list[str]:
    command = [str(programs.bin_dir / "initdb"), "-D", str(fresh), "-U", OWNER, "-E", "UTF8", "-k"]
    command += ["--auth-local=trust", "--auth-host=reject", f"--locale={locale}", "--no-instructions"]
    if programs.version >= 17:
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return command if durable else [*command, "--no-sync"]


def _install(fresh: Path, cluster: Path) -> None:
    fresh.rename(cluster)
    folder = os.open(cluster.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _check_version(places: Places, programs: Programs) -> None:
    made_by = (places.cluster / "PG_VERSION").read_text().strip()
    if made_by != str(programs.version):
        raise PostgresError(
            f"The data in {places.cluster} was made by PostgreSQL {made_by}, and {programs.bin_dir} is "
            f"{programs.version}: set TOUCHBASE_POSTGRES_BIN to a PostgreSQL {made_by}, or dump and restore."
        )


def _guarded(account: Account, command: list[str]) -> list[str | Path]:
    ids = [str(os.getpid()), str(account.uid), str(account.gid)]
    return [sys.executable, "-I", "-S", guard.__file__, *ids, *command]


# --- a new server -----------------------------------------------------------------------------------------


def _start(
    places: Places, account: Account, programs: Programs, settings: Mapping[str, str], claim: int
) -> "tuple[Server, Postmaster]":
    socket_dir = places.socket_dir(account.uid)
    hand_over(socket_dir, account)
    for stale in (places.cluster / "postmaster.pid", socket_dir / f".s.PGSQL.{PORT}.lock"):
        stale.unlink(missing_ok=True)  # PostgreSQL would respect it if its number is another program's now
    command = _guarded(account, _postgres_command(places, programs, socket_dir, settings))
    postmaster = Postmaster(command, places.log, claim)
    try:
        postmaster.wait_ready(places.cluster)
        server = Server(places.root, socket_dir, True, programs.bin_dir)
        _ensure_database(server)
        return server, postmaster
    except BaseException:
        postmaster.stop()
        raise


def _postgres_command(
    places: Places, programs: Programs, socket_dir: Path, settings: Mapping[str, str]
) -> list[str]:
    settings = {**settings, "unix_socket_directories": str(socket_dir)}
    command = [str(programs.bin_dir / "postgres"), "-D", str(places.cluster)]
    return command + [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


class Log(RotatingFileHandler):
    """A log that cannot be written, on a full disk say, is no reason to end."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Lose the line."""


class Postmaster:
    """A server that this process started, and the thread that keeps it and its log."""

    def __init__(self, command: list[str | Path], log: Path, claim: int) -> None:
        """Start the server, without waiting until it is ready."""
        self._last_words: deque[str] = deque(maxlen=20)
        self._born: queue.SimpleQueue[subprocess.Popen[bytes] | Exception] = queue.SimpleQueue()
        # The kernel ties the server to the thread that forked it, so that thread must live as long.
        self._keeper = threading.Thread(target=self._keep, args=(command, log, claim), daemon=True)
        self._keeper.start()
        born = self._born.get()
        if isinstance(born, Exception):
            raise born
        self._process = born

    def wait_ready(self, cluster: Path) -> None:
        """Wait until the server takes connections."""
        deadline = time.monotonic() + READY_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            found = _read_pid_file(cluster)
            if found and found.pid == self._process.pid and found.ready:
                return
            time.sleep(0.01)
        self.stop()
        raise PostgresError("PostgreSQL did not start: " + (" ".join(self._last_words) or "no message"))

    def wait(self) -> None:
        """Return when the server has ended."""
        self._process.wait()

    def stop(self) -> None:
        """End the server: sessions are cut off and everything is written; if that hangs, at once."""
        for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            self._process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
                break
        self._keeper.join(5)

    def _keep(self, command: list[str | Path], log: Path, claim: int) -> None:
        try:
            process = self._spawn(command, claim)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return self._born.put(error)
        self._born.put(process)
        handler = Log(log, maxBytes=1_000_000, backupCount=2, encoding="utf-8", delay=True)
        assert process.stdin and process.stderr
        with process.stdin, process.stderr:
            for line in process.stderr:
                text = line.decode(errors="replace").rstrip()
                self._last_words.append(text)
                handler.emit(logging.makeLogRecord({"msg": text}))
        handler.close()

    @staticmethod
    def _spawn(command: list[str | Path], claim: int) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C in a terminal reaches the API, which drains before the server ends.
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
            env=environment(),
            start_new_session=True,
            pass_fds=[claim],
        )
