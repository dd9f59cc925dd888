"""Which of the media types that we can send a client likes best (RFC 9110, 12.5.1)."""

import re
from collections.abc import Sequence

_RANGE = re.compile(r"\s*([^\s;,/]+)/([^\s;,/]+)\s*(?:;.*)?")
_QUALITY = re.compile(r";\s*q=([01](?:\.\d{0,3})?)\s*(?:;|$)", re.IGNORECASE)


def preferred(accept: str, offered: Sequence[str]) -> str:
    """The offered type that `Accept` rates highest; of equals, and where it wants none of them, the first."""
    ranges = {
        (match[1].lower(), match[2].lower()): _quality(part)
        for part in accept.split(",")
        if (match := _RANGE.fullmatch(part))
    }
    return max(offered, key=lambda media_type: _rating(ranges, media_type))


def _rating(ranges: dict[tuple[str, str], float], media_type: str) -> float:
    kind, _, subtype = media_type.partition("/")
    closest = ((kind, subtype), (kind, "*"), ("*", "*"))
    return next((ranges[each] for each in closest if each in ranges), 0.0)


def _quality(part: str) -> float:
    found = _QUALITY.search(part)
    return float(found[1]) if found else 1.0
