"""The document at `/openapi.json` (H15): what FastAPI derives, with our problems, examples and manners."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse

from app.services.access import SCOPES, roles_with
from app.web import etags
from app.web.components import PLACE, keep_used, name_shapes, part_given, tell_defaults
from app.web.manners import add_manners
from app.web.operations import CHANGED, KEPT, SUCCESS_WORDS
from app.web.problems import FieldError, Problem
from app.web.routes import SCOPED
from app.web.trail import AUDITED

EXAMPLES = Path(__file__).with_name("examples.json")

JSON = "application/json"

DESCRIPTION = """\
Touchbase knows which candidate, and which client, is due a word after an interview: since when, why, and \
what settles it.

**Start** with a client, its contact, a candidate, a job, an application and an interview. After the interview post \
the debrief; then ask `GET /v1/due`. Every record answers with where its applications stand now.

**Credentials**: `Authorization: Bearer`, then an API key (`tb_...`) or a token that one of the agency's identity \
providers gave to a consultant. The agency comes from the credential alone.
**Limits**: `RateLimit` says in every answer how many requests are left of the agency's minute; 429 and 503 say in \
`Retry-After` when to come again.
**Times** carry an offset, lie in the years 1990 to 2100 and come back in UTC. **Lists** are pages: follow \
`next_cursor`. **Errors** are problem details (RFC 9457) whose `code` is stable. Post an object under a known \
external id and it is changed, not created; a record that is sent again is not recorded again.
**Safe retries**: send an `Idempotency-Key` with a POST or PATCH, and the same again until an answer comes. **Safe \
edits**: send the `etag` you have seen as `If-Match`; the header has it in double quotes, and is understood without.
**Rules**: ids such as B1, in reasons and in these texts, are explained at [/rules](/rules).
"""

TAGS = {
    "Status": "Who is due a word, and why.",
    "Debriefs": "The candidate's account of an interview.",
    "Timescales": "When a client says it will answer.",
    "Feedback": "What the client said.",
    "Contacts": "Calls, mails and voicemails with either side.",
    "Applications": "One candidate put forward for one job.",
    "Interviews": "The rounds of an application.",
    "Candidates": "The people who wait.",
    "Preferences": "What a candidate looks for.",
    "Clients": "The companies that hire.",
    "Client contacts": "The people at a client who answer.",
    "Jobs": "What clients want filled, and how it changes.",
    "Consultants": "The people of the agency.",
    "Policies": "The numbers of the rules, for the agency and for each client.",
    "Events": "What has happened, in order, for systems that cannot be called.",
    "Webhooks": "Where the agency's systems are told what happens, and what became of it. Calls are signed as in "
    "[Standard Webhooks](https://www.standardwebhooks.com).",
    "Calendars": "Secret addresses at which calendars read what is due.",
    "Bulk": "Many objects at once, by their external ids.",
    "Access": "API keys, and the consultants whom identity providers vouch for.",
    "Audit": "Who wrote what, and who read a debrief.",
    "Health": "For load balancers and orchestrators.",
}


_CALL = {"parameters", "requestBody", "responses", AUDITED}  # in an operation: behind who may ask for it
_SCOPES = "\n".join(f"- `{scope}`: {words}" for scope, words in SCOPES.items())

SECURITY_SCHEMES = {
    "api_key": {
        "type": "http",
        "description": f"An API key. Its scopes:\n\n{_SCOPES}",
        "scheme": "bearer",
        "bearerFormat": "tb_<environment>_<key id>_<secret>",
    },
    "identity_token": {
        "type": "http",
        "description": "A token that one of the agency's identity providers gave to a consultant. It has the scopes "
        f"of the role of the consultant's identity:\n\n{_SCOPES}",
        "scheme": "bearer",
        "bearerFormat": "JWT",
    },
}


class Encoded:
    """The document as it is sent: made once, by the first who ask, in a thread.

    It takes seconds to make and a tenth of one to encode, in which other requests go on.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._making = asyncio.Lock()
        self._made: tuple[bytes, str] | None = None

    async def content(self) -> tuple[bytes, str]:
        """The document as JSON, and its tag."""
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._encoded)
            return self._made

    def _encoded(self) -> tuple[bytes, str]:
        content = bytes(JSONResponse(self._app.openapi()).body)
        return content, etags.digest(content)


