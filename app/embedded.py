"""The embedded mode: a database, a secret, a first agency and its key, all in one data directory."""

import asyncio
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app import postgres
from app.db import connected
from app.demo import load as load_demo
from app.errors import SetupError
from app.migrate import migrate
from app.services import api_keys
from app.settings import Settings

Report = Callable[[str], None]

SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True)
class Home:
    """What the service runs on. `api_key` is the first agency's, known in the embedded mode alone."""

    url: str
    secret: str
    api_key: str | None


@contextmanager
def database(settings: Settings, data_dir: Path | None, *, report: Report) -> Iterator[str]:
    """The URL of the database: the operator's own, or the embedded one, running as long as the context."""
    if settings.database_url:
        yield settings.database_url
        return
    with postgres.running(_folder(data_dir), bin_dir=settings.postgres_bin, report=report) as server:
        yield server.url


@contextmanager
def home(settings: Settings, data_dir: Path | None, *, report: Report, demo: bool) -> Iterator[Home]:
    """All that `touchbase serve` needs. The embedded mode also migrates, and makes what is missing."""
    if settings.database_url:
        if demo:
            raise SetupError("The demo loads into the embedded database only.")
        yield Home(settings.database_url, secret_of(settings, data_dir), None)
        return
    with database(settings, data_dir, report=report) as url:
        report("Bringing the schema up to date.")
        migrate(url)
        secret = secret_of(settings, data_dir)
        key, agency_id = asyncio.run(_first_key(url, _folder(data_dir), settings, secret, report))
        if demo:
            asyncio.run(_demo(url, agency_id, report))
        yield Home(url, secret, key)


def secret_of(settings: Settings, data_dir: Path | None) -> str:
    """The key of every HMAC (S8). The embedded mode makes one on its first start; elsewhere it must be given."""
    if settings.secret:
        secret = settings.secret.get_secret_value()
        if len(secret) < SHORTEST_SECRET:
            raise SetupError(f"TOUCHBASE_SECRET must have {SHORTEST_SECRET} characters or more.")
        return secret
    if settings.database_url:
        raise SetupError("Set TOUCHBASE_SECRET to a random text of 32 characters or more; keep it for ever.")
    return _kept(_folder(data_dir) / "secret", lambda: secrets.token_urlsafe(48))


def place_of_secret(settings: Settings, data_dir: Path | None) -> str:
    """Where the operator finds the secret, in their words."""
    if settings.secret or settings.database_url:
        return "TOUCHBASE_SECRET"
    return str(_folder(data_dir) / "secret")


async def _first_key(
    url: str, where: Path, settings: Settings, secret: str, report: Report
) -> tuple[str | None, UUID]:
    """The first agency's key, None once it works no longer, and its id.

    Both are made on the first start, and the data directory keeps the key. Raises SetupError for a text that is none.
    """
    path = where / "api-key"
    key = _kept(path, lambda: api_keys.generate(settings.environment))
    async with connected(url) as base:
        async with base.transaction(None) as db:
            known = await api_keys.authenticate(db, key, secret=secret, now=db.info["now"])
        if known is not None:
            return key, known.caller.agency_id
        async with base.transaction(None) as db:
            once = await api_keys.agency_of(db, key)
        if once is not None:
            report(f"The API key in {path} works no longer; `touchbase key create {once}` makes another.")
            return None, once
        if api_keys.key_id_of(key) is None:
            raise SetupError(f"What {path} holds is no API key.")
        report("Making the first agency and its API key.")
        async with base.transaction(None) as db:
            agency_id = await api_keys.create_agency(db, "First agency")
            await api_keys.create_key(db, agency_id, key, secret=secret, name="first key")
    return key, agency_id


async def _demo(url: str, agency_id: UUID, report: Report) -> None:
    async with connected(url) as base:
        await load_demo(base, agency_id, report=report)


def _folder(data_dir: Path | None) -> Path:
    return data_dir or postgres.default_data_dir()


def _kept(path: Path, make: Callable[[], str]) -> str:
    """A text that lives in a file only its owner can read; written whole or not at all."""
    if path.exists():
        return path.read_text(encoding="utf-8").strip()
    text, draft = make(), path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return text
