"""Which date of a request ran past the public holidays that are known (T8), so that its sender can mend it (H2)."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request

from app.web.body import escaped

# No rule counts further from a date that it is given: 260 working days, with the holidays among them.
REACH = timedelta(days=2 * 366)

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def place_of(request: Request, year: int) -> dict[str, str]:
    """The place of the date that lies nearest to a year that is not known.

    Where no date of the request is near, a date stored earlier is: then the member that changes its calendar, the
    whole body, or the parameter that names the object.
    """
    body = request.scope.get("touchbase.body")
    dated = [({"pointer": pointer}, day) for pointer, day in _dates(body, "")]
    for name, value in request.query_params.multi_items():
        dated += [({"parameter": name}, day) for _, day in _dates(value, "")]
    unknown = date(year, 1, 1)
    place, day = min(dated, key=lambda found: abs(found[1] - unknown), default=({}, None))
    if day is not None and abs(day - unknown) <= REACH:
        return place
    if isinstance(body, dict):
        return {"pointer": "/holidays" if "holidays" in body else ""}
    return {"parameter": next(iter(request.path_params), "as_of")}


def _dates(value: Any, pointer: str) -> Iterator[tuple[str, date]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _dates(member, f"{pointer}/{escaped(name)}")
    if isinstance(value, list):
        for position, item in enumerate(value):
            yield from _dates(item, f"{pointer}/{position}")
    if isinstance(value, str) and _DATE.match(value):
        try:
            yield pointer, date.fromisoformat(value[:10])
        except ValueError:
            return
