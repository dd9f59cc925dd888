"""The document an integrator reads: valid, complete, true, and with an example of everything (H15)."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.cli import main
from app.db import Database
from app.main import ROUTERS, create_app
from app.rules.events import EventType
from app.rules.timescales import REQUIRED_MEMBERS
from app.services.access import SCOPES
from app.web.openapi import EXAMPLES, TAGS
from tests.agency import Agency, Json
from tests.conftest import SECRET, client_of
from tests.contract.document import Document, is_asked_with_a_key, needed_scopes
from tests.contract.places import kinds_of, places, schema_of
from tests.contract.record_examples import record

FILE = Path(__file__).parents[2] / "openapi.yaml"

RELIED_ON = {
    "create_consultant",
    "create_client",
    "create_client_contact",
    "create_candidate",
    "create_job",
    "create_application",
    "update_application",
    "schedule_interview",
    "update_interview",
    "record_debrief",
    "record_timescale",
    "record_feedback",
    "record_contact",
    "list_due",
    "list_chase",
    "get_application_status",
    "get_candidate_status",
    "preview_status",
    "interpret_timescale",
}
NOUNS = {
    "consultant": "consultants",
    "client": "clients",
    "client_contact": "client_contacts",
    "candidate": "candidates",
    "job": "jobs",
    "application": "applications",
    "interview": "interviews",
    "debrief": "debriefs",
    "timescale": "timescales",
    "feedback": "feedback",
    "contact": "contacts",
    "snooze": "snoozes",
    "job_change": "job_changes",
    "preference": "preferences",
    "pause": "pauses",
    "cover": "covers",
    "api_key": "api_keys",
    "identity_provider": "identity_providers",
    "identity": "identities",
    "audit_entry": "audit_entries",
    "webhook_endpoint": "webhook_endpoints",
    "delivery": "deliveries",
    "event": "events",
    "calendar_feed": "calendar_feeds",
}


def operations(document: Document) -> Iterator[tuple[str, str, Json]]:
    """Every operation with its path and method."""
    for path, methods in document.document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


async def test_it_is_valid_and_of_version_3_1(document: Document, agency: Agency) -> None:
    served = await agency.get("/openapi.json")
    assert served == document.document
    assert served["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(served).validate()


def test_the_file_is_what_is_served(document: Document) -> None:
    assert yaml.load(FILE.read_text(encoding="utf-8"), yaml.CSafeLoader) == document.document
    checked = CliRunner().invoke(main, ["openapi", "--check", str(FILE)])
    assert checked.exit_code == 0, checked.output


def test_the_check_fails_on_a_file_that_differs(tmp_path: Path) -> None:
    old = tmp_path / "openapi.yaml"
    old.write_text("openapi: 3.1.0\n", encoding="utf-8")
    checked = CliRunner().invoke(main, ["openapi", "--check", str(old)])
    assert checked.exit_code == 1
    assert "touchbase openapi" in checked.output


def test_every_name_that_others_rely_on_is_there(document: Document) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert set(names) >= RELIED_ON
    assert set(names) >= {f"get_{noun}" for noun in NOUNS} | {f"list_{nouns}" for nouns in NOUNS.values()}


def test_a_name_is_that_of_its_handler(document: Document) -> None:
    handlers = {route.endpoint.__name__ for router in ROUTERS for route in router.routes}  # type: ignore[attr-defined]
    names = {operation["operationId"] for _, _, operation in operations(document)}
    assert names <= handlers


def test_every_operation_is_described(document: Document) -> None:
    for path, _, operation in operations(document):
        name = operation["operationId"]
        [tag] = operation["tags"]
        assert tag in TAGS, name
        assert operation["summary"], name
        assert operation["description"].endswith("."), name
        for parameter in operation.get("parameters", []):
            assert parameter["in"] in ("path", "query", "header"), name
            assert parameter["description"], name
        if is_asked_with_a_key(path, operation):
            scopes = needed_scopes(operation)
            assert scopes <= SCOPES.keys(), name
            named = ", ".join(f"`{scope}`" for scope in operation["x-scopes"])
            words = f"Needs the scope {named}. Roles that have it: {', '.join(operation['x-roles'])}."
            assert operation["description"].endswith(words), name


def test_every_shape_of_a_timescale_says_what_each_kind_needs(document: Document) -> None:
    schemas = document.document["components"]["schemas"]
    for name in ("TimescaleTerms", "TimescaleCreate", "DebriefTimescale"):
        members = schemas[name]["properties"]
        for kind, needed in REQUIRED_MEMBERS.items():
            spelt = " and ".join(f"`{member.removesuffix('_date')}`" for member in needed) or "nothing"
            assert f"`{kind}` needs {spelt}" in members["kind"]["description"], name
        assert "`given`" in members["anchor"]["description"], name
        assert "`event_offset_working_days`" in members["offset_working_days"]["description"], name


async def test_every_rule_that_is_cited_can_be_looked_up(document: Document, agency: Agency) -> None:
    assert "(/rules)" in document.document["info"]["description"]
    rules = (await agency.http.get("/rules")).text
    texts = "\n".join(
        node[word]
        for node in nodes_within(document.document)
        for word in ("description", "summary")
        if isinstance(node.get(word), str)
    )
    cited = set(re.findall(r"\b[A-Z][0-9]\b", texts))
    assert cited > {"B1", "N0"}
    assert [each for each in cited if not re.search(rf"\b{each}\b", rules)] == []
    assert not re.search(r"rulebook|section [0-9]", texts)


def test_a_summary_is_true_by_itself(document: Document) -> None:
    """It is the beginning of the description, up to the first comma or stop."""
    summaries = {operation["operationId"]: operation["summary"] for _, _, operation in operations(document)}
    assert summaries["list_covers"] == "List a consultant's covers"
    for name, summary in summaries.items():
        if name.startswith("update_"):
            noun = name.removeprefix("update_").replace("_", " ").replace("api key", "API key")
            assert re.fullmatch(f"Change an? {noun}", summary), name


def test_every_event_is_described_with_an_example(document: Document) -> None:
    webhooks = document.document["webhooks"]
    assert list(webhooks) == list(EventType)
    for name, operation in webhooks.items():
        content = operation["post"]["requestBody"]["content"]["application/json"]
        assert content["example"]["type"] == name
        assert document.errors_of_event(content["example"]) == []
        assert set(operation["post"]["responses"]) == {"2XX", "410"}


def test_every_event_says_how_its_signature_is_checked(document: Document) -> None:
    for name, operation in document.document["webhooks"].items():
        headers = {each["name"]: each["description"] for each in operation["post"]["parameters"]}
        words = headers["webhook-signature"]
        for needed in ("Standard Webhooks", "{webhook-id}.{webhook-timestamp}.{raw body}", "`whsec_`"):
            assert needed in words, name


def test_an_endpoint_says_on_which_ports_it_is_called(document: Document) -> None:
    for name in ("WebhookEndpointCreate", "WebhookEndpointUpdate"):
        url = document.document["components"]["schemas"][name]["properties"]["url"]
        assert "on the port 443 or 8443" in url["description"], name


def test_every_error_is_a_problem(document: Document) -> None:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, _, operation in operations(document):
        errors = {s: r for s, r in operation["responses"].items() if int(s) >= 400}
        for status, response in errors.items():
            assert response["content"] == problem, (operation["operationId"], status)
        assert set(errors) >= {"400", "408", "414", "431", "501", "505"}, operation["operationId"]
        if is_asked_with_a_key(path, operation):
            expected = {"401", "403", "422", "503"}
            expected |= {"413", "415"} if "requestBody" in operation else set()
            expected |= {"404"} if "{" in path else set()
            assert set(errors) >= expected, operation["operationId"]


def schemas_within(node: Any, document: Json, seen: set[str]) -> Iterator[tuple[str, Json]]:
    """Every object schema reachable from a part of the document, by name."""
    if isinstance(node, list):
        for item in node:
            yield from schemas_within(item, document, seen)
    if isinstance(node, dict):
        kind, _, name = node.get("$ref", "").rpartition("/")
        if kind == "#/components/schemas" and name not in seen:
            seen.add(name)
            yield name, document["components"]["schemas"][name]
            yield from schemas_within(document["components"]["schemas"][name], document, seen)
        for key, value in node.items():
            if key not in ("example", "examples"):
                yield from schemas_within(value, document, seen)


def nodes_within(node: Any) -> list[Json]:
    """Every object in a part of the document."""
    if isinstance(node, list):
        return [found for item in node for found in nodes_within(item)]
    if isinstance(node, dict):
        return [node, *(found for value in node.values() for found in nodes_within(value))]
    return []


def test_an_answer_has_every_member_and_no_defaults(document: Document) -> None:
    seen: set[str] = set()
    for _, _, operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) < 300:
                for name, schema in schemas_within(response, document.document, seen):
                    properties = schema.get("properties", {})
                    assert not [member for member, part in properties.items() if "default" in part], name
                    # In what is answered as it was sent, what was left out stays out.
                    if not name.startswith("Given"):
                        assert set(schema.get("required", [])) == set(properties), name


def test_what_is_sent_is_closed(document: Document) -> None:
    seen: set[str] = set()
    for _, _, operation in operations(document):
        for name, schema in schemas_within(operation.get("requestBody", {}), document.document, seen):
            if schema.get("type") == "object":
                assert schema["additionalProperties"] is False, name


def test_what_an_upsert_leaves_alone_has_no_default(document: Document) -> None:
    """Generated clients send defaults, and what is sent of a known object is changed."""
    sent = {
        name: schema["properties"]
        for name, schema in document.document["components"]["schemas"].items()
        if schema.get("additionalProperties") is False and "external_refs" in schema["properties"]
    }
    assert sent.keys() >= {"CandidateCreate", "CandidateItem", "CapturedCandidate", "InterviewCreate"}
    for name, members in sent.items():
        assert not [member for member, part in members.items() if "default" in part], name
    words = "for a new one; a known one keeps its own."
    for member, default in (("timezone", "Europe/London"), ("seeking", "false")):
        assert sent["CandidateCreate"][member]["description"].endswith(f"`{default}` {words}")
    for name, member, default in (
        ("DebriefCreate", "liked", "[]"),
        ("TimescaleCreate", "source", "client"),
        ("FeedbackCreate", "flag_discrimination", "false"),
        ("ContactCreate", "purpose", "other"),
    ):
        assert sent[name][member]["description"].endswith(f"`{default}` if absent.")  # no record changes


def test_an_upsert_says_what_it_asks_for_all_the_same(document: Document) -> None:
    told = {operation["operationId"]: operation["description"] for _, _, operation in operations(document)}
    assert "members that are absent stay; `name` is needed all the same." in told["create_candidate"]
    words = "members that are absent stay; `candidate_id` and `job_id` are needed all the same."
    assert words in told["create_application"]


def test_a_shape_has_a_name_of_its_own_that_is_a_word(document: Document) -> None:
    schemas = document.document["components"]["schemas"]
    assert not [name for name in schemas if not re.fullmatch(r"([A-Z][a-z]+)+", name)]
    for name, schema in schemas.items():
        for inner in nodes_within(schema.get("properties", {})):
            assert "enum" not in inner, name
            assert "properties" not in inner, name
            assert inner.get("additionalProperties") is not True, name


def test_a_parameter_is_there_or_not_but_never_null(document: Document) -> None:
    for _, _, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert {"type": "null"} not in nodes_within(parameter["schema"]), operation["operationId"]


def test_what_is_answered_as_it_was_sent_is_typed(document: Document) -> None:
    schemas = document.document["components"]["schemas"]
    given = {
        name.removeprefix("Given"): schema for name, schema in schemas.items() if name.startswith("Given")
    }
    assert given.keys() >= {"DebriefAccount", "FeedbackDetails", "PolicyParameters", "Concern"}
    assert "default" in schemas["Concern"]["properties"]["severity"]
    assert given["ScoredAccount"]["required"] == ["interest_score"]
    for name, schema in given.items():
        sent = schemas.get(name, schema)
        assert schema["properties"].keys() == sent["properties"].keys(), name
        assert schema.get("required") == sent.get("required"), name
        assert "additionalProperties" not in schema, name


def sent_values(document: Document) -> Iterator[tuple[str, str, Json]]:
    """The schema of every value that a client may send, with the operation and the place it is for."""
    for _, _, operation in operations(document):
        name = operation["operationId"]
        for parameter in operation.get("parameters", []):
            for kind in kinds_of(parameter["schema"], document.document):
                yield name, parameter["name"], kind
                yield from ((name, parameter["name"], each) for each in items_of(kind, document))
        if "requestBody" in operation:
            for place in places(schema_of(operation), document.document, None):
                yield from ((name, place.pointer, kind) for kind in place.kinds)


def items_of(kind: Json, document: Document) -> list[Json]:
    """The schemas of an array's items."""
    return kinds_of(kind["items"], document.document) if "items" in kind else []


