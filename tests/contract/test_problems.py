"""Errors have one shape, one order of checks, and give nothing away (H1 to H6)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import update

from app.db import Database
from app.main import ROUTERS, create_app
from app.models import ApiKey, Role
from app.services import api_keys
from app.services.access import ROLES, SCOPES
from app.services.api_keys import generate
from app.web.operations import operation
from app.web.routes import Route, scopes_of
from tests.agency import Agency, found_agency
from tests.conftest import SECRET, client_of
from tests.contract.document import Document, is_asked_with_a_key, needed_scopes
from tests.contract.problems import NOWHERE, places_of, problem_of, without_request_id
from tests.written import writing


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1/nothing", "/v1/clients/", "/%00", "/v1/%FF", "//x"]
)
async def test_an_unknown_path_is_a_problem_and_never_redirects(http: httpx.AsyncClient, path: str) -> None:
    problem = problem_of(await http.get(path), 404, "not_found")
    assert problem["type"] == "urn:touchbase:problem:not_found"
    assert problem["title"] == "Not Found"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/clients", "GET, HEAD, POST"),
        ("PUT", f"/v1/clients/{NOWHERE}", "GET, HEAD, PATCH"),
        ("GET", "/v1/status/preview", "POST"),
        ("PUT", "/v1/contacts/check", "POST"),
        ("HEAD", "/v1/status/preview", "POST"),
        ("OPTIONS", "/v1/due", "GET, HEAD"),
        ("POST", "/livez", "GET, HEAD"),
        ("POST", "/openapi.json", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
        ("BREW", "/v1/due", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_names_every_right_one(
    http: httpx.AsyncClient, method: str, path: str, allow: str
) -> None:
    response = await http.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == allow
    if method != "HEAD":
        problem_of(response, 405, "method_not_allowed")


async def test_no_error_waits_for_the_document_to_be_made(database: Database, document: Document) -> None:
    """That takes a second or so in which the process does nothing else, just when it may be in trouble."""
    app = create_app(database, SECRET)
    app.state.is_draining = True
    async with client_of(app, document) as http:
        for method, path, status in [
            ("GET", "/readyz", 503),
            ("GET", "/v1/due", 401),
            ("GET", "/nowhere", 404),
            ("POST", "/livez", 405),
        ]:
            problem_of(await http.request(method, path), status)
    assert app.openapi_schema is None


@pytest.mark.parametrize("path", ["/v1/contacts/check", "/v1/timescales/interpret"])
async def test_a_fixed_address_is_no_object_with_that_id(agency: Agency, path: str) -> None:
    response = await agency.call("GET", path)
    problem_of(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


async def test_a_host_header_that_is_no_host_breaks_nothing(http: httpx.AsyncClient) -> None:
    problem_of(await http.get("/v1/due", headers={"Host": "["}), 401)
    problem_of(await http.get("/a%20b%3Fc", headers={"Host": "evil.example/@x"}), 404)


async def test_an_instance_is_an_address_of_ours_or_else_the_request(agency: Agency) -> None:
    for path in ("/v1/due", f"/v1/clients/{NOWHERE}", f"/v1/clients/{NOWHERE}/contacts"):
        assert (await agency.call("DELETE", path)).json()["instance"] == path
    for path in ("/a%20b", "/v1/nothing", "/v1/clients/amara%20osei", f"/v1/clients/{'x' * 36}"):
        problem = problem_of(await agency.call("GET", path), 404)
        assert problem["instance"] == f"urn:touchbase:request:{problem['request_id']}"


async def test_every_answer_has_the_safe_headers(http: httpx.AsyncClient, agency: Agency) -> None:
    answers = [await agency.call("GET", "/v1/clients"), await http.get("/v1/clients"), await http.get("/x")]
    for response in answers:
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in response.headers
        assert "server" not in response.headers


@pytest.mark.parametrize("kept", ["a", "Trace-1.2_3", "x" * 128])
async def test_a_good_request_id_is_kept(http: httpx.AsyncClient, kept: str) -> None:
    response = await http.get("/v1/due", headers={"X-Request-Id": kept})
    assert response.headers["x-request-id"] == kept
    assert response.json()["request_id"] == kept


@pytest.mark.parametrize("replaced", ["", "x" * 129, "a b", "a\tb", "naïve", "<script>", "a\u2028"])
async def test_any_other_request_id_is_replaced(http: httpx.AsyncClient, replaced: str) -> None:
    response = await http.get("/livez", headers={b"X-Request-Id": replaced.encode()})
    assert len(response.headers["x-request-id"]) == 32


async def test_the_request_id_stands_in_the_log_and_the_query_does_not(http: httpx.AsyncClient) -> None:
    with writing() as written:
        await http.get("/v1/due?external_id=secret", headers={"X-Request-Id": "mine"})
    [line] = written.lines
    assert (line["message"], line["request_id"]) == ("GET /v1/due 401", "mine")
    assert "secret" not in written.text


@pytest.mark.parametrize(
    "path", ["/v1/due", "/v1/clients", f"/v1/clients/{NOWHERE}", "/livez", "/openapi.json"]
)
async def test_head_is_get_without_the_body(agency: Agency, path: str) -> None:
    got, head = await agency.call("GET", path), await agency.call("HEAD", path)
    assert head.content == b""
    assert head.status_code == got.status_code
    changing = {"x-request-id", "content-length", "ratelimit"}
    assert {k: v for k, v in head.headers.items() if k not in changing} == {
        k: v for k, v in got.headers.items() if k not in changing
    }


@pytest.fixture
async def bad_keys(agency: Agency, database: Database) -> dict[str, str | None]:
    """Every way in which a credential can be wrong."""
    expired, revoked = generate("test"), generate("test")
    past = datetime.now(UTC) - timedelta(seconds=1)
    async with database.transaction(agency.id) as db:
        await api_keys.create_key(db, agency.id, expired, secret=SECRET, name="old", expires_at=past)
        await api_keys.create_key(db, agency.id, revoked, secret=SECRET, name="gone")
        gone = update(ApiKey).where(ApiKey.agency_id == agency.id, ApiKey.name == "gone")
        await db.execute(gone.values(revoked_at=past))
    typo = agency.key[:-1] + ("0" if agency.key[-1] != "0" else "1")
    return {
        "missing": None,
        "empty": "",
        "another scheme": f"Basic {agency.key}",
        "no scheme": agency.key,
        "no key": "Bearer",
        "malformed": "Bearer not-a-key",
        "not ASCII": "Bearer tb_live_é",
        "very long": "Bearer " + "x" * 30_000,
        "a typo": f"Bearer {typo}",
        "unknown": f"Bearer {generate('test')}",
        "expired": f"Bearer {expired}",
        "revoked": f"Bearer {revoked}",
        "two keys": f"Bearer {agency.key} {agency.key}",
    }


async def test_every_bad_credential_gets_the_same_401(
    http: httpx.AsyncClient, bad_keys: dict[str, str | None]
) -> None:
    bodies = {}
    for name, value in bad_keys.items():
        headers = {} if value is None else {b"Authorization": value.encode()}
        response = await http.get("/v1/due", headers=headers)
        problem_of(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"] == 'Bearer realm="touchbase"'
        bodies[name] = without_request_id(response)
    assert len(set(bodies.values())) == 1, bodies


async def test_of_two_credentials_none_counts(agency: Agency, rival: Agency, http: httpx.AsyncClient) -> None:
    for other in (agency.key, rival.key, "nothing"):
        headers = [("Authorization", f"Bearer {key}") for key in (agency.key, other)]
        problem_of(await http.get("/v1/due", headers=headers), 401, "unauthenticated")


async def test_a_key_in_the_query_is_no_credential(agency: Agency, http: httpx.AsyncClient) -> None:
    problem_of(await http.get("/v1/due", params={"api_key": agency.key, "access_token": agency.key}), 401)


async def test_the_scheme_may_be_written_in_any_case(agency: Agency, http: httpx.AsyncClient) -> None:
    response = await http.get("/v1/due", headers={"Authorization": f"bEARER  {agency.key}"})
    assert response.status_code == 200


def operations(document: Document) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation that needs a key, with its method and path."""
    return [
        (method.upper(), path.replace("{", "").replace("}", ""), declared)
        for path, methods in document.document["paths"].items()
        for method, declared in methods.items()
        if is_asked_with_a_key(path, declared)
    ]


