"""Lists come in pages that hold everything once, whatever happens between them (H9)."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.connections import async_url
from app.db import Database
from tests.agency import Agency, Json
from tests.contract.problems import NOWHERE, places_of, problem_of
from tests.sent import Sent, noted

AS_OF = "2026-07-20T09:00:00+01:00"


async def pages(agency: Agency, path: str, **params: Any) -> AsyncIterator[Json]:
    """Every page of a list."""
    page = await agency.get(path, **params)
    yield page
    while page["next_cursor"]:
        page = await agency.get(path, **params, cursor=page["next_cursor"])
        yield page


async def all_names(agency: Agency, path: str, **params: Any) -> list[str]:
    """The names of all items of a list."""
    return [item["name"] async for page in pages(agency, path, **params) for item in page["items"]]


@pytest.fixture
async def clients(agency: Agency) -> list[str]:
    """Seven clients, by name."""
    names = [f"Client {number}" for number in range(7)]
    for name in names:
        await agency.client(name=name)
    return names


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8, 200])
async def test_a_walk_meets_everything_once_and_in_order(
    agency: Agency, clients: list[str], limit: int
) -> None:
    assert await all_names(agency, "/v1/clients", limit=limit) == clients


async def test_an_empty_list_is_one_empty_page(agency: Agency) -> None:
    response = await agency.call("GET", "/v1/clients")
    assert response.json() == {"items": [], "next_cursor": None}
    assert "link" not in response.headers


async def test_a_page_holds_fifty_items_if_nothing_is_said(agency: Agency) -> None:
    for number in range(51):
        await agency.client(name=f"Client {number}")
    lengths = [len(page["items"]) async for page in pages(agency, "/v1/clients")]
    assert lengths == [50, 1]


async def test_rows_that_come_and_change_disturb_no_walk(agency: Agency, clients: list[str]) -> None:
    seen = []
    async for page in pages(agency, "/v1/clients", limit=2):
        seen += [item["name"] for item in page["items"]]
        await agency.client(name="new")
        await agency.patch(f"/v1/clients/{page['items'][0]['id']}", {"name": "changed"})
        if seen.count("new") > 3:
            break
    assert [name for name in seen if name in clients] == clients


async def test_rows_that_go_disturb_no_walk(agency: Agency, clients: list[str], database_url: str) -> None:
    """No operation removes anything yet, so the database's owner does, and takes the row the cursor stands at."""
    seen, owner = [], create_async_engine(async_url(database_url))
    async for page in pages(agency, "/v1/clients", limit=2):
        seen += [item["name"] for item in page["items"]]
        async with owner.begin() as connection:
            gone = {"id": page["items"][-1]["id"]}
            await connection.execute(text("DELETE FROM clients WHERE id = :id"), gone)
    await owner.dispose()
    assert seen == clients


async def test_the_link_header_leads_to_the_next_page(agency: Agency, clients: list[str]) -> None:
    seen, url = [], "/v1/clients?limit=3"
    while url:
        response = await agency.call("GET", url)
        seen += [item["name"] for item in response.json()["items"]]
        assert ("link" in response.headers) == (response.json()["next_cursor"] is not None)
        url = response.links.get("next", {}).get("url", "")
    assert seen == clients


async def test_the_link_keeps_the_filters(agency: Agency) -> None:
    for number in range(3):
        refs = [{"source": "bull horn&co", "id": str(number)}]
        await agency.client(name=f"Client {number}", external_refs=refs)
    await agency.client(name="unknown to them")
    url, seen = "/v1/clients?limit=2&external_source=bull+horn%26co", []
    while url:
        response = await agency.call("GET", url)
        seen += [item["name"] for item in response.json()["items"]]
        url = response.links.get("next", {}).get("url", "")
    assert seen == ["Client 0", "Client 1", "Client 2"]


CARDS = ["/v1/due", "/v1/chase"]
LISTS = ["/v1/clients", "/v1/candidates", "/v1/jobs", "/v1/applications", "/v1/contacts", *CARDS]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "-1", "201", "9" * 30, "", "x", "1e2", "None"])
async def test_a_limit_lies_between_1_and_200(agency: Agency, path: str, limit: str) -> None:
    problem = problem_of(await agency.call("GET", path, params={"limit": limit}), 422)
    assert [place for place, _ in places_of(problem)] == ["limit"]