def test_what_is_sent_has_bounds(document: Document) -> None:
    bounds: dict[str, list[set[str]]] = {
        "string": [{"maxLength"}, {"format"}, {"enum"}, {"const"}],
        "integer": [{"minimum", "maximum"}],
        "number": [{"minimum", "maximum"}],
        "array": [{"maxItems"}],
        "object": [{"additionalProperties"}],
        "boolean": [set()],
        "null": [set()],
    }
    of_any_length = ("X-Request-Id", "If-Match", "If-None-Match")  # the bound of all headers is theirs too
    for name, place, kind in sent_values(document):
        if place in of_any_length:
            continue
        assert any(bound <= kind.keys() for bound in bounds[kind["type"]]), (name, place, kind)
        assert kind.get("additionalProperties") in (None, False) or "maxProperties" in kind, (name, place)


def test_no_schema_is_without_use(document: Document) -> None:
    parts = [document.document["paths"], document.document["webhooks"]]
    used = {name for name, _ in schemas_within(parts, document.document, set())}
    assert set(document.document["components"]["schemas"]) == used


def validator(schema: Json, document: Document) -> Draft202012Validator:
    """A validator of a part of the document."""
    whole = {**schema, "components": document.document["components"]}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def test_every_operation_has_an_example_that_is_true_to_its_schema(document: Document) -> None:
    for _, _, operation in operations(document):
        name = operation["operationId"]
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        bodies += [r for s, r in operation["responses"].items() if int(s) < 300 and "content" in r]
        answers = [status for status in operation["responses"] if status in ("200", "201", "202", "207")]
        expected = [*bodies[:1], *answers[:1]] if "requestBody" in operation else answers[:1]
        shown = [part for body in bodies for part in body["content"].values() if "example" in part]
        assert len(shown) == len(expected), name
        for part in shown:
            validator(part["schema"], document).validate(part["example"])


