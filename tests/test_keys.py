"""API keys: their form, what is kept of them, how long they live, and the commands that make them (S3, S4)."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app import postgres
from app.cli import main
from app.db import Database
from app.main import create_app
from app.models import ApiKey, AuditEntry, Client, Credential, Role
from app.services import api_keys
from app.services.access import ROLES
from app.services.scope import KnownCaller
from app.web.auth import REMEMBERED_SECONDS
from tests.agency import Agency, Json
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.contract.problems import problem_of
from tests.sent import noted

NOW = datetime(2026, 7, 14, 9, tzinfo=UTC)
NOBODY = "0197f3a0-0000-7000-8000-000000000000"


@pytest.mark.parametrize("environment", ["live", "test"])
def test_a_key_has_its_form_and_enough_chance(environment: str) -> None:
    key = api_keys.generate(environment)
    assert re.fullmatch(rf"tb_{environment}_[0-9A-Za-z]{{12}}_[0-9A-Za-z]{{38}}", key)
    assert 62**32 > 2**160
    assert len({api_keys.generate(environment) for _ in range(100)}) == 100
    assert api_keys.key_id_of(key) == key.split("_")[2]


def test_a_typo_is_seen_without_a_database() -> None:
    key = api_keys.generate("test")
    for place in range(len(key)):
        other = "x" if key[place] != "x" else "y"
        assert api_keys.key_id_of(key[:place] + other + key[place + 1 :]) is None
    for wrong in (
        "",
        "tb_live_",
        key[:-1],
        key + "0",
        f" {key}",
        f"{key}\n",
        key.replace("tb_test", "tb_live"),
    ):
        assert api_keys.key_id_of(wrong) is None


async def test_a_typo_is_refused_while_the_database_is_away(document: Document) -> None:
    away = Database("postgresql://127.0.0.1:1/nothing")
    key = api_keys.generate("test")
    async with client_of(create_app(away, SECRET), document) as http:
        typo = {"Authorization": f"Bearer {key[:-1]}{'0' if key[-1] != '0' else '1'}"}
        problem_of(await http.get("/v1/due", headers=typo), 401)
        problem_of(await http.get("/v1/due", headers={"Authorization": f"Bearer {key}"}), 503)
    await away.close()


async def test_only_an_hmac_of_a_key_is_kept(agency: Agency, database: Database) -> None:
    async with database.transaction(agency.id) as db:
        row = (await db.scalars(select(ApiKey).where(ApiKey.agency_id == agency.id))).one()
        credential = await db.scalar(select(Credential).where(Credential.lookup == row.key_id))
    assert credential is not None
    kept = repr(vars(row)) + repr(vars(credential))
    assert agency.key.split("_")[3] not in kept
    assert row.digest == api_keys.digest_of(agency.key, SECRET)
    assert row.digest != api_keys.digest_of(agency.key, "another secret")
    assert len(row.digest) == 32


async def known(db: AsyncSession, key: str, now: datetime) -> KnownCaller | None:
    """What a key is worth at an instant."""
    return await api_keys.authenticate(db, key, secret=SECRET, now=now)


async def test_a_key_lives_until_it_expires(agency: Agency, database: Database) -> None:
    key = api_keys.generate("test")
    async with database.transaction(agency.id) as db:
        await api_keys.create_key(db, agency.id, key, secret=SECRET, name="short", expires_at=NOW)
        assert await known(db, key, NOW - timedelta(microseconds=1))
        assert await known(db, key, NOW) is None


async def test_a_key_with_a_role_may_do_what_the_role_may_by_now(agency: Agency, database: Database) -> None:
    """Another release may have other roles than the one that made the key."""
    key = api_keys.generate("test")
    async with database.transaction(agency.id) as db:
        made = await api_keys.create_key(db, agency.id, key, secret=SECRET, name="m", role=Role.MANAGER)
        made.scopes = ["status:read"]
        await db.flush()
        found = await known(db, key, NOW)
    assert found is not None
    assert found.caller.scopes == ROLES[Role.MANAGER]


async def test_a_key_works_only_under_the_secret_it_was_made_with(agency: Agency, database: Database) -> None:
    async with database.transaction(None) as db:
        assert await api_keys.authenticate(db, agency.key, secret="x" * 32, now=NOW) is None


async def test_the_secret_of_one_key_does_not_open_another(
    agency: Agency, rival: Agency, database: Database
) -> None:
    mine, theirs = agency.key.split("_"), rival.key.split("_")
    body = "_".join([*mine[:3], theirs[3][:32]])
    forged = body + api_keys._checksum(body)  # noqa: SLF001 - the attacker knows it too
    assert api_keys.key_id_of(forged) == mine[2]
    async with database.transaction(None) as db:
        assert await known(db, forged, NOW) is None


async def test_the_last_use_is_noted_once_a_minute(agency: Agency, database: Database) -> None:
    noted = []
    for seconds in (0, 1, 59, 60, 61, 119, 120):
        async with database.transaction(None) as db:
            assert await known(db, agency.key, NOW + timedelta(seconds=seconds))
            noted.append(await db.scalar(select(ApiKey.last_used_at).where(ApiKey.agency_id == agency.id)))
    assert noted == [NOW + timedelta(seconds=s) for s in (0, 0, 0, 60, 60, 60, 120)]


async def test_noting_the_use_is_no_change_of_the_key(agency: Agency, database: Database) -> None:
    async with database.transaction(None) as db:
        assert await known(db, agency.key, NOW)
        row = (await db.scalars(select(ApiKey).where(ApiKey.agency_id == agency.id))).one()
        assert row.updated_at == row.created_at


@dataclass
class Service:
    """The application with a clock that a test can move."""

    http: httpx.AsyncClient
    seconds: float = 0

    async def status(self, key: str) -> int:
        """What a reading call with a key is answered."""
        return (await self.http.get("/v1/due", headers={"Authorization": f"Bearer {key}"})).status_code


@pytest.fixture
async def service(database: Database, document: Document) -> AsyncIterator[Service]:
    """The application with a clock of the test's own."""
    app = create_app(database, SECRET)
    async with client_of(app, document) as http:
        made = Service(http)
        app.state.authenticator.clock = lambda: made.seconds
        yield made