def tampered(cursor: str) -> Iterator[str]:
    """Cursors that are almost right."""
    yield from ("", "x", "AAAA", "é", "../../etc", "[]", cursor * 30)
    yield from (cursor[:-1], cursor + "A", cursor + "=", cursor + "==", cursor + "!", " " + cursor)
    for place in range(0, len(cursor), 7):
        yield cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
    last = cursor[-1]
    yield from (cursor[:-1] + other for other in "AEIMQUYcgkosw048" if other != last)


async def test_a_cursor_that_was_changed_is_refused(agency: Agency, clients: list[str]) -> None:
    cursor = (await agency.get("/v1/clients", limit=2))["next_cursor"]
    assert len(clients) > 2
    for bad in tampered(cursor):
        problem = problem_of(await agency.call("GET", "/v1/clients", params={"cursor": bad}), 422)
        assert [place for place, _ in places_of(problem)] == ["cursor"], bad


async def test_a_cursor_belongs_to_its_agency_its_list_and_its_filters(
    agency: Agency, rival: Agency, clients: list[str]
) -> None:
    await rival.client()
    await rival.client()
    cursor = (await agency.get("/v1/clients", limit=2))["next_cursor"]
    same = await agency.get("/v1/clients", limit=5, cursor=cursor)
    assert [item["name"] for item in same["items"]] == clients[2:]
    for caller, path, more in (
        (rival, "/v1/clients", {}),
        (agency, "/v1/consultants", {}),
        (agency, "/v1/due", {}),
        (agency, "/v1/clients", {"external_source": "bullhorn"}),
        (agency, f"/v1/clients/{same['items'][0]['id']}/contacts", {}),
    ):
        response = await caller.call("GET", path, params={"cursor": cursor, **more})
        assert places_of(problem_of(response, 422)) == [("cursor", "invalid_cursor")]


@pytest.fixture
async def waiting(agency: Agency) -> list[str]:
    """Five candidates, each with an interview that nobody has asked them about."""
    client = await agency.client()
    parts = {"consultant_id": await agency.consultant(), "job_id": await agency.job(client)}
    names = [f"Candidate {number}" for number in range(5)]
    for day, name in enumerate(names, start=6):
        candidate = await agency.candidate(name=name)
        contact = await agency.client_contact(client)
        application = await agency.application(candidate_id=candidate, client_contact_id=contact, **parts)
        start, end = (f"2026-07-{day:02}T{hour}:00:00+01:00" for hour in (10, 11))
        await agency.interview(application["id"], start, end)
    return names


async def due(agency: Agency, **params: Any) -> list[str]:
    """Who is due a word, page by page."""
    found = pages(agency, "/v1/due", as_of=AS_OF, **params)
    return [card["candidate"]["name"] async for page in found for card in page["items"]]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
async def test_the_due_list_meets_every_candidate_once(
    agency: Agency, waiting: list[str], limit: int
) -> None:
    assert sorted(await due(agency, limit=limit)) == waiting
    assert await due(agency, limit=limit) == await due(agency)


async def test_a_walk_of_the_due_list_stays_at_its_instant(agency: Agency, waiting: list[str]) -> None:
    found = [page async for page in pages(agency, "/v1/due", limit=2)]
    assert len({page["as_of"] for page in found}) == 1
    assert sum(len(page["items"]) for page in found) == len(waiting)


async def test_a_cursor_of_the_due_list_belongs_to_its_filters(agency: Agency, waiting: list[str]) -> None:
    cursor = (await agency.get("/v1/due", limit=2, as_of=AS_OF))["next_cursor"]
    assert len(waiting) > 2
    for other in (
        {},
        {"as_of": "2026-07-21T09:00:00+01:00"},
        {"as_of": AS_OF, "level": "due"},
        {"as_of": AS_OF, "target": ["client", "candidate"]},
    ):
        response = await agency.call("GET", "/v1/due", params={**other, "cursor": cursor})
        assert places_of(problem_of(response, 422)) == [("cursor", "invalid_cursor")]


