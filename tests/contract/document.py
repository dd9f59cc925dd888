"""Checks answers against the served OpenAPI document."""

import json
import re
from functools import cache
from typing import Any

import httpx
from jsonschema_rs import Draft202012Validator

Json = dict[str, Any]


class Document:
    """The OpenAPI document as a judge of requests' answers."""

    def __init__(self, document: Json) -> None:
        self.document = document
        # Clients must bear with members that are new; we send none that the document does not name.
        shapes = document["components"]["schemas"]
        self.components = {"schemas": {name: _closed(shape) for name, shape in shapes.items()}}
        self.paths = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in document["paths"]]
        # Fixed addresses win over those with an id in them, as they do when served.
        self.paths.sort(key=lambda pair: pair[1].count("{"))

    def operation(self, method: str, path: str) -> Json | None:
        """The operation that serves a path, None for an address the document does not know."""
        for pattern, template in self.paths:
            if pattern.fullmatch(path):
                operation: Json | None = self.document["paths"][template].get(method.lower())
                return operation
        return None

    async def check(self, response: httpx.Response) -> None:
        """Fail on a status, a media type or a body that the document does not promise."""
        method = "GET" if response.request.method == "HEAD" else response.request.method
        operation = self.operation(method, response.request.url.path)
        if operation is None or response.request.method == "HEAD":
            return
        name, status = operation["operationId"], str(response.status_code)
        assert status in operation["responses"], f"{name} answered {status}, which the document does not name"
        await response.aread()
        if "content" not in operation["responses"][status]:
            assert response.content == b"", f"{name} answered {status} with a body"
            return
        media_type = response.headers["content-type"].partition(";")[0]
        content = operation["responses"][status]["content"]
        assert media_type in content, f"{name} answered {status} as {media_type}"
        body = response.json() if media_type.endswith("json") else response.text
        errors = [e.message for e in self.validator(name, status, media_type).iter_errors(body)]
        assert not errors, f"{name} {status}: {errors[:3]}"

    def errors_of_event(self, body: Json) -> list[str]:
        """What is wrong with the body of an event, by its description."""
        described = self.document["webhooks"][body["type"]]["post"]["requestBody"]["content"][
            "application/json"
        ]
        whole = {**described["schema"], "components": self.components}
        validator = Draft202012Validator(whole, validate_formats=True)
        return [error.message for error in validator.iter_errors(body)]

    @cache  # noqa: B019 - one document lives as long as the tests
    def validator(self, name: str, status: str, media_type: str) -> Draft202012Validator:
        """The validator of one answer."""
        operation = next(
            op for ops in self.document["paths"].values() for op in ops.values() if op["operationId"] == name
        )
        schema = operation["responses"][status]["content"][media_type]["schema"]
        return self._validator_of(json.dumps(schema))

    @cache  # noqa: B019 - as above; most answers, such as problems, are those of other operations too
    def _validator_of(self, schema: str) -> Draft202012Validator:
        whole = {**json.loads(schema), "components": self.components}
        return Draft202012Validator(whole, validate_formats=True)


def _closed(shape: Json) -> Json:
    return {"additionalProperties": False, **shape} if "properties" in shape else shape


def needed_scopes(operation: Json) -> set[str]:
    """The scopes an operation needs, whatever the credential is."""
    assert operation["security"] == [{"api_key": []}, {"identity_token": []}]
    assert operation["x-scopes"]
    return set(operation["x-scopes"])


def is_asked_with_a_key(path: str, operation: Json) -> bool:
    """Whether an operation needs a credential in its headers; one has it in its secret address."""
    return path.startswith("/v1") and operation["operationId"] != "get_calendar"