async def revoke(database: Database, agency_id: UUID) -> None:
    """Revoke all keys of an agency."""
    async with database.transaction(agency_id) as db:
        mine = update(ApiKey).where(ApiKey.agency_id == agency_id)
        await db.execute(mine.values(revoked_at=NOW))


async def test_a_revoked_key_stops_within_five_seconds(
    agency: Agency, database: Database, service: Service
) -> None:
    assert REMEMBERED_SECONDS < 5
    assert await service.status(agency.key) == 200
    await revoke(database, agency.id)
    service.seconds = REMEMBERED_SECONDS - 0.1
    assert await service.status(agency.key) == 200
    service.seconds = REMEMBERED_SECONDS
    assert await service.status(agency.key) == 401
    service.seconds = 0
    assert await service.status(agency.key) == 401


@pytest.mark.parametrize(("change", "status"), [({"revoked_at": NOW}, 401), ({"scopes": []}, 403)])
async def test_a_key_that_ends_while_a_body_comes_writes_nothing(
    agency: Agency, database: Database, service: Service, change: Json, status: int
) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b'{"name": '
        async with database.transaction(agency.id) as db:
            await db.execute(update(ApiKey).where(ApiKey.agency_id == agency.id).values(role=None, **change))
        service.seconds = REMEMBERED_SECONDS
        yield b'"Acme"}'

    headers = {"Authorization": f"Bearer {agency.key}", "Content-Type": "application/json"}
    problem_of(await service.http.post("/v1/clients", content=body(), headers=headers), status)
    async with database.transaction(agency.id) as db:
        assert (await db.scalars(select(Client).where(Client.agency_id == agency.id))).all() == []


async def test_all_who_wait_for_a_key_share_one_look_at_it(
    agency: Agency, database: Database, service: Service
) -> None:
    assert await service.status(agency.key) == 200
    service.seconds = REMEMBERED_SECONDS
    async with noted(database) as sent:
        assert await asyncio.gather(*(service.status(agency.key) for _ in range(5))) == [200] * 5
    looks = [
        statement for statement, _ in sent if "FROM api_keys" in statement or "FROM credentials" in statement
    ]
    assert len(looks) == 1


async def test_a_key_is_not_remembered_past_its_end(
    agency: Agency, database: Database, service: Service
) -> None:
    key = api_keys.generate("test")
    async with database.transaction(agency.id) as db:
        soon: datetime = db.info["now"] + timedelta(seconds=1)
        await api_keys.create_key(db, agency.id, key, secret=SECRET, name="short", expires_at=soon)
    assert await service.status(key) == 200
    await revoke(database, agency.id)
    service.seconds = 1
    assert await service.status(key) == 401


def run(server: postgres.Server, *arguments: str) -> Result:
    """A command on the data directory of the running server; its standard output is in `stdout`."""
    return CliRunner().invoke(main, [*arguments, "--data-dir", str(server.data_dir)])


@pytest.fixture
def printed(server: postgres.Server, database_url: str) -> tuple[str, str]:
    """An agency and a key made by the commands; the database is migrated."""
    assert database_url
    agency_id = run(server, "agency", "create", "Brightpath").stdout.strip()
    options = ("--name", "ATS", "--scope", "status:read", "--expires-at", "2099-01-31T00:00:00+0000")
    made = run(server, "key", "create", agency_id, *options)
    assert made.exit_code == 0, made.output
    return agency_id, made.stdout.strip()


async def test_the_commands_make_an_agency_and_a_key_that_works(
    printed: tuple[str, str], server: postgres.Server, database: Database, document: Document
) -> None:
    agency_id, key = printed
    secret = (server.data_dir / "secret").read_text(encoding="utf-8").strip()
    async with client_of(create_app(database, secret), document) as http:
        headers = {"Authorization": f"Bearer {key}"}
        assert (await http.get("/v1/due", headers=headers)).status_code == 200
        problem_of(await http.get("/v1/clients", headers=headers), 403)
    async with database.transaction(UUID(agency_id)) as db:
        row = (await db.scalars(select(ApiKey))).one()
    assert (row.name, row.scopes) == ("ATS", ["status:read"])
    assert row.expires_at == datetime(2099, 1, 31, tzinfo=UTC)