def of_lists(sent: Sent) -> list[str]:
    """The statements of lists alone: to open a transaction, and what comes with a new minute, is not their business."""
    others = ("credentials", "api_keys", "agency_usage", "SELECT now()")
    return [statement for statement, _ in sent if not any(words in statement for words in others)]


@pytest.mark.parametrize("path", LISTS)
async def test_a_longer_page_takes_no_more_statements(
    agency: Agency, waiting: list[str], database: Database, path: str
) -> None:
    for candidate in (await agency.get("/v1/candidates"))["items"]:
        call = {"with": "candidate", "person_id": candidate["id"], "direction": "outbound"}
        call |= {"outcome": "no_answer", "occurred_at": "2026-07-01T10:00:00+01:00"}
        await agency.post("/v1/contacts", call)
        await agency.job(await agency.client())
    counts = []
    for limit in (1, 5):
        async with noted(database) as sent:
            params = {"as_of": AS_OF} if path in CARDS else {}
            page = await agency.get(path, limit=limit, **params)
        counts.append(len(of_lists(sent)))
        assert len(page["items"]) == limit
    assert 1 <= counts[0] == counts[1] <= 5
    assert len(waiting) == 5


async def test_only_what_changed_since_an_instant(agency: Agency) -> None:
    first, second = await agency.candidate(name="First"), await agency.candidate(name="Second")
    since = (await agency.get(f"/v1/candidates/{second}"))["updated_at"]
    assert await ids(agency, "/v1/candidates", updated_since=since) == [second]
    await agency.patch(f"/v1/candidates/{first}", {"name": "First, again"})
    assert await ids(agency, "/v1/candidates", updated_since=since) == [first, second]


async def test_only_what_changed_since_an_instant_within_another_object(agency: Agency) -> None:
    client = await agency.client()
    contacts = [await agency.client_contact(client) for _ in range(2)]
    application = (await agency.application())["id"]
    times = ("2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00")
    interviews = [await agency.interview(application, *times) for _ in range(2)]
    for path, kind, change, (first, second) in (
        (f"/v1/clients/{client}/contacts", "client-contacts", {"role": "Head"}, contacts),
        (f"/v1/applications/{application}/interviews", "interviews", {"title": "First round"}, interviews),
    ):
        since = (await agency.get(f"/v1/{kind}/{second}"))["updated_at"]
        assert await ids(agency, path, updated_since=since) == [second]
        await agency.patch(f"/v1/{kind}/{first}", change)
        assert await ids(agency, path, updated_since=since) == [first, second]


async def test_repeated_filters_mean_or(agency: Agency) -> None:
    made = [(await agency.application(state=state))["id"] for state in ("active", "on_hold", "closed")]
    assert await ids(agency, "/v1/applications", state=["active", "closed"]) == [made[0], made[2]]


async def ids(agency: Agency, path: str, **params: object) -> list[str]:
    return [item["id"] for item in (await agency.get(path, **params))["items"]]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/applications", "job_id"),
        ("/v1/applications", "client_contact_id"),
        ("/v1/candidates", "consultant_id"),
        ("/v1/jobs", "client_id"),
        ("/v1/contacts", "application_id"),
        ("/v1/audit", "consultant_id"),
        *((path, "consultant_id") for path in CARDS),
    ],
)
async def test_a_filter_that_names_nothing_of_ours_is_named(
    agency: Agency, rival: Agency, path: str, name: str
) -> None:
    mine = {"candidate_id": await agency.candidate()} if path == "/v1/applications" else {}
    made = await rival.application()
    theirs = {**made, "application_id": made["id"], "client_id": await rival.client()}
    for unknown in (NOWHERE, theirs[name]):
        answer = await agency.call("GET", path, params={**mine, name: unknown})
        problem = problem_of(answer, 404, "not_found")
        assert [error["parameter"] for error in problem["errors"]] == [name]


async def test_an_id_in_the_path_is_not_named(agency: Agency) -> None:
    for path in (f"/v1/clients/{NOWHERE}", f"/v1/clients/{NOWHERE}/contacts?limit=0"):
        assert "errors" not in problem_of(await agency.call("GET", path), 404, "not_found")


