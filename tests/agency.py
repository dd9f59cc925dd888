"""An agency in a test: its key, its calls, and the people and jobs that a scene needs."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from app.db import Database
from app.services import api_keys

Json = dict[str, Any]


@dataclass
class Agency:
    """Calls the API as one agency. `post` and the like expect success and return the parsed answer."""

    id: UUID
    key: str
    http: httpx.AsyncClient

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request with the agency's key, whatever comes of it."""
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **options)

    async def post(self, path: str, body: Json | None = None) -> Json:
        """POST that must succeed."""
        return _answer(await self.call("POST", path, json=body or {}))

    async def patch(self, path: str, body: Json) -> Json:
        """PATCH that must succeed."""
        return _answer(await self.call("PATCH", path, json=body))

    async def put(self, path: str, body: Json, **params: Any) -> Json:
        """PUT that must succeed."""
        return _answer(await self.call("PUT", path, json=body, params=params))

    async def get(self, path: str, **params: Any) -> Json:
        """GET that must succeed."""
        return _answer(await self.call("GET", path, params=params))

    async def consultant(self, **fields: Any) -> str:
        """A consultant's id."""
        return await self._made("/v1/consultants", {"name": "Kim Owner"}, fields)

    async def client(self, **fields: Any) -> str:
        """A client's id."""
        return await self._made("/v1/clients", {"name": "Acme"}, fields)

    async def client_contact(self, client_id: str, **fields: Any) -> str:
        """A client contact's id."""
        default = {"name": "Chris Client", "timezone": "Europe/London", "holidays": "GB-ENG"}
        return await self._made(f"/v1/clients/{client_id}/contacts", default, fields)

    async def candidate(self, **fields: Any) -> str:
        """A candidate's id."""
        default = {"name": "Cand Idate", "timezone": "Europe/London", "holidays": "GB-ENG"}
        return await self._made("/v1/candidates", default, fields)

    async def job(self, client_id: str, **fields: Any) -> str:
        """A job's id."""
        return await self._made("/v1/jobs", {"client_id": client_id, "title": "Engineer"}, fields)

    async def application(self, **fields: Any) -> Json:
        """An application with everybody it needs, made up where not given."""
        if "consultant_id" not in fields:
            fields["consultant_id"] = await self.consultant()
        if "client_contact_id" not in fields:
            client_id = await self.client()
            fields["client_contact_id"] = await self.client_contact(client_id)
            fields.setdefault("job_id", await self.job(client_id))
        if "candidate_id" not in fields:
            fields["candidate_id"] = await self.candidate()
        return await self.post("/v1/applications", fields)

    async def interview(self, application_id: str, start: str, end: str, **fields: Any) -> str:
        """An interview's id."""
        return await self._made(
            f"/v1/applications/{application_id}/interviews", {"start": start, "end": end}, fields
        )

    async def _made(self, path: str, default: Json, fields: Json) -> str:
        made: str = (await self.post(path, {**default, **fields}))["id"]
        return made


async def found_agency(
    http: httpx.AsyncClient, database: Database, secret: str, *, agency_id: UUID | None = None, **key: Any
) -> Agency:
    """A new agency with a key, or another key of one."""
    text = api_keys.generate("test")
    async with database.transaction(agency_id) as db:
        agency_id = agency_id or await api_keys.create_agency(db, "An agency")
        await api_keys.create_key(db, agency_id, text, secret=secret, name="test", **key)
    return Agency(agency_id, text, http)


def _answer(response: httpx.Response) -> Json:
    assert response.is_success, f"{response.request.method} {response.request.url}: {response.text}"
    answer: Json = response.json()
    return answer
