"""OpenTelemetry traces: a span for each request, and one for each of its statements. Loaded only where wanted.

They hold nothing a client wrote: no address, query, header or parameter (S5). FastAPI's own telemetry stays off, since
it shows the address and the query.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from threading import Thread
from typing import Any

from asyncpg.connection import LoggedQuery  # type: ignore[import-untyped]
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.db import Database
from app.web.middleware import facts_of

LAST_SECONDS = 5  # at the end, for what has not been exported yet

_SERVER_ERROR = 500
_LITERAL = re.compile("'[^']*'")


@contextmanager
def exporting() -> Iterator[TracerProvider]:
    """A provider that sends spans by OTLP over HTTP to where the standard `OTEL_*` variables say.

    A collector that is away holds up neither requests nor, for more than some seconds, the end.
    """
    ours = {"service.name": "touchbase", "service.version": version("touchbase")}
    resource = Resource.create(ours).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield provider
    finally:
        last = Thread(target=provider.shutdown, daemon=True)
        last.start()
        last.join(LAST_SECONDS)


def install(app: FastAPI, database: Database, provider: trace.TracerProvider) -> None:
    """Trace every request of an application, and what it asks its database."""
    tracer = provider.get_tracer("touchbase", version("touchbase"))
    app.add_middleware(Traces, tracer=tracer)
    for pool in (database.pool, database.spare):
        _trace_statements(pool.engine.sync_engine, tracer)


class Traces:
    """Gives every request a span: the child of the caller's, if its `traceparent` names one."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self.app = app
        self.tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        with self._span(Headers(scope=scope)) as span:

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _tell_status(span, message["status"])
                await send(message)

            try:
                await self.app(scope, receive, answer)
            except Exception as error:
                _tell_error(span, error)
                raise
            finally:
                _tell_request(span, scope)

    def _span(self, headers: Headers) -> Any:
        return self.tracer.start_as_current_span(
            "request",
            context=_parent(headers),
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        )


def _parent(headers: Headers) -> Context:
    """The caller's span, if there is one. Its `tracestate`, free text, is left behind."""
    carrier = {"traceparent": headers.get("traceparent", "")}
    return TraceContextTextMapPropagator().extract(carrier, Context())


def _tell_status(span: Span, status: int) -> None:
    span.set_attribute("http.response.status_code", status)
    if status >= _SERVER_ERROR:
        span.set_status(StatusCode.ERROR)


def _tell_error(span: Span, error: BaseException) -> None:
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(StatusCode.ERROR)


def _tell_request(span: Span, scope: Scope) -> None:
    facts = facts_of(scope)
    operation = facts.pop("operation", None)
    if operation is not None:
        span.update_name(str(operation))
        span.set_attribute("http.request.method", scope["method"])
        span.set_attribute("http.route", scope["route"].path)
    span.set_attributes({f"touchbase.{name}": value for name, value in facts.items()})


def _trace_statements(engine: Engine, tracer: Tracer) -> None:
    """A span for every statement of a request that is traced: its text, whose parameters stand apart."""

    def begin(*, statement: str, context: Any, **_: Any) -> None:
        if trace.get_current_span().is_recording():
            context.touchbase_span = tracer.start_span(**_words(statement))

    def end(*, context: Any, **_: Any) -> None:
        _end(context, None)

    def fail(failure: ExceptionContext) -> None:
        _end(failure.execution_context, failure.original_exception)

    def tell(logged: LoggedQuery) -> None:
        """What went straight to the driver, which tells of it afterwards, perhaps when the request has its answer."""
        if trace.get_current_span().get_span_context().trace_flags.sampled:
            ended = time.time_ns()
            began = ended - round(logged.elapsed * 1e9)
            # Values stand in the text only where there are no parameters.
            said = logged.query if logged.args else _LITERAL.sub("?", logged.query)
            span = tracer.start_span(**_words(said), start_time=began)
            if logged.exception is not None:
                _tell_error(span, logged.exception)
            span.end(ended)

    def listen(connection: Any, _record: Any) -> None:
        connection.driver_connection.add_query_logger(tell)

    event.listen(engine, "before_cursor_execute", begin, named=True)
    event.listen(engine, "after_cursor_execute", end, named=True)
    event.listen(engine, "handle_error", fail)
    event.listen(engine, "connect", listen)


def _words(statement: str) -> dict[str, Any]:
    """The span of a statement."""
    verb = statement.replace(";", " ").split(maxsplit=1)[0]
    attributes = {"db.system.name": "postgresql", "db.query.text": statement}
    return {"name": verb, "kind": SpanKind.CLIENT, "attributes": attributes}


def _end(context: Any, error: BaseException | None) -> None:
    span: Span | None = getattr(context, "touchbase_span", None)
    if span is None:
        return
    if error is not None:
        _tell_error(span, error)
    span.end()
