"""The `touchbase import` command."""

import os
import re
import sys
from pathlib import Path

import click
import httpx

from app.api.bulk import ITEMS
from app.errors import ImportStoppedError
from app.importing.run import Summary, Task, run

# A name as resolvers take it, or the address of IPv6, the only one with a colon.
_HOST = re.compile(r"[\w-]{1,63}(\.[\w-]{1,63})*\.?|.*:.*", re.ASCII)
_MOST_PORT = 65_535


class Stopped(click.ClickException):
    """An import that cannot go on, told from one that rejected some lines."""

    exit_code = 2


def _address(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Told here: to the sender, what cannot be called looks like a service that is not there for a moment."""
    try:
        url = httpx.URL(value)
        host = url.host  # which is only decoded when it is asked for
    except (httpx.InvalidURL, ValueError) as error:
        raise click.BadParameter(str(error)) from None
    if url.scheme not in {"http", "https"} or not host or not _HOST.fullmatch(url.raw_host.decode("ascii")):
        raise click.BadParameter("It begins with http:// or https:// and the name of a host.")
    if url.port is not None and not 0 < url.port <= _MOST_PORT:
        raise click.BadParameter(f"Its port is a number from 1 to {_MOST_PORT}.")
    return value


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--url",
    envvar="TOUCHBASE_URL",
    default="http://127.0.0.1:8000",
    show_default=True,
    callback=_address,
    help="Where the service is; else it is TOUCHBASE_URL.",
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The file with the API key; else it is TOUCHBASE_API_KEY.",
)
@click.option(
    "--kind", type=click.Choice([str(kind) for kind in ITEMS]), help="What the lines of a CSV file are."
)
@click.option("--source", help="The system whose ids those of a CSV file are.")
@click.option("--dry-run", is_flag=True, help="Say what would become of each line, and store nothing.")
def import_file(
    file: Path, url: str, key_file: Path | None, kind: str | None, source: str | None, *, dry_run: bool
) -> None:
    """Import FILE: NDJSON with one item of `POST /v1/bulk` in each line, or CSV with --kind.

    The columns of a CSV file are the members' names, as name, client.id or salary.amount, and external_ref.id. Ended
    at any moment and started again it goes on where it was. Exit code 1: some lines were rejected, and stand in a
    report beside FILE; 2: it could not go on.
    """
    if (file.suffix.lower() == ".csv") != (kind is not None):
        raise click.UsageError("Say with --kind what the lines of a CSV file are, and of no other.")
    task = Task(file, url, _key_of(key_file), kind, source, dry_run)
    try:
        with click.progressbar(
            length=file.stat().st_size, file=sys.stderr, hidden=not sys.stderr.isatty()
        ) as bar:
            summary = run(task, progress=bar.update)
    except ImportStoppedError as error:
        raise Stopped(str(error)) from error
    except OSError as error:
        raise Stopped(f"{error.filename or file}: {error.strerror}.") from error
    _tell(summary, task)


def _key_of(file: Path | None) -> str:
    """The API key. Raises click.UsageError for what cannot be one, such as a file that is no text."""
    if file is None:
        key = os.environ.get("TOUCHBASE_API_KEY", "")
    else:
        key = file.read_text(encoding="utf-8", errors="replace")
    if not re.fullmatch(r"[!-~]+", key.strip()):
        raise click.UsageError(
            "Give an API key in TOUCHBASE_API_KEY or with --key-file: printable ASCII, and nothing else."
        )
    return key.strip()


def _tell(summary: Summary, task: Task) -> None:
    counts = {name: getattr(summary, name) for name in ("created", "changed", "rejected", "skipped")}
    click.echo(", ".join(f"{name} {count}" for name, count in counts.items()))
    if summary.unsure:
        _say(
            f"{summary.unsure} lines name what this file would make first: of them only the shape was checked."
        )
    if summary.rejected:
        _say(f"The rejected lines and why: {task.report()}")
        sys.exit(1)


def _say(words: str) -> None:
    click.echo(words, err=True)
