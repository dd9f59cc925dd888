"""Webhook endpoints and their deliveries: how an agency's systems are told what happens (H16)."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field, StringConstraints

from app.api.views import by_name, recorded
from app.models import Delivery, EndpointState, WebhookEndpoint
from app.outbound import PLAIN_PORTS, PORTS, listed_ports
from app.rules.delivery import DeliveryState, DisabledReason
from app.rules.events import EventType
from app.services import objects, redeliveries
from app.services import webhook_endpoints as service
from app.services.scope import columns_of, find
from app.services.webhook_endpoints import Issued
from app.web.deps import AsSet, InWork, WithSecret, Work
from app.web.etags import Tagged
from app.web.operations import operation, router
from app.web.paging import Page, Paged
from app.web.schema import (
    AS_PRINTABLE,
    PRINTABLE,
    Id,
    Input,
    Instant,
    Line,
    Output,
    SeveralWords,
    Word,
    absent,
)

webhook_endpoints = router("Webhooks")

PATH = "/v1/webhook-endpoints"
ONE = f"{PATH}/{{webhook_endpoint_id}}"


Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2_000, pattern=PRINTABLE),
    AS_PRINTABLE,
    Field(
        description=f"Where it is called with POST: https, on the port {listed_ports(PORTS)}. Where the service's "
        f"settings allow it, also http, on {listed_ports(PLAIN_PORTS)} too, and networks of its own on any port.",
        examples=["https://ats.brightpath.example/touchbase"],
    ),
]
Types = Annotated[
    list[Word[EventType]] | None,
    Field(min_length=1, max_length=len(EventType), description="The events it is told of; all if null."),
]


class WebhookEndpointCreate(Input):
    """An address that wants to be told, and of what."""

    url: Url
    description: Line | None = None
    types: Types = None


class WebhookEndpointUpdate(Input):
    """What changes about a webhook endpoint; absent members stay."""

    url: Url = absent()
    description: Line | None = None
    types: Types = None


class Recovery(Input):
    """From when on an endpoint has missed events."""

    since: Instant


class WebhookEndpointView(Tagged):
    """An address that is told what happens, without its secret."""

    beside = frozenset({"failing_since"})

    id: Id
    url: str
    description: str | None
    types: list[EventType] | None = Field(description="The events it is told of; all if null.")
    state: EndpointState = Field(
        description="Deliveries to a paused one wait; a disabled one gets no new ones."
    )
    disabled_reason: DisabledReason | None = Field(
        description="`gone`: it answered 410; `failing`: nothing has reached it for five days."
    )
    disabled_at: Instant | None
    failing_since: Instant | None = Field(
        description="Since when no delivery has succeeded; null if the last has."
    )
    previous_expires_at: Instant | None = Field(
        description="Until when its secret before the last rotation signs too."
    )
    created_at: Instant
    updated_at: Instant


class WebhookEndpointIssued(WebhookEndpointView):
    """A webhook endpoint with its new secret."""

    beside = frozenset({"failing_since", "secret"})

    secret: str = Field(
        description="What its calls are signed with: `webhook-signature`, under `webhooks`, says how to check it. "
        "It is shown this once."
    )


class SentTest(Output):
    """A test event on its way."""

    event_id: Id = Field(description="It comes as `webhook-id`.")


class Recovered(Output):
    """What is on its way again."""

    deliveries: int = Field(description="How many were dead, or had never been on their way.")


class DeliveryAttemptView(Output):
    """One call of an endpoint."""

    number: int
    attempted_at: Instant
    status: int | None = Field(description="The status it answered; null if it did not.")
    error: str | None = Field(description="Why there is no status.")
    milliseconds: int


class DeliveryView(Tagged):
    """One event on its way to one endpoint."""

    id: Id
    webhook_endpoint_id: Id
    event_id: Id = Field(description="It comes as `webhook-id`, the same with every attempt.")
    type: EventType
    application_id: Id | None
    candidate_id: Id | None
    sequence: int = Field(description="Its place among the events of its application, or else its candidate.")
    state: DeliveryState = Field(description="A dead one is tried no more unless it is sent again.")
    attempts: list[DeliveryAttemptView]
    created_at: Instant
    finished_at: Instant | None


StateFilter = Annotated[SeveralWords[DeliveryState] | None, Query(description="Repeat for several")]


@webhook_endpoints.post(PATH, status_code=201, **operation("webhooks:write", 409))
async def create_webhook_endpoint(
    body: WebhookEndpointCreate, work: InWork, settings: AsSet, secret: WithSecret
) -> WebhookEndpointIssued:
    """Create a webhook endpoint; its secret is in the answer, this once. An agency has 20 at most."""
    terms, reach = by_name(body), settings.webhook_reach
    return _issued(await service.create(work.db, work.caller, terms, reach=reach, secret=secret))


@webhook_endpoints.get(PATH, **operation("webhooks:read"))
async def list_webhook_endpoints(work: InWork, paging: Paged) -> Page[WebhookEndpointView]:
    """List the agency's webhook endpoints, oldest first."""
    query = columns_of(work.caller, WebhookEndpoint)
    return await recorded(WebhookEndpointView, work, paging, query, WebhookEndpoint)


@webhook_endpoints.post(f"{ONE}/rotate-secret", **operation("webhooks:write", 404, 409))
async def rotate_webhook_secret(
    webhook_endpoint_id: Id, work: InWork, secret: WithSecret
) -> WebhookEndpointIssued:
    """Give a webhook endpoint a new secret; for 24 hours its calls are signed with the present one as well.

    One still older signs no more from now on.
    """
    return _issued(
        await service.rotate_secret(work.db, work.caller, webhook_endpoint_id, secret=secret, now=work.now)
    )


