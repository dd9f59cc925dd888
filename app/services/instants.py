"""When something happened, as a caller says, and when it was recorded, as the order of locks says."""

from datetime import datetime, timedelta

from app.errors import InvalidError


def happened_at(given: datetime | None, now: datetime, pointer: str) -> datetime:
    """The instant given; now if none is. Raises InvalidError, naming the member, for one that is still to come."""
    if given is not None and given > now:
        raise InvalidError("This cannot have happened yet.", code="in_future", pointer=pointer)
    return given or now


def following(latest: datetime | None, now: datetime) -> datetime:
    """When something is recorded that comes after what was recorded at `latest`, if anything was.

    That is now, the beginning of the transaction. If it has waited for a lock and others who began later went before,
    it is the moment after: who asks what was known, and in which order, then gets it as it came to be.
    """
    return now if latest is None or latest <= now else latest + timedelta(microseconds=1)
