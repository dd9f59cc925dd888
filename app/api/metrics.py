"""The figures of this process, for Prometheus. They hold nothing personal, and need no key."""

from fastapi import APIRouter, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

metrics = APIRouter(include_in_schema=False)


@metrics.get("/metrics")
async def get_metrics(request: Request) -> Response:
    """Answer with what this process has counted, whether or not the database is there."""
    figures, due_counts = request.app.state.metrics, request.app.state.due_counts
    await due_counts.refresh()
    figures.show_due(due_counts.by_level, database_up=due_counts.database_up)
    return Response(figures.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)