def test_every_example_in_a_schema_is_true_to_it(document: Document) -> None:
    for name, schema in document.document["components"]["schemas"].items():
        for member, part in schema.get("properties", {}).items():
            for example in part.get("examples", []):
                assert validator(part, document).is_valid(example), (name, member)


async def test_the_example_of_a_problem_is_what_is_answered(document: Document, agency: Agency) -> None:
    [example] = document.document["components"]["schemas"]["Problem"]["examples"]
    asked = {"X-Request-Id": example["request_id"]}
    answer = await agency.call("POST", example["instance"], json={}, headers=asked)
    assert answer.json() == example


def test_only_what_is_kept_is_said_to_be_replayed(document: Document) -> None:
    for _, _, operation in operations(document):
        keyed = any(each["name"] == "Idempotency-Key" for each in operation["parameters"])
        for status, response in operation["responses"].items():
            kept = keyed and (status < "300" or status in ("400", "404", "409", "412"))
            assert ("Idempotency-Replayed" in response.get("headers", {})) == kept, operation["operationId"]


def test_every_success_is_described(document: Document) -> None:
    for _, _, operation in operations(document):
        words = [response["description"] for response in operation["responses"].values()]
        assert "Successful Response" not in words, operation["operationId"]


def test_the_examples_hold_no_credential() -> None:
    text = EXAMPLES.read_text(encoding="utf-8")
    assert not [word for word in ("tb_live_", "tb_test_", "Bearer", '"digest"') if word in text]
    assert not re.search(r"tbc_\w", text)


