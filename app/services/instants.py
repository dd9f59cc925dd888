"""When something happened, as a caller says."""

from datetime import datetime

from app.errors import InvalidError


def happened_at(given: datetime | None, now: datetime, pointer: str) -> datetime:
    """The instant given; now if none is. Raises InvalidError, naming the member, for one that is still to come."""
    if given is not None and given > now:
        raise InvalidError("This cannot have happened yet.", code="in_future", pointer=pointer)
    return given or now
