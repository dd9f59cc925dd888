"""Public holidays by code (T1): the only place that knows the ``holidays`` package."""

from datetime import date
from functools import cache, lru_cache

from holidays import HolidayBase, country_holidays, list_supported_countries

from app.errors import CalendarRangeError, UnknownHolidayCalendarError

FIRST_YEAR = 1990
LAST_YEAR = 2100

# Some tables of the package claim to reach 2100 but silently lose their lunar holidays long before.
# These are the last years (and for India the first) in which they are complete.
_COMPLETE_UNTIL = {
    "BT": 2035,
    "FJ": 2035,
    "GY": 2035,
    "ID": 2050,
    "IN": 2035,
    "MU": 2035,
    "NP": 2032,
    "NZ": 2052,
    "SR": 2035,
}
_COMPLETE_FROM = {"IN": 2001}


@lru_cache(maxsize=4096)
def public_holidays(code: str | None, year: int) -> frozenset[date]:
    """Public holidays of one year, substitute days included; none at all for the code ``None`` (T1).

    Raises UnknownHolidayCalendarError for a code nobody knows and CalendarRangeError for a year the
    table does not cover (T8).
    """
    if not first_known_year(code) <= year <= last_known_year(code):
        raise CalendarRangeError(f"the holiday calendar {code} is not known for the year {year}")
    return frozenset() if code is None else frozenset(_table(code, year))


def is_known(code: str | None) -> bool:
    """Whether the code names a holiday calendar: a country, a subdivision such as ``GB-ENG``, or None."""
    if code is None:
        return True
    country, _, subdivision = code.partition("-")
    known = _supported().get(country)
    return known is not None and (subdivision in known if subdivision else code == country)


def first_known_year(code: str | None) -> int:
    """First year for which the holidays are known, never before 1990."""
    if code is None:
        return FIRST_YEAR
    table = _table(code)
    return max(FIRST_YEAR, table.start_year, _COMPLETE_FROM.get(table.country, FIRST_YEAR))


def last_known_year(code: str | None) -> int:
    """Last year for which the holidays are known, never after 2100."""
    if code is None:
        return LAST_YEAR
    table = _table(code)
    return min(LAST_YEAR, table.end_year, _COMPLETE_UNTIL.get(table.country, LAST_YEAR))


@cache
def _supported() -> dict[str, list[str]]:
    return list_supported_countries()


def _table(code: str, year: int | None = None) -> HolidayBase:
    if not is_known(code):
        raise UnknownHolidayCalendarError(f"unknown holiday calendar {code!r}")
    country, _, subdivision = code.partition("-")
    return country_holidays(country, subdiv=subdivision or None, years=year, expand=False, observed=True)
