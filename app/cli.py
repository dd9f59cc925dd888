"""The `touchbase` command."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click
import yaml
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app import backups, embedded, logs, serving
from app.api.api_keys import ApiKeyCreate
from app.api.views import by_name
from app.db import Database, connected
from app.errors import NotFoundError, SetupError, TouchbaseError
from app.importing.command import import_file
from app.main import create_app
from app.migrate import migrate as migrate_schema
from app.migrate import pending_sql
from app.models import Agency, ApiKey, Role
from app.services import api_keys, audit, policies
from app.services.access import ALL, Scope
from app.services.api_keys import Mint
from app.services.audit import Deed
from app.services.scope import Caller, every_agency, rows_of
from app.serving import EndSignal, Service
from app.settings import Settings, read_settings
from app.web.schema import Name
from app.worker import crew

Result = TypeVar("Result")

DATA_DIR = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the embedded database lives; a folder of your own by default.",
)

FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))

_NAME: TypeAdapter[str] = TypeAdapter(Name)


def say(words: str) -> None:
    """Progress, on standard error: standard output is for scripts."""
    click.echo(words, err=True)


def _name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """A name as the API takes it."""
    try:
        return _NAME.validate_python(value).strip()
    except ValidationError as error:
        [first] = error.errors()
        is_text = first["type"] != "string_unicode"
        raise click.BadParameter(first["msg"] if is_text else "must be text in UTF-8") from None


class Commands(click.Group):
    """Commands whose expected errors are told in a line, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except NotFoundError as error:
            raise click.ClickException("There is no such agency, or no such key in it.") from error
        except TouchbaseError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands)
@click.version_option(package_name="touchbase")
def main() -> None:
    """Touchbase knows who is due a word after an interview."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free port."
)
@click.option(
    "--processes",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="How many serve the port; one for each core that the API shall use.",
)
@click.option("--demo", is_flag=True, help="Also load a believable agency, once.")
@click.option("--print-json", is_flag=True, help="When ready, print one line of JSON: url, docs, api_key.")
@DATA_DIR
def serve(
    host: str, port: int, *, processes: int, demo: bool, print_json: bool, data_dir: Path | None
) -> None:
    """Serve the API; without TOUCHBASE_DATABASE_URL on a PostgreSQL of its own."""
    settings = read_settings()
    logs.configure(settings.log_level)
    end_signal = EndSignal()
    with embedded.home(settings, data_dir, report=say, demo=demo) as home:
        asyncio.run(_check(home.url))
        end_signal.check()
        service = Service(home, settings, host, port)
        serving.serve(service, processes, ready=partial(_announce, home.api_key, print_json=print_json))


@main.command()
@DATA_DIR
def worker(data_dir: Path | None) -> None:
    """Announce what falls due, call webhook endpoints, mail digests, forget what is old; several may run at once."""
    settings = read_settings()
    logs.configure(settings.log_level)
    end_signal = EndSignal()
    with embedded.database(settings, data_dir, report=say) as url:
        secret = embedded.secret_of(settings, data_dir)
        asyncio.run(_check(url))
        end_signal.check()
        asyncio.run(_work(url, secret, settings))


async def _work(url: str, secret: str, settings: Settings) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    database = Database(url, pool_size=settings.pool_size)
    say("Working.")
    try:
        await crew.run(database, secret, settings, stop)
    finally:
        await database.close()


async def _check(url: str) -> None:
    """Refuse to serve on a database that cannot be used safely."""
    async with connected(url) as database:
        await database.check_role()


def _announce(api_key: str | None, url: str, *, print_json: bool) -> None:
    say(f"\nTouchbase   {url}\nDocs        {url}/docs")
    if api_key:
        say(f"API key     {api_key}\n\nTry  curl -H 'Authorization: Bearer {api_key}' {url}/v1/due\n")
    if print_json:
        click.echo(json.dumps({"url": url, "docs": f"{url}/docs", "api_key": api_key}))
        sys.stdout.flush()


@main.command()
@click.option("--sql", is_flag=True, help="Print what would run, as a script for psql, and run nothing.")
@DATA_DIR
def migrate(*, sql: bool, data_dir: Path | None) -> None:
    """Bring the schema of the database to this release's."""
    settings = read_settings()
    if sql and not settings.database_url:
        # The embedded database would have to be made or started, which is more than nothing.
        raise SetupError(
            "--sql needs TOUCHBASE_DATABASE_URL: what would run depends on the schema that is there."
        )
    with embedded.database(settings, data_dir, report=say) as url:
        if sql:
            click.echo(pending_sql(url), nl=False)
            return
        migrate_schema(url)
    say("The schema is up to date.")