def test_every_list_is_said_to_link_to_its_next_page(document: Document) -> None:
    for _, _, operation in operations(document):
        headers = operation["responses"].get("200", {}).get("headers", {})
        names = {parameter["name"] for parameter in operation["parameters"]}
        assert ("Link" in headers) == bool(names & {"cursor", "after"}), operation["operationId"]


async def test_the_examples_are_what_the_service_answers(scratch_url: str) -> None:
    """After a change: `python -m tests.contract.record_examples`."""
    assert await record(scratch_url) == json.loads(EXAMPLES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
async def test_the_document_can_be_read_without_a_key(agency: Agency, path: str) -> None:
    assert (await agency.http.get(path)).status_code == 200


async def test_a_known_document_is_not_sent_again(http: httpx.AsyncClient) -> None:
    answer = await http.get("/openapi.json")
    known = await http.get("/openapi.json", headers={"If-None-Match": answer.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert known.headers["etag"] == answer.headers["etag"]
    other = await http.get("/openapi.json", headers={"If-None-Match": '"AAAAAAAAAAAAAAAAAAAA"'})
    assert other.content == answer.content


async def test_all_who_ask_for_the_document_at_once_share_the_making(
    database: Database, document: Document
) -> None:
    app, made = create_app(database, SECRET), []

    def make() -> Json:
        made.append(document.document)
        return document.document

    app.openapi = make  # type: ignore[method-assign]
    async with client_of(app, document) as http:
        answers = await asyncio.gather(*(http.get("/openapi.json") for _ in range(3)))
        answers.append(await http.get("/openapi.json"))
    assert [answer.json() for answer in answers] == [document.document] * 4
    assert len(made) == 1
