"""An agency that trusts an issuer, and a consultant who calls with its tokens."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.agency import Agency, Json
from tests.clock import ClockedDatabase
from tests.contract.problems import problem_of, without_request_id
from tests.issuer import Key, LocalIssuer, rsa_key, signed
from tests.processes import Processes

NOW = datetime(2026, 7, 14, 9, tzinfo=UTC)
AT = int(NOW.timestamp())
PROVIDERS = "/v1/identity-providers"


@dataclass
class Trusting:
    """An agency with an admin's key, one issuer that it trusts, and a consultant who is its subject `kim`."""

    agency: Agency
    issuer: LocalIssuer
    processes: Processes
    database: ClockedDatabase
    audience: str
    provider: str = ""
    consultant: str = ""
    identity: str = ""

    def claims(self, **claims: Any) -> Json:
        """What a good token claims, but for some; None leaves one out."""
        good = {"iss": self.issuer.url, "aud": self.audience, "sub": "kim", "iat": AT, "exp": AT + 300}
        return {name: value for name, value in (good | claims).items() if value is not None}

    def token(self, key: Key | None = None, algorithm: str = "RS256", **claims: Any) -> str:
        """A good token, but for some claims."""
        return signed({"alg": algorithm, "kid": "one"}, self.claims(**claims), key or rsa_key(), algorithm)

    async def statuses(self, token: str, path: str = "/v1/due") -> list[int]:
        """The statuses of what each process answers."""
        return await self.processes.statuses(token, path)

    async def trust(self, issuer: str, audience: str) -> str:
        """The id of a provider that the agency trusts from now on."""
        body = {"name": "Ours", "issuer": issuer, "audience": audience}
        provider: str = (await self.agency.post(PROVIDERS, body))["id"]
        return provider

    async def link(self, provider: str, subject: str, role: str = "consultant") -> Json:
        """A subject of a provider as our consultant."""
        body = {"identity_provider_id": provider, "subject": subject, "role": role}
        return await self.agency.post(f"/v1/consultants/{self.consultant}/identities", body)


async def refused(trusting: Trusting, *tokens: str) -> None:
    """Fail unless every process gives the same 401 for these as for no credential at all."""
    answers = [answer for token in ("", *tokens) for answer in await trusting.processes.ask(token)]
    for answer in answers:
        problem_of(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == 'Bearer realm="touchbase"'
    assert len({without_request_id(answer) for answer in answers}) == 1