@main.command()
@DATA_DIR
def recompute(data_dir: Path | None) -> None:
    """Have every stored status computed anew in the background, as after a release with other rules."""

    async def work(database: Database) -> int:
        async with database.transaction(None) as db:
            agencies = await every_agency(db)
        for agency_id in agencies:
            async with database.transaction(agency_id) as db:
                await policies.apply_anew(db, _operator(agency_id), now=db.info["now"])
        return len(agencies)

    with embedded.database(read_settings(), data_dir, report=say) as url:
        count = _with_database(url, work)
    say(f"The workers compute what is stored of {count} {'agency' if count == 1 else 'agencies'} anew.")


@main.command()
@FILE
@DATA_DIR
def backup(file: Path, data_dir: Path | None) -> None:
    """Write everything in the database to a new FILE, but for the secret."""
    settings = read_settings()
    with embedded.database(settings, data_dir, report=say) as url:
        manifest = backups.back_up(url, file, settings.postgres_bin)
    say(f"{file} holds {manifest}.")
    say(f"Keep {embedded.place_of_secret(settings, data_dir)} too: its API keys are useless without that.")


@main.command()
@FILE
@DATA_DIR
def restore(file: Path, data_dir: Path | None) -> None:
    """Bring a backup back from FILE into an empty database."""
    settings = read_settings()
    with embedded.database(settings, data_dir, report=say) as url:
        manifest = backups.restore(url, file, settings.postgres_bin)
        asyncio.run(_check(url))
    say(f"Restored {manifest}.")
    say(
        f"Its API keys need the secret of that time: put it into {embedded.place_of_secret(settings, data_dir)}."
    )


@main.command()
@DATA_DIR
def demo(data_dir: Path | None) -> None:
    """Load the believable agency into the first agency of the embedded database."""
    with embedded.home(read_settings(), data_dir, report=say, demo=True):
        pass


@main.group()
def agency() -> None:
    """Agencies."""


@agency.command("create")
@click.argument("name", callback=_name)
@DATA_DIR
def create_agency(name: str, data_dir: Path | None) -> None:
    """Create an agency and print its id."""

    async def work(database: Database) -> str:
        async with database.transaction(None) as db:
            return str(await api_keys.create_agency(db, name))

    with embedded.database(read_settings(), data_dir, report=say) as url:
        click.echo(_with_database(url, work))


@main.group()
def key() -> None:
    """API keys."""


@key.command("create")
@click.argument("agency_id", type=click.UUID)
@click.option("--name", default="key", show_default=True, callback=_name, help="What the key is for.")
@click.option(
    "--role",
    type=click.Choice([str(role) for role in Role]),
    help="What it may do; admin unless scopes are given.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(sorted(str(scope) for scope in Scope)),
    help="What it may do, one by one, instead of a role.",
)
@click.option(
    "--expires-at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z"]), help="As 2027-01-31T00:00:00+0000."
)
@DATA_DIR
def create_key(agency_id: UUID, data_dir: Path | None, **given: Any) -> None:
    """Create an API key for an agency and print it, this once."""
    settings, terms = read_settings(), _terms(**given)

    async def work(database: Database, mint: Mint) -> str:
        async with database.transaction(agency_id) as db:
            now, caller = db.info["now"], _operator(agency_id)
            issued = await api_keys.issue(db, caller, mint, terms, now=now)
            await _note(db, agency_id, "create_api_key", issued.row.id)
        return issued.text

    with embedded.database(settings, data_dir, report=say) as url:
        mint = Mint(settings.environment, embedded.secret_of(settings, data_dir))
        click.echo(_with_database(url, lambda database: work(database, mint)))


def _terms(
    *, name: str, role: str | None, scopes: tuple[str, ...], expires_at: datetime | None
) -> dict[str, Any]:
    """The terms of a new key, which are those of the API. Raises click.BadParameter."""
    given = {
        "name": name,
        "role": role or (None if scopes else Role.ADMIN),
        "scopes": list(scopes) or None,
        "expires_at": expires_at and expires_at.isoformat(),
    }
    try:
        return by_name(ApiKeyCreate.model_validate(given))
    except ValidationError as error:
        [first, *_] = error.errors()
        option = str(first["loc"][0]).replace("_", "-")
        raise click.BadParameter(first["msg"], param_hint=f"--{option}") from None


