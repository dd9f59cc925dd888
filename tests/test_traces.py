"""Traces on demand: what a request did, under the operation's name, with nothing that a client wrote."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from app.db import Database
from app.main import create_app
from app.web import traces
from tests.agency import Agency, found_agency
from tests.collector import collecting
from tests.conftest import SECRET, client_of
from tests.contract.document import Document
from tests.owner import FAIL_AT_COMMIT, as_owner

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE_ID}-b7ad6b7169203331-01"


@dataclass
class Traced:
    """An agency of a service that is traced, and the spans that have ended."""

    agency: Agency
    database: Database
    exporter: InMemorySpanExporter

    async def spans(self, method: str, path: str, **options: Any) -> list[ReadableSpan]:
        """The spans of one request in their order: those of its statements, then its own."""
        self.exporter.clear()
        await self.agency.call(method, path, **options)
        await asyncio.sleep(0)  # the driver tells of a statement a little later
        spans = sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)
        return [*spans[1:], *spans[:1]]


@pytest.fixture
async def traced(scratch_url: str, document: Document) -> AsyncIterator[Traced]:
    """A traced service over a database of the test's own."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    database = Database(scratch_url)
    async with client_of(create_app(database, SECRET, tracer_provider=provider), document) as http:
        yield Traced(await found_agency(http, database, SECRET), database, exporter)
    await database.close()


async def test_a_request_and_its_statements_are_spans_of_one_trace(traced: Traced) -> None:
    headers = {"X-Request-Id": "mine"}
    *statements, request = await traced.spans("GET", "/v1/clients?external_id=secret", headers=headers)
    assert request.name == "list_clients"
    assert request.kind is SpanKind.SERVER
    assert request.attributes == {
        "http.request.method": "GET",
        "http.route": "/v1/clients",
        "http.response.status_code": 200,
        "touchbase.request_id": "mine",
        "touchbase.agency_id": str(traced.agency.id),
    }
    assert len(statements) > 1
    for span in statements:
        assert span.parent == request.context
        assert span.kind is SpanKind.CLIENT
        assert span.attributes is not None
        assert set(span.attributes) == {"db.system.name", "db.query.text"}
    texts = [str(span.attributes["db.query.text"]) for span in statements]  # type: ignore[index]
    assert any(text.startswith("BEGIN;SET LOCAL app.agency_id") for text in texts)
    assert any("FROM clients" in text for text in texts)
    assert texts[-1] == "COMMIT"
    assert str(traced.agency.id) not in "".join(texts)


async def test_a_span_holds_nothing_that_a_client_wrote(traced: Traced) -> None:
    written = "zqcanary"
    spans = []
    for method, path, options in (
        ("POST", "/v1/candidates", {"json": {"name": written, "email": f"{written}@x.test"}}),
        ("POST", "/v1/candidates", {"json": {"name": "A", "seeking": written}}),
        ("GET", f"/v1/candidates?external_id={written}&cursor={written}", {}),
        ("GET", f"/v1/candidates/{written}", {}),
        ("GET", f"/{written}", {"headers": {"Host": written, "User-Agent": written, "baggage": f"x={written}"}}),
        ("GET", "/v1/due", {"headers": {"traceparent": CALLER, "tracestate": f"x={written}"}}),
        (written.upper(), "/v1/candidates", {}),
    ):  # fmt: skip
        spans += await traced.spans(method, path, **options)
    assert len(spans) > 10
    assert written not in "".join(span.to_json() for span in spans).lower()


async def test_the_trace_of_the_caller_is_continued(traced: Traced) -> None:
    *_, request = await traced.spans("GET", "/v1/clients", headers={"traceparent": CALLER})
    assert f"{request.context.trace_id:032x}" == TRACE_ID
    assert request.parent is not None
    assert f"{request.parent.span_id:016x}" == "b7ad6b7169203331"


async def test_a_caller_that_does_not_sample_is_heard(traced: Traced) -> None:
    assert await traced.spans("GET", "/v1/clients", headers={"traceparent": CALLER[:-1] + "0"}) == []


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "x",
        "00-0-0-0",
        f"ff-{TRACE_ID}-b7ad6b7169203331-01",
        f"00-{'0' * 32}-{'0' * 16}-01",
        "é" * 300,
        CALLER * 9,
    ],
)
async def test_a_traceparent_that_is_none_begins_a_trace_of_its_own(traced: Traced, garbage: str) -> None:
    headers = {b"traceparent": garbage.encode()}
    *_, request = await traced.spans("GET", "/v1/clients", headers=headers)
    assert request.parent is None
    assert request.attributes is not None
    assert request.attributes["http.response.status_code"] == 200


async def test_an_error_is_told_by_its_type_alone(traced: Traced, scratch_url: str) -> None:
    await as_owner(scratch_url, "ALTER TABLE clients RENAME TO gone")
    traced.agency.http.event_hooks = {}  # 500 is not promised by the document
    *statements, request = await traced.spans("POST", "/v1/clients", json={"name": "zqcanary"})
    [statement] = [span for span in statements if span.status.status_code is StatusCode.ERROR]
    assert "ROLLBACK" in [span.name for span in statements]
    assert statement.attributes is not None
    assert statement.attributes["error.type"]
    assert request.status.status_code is StatusCode.ERROR
    assert request.name == "create_client"
    for span in (statement, request):
        assert span.events == ()
        assert span.status.description is None


async def test_a_transaction_that_runs_again_shows_every_try(traced: Traced, scratch_url: str) -> None:
    await as_owner(scratch_url, FAIL_AT_COMMIT[0] % "40001", FAIL_AT_COMMIT[1])
    *statements, request = await traced.spans("POST", "/v1/clients", json={"name": "Acme"})
    texts = [span.attributes["db.query.text"] for span in statements]  # type: ignore[index]
    assert sum(str(each).startswith("INSERT INTO clients") for each in texts) == 3
    assert request.attributes is not None
    assert request.attributes["http.response.status_code"] == 503


async def test_what_is_done_outside_requests_is_not_traced(traced: Traced) -> None:
    traced.exporter.clear()
    await found_agency(traced.agency.http, traced.database, SECRET)
    assert traced.exporter.get_finished_spans() == ()


async def test_spans_go_where_the_standard_variables_say(
    database_url: str, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(database_url)
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with traces.exporting() as provider:
            async with client_of(create_app(database, SECRET, tracer_provider=provider), document) as http:
                await http.get("/readyz")
                await asyncio.sleep(0)  # the driver tells of a statement a little later
    await database.close()
    assert set(collector.paths) == {"/v1/traces"}
    [sent] = [each for request in collector.requests for each in request.resource_spans]
    resource = {each.key: each.value.string_value for each in sent.resource.attributes}
    assert resource["service.name"] == "touchbase"
    assert resource["deployment.environment.name"] == "staging"
    names = {span.name for scope in sent.scope_spans for span in scope.spans}
    assert names >= {"get_readiness", "SELECT"}


async def test_a_collector_that_is_away_harms_no_request(
    database: Database, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(traces, "LAST_SECONDS", 0.2)
    with traces.exporting() as provider:
        async with client_of(create_app(database, SECRET, tracer_provider=provider), document) as http:
            assert (await http.get("/readyz")).status_code == 200


def test_nothing_of_it_is_loaded_unless_asked_for() -> None:
    look = "import sys, app.cli; print([n for n in sys.modules if n.startswith(('opentelemetry.sdk', 'requests'))])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
