"""Public holidays by code (T1): the only place that knows the ``holidays`` package."""

from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache

from holidays import HolidayBase, country_holidays, list_supported_countries

from app.errors import CalendarRangeError, UnknownHolidayCalendarError

# A code such as ``GB-ENG``, several of which any day off counts, or None for no public holidays at all.
Holidays = str | tuple[str, ...] | None

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


def codes_of(holidays: Holidays) -> tuple[str, ...]:
    """The codes of some holiday calendars, as a row of them."""
    if holidays is None:
        return ()
    return (holidays,) if isinstance(holidays, str) else holidays


@lru_cache(maxsize=4096)
def public_holidays(holidays: Holidays, year: int) -> frozenset[date]:
    """Public holidays of one year, substitute days included; none at all for ``None`` (T1).

    Raises UnknownHolidayCalendarError for a code nobody knows and CalendarRangeError for a year that a
    table does not cover (T8).
    """
    if not first_known_year(holidays) <= year <= last_known_year(holidays):
        words = f"the holiday calendar {holidays} is not known for the year {year}"
        raise CalendarRangeError(words, year)
    return frozenset().union(*(_table(code, year) for code in codes_of(holidays)))


@lru_cache(maxsize=256)
def named_holidays(holidays: Holidays, year: int) -> Mapping[str, date]:
    """The public holidays of one year by their names, in lower case and without apostrophes."""
    days = (day for code in codes_of(holidays) for day in _table(code, year).items())
    return {name.casefold().replace("'", ""): day for day, names in days for name in names.split("; ")}


def is_known(code: str) -> bool:
    """Whether the code names a holiday calendar: a country, or a subdivision such as ``GB-ENG``."""
    country, _, subdivision = code.partition("-")
    known = _supported().get(country)
    return known is not None and (subdivision in known if subdivision else code == country)


def first_known_year(holidays: Holidays) -> int:
    """First year for which the holidays are known, never before 1990."""
    return max((_first_year(_table(code)) for code in codes_of(holidays)), default=FIRST_YEAR)


def last_known_year(holidays: Holidays) -> int:
    """Last year for which the holidays are known, never after 2100."""
    return min((_last_year(_table(code)) for code in codes_of(holidays)), default=LAST_YEAR)


def _first_year(table: HolidayBase) -> int:
    return max(FIRST_YEAR, table.start_year, _COMPLETE_FROM.get(table.country, FIRST_YEAR))


def _last_year(table: HolidayBase) -> int:
    return min(LAST_YEAR, table.end_year, _COMPLETE_UNTIL.get(table.country, LAST_YEAR))


@cache
def _supported() -> dict[str, list[str]]:
    return list_supported_countries()


def _table(code: str, year: int | None = None) -> HolidayBase:
    if not is_known(code):
        raise UnknownHolidayCalendarError(f"unknown holiday calendar {code!r}")
    country, _, subdivision = code.partition("-")
    return country_holidays(country, subdiv=subdivision or None, years=year, expand=False, observed=True)