@webhook_endpoints.post(f"{ONE}/pause", **operation("webhooks:write", 404, 409))
async def pause_webhook_endpoint(webhook_endpoint_id: Id, work: InWork) -> WebhookEndpointView:
    """Pause a webhook endpoint; its deliveries wait until it is enabled."""
    return _view(await service.pause(work.db, work.caller, webhook_endpoint_id, now=work.now))


@webhook_endpoints.post(f"{ONE}/enable", **operation("webhooks:write", 404, 409))
async def enable_webhook_endpoint(webhook_endpoint_id: Id, work: InWork) -> WebhookEndpointView:
    """Enable a webhook endpoint that is paused or was disabled; what has waited for it is sent at once."""
    return _view(await service.enable(work.db, work.caller, webhook_endpoint_id, now=work.now))


@webhook_endpoints.post(f"{ONE}/test", status_code=202, **operation("webhooks:write", 404, 409))
async def send_test_event(webhook_endpoint_id: Id, work: InWork) -> SentTest:
    """Send a test event to a webhook endpoint, and to no other."""
    event_id = await service.send_test(work.db, work.caller, webhook_endpoint_id, now=work.now)
    return SentTest(event_id=event_id)


@webhook_endpoints.post(f"{ONE}/recover", status_code=202, **operation("webhooks:write", 404, 409))
async def recover_deliveries(webhook_endpoint_id: Id, body: Recovery, work: InWork) -> Recovered:
    """Send a webhook endpoint every event since an instant that it takes and has not got."""
    return Recovered(
        deliveries=await redeliveries.recover(
            work.db, work.caller, webhook_endpoint_id, since=body.since, now=work.now
        )
    )


@webhook_endpoints.get(f"{ONE}/deliveries", **operation("webhooks:read", 404))
async def list_deliveries(
    webhook_endpoint_id: Id, work: InWork, paging: Paged, state: StateFilter = None
) -> Page[DeliveryView]:
    """List a webhook endpoint's deliveries with their attempts, oldest first."""
    await find(work.db, work.caller, WebhookEndpoint, webhook_endpoint_id)
    query = redeliveries.of_endpoint(work.caller, webhook_endpoint_id, state or ())
    rows, more = await objects.page(work.db, query, Delivery, after=paging.after, limit=paging.limit)
    return Page[DeliveryView](
        items=await _deliveries(work, rows), next_cursor=paging.next_cursor(rows, more=more)
    )


@webhook_endpoints.get(f"{ONE}/deliveries/{{delivery_id}}", **operation("webhooks:read", 404))
async def get_delivery(webhook_endpoint_id: Id, delivery_id: Id, work: InWork) -> DeliveryView:
    """Read a delivery with its attempts."""
    return await _delivery(
        work, await redeliveries.read(work.db, work.caller, webhook_endpoint_id, delivery_id)
    )


@webhook_endpoints.post(
    f"{ONE}/deliveries/{{delivery_id}}/resend", status_code=202, **operation("webhooks:write", 404, 409)
)
async def resend_delivery(webhook_endpoint_id: Id, delivery_id: Id, work: InWork) -> DeliveryView:
    """Send a delivery again, whatever became of it."""
    row = await redeliveries.resend(work.db, work.caller, webhook_endpoint_id, delivery_id, now=work.now)
    return await _delivery(work, row)


@webhook_endpoints.get(ONE, **operation("webhooks:read", 404))
async def get_webhook_endpoint(webhook_endpoint_id: Id, work: InWork) -> WebhookEndpointView:
    """Read a webhook endpoint."""
    return _view(await find(work.db, work.caller, WebhookEndpoint, webhook_endpoint_id))


@webhook_endpoints.patch(ONE, **operation("webhooks:write", 404, 409))
async def update_webhook_endpoint(
    webhook_endpoint_id: Id, body: WebhookEndpointUpdate, work: InWork, settings: AsSet
) -> WebhookEndpointView:
    """Change a webhook endpoint: where it is, what it is for, or what it is told; absent members stay as they are.

    What has waited for one that moves is sent at once.
    """
    terms, reach = by_name(body, sent_only=True), settings.webhook_reach
    return _view(
        await service.change(work.db, work.caller, webhook_endpoint_id, terms, reach=reach, now=work.now)
    )


@webhook_endpoints.delete(ONE, status_code=204, **operation("webhooks:write", 404))
async def delete_webhook_endpoint(webhook_endpoint_id: Id, work: InWork) -> None:
    """Delete a webhook endpoint; what it has not got is not sent any more."""
    await service.remove(work.db, work.caller, webhook_endpoint_id, now=work.now)


def _view(row: WebhookEndpoint) -> WebhookEndpointView:
    return WebhookEndpointView.model_validate(row)


def _issued(issued: Issued) -> WebhookEndpointIssued:
    return WebhookEndpointIssued.model_validate({**objects.fields_of(issued.row), "secret": issued.secret})


async def _delivery(work: Work, row: dict[str, Any]) -> DeliveryView:
    [view] = await _deliveries(work, [row])
    return view


async def _deliveries(work: Work, rows: list[dict[str, Any]]) -> list[DeliveryView]:
    attempts = await redeliveries.attempts_of(work.db, work.caller, [row["id"] for row in rows])
    return [DeliveryView.model_validate({**row, "attempts": attempts[row["id"]]}) for row in rows]