@pytest.mark.parametrize("limit", ["1_0", "+5", "5.0", " 5", "05", "1e2", "٥", "-1", "0", "201", ""])
async def test_a_limit_is_written_in_digits(agency: Agency, limit: str) -> None:
    answer = await agency.call("GET", "/v1/clients", params={"limit": limit})
    assert problem_of(answer, 422)["errors"][0]["parameter"] == "limit"


# What has one value: an instant, a yes or no, and what says which page is meant.
SINGLE = {"date-time", "boolean"}
OF_PAGES = {"limit", "cursor", "after", "wait"}


async def test_every_filter_by_ids_or_words_may_be_repeated(agency: Agency) -> None:
    document = await agency.get("/openapi.json")
    parameters = [
        (path, parameter)
        for path, methods in document["paths"].items()
        for parameter in methods.get("get", {}).get("parameters", [])
        if parameter["in"] == "query" and parameter["name"] not in OF_PAGES
    ]
    for path, parameter in parameters:
        schema = parameter["schema"]
        kind = schema.get("format", schema["type"])
        assert kind == "array" or kind in SINGLE, (path, parameter["name"])


@pytest.mark.parametrize("name", ["candidate_id", "job_id", "consultant_id", "client_contact_id"])
async def test_repeated_ids_mean_any_of_these(agency: Agency, name: str) -> None:
    first, second, _ = [await agency.application() for _ in range(3)]
    some = [first[name], second[name]]
    assert await ids(agency, "/v1/applications", **{name: some}) == [first["id"], second["id"]]
    assert await ids(agency, "/v1/applications", **{name: some, "state": ["closed", "on_hold"]}) == []


@pytest.mark.parametrize("name", ["candidate_id", "application_id", "client_contact_id"])
async def test_repeated_ids_mean_any_of_these_of_contacts(agency: Agency, name: str) -> None:
    party = "client" if name == "client_contact_id" else "candidate"
    made, named = [], []
    for _ in range(3):
        application = await agency.application()
        ids_of = {**application, "application_id": application["id"]}
        call = {"with": party, "person_id": application[f"{party}_id".replace("client_", "client_contact_")]}
        call |= {"direction": "outbound", "outcome": "reached", "application_ids": [application["id"]]}
        made.append((await agency.post("/v1/contacts", call))["id"])
        named.append(ids_of[name])
    assert await ids(agency, "/v1/contacts", **{name: named[:2]}) == made[:2]


async def test_repeated_external_ids_mean_any_of_these(agency: Agency) -> None:
    made = [
        await agency.client(external_refs=[{"source": f"system {number}", "id": str(number)}])
        for number in range(3)
    ]
    assert await ids(agency, "/v1/clients", external_id=["0", "2"]) == [made[0], made[2]]
    systems = ["system 0", "system 1"]
    assert await ids(agency, "/v1/clients", external_source=systems) == made[:2]
    assert await ids(agency, "/v1/clients", external_source=systems, external_id=["1", "2"]) == [made[1]]


async def test_every_one_of_several_ids_must_be_ours(agency: Agency, rival: Agency) -> None:
    [mine, *_] = [await agency.consultant() for _ in range(2)]
    application = await agency.application(consultant_id=mine)
    await agency.interview(application["id"], "2026-07-14T10:00:00+01:00", "2026-07-14T11:00:00+01:00")
    for path in ("/v1/applications", "/v1/candidates", "/v1/audit", *CARDS):
        for unknown in (NOWHERE, await rival.consultant()):
            answer = await agency.call("GET", path, params={"consultant_id": [mine, unknown]})
            problem = problem_of(answer, 404, "not_found")
            assert [error["parameter"] for error in problem["errors"]] == ["consultant_id"]


async def test_the_same_ids_in_another_order_are_the_same_filter(agency: Agency, waiting: list[str]) -> None:
    candidates = await ids(agency, "/v1/candidates")
    first = await agency.get("/v1/applications", candidate_id=candidates, limit=2)
    params = {"candidate_id": candidates[::-1], "cursor": first["next_cursor"]}
    rest = await ids(agency, "/v1/applications", **params)
    assert [*(item["id"] for item in first["items"]), *rest] == await ids(agency, "/v1/applications")
    assert len(rest) == len(waiting) - 2
