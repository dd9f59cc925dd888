"""The document at `/openapi.json`, and the pages for people: the interactive one at `/docs`, the rules at `/rules`.

The viewer's files come from an installed package, so that the page works without reaching any other server.
"""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from app.web import etags
from app.web.openapi import Encoded

docs = APIRouter(include_in_schema=False)

RULES = Path(__file__).parent.parent / "templates" / "rules.md"

_VIEWER = files("fastapi_swagger") / "resources"
_A_DAY = {"Cache-Control": "public, max-age=86400"}


@docs.get("/openapi.json")
async def get_document(request: Request) -> Response:
    """The document itself."""
    document: Encoded = request.app.state.document
    content, tag = await document.content()
    headers = {"ETag": f'"{tag}"'}
    return etags.unless_known(
        request.headers, Response(content, media_type="application/json", headers=headers)
    )


@docs.get("/docs")
async def show_document() -> HTMLResponse:
    """The interactive document."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Touchbase API",
        swagger_js_url="/docs/swagger-ui-bundle.js",
        swagger_css_url="/docs/swagger-ui.css",
        swagger_favicon_url="/docs/favicon-32x32.png",
        swagger_ui_parameters={"persistAuthorization": True, "displayOperationId": True},
    )


@docs.get("/docs/swagger-ui-bundle.js")
async def get_viewer() -> Response:
    """The viewer."""
    return _file("swagger-ui-bundle.js", "text/javascript")


@docs.get("/docs/swagger-ui.css")
async def get_viewer_style() -> Response:
    """Its style."""
    return _file("swagger-ui.css", "text/css")


@docs.get("/docs/favicon-32x32.png")
async def get_icon() -> Response:
    """Its icon."""
    return _file("favicon-32x32.png", "image/png")


@docs.get("/rules")
async def show_rules() -> PlainTextResponse:
    """The rules of the status service, for whoever asks why something is due."""
    return PlainTextResponse(RULES.read_text(encoding="utf-8"))


def _file(name: str, media_type: str) -> Response:
    return Response((_VIEWER / name).read_bytes(), media_type=media_type, headers=_A_DAY)