async def test_every_operation_asks_for_a_key_before_anything_else(
    http: httpx.AsyncClient, document: Document
) -> None:
    for method, path, _ in operations(document):
        response = await http.request(method, path, content=b"{broken", params={"limit": "x"})
        problem_of(response, 401)


@pytest.mark.parametrize("scope", sorted(SCOPES))
async def test_a_key_without_the_scope_is_refused_before_anything_is_read(
    http: httpx.AsyncClient, database: Database, document: Document, scope: str
) -> None:
    limited = await found_agency(http, database, SECRET, scopes=set(SCOPES) - {scope})
    for method, path, declared in operations(document):
        response = await limited.call(method, path, content=b"{broken", params={"limit": "x"})
        is_needed = scope in needed_scopes(declared)
        assert (response.status_code == 403) == is_needed, declared["operationId"]
        if is_needed:
            problem_of(response, 403, "forbidden")


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_may_do_what_the_document_says_and_nothing_else(
    http: httpx.AsyncClient, database: Database, document: Document, role: Role
) -> None:
    actor = await found_agency(http, database, SECRET, role=role)
    for method, path, declared in operations(document):
        response = await actor.call(method, path, content=b"{broken", params={"limit": "x"})
        may = role in declared["x-roles"]
        assert may == (needed_scopes(declared) <= ROLES[role])
        assert (response.status_code != 403) == may, declared["operationId"]
        if not may:
            problem_of(response, 403, "forbidden")