@key.command("list")
@click.argument("agency_id", type=click.UUID)
@DATA_DIR
def list_keys(agency_id: UUID, data_dir: Path | None) -> None:
    """List an agency's API keys, never a secret: a line of JSON for each."""

    async def work(database: Database) -> None:
        async with database.transaction(agency_id) as db:
            if await db.get(Agency, agency_id) is None:
                raise NotFoundError
            for row in await db.scalars(rows_of(_operator(agency_id), ApiKey).order_by(ApiKey.id)):
                click.echo(json.dumps(_told(row)))

    with embedded.database(read_settings(), data_dir, report=say) as url:
        _with_database(url, work)


@key.command("rotate")
@click.argument("agency_id", type=click.UUID)
@click.argument("api_key_id", type=click.UUID)
@click.option(
    "--overlap-seconds",
    default=86_400,
    show_default=True,
    type=click.IntRange(0, 604_800),
    help="How long the present text goes on working.",
)
@DATA_DIR
def rotate_key(agency_id: UUID, api_key_id: UUID, overlap_seconds: int, data_dir: Path | None) -> None:
    """Give an API key a new text and print it, this once."""
    settings, overlap = read_settings(), timedelta(seconds=overlap_seconds)

    async def work(database: Database, mint: Mint) -> str:
        async with database.transaction(agency_id) as db:
            now, caller = db.info["now"], _operator(agency_id)
            issued = await api_keys.rotate(db, caller, mint, api_key_id, overlap=overlap, now=now)
            await _note(db, agency_id, "rotate_api_key", api_key_id)
        return issued.text

    with embedded.database(settings, data_dir, report=say) as url:
        mint = Mint(settings.environment, embedded.secret_of(settings, data_dir))
        click.echo(_with_database(url, lambda database: work(database, mint)))


@key.command("revoke")
@click.argument("agency_id", type=click.UUID)
@click.argument("api_key_id", type=click.UUID)
@DATA_DIR
def revoke_key(agency_id: UUID, api_key_id: UUID, data_dir: Path | None) -> None:
    """End an API key for good."""

    async def work(database: Database) -> None:
        async with database.transaction(agency_id) as db:
            await api_keys.revoke(db, _operator(agency_id), api_key_id, now=db.info["now"])
            await _note(db, agency_id, "revoke_api_key", api_key_id)

    with embedded.database(read_settings(), data_dir, report=say) as url:
        _with_database(url, work)
    say("The key is revoked.")


def _operator(agency_id: UUID) -> Caller:
    """Whoever can run commands on the server may do everything."""
    return Caller(agency_id, "operator", ALL)


async def _note(db: AsyncSession, agency_id: UUID, operation: str, api_key_id: UUID) -> None:
    """What is done by command stands in the audit trail too."""
    deed = Deed(operation, "command", None)
    audit.note(db, _operator(agency_id), deed, [(api_key_id, None)], now=db.info["now"])


def _told(key: ApiKey) -> dict[str, Any]:
    instants = {name: getattr(key, name) for name in ("expires_at", "revoked_at", "last_used_at")}
    told = {name: value.isoformat() if value else None for name, value in instants.items()}
    return {"id": str(key.id), "name": key.name, "role": key.role, "scopes": key.scopes, **told}


@main.command()
@click.option(
    "--check", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Compare with this file."
)
def openapi(check: Path | None) -> None:
    """Print the OpenAPI document as YAML, or compare it with a file."""
    database = Database("postgresql://nowhere/nothing")
    document = yaml.safe_dump(
        create_app(database, "no secret").openapi(), sort_keys=False, allow_unicode=True, width=110
    )
    if check is None:
        click.echo(document, nl=False)
    elif check.read_text(encoding="utf-8") != document:
        raise click.ClickException(
            f"{check} is not what the service serves; run: touchbase openapi > {check}"
        )


main.add_command(import_file)


def _with_database(url: str, work: Callable[[Database], Coroutine[Any, Any, Result]]) -> Result:
    async def checked() -> Result:
        async with connected(url) as database:
            await database.check_role()
            return await work(database)

    return asyncio.run(checked())
