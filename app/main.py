"""The application: every part put together."""

import asyncio
import gc
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from opentelemetry.trace import TracerProvider

from app import logs, migrate
from app.api import (
    api_keys,
    applications,
    audit,
    bulk,
    calendar_feeds,
    candidates,
    chase,
    client_contacts,
    clients,
    consultants,
    contacts,
    covers,
    debriefs,
    digests,
    due,
    events,
    feedback,
    health,
    identities,
    identity_providers,
    interviews,
    jobs,
    metrics,
    pauses,
    payloads,
    policies,
    preferences,
    previews,
    statuses,
    timelines,
    timescales,
    webhook_endpoints,
)
from app.db import Database
from app.outbound import GuardedTransport, Outbound, Reach
from app.settings import Settings
from app.web import docs, openapi, problems
from app.web.auth import Authenticator
from app.web.issuers import Issuers
from app.web.metrics import Metrics
from app.web.middleware import Envelope, Retry, Shed
from app.web.rate_limit import RateLimiter
from app.web.waiting import Lookout
from app.worker import recomputations
from app.worker.due_counts import DueCounts

# Objects since the last time that the collector looked; Python's own 700 cost a due list 7 %.
GARBAGE = 20_000

Background = Callable[[asyncio.Event], Coroutine[Any, Any, None]]

ROUTERS = (
    due.due,
    chase.chase,
    digests.digests,
    statuses.statuses,
    timelines.timelines,
    previews.previews,
    debriefs.debriefs,
    timescales.timescales,
    feedback.feedback,
    contacts.contacts,
    applications.applications,
    interviews.interviews,
    candidates.candidates,
    preferences.preferences,
    pauses.pauses,
    clients.clients,
    client_contacts.client_contacts,
    jobs.jobs,
    consultants.consultants,
    covers.covers,
    calendar_feeds.calendar_feeds,
    calendar_feeds.calendars,
    policies.policies,
    events.events,
    webhook_endpoints.webhook_endpoints,
    bulk.bulk,
    api_keys.api_keys,
    identity_providers.identity_providers,
    identities.identities,
    audit.audit,
    health.health,
    docs.docs,
)


def create_app(
    database: Database,
    secret: str,
    settings: Settings | None = None,
    *,
    tracer_provider: TracerProvider | None = None,
    background: Background | None = None,
    process: int | None = None,
) -> FastAPI:
    """The service over a database; `secret` keys the HMAC of API keys and cursors, and seals stored answers.

    Every request is traced with `tracer_provider`, if given. `background` runs beside the requests until it is told
    to stop; without it only changes of policy are applied there. `process` is its number among several.
    """
    settings = settings or Settings()
    app = FastAPI(
        title="Touchbase",
        version=version("touchbase"),
        lifespan=lifespan,
        redirect_slashes=False,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.database = database
    app.state.older_revisions = migrate.older()
    app.state.methods = _methods()
    app.state.settings = settings
    app.state.authenticator = Authenticator(database, secret, _issuers(settings))
    app.state.rate_limiter = RateLimiter(database, settings.requests_per_minute)
    app.state.lookout = Lookout(database, delay=settings.webhook_retry_schedule[0])
    app.state.is_draining = False
    app.state.background = background or partial(recomputations.run, database)
    app.state.metrics = Metrics(database, process)
    app.state.due_counts = DueCounts(database)
    problems.install(app)
    openapi.install(app)
    app.add_middleware(Retry, metrics=app.state.metrics)
    if tracer_provider is not None:
        from app.web import traces

        traces.install(app, database, tracer_provider)
    app.add_middleware(Shed, most=settings.max_in_flight)
    app.add_middleware(Envelope, metrics=app.state.metrics)
    for router in ROUTERS:
        app.router.routes += router.routes  # included, each would be asked in turn by way of its router
    app.webhooks.include_router(payloads.webhooks)
    if settings.metrics == "on":
        app.router.routes += metrics.metrics.routes
    return app


def _methods() -> dict[str, set[str]]:
    """The methods of each address, as it is declared."""
    found: dict[str, set[str]] = defaultdict(set)
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute):
                found[route.path] |= route.methods or set()
    return dict(found)


def _issuers(settings: Settings) -> Issuers:
    return Issuers(Outbound(GuardedTransport(Reach(settings.oidc_allow_nets or ()))))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Work in the background too; close the connections at the end."""
    database: Database = app.state.database
    asyncio.get_running_loop().set_exception_handler(logs.report_loop_error)
    # What exists by now lives as long as the process; the collector need not look at it again. What a request makes
    # is freed without it, so it looks for the rest seldom.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    stop = asyncio.Event()
    background = asyncio.create_task(app.state.background(stop))
    yield
    stop.set()
    await background
    await app.state.due_counts.close()
    await app.state.authenticator.issuers.close()
    await database.close()