def install(app: FastAPI) -> None:
    """Serve our document."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = build(app)
        return app.openapi_schema

    # FastAPI's documented way to serve a document of one's own.
    app.openapi = openapi  # type: ignore[method-assign]
    app.state.document = Encoded(app)


def build(app: FastAPI) -> dict[str, Any]:
    """The whole document."""
    document = _derived(app)
    for operation in _operations(document):
        # The handler's first words say it shortest.
        operation["summary"] = re.split(r"[,;:.]", operation["description"], maxsplit=1)[0]
        _tell_successes(operation["responses"])
        for parameter in operation.get("parameters", []):
            _tell_parameter(parameter)
        _tell_upsert(operation, document["components"]["schemas"])
    for webhook in document["webhooks"].values():
        for parameter in webhook["post"]["parameters"]:
            _tell_parameter(parameter)
        # Receivers answer as they are asked to, and not as our own operations do.
        for status in ("204", "422"):
            webhook["post"]["responses"].pop(status, None)
    add_manners(document)
    for operation in _operations(document):
        _tell_scopes(operation)
    document = name_shapes(document)
    tell_defaults(document, _records(document))
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    _add_examples(document, examples)
    _add_event_examples(document, examples.get("webhooks", {}))
    _tidy(document)
    part_given(document)
    keep_used(document)
    return document


def _derived(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=app.routes,
        webhooks=app.webhooks.routes,
        tags=[{"name": name, "description": words} for name, words in sorted(TAGS.items())],
        servers=[{"url": "/"}],
        contact={"name": "Touchbase"},
        license_info={"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    )
    for model in (Problem, FieldError):
        schema = model.model_json_schema(ref_template=f"{PLACE}{{model}}")
        schema.pop("$defs", None)
        document["components"]["schemas"][model.__name__] = schema
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    return document


def _tell_successes(responses: dict[str, Any]) -> None:
    """Say what came of a request, where FastAPI says no more than that it succeeded."""
    for status, response in responses.items():
        if response["description"] == "Successful Response":
            response["description"] = SUCCESS_WORDS[int(status)]


def _tell_scopes(operation: dict[str, Any]) -> None:
    """Name the scopes an operation needs, and the roles that have them, in words and as `x-scopes` and `x-roles`.

    In `security` only OAuth's scopes may stand.
    """
    scopes = operation.pop(SCOPED, None)
    if scopes:
        roles = [str(role) for role in roles_with(scopes)]
        named = ", ".join(f"`{scope}`" for scope in scopes)
        operation["description"] += f"\n\nNeeds the scope {named}. Roles that have it: {', '.join(roles)}."
        operation["security"] = [{scheme: []} for scheme in SECURITY_SCHEMES]
        operation |= {name: operation.pop(name) for name in list(operation) if name in _CALL}
        operation |= {SCOPED: scopes, "x-roles": roles}


def _tell_upsert(operation: dict[str, Any], shapes: dict[str, Any]) -> None:
    """Say what an operation that creates or changes leaves alone, and what it asks for all the same."""
    if operation["responses"].get("200", {}).get("description") == CHANGED:
        needed = [f"`{name}`" for name in shapes[_body(operation)]["required"]]
        verb = "is" if len(needed) == 1 else "are"
        operation["description"] += (
            f"\n\nOf a known one, members that are absent stay; {' and '.join(needed)} {verb} needed all the same."
        )


def _records(document: dict[str, Any]) -> set[str]:
    """The shapes of what is kept as it is when it is posted again."""
    return {
        _body(operation)
        for operation in _operations(document)
        if operation["responses"].get("200", {}).get("description") == KEPT
    }


def _body(operation: dict[str, Any]) -> str:
    reference: str = operation["requestBody"]["content"][JSON]["schema"]["$ref"]
    return reference.removeprefix(PLACE)


def _tell_parameter(parameter: dict[str, Any]) -> None:
    """Say what a parameter of an address is: there or not, but never null."""
    schema = parameter["schema"]
    schema.pop("description", None)
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        del schema["anyOf"]
        schema |= kinds[0]
    if parameter["in"] == "path":
        noun = parameter["name"].removesuffix("_id").replace("_", " ")
        parameter.setdefault("description", f"The id of the {noun}")


def _add_examples(document: dict[str, Any], examples: dict[str, dict[str, Any]]) -> None:
    for operation in _operations(document):
        example = examples.get(operation["operationId"], {})
        if "request" in example:
            operation["requestBody"]["content"][JSON]["example"] = example["request"]
        if "response" in example:
            content = operation["responses"][str(example["status"])]["content"]
            content[example.get("media_type", JSON)]["example"] = example["response"]


def _add_event_examples(document: dict[str, Any], examples: dict[str, Any]) -> None:
    for name, operations in document["webhooks"].items():
        if name in examples:
            operations["post"]["requestBody"]["content"][JSON]["example"] = examples[name]


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        yield from operations.values()


def _tidy(node: Any) -> None:
    """Drop what says nothing: titles made from names, `default: null` for what may be absent, `.0` of whole bounds."""
    if isinstance(node, list):
        for item in node:
            _tidy(item)
    if isinstance(node, dict):
        if "default" in node and node["default"] is None:
            del node["default"]
        if isinstance(node.get("title"), str) and ("type" in node or "anyOf" in node or "$ref" in node):
            del node["title"]
        for bound in ("minimum", "maximum"):
            if isinstance(node.get(bound), float):
                node[bound] = int(node[bound])
        for name, value in node.items():
            if name not in ("example", "examples"):
                _tidy(value)