async def test_a_key_of_which_nothing_is_said_is_an_admins(
    printed: tuple[str, str], server: postgres.Server
) -> None:
    agency_id, _ = printed
    made = await asyncio.to_thread(run, server, "key", "create", agency_id)
    assert made.exit_code == 0, made.output
    assert [row["role"] for row in await told(server, agency_id)] == [None, "admin"]


async def test_an_agency_or_a_key_that_is_not_there_is_told(
    printed: tuple[str, str], server: postgres.Server
) -> None:
    agency_id, _ = printed
    for words in (("create", str(uuid4())), ("revoke", agency_id, str(uuid4()))):
        refused = await asyncio.to_thread(run, server, "key", *words)
        assert refused.exit_code == 1
        assert "There is no such agency, or no such key in it." in refused.output


def test_the_secret_is_readable_by_its_owner_alone(printed: tuple[str, str], server: postgres.Server) -> None:
    assert printed
    assert (server.data_dir / "secret").stat().st_mode & 0o777 == 0o600


async def test_the_commands_list_rotate_and_revoke_a_key(
    printed: tuple[str, str], server: postgres.Server, database: Database, document: Document
) -> None:
    agency_id, key = printed
    secret = (server.data_dir / "secret").read_text(encoding="utf-8").strip()
    [row] = await told(server, agency_id)
    assert (row["name"], row["scopes"], row["revoked_at"]) == ("ATS", ["status:read"], None)
    options = ("--overlap-seconds", "0")
    rotated = await asyncio.to_thread(run, server, "key", "rotate", agency_id, row["id"], *options)
    new = rotated.stdout.strip()
    assert api_keys.key_id_of(new)
    async with client_of(create_app(database, secret), document) as http:
        assert await statuses(http, key, new) == [401, 200]
    revoked = await asyncio.to_thread(run, server, "key", "revoke", agency_id, row["id"])
    assert revoked.exit_code == 0
    async with client_of(create_app(database, secret), document) as http:
        assert await statuses(http, key, new) == [401, 401]
    again = await asyncio.to_thread(run, server, "key", "revoke", agency_id, row["id"])
    assert (again.exit_code, "The key is revoked." in again.output) == (1, True)
    [row] = await told(server, agency_id)
    assert row["revoked_at"]
    async with database.transaction(UUID(agency_id)) as db:
        trail = list(await db.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [(entry.operation, entry.principal, str(entry.object_id)) for entry in trail] == [
        (f"{verb}_api_key", "operator", row["id"]) for verb in ("create", "rotate", "revoke")
    ]


async def told(server: postgres.Server, agency_id: str) -> list[Json]:
    """What the command says of each key of an agency."""
    listed = await asyncio.to_thread(run, server, "key", "list", agency_id)
    return [json.loads(line) for line in listed.stdout.splitlines()]


async def statuses(http: httpx.AsyncClient, *keys: str) -> list[int]:
    """What reading calls with keys are answered."""
    headers = [{"Authorization": f"Bearer {key}"} for key in keys]
    return [(await http.get("/v1/due", headers=each)).status_code for each in headers]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("key", "create", "no-id"), "not a valid UUID"),
        (("key", "list", "no-id"), "not a valid UUID"),
        (("key", "rotate", NOBODY, NOBODY), "no such"),
        (("key", "rotate", NOBODY, NOBODY, "--overlap-seconds", "700000"), "overlap-seconds"),
        (("key", "revoke", NOBODY, NOBODY), "no such"),
        (("key", "list", NOBODY), "no such"),
        (("key", "create", NOBODY), "no such"),
        (("key", "create", NOBODY, "--scope", "all"), "scope"),
        (("key", "create", NOBODY, "--expires-at", "soon"), "expires-at"),
        (
            ("key", "create", NOBODY, "--expires-at", "2020-01-31T00:00:00+0000"),
            "must expire in time to come",
        ),
        (("key", "create", NOBODY, "--expires-at", "2200-01-31T00:00:00+0000"), "--expires-at"),
        (("key", "create", NOBODY, "--role", "integration", "--scope", "events:read"), "one of the two"),
        (("key", "create", NOBODY, "--name", " "), "'--name': must not be blank"),
        (("key", "create", NOBODY, "--name", "\udcff"), "'--name': must be text in UTF-8"),
        (("agency", "create", " "), "'NAME': must not be blank"),
        (("agency", "create", "x" * 201), "'NAME': String should have at most 200 characters"),
        (("agency", "create", "Caf\udce9"), "'NAME': must be text in UTF-8"),
    ],
)
def test_a_command_says_what_is_wrong(
    server: postgres.Server, database_url: str, arguments: tuple[str, ...], words: str
) -> None:
    assert database_url
    result = run(server, *arguments)
    assert result.exit_code != 0
    assert words in result.output
    assert isinstance(result.exception, SystemExit)  # not a bug's exception
