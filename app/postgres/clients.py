"""Runs PostgreSQL's client programs, such as pg_dump, on any database."""

import os
import subprocess
from pathlib import Path
from typing import IO

from sqlalchemy.engine import URL

from app.postgres.places import environment

VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "passfile": "PGPASSFILE",
    "database": "PGDATABASE",
    "ssl": "PGSSLMODE",
}
"""What a URL can say, and how PostgreSQL's programs call it."""


def start_client(
    url: URL,
    program: Path,
    *words: str,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
    stderr: IO[str],
) -> "subprocess.Popen[bytes]":
    """Start a program that works on the database of `url`."""
    return subprocess.Popen(
        [program, *words], stdin=stdin, stdout=stdout, stderr=stderr, env=client_environment(url)
    )


def client_environment(url: URL) -> dict[str, str]:
    """Where the database is, and as whom to work on it: in variables, as everybody can read a command line.

    Those that the operator has set count where the URL says nothing, as they do for our own connections.
    """
    own = {name: word for name, word in os.environ.items() if name.startswith("PG") or name == "HOME"}
    _, given = url.get_dialect()().create_connect_args(url)
    for name, variable in VARIABLES.items():
        if value := given.get(name):
            own[variable] = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return environment() | own