def test_every_address_of_the_api_checks_who_calls() -> None:
    """A route of another kind, or one outside the document, would be open to all."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    ours = [route for route in routes if route.path.startswith("/v1") and route.name != "get_calendar"]
    assert len(ours) > 80
    for route in ours:
        assert isinstance(route, Route), route.path
        assert route.include_in_schema, route.path
        assert set(scopes_of(route)) & SCOPES.keys(), route.path


@pytest.mark.parametrize("scope", ["", "clients:read", "directory", "ACCESS:READ"])
def test_an_operation_without_a_scope_that_is_known_cannot_be_declared(scope: str) -> None:
    with pytest.raises(ValueError, match="no scope"):
        operation(scope)


BAD_BODIES: dict[str, dict[str, Any]] = {
    "not JSON": {"content": b"{", "headers": {"content-type": "application/json"}},
    "not JSON by its type": {"content": b"{}", "headers": {"content-type": "text/plain"}},
    "too large": {"content": b" " * 1_100_000, "headers": {"content-type": "application/json"}},
    "no sense": {"json": {"unknown": 1}},
    "no body": {},
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES.keys())
@pytest.mark.parametrize("object_id", [NOWHERE, "no-id", "%00", "é", "x" * 3_000])
async def test_what_is_not_there_is_404_whatever_the_body(
    agency: Agency, body: dict[str, Any], object_id: str
) -> None:
    for path in (f"/v1/interviews/{object_id}/debriefs", f"/v1/applications/{object_id}/interviews"):
        problem_of(await agency.call("POST", path, **body), 404, "not_found")
    problem_of(await agency.call("PATCH", f"/v1/candidates/{object_id}", **body), 404, "not_found")


async def test_what_is_not_there_is_404_whatever_the_query(agency: Agency) -> None:
    for query in ("limit=0", "cursor=x", "as_of=now", "external_id=%00"):
        problem_of(await agency.call("GET", f"/v1/clients/{NOWHERE}/contacts?{query}"), 404)
    problem_of(await agency.call("GET", f"/v1/candidates/{NOWHERE}/status?as_of=now"), 404)


async def test_the_body_is_checked_once_its_object_is_there(agency: Agency) -> None:
    path = f"/v1/clients/{await agency.client()}"
    expected = (400, 415, 413, 422, 422)
    for body, status in zip(BAD_BODIES.values(), expected, strict=True):
        problem_of(await agency.call("PATCH", path, **body), status)


async def test_bad_input_is_refused_before_a_conflict(agency: Agency) -> None:
    application = await agency.application()
    interview = await agency.interview(
        application["id"], "2026-07-14T10:00:00Z", "2026-07-14T11:00:00Z", state="cancelled"
    )
    path = f"/v1/interviews/{interview}/debriefs"
    problem_of(await agency.call("POST", path, json={"interest_score": 11}), 422)
    problem_of(await agency.call("POST", path, json={"interest_score": 10}), 409, "interview_not_held")


async def test_two_things_that_are_not_there_look_the_same(agency: Agency) -> None:
    first, second = str(uuid4()), str(uuid4())
    bodies = {
        without_request_id(await agency.call("GET", f"/v1/clients/{object_id}")).replace(
            object_id.encode(), b"ID"
        )
        for object_id in (first, second)
    }
    assert len(bodies) == 1


async def test_an_error_names_the_place_and_never_the_input(agency: Agency) -> None:
    secret = "Mx-do-not-echo"
    body = {"name": 7, "email": secret, "phone": secret, "timezone": secret, "holidays": secret}
    body |= {"seeking": secret, "registered_at": secret, "consultant_id": secret, "do_not_contact": secret}
    response = await agency.call("POST", "/v1/candidates", json=body)
    problem = problem_of(response, 422, "invalid")
    assert {place for place, _ in places_of(problem)} == {f"/{name}" for name in body}
    assert secret not in response.text
    assert problem["errors_omitted"] == 0


async def test_at_most_fifty_errors_are_told_and_the_rest_counted(agency: Agency) -> None:
    response = await agency.call("POST", "/v1/clients", json={f"x{n}": n for n in range(70)})
    problem = problem_of(response, 422)
    assert len(problem["errors"]) == 50
    assert problem["errors_omitted"] == 21  # 20 unknown members and the name that is missing


async def test_pointers_are_json_pointers(agency: Agency) -> None:
    body = {"name": "Acme", "a/b~c": 1, "external_refs": [{"source": "x"}, {"source": "x", "id": "1"}]}
    problem = problem_of(await agency.call("POST", "/v1/clients", json=body), 422)
    assert sorted(places_of(problem)) == [
        ("/a~1b~0c", "extra_forbidden"),
        ("/external_refs/0/id", "missing"),
    ]


@pytest.fixture
async def broken(app: FastAPI, document: Document) -> AsyncIterator[httpx.AsyncClient]:
    """The application with a bug in its authentication."""

    class Bug:
        secret = SECRET

        async def caller(self, *_: object) -> None:
            raise RuntimeError("SELECT secret FROM /etc/passwd")

    healthy = app.state.authenticator
    app.state.authenticator = Bug()
    async with client_of(app, document) as client:
        yield client
    app.state.authenticator = healthy


async def test_a_bug_of_ours_is_a_problem_that_says_nothing(
    broken: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    broken.event_hooks = {}  # 500 is not promised by the document
    response = await broken.get("/v1/due", headers={"X-Request-Id": "bug-1"})
    problem_of(response, 500, "internal_error")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "SELECT" not in response.text
    [record] = [record for record in caplog.records if record.name == "touchbase.problems"]
    assert record.request_id == "bug-1"  # type: ignore[attr-defined]
    assert "SELECT" not in record.getMessage() + str(record.exc_info)
